"""The event envelope, and the registry of the data of every event type."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from marshmallow import fields, validate

from schemas.fields import ID_PATTERN, Closed, EventData, Id, Matches, Open
from schemas.listing import LARGEST, LogPageSchema, RedactedSchema, Whole

LOG_KEY = "log-key"
# The kinds of things that events are about.
NOUNS = (
    "body",
    "commitment",
    "editor",
    "finding",
    "gap",
    "inspection",
    LOG_KEY,
    "monitoring",
    "plan",
    "programme",
    "rating",
    "redaction",
    "report",
    "session",
    "source",
    "statement",
    "term",
)
LONGEST_WAIT = 30  # Seconds that a reader may wait for something new.
_STREAM = rf"[a-z]+(-[a-z]+)?-{ID_PATTERN}"
_TYPE = r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*(\.v[0-9]+)?"


@lru_cache(maxsize=8192)  # Each reader of an event asks, and not once.
def noun_of(stream: str) -> str:
    """Return the noun of the things of which one has this stream."""
    # No other noun has a hyphen, and ids have many.
    is_key = stream.startswith(f"{LOG_KEY}-")
    return LOG_KEY if is_key else stream.partition("-")[0]


class RecordedEvent(NamedTuple):
    """One event as it stands in the public log.

    `sealed` holds the commitments (base64) of the sealed fields, `opened` their
    values, as far as they are still held; `leaf_hash` is hexadecimal.
    """

    position: int
    type: str
    stream: str
    version: int
    recorded_at: str
    by: str
    change: str
    data: dict[str, Any]
    sealed: dict[str, str]
    sources: list[dict[str, Any]]
    leaf_hash: str
    opened: dict[str, Any]
    signature: dict[str, str] | None = None

    @property
    def noun(self) -> str:
        """The kind of thing that the event is about."""
        return noun_of(self.stream)

    @property
    def id(self) -> str:
        """The id of the thing that the event is about."""
        return self.stream[len(noun_of(self.stream)) + 1 :]

    @property
    def verb(self) -> str:
        """The last part of the type: what happened to the thing."""
        return self.type.partition(".")[2]


DATA_SCHEMAS: dict[str, type[EventData]] = {}


def event_data(type_name: str) -> Callable[[type[EventData]], type[EventData]]:
    """Declare the schema of the data of one event type."""

    def register(schema: type[EventData]) -> type[EventData]:
        DATA_SCHEMAS[type_name] = schema
        return schema

    return register


class RecordedEventSchema(Open):
    """One event of the log, as the public sees it."""

    position = fields.Integer(metadata={"description": "Its place in the log."})
    type = fields.String(metadata={"description": "What happened: `rating.awarded`."})
    stream = fields.String(metadata={"description": "To which thing: `{noun}-{id}`."})
    version = fields.Integer(metadata={"description": "Its place in the stream."})
    recorded_at = fields.String(metadata={"format": "date-time"})
    by = fields.String(metadata={"description": "The editor who recorded it."})
    change = fields.String(metadata={"description": "Why it is in the log."})
    data = fields.Dict(metadata={"description": "The facts, by the type's schema."})
    sealed = fields.Dict(
        values=fields.String(),
        metadata={"description": "The commitments to the sealed words, in base64."},
    )
    opened = fields.Dict(metadata={"description": "The words that are still held."})
    redacted = fields.Dict(
        values=fields.Nested(RedactedSchema),
        metadata={"description": "The fields whose words were erased, and why."},
    )
    sources = fields.List(fields.Dict())
    signature = fields.Dict(allow_none=True)
    leaf_hash = fields.String(metadata={"description": "Hexadecimal."})
    proof = fields.String(
        metadata={"description": "The address that proves that it is in the log."}
    )
    openings = fields.String(
        metadata={"description": "The address of the salts and words that open it."}
    )


class CloudEventSchema(Open):
    """An event in the envelope of CloudEvents 1.0."""

    specversion = fields.String(validate=validate.Equal("1.0"))
    id = fields.String(metadata={"description": "Its position, as text."})
    source = fields.String(metadata={"description": "The log: the same for all."})
    type = fields.String(metadata={"description": "What happened: `rating.awarded`."})
    subject = fields.String(metadata={"description": "To which thing: its stream."})
    time = fields.String(metadata={"format": "date-time"})
    datacontenttype = fields.String(validate=validate.Equal("application/json"))
    dataschema = fields.String(
        metadata={
            "format": "uri",
            "description": "The address of the JSON Schema of such events.",
        }
    )
    position = fields.Integer(metadata={"description": "Its place in the log."})
    leafhash = fields.String(metadata={"description": "Hexadecimal."})
    data = fields.Nested(RecordedEventSchema)


def event_type() -> fields.String:
    """Return a filter for events of one type."""
    return fields.String(
        validate=[
            validate.Length(max=80),
            Matches(_TYPE, "Not a type of event: rating.awarded."),
        ],
        metadata={
            "description": "Only events of this type: `rating.awarded` …",
            "pattern": f"^{_TYPE}$",
        },
    )


class WantedSchema(Closed):
    """Which events are wanted."""

    after = Whole(
        validate=validate.Range(min=0, max=LARGEST),
        metadata={"description": "Only events that follow this position."},
    )
    type = event_type()
    stream = fields.String(
        validate=[
            validate.Length(max=160),
            Matches(_STREAM, "Not a stream: body-west-mercia."),
        ],
        metadata={
            "description": "Only events of this thing: `body-west-mercia` …",
            "pattern": f"^{_STREAM}$",
        },
    )
    noun = fields.String(
        validate=validate.OneOf(NOUNS),
        metadata={"description": "Only events of things of this noun: `rating` …"},
    )
    body = Id(
        metadata={
            "description": "Only events that concern this body: they name it, or refer "
            "to what concerns it alone, or concern a body that oversaw it when they "
            "were recorded."
        }
    )


class EventFilterSchema(LogPageSchema, WantedSchema):
    """Which events to list."""

    wait = Whole(
        validate=validate.Range(min=0, max=LONGEST_WAIT),
        metadata={
            "description": "If there are none, wait so many seconds for the first; "
            "`Prefer: wait=` says the same."
        },
    )


class StreamFilterSchema(WantedSchema):
    """Which events to be sent."""
