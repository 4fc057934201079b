"""The wire shapes of sources: as facts cite them, and as they are archived."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.codelists import CheckOutcome, Confidence, SourceState
from schemas.events import event_data
from schemas.fields import (
    Closed,
    Code,
    EventData,
    Matches,
    Open,
    Stream,
    Text,
    Url,
    WorldDate,
)
from schemas.listing import FilterSchema, day

SHA256 = "[0-9a-f]{64}"
_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
KEPT = (CheckOutcome.UNCHANGED, CheckOutcome.CHANGED, CheckOutcome.WITHDRAWN)


class Sha256(fields.String):
    """The SHA-256 of some bytes, in hexadecimal."""

    def __init__(self, **kwargs: Any) -> None:
        form = Matches(SHA256, "Not 64 lower-case hexadecimal digits.")
        metadata = {"pattern": f"^{SHA256}$"}
        super().__init__(validate=form, metadata=metadata, **kwargs)


class SourceSchema(Closed):
    """One source of a fact; its title is sealed, since titles name people."""

    url = Url(load_default=None, allow_none=True)
    publisher = Text(load_default=None, allow_none=True)
    published_on = WorldDate(load_default=None, allow_none=True)
    accessed_on = WorldDate(load_default=None, allow_none=True)
    archived_url = Url(load_default=None, allow_none=True)
    sha256 = Sha256(load_default=None, allow_none=True)
    confidence = Code(Confidence, required=True)


class CheckedAt(fields.String):
    """When a source was looked at, as the record writes instants."""

    def __init__(self) -> None:
        form = Matches(_INSTANT, "Not an instant: 2026-03-02T12:00:00.000000Z.")
        super().__init__(required=True, validate=form, metadata={"format": "date-time"})


@event_data("source.archived")
class SourceArchivedSchema(EventData):
    """A first copy of what an address gives was kept."""

    url_hash = Sha256(required=True)
    sha256 = Sha256(required=True)
    checked_at = CheckedAt()
    outcome = fields.String(
        required=True, validate=validate.Equal(str(CheckOutcome.ARCHIVED))
    )


@event_data("source.checked")
class SourceCheckedSchema(EventData):
    """An address was looked at again, or in vain; or a copy was withdrawn."""

    url_hash = Sha256(required=True)
    sha256 = Sha256(required=True, allow_none=True)
    checked_at = CheckedAt()
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(
            [str(each) for each in CheckOutcome if each != CheckOutcome.ARCHIVED]
        ),
    )

    @validates_schema(skip_on_field_errors=True)
    def _check_copy(self, data: dict[str, object], **_: object) -> None:
        if (data["outcome"] in KEPT) == (data["sha256"] is None):
            raise ValidationError("Only what gave bytes has a hash.", "sha256")


class SourceFilterSchema(FilterSchema):
    """Which sources to list."""

    outcome = Code(
        SourceState, metadata={"description": "Only where the last look came to this."}
    )
    publisher = Text(metadata={"description": "Only of this publisher, in full."})
    cited_by = Stream(
        metadata={"description": "Only those that events of this thing cite: `body-…`."}
    )
    checked_before = day("Only those last looked at before that day, or never.")
    url = Url(metadata={"description": "Only that of this address."})


class CitedSourceSchema(Open):
    """One address that facts rest on: what is kept of it, and when it was checked."""

    id = fields.String(
        required=True,
        metadata={"description": "The first 16 digits of `url_hash`."},
    )
    url = fields.String(
        allow_none=True,
        metadata={"description": "Null as long as no event cites the address."},
    )
    url_hash = fields.String(metadata={"description": "The SHA-256 of `url`."})
    publisher = fields.String(allow_none=True)
    citations = fields.Integer(metadata={"description": "How many events cite it."})
    first_cited_position = fields.Integer(allow_none=True)
    first_cited_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    sha256 = fields.String(
        allow_none=True, metadata={"description": "Of the last copy, in hexadecimal."}
    )
    copy = fields.String(
        allow_none=True,
        metadata={"description": "Where the last copy is served, unless withdrawn."},
    )
    is_withdrawn = fields.Boolean(
        metadata={"description": "Whether the last copy is kept no longer."}
    )
    archived_at = fields.String(
        allow_none=True,
        metadata={
            "description": "Since when the address has given the last copy.",
            "format": "date-time",
        },
    )
    checked_at = fields.String(
        allow_none=True,
        metadata={
            "description": "When the address was last looked at.",
            "format": "date-time",
        },
    )
    checked_days_ago = fields.Integer(
        allow_none=True,
        metadata={"description": "Days from the last look to the day asked for."},
    )
    outcome = Code(SourceState)
    outcome_label = fields.String()
    version = fields.Integer(
        metadata={"description": "Events of its own so far; 0: it is only cited."}
    )
    position = fields.Integer(
        metadata={"description": "Place in the log of the last event that told of it."}
    )
    recorded_at = fields.String(metadata={"format": "date-time"})


class CitationSchema(Open):
    """One event that cites a source, with what it says of the source."""

    id = fields.String(required=True)
    position = fields.Integer()
    type = fields.String()
    stream = fields.String()
    version = fields.Integer()
    recorded_at = fields.String(metadata={"format": "date-time"})
    publisher = fields.String(allow_none=True)
    published_on = fields.String(allow_none=True)
    accessed_on = fields.String(allow_none=True)
    archived_url = fields.String(allow_none=True)
    sha256 = fields.String(
        allow_none=True,
        metadata={"description": "Of the copy that the editor saw, if it was stated."},
    )
    confidence = Code(Confidence, allow_none=True)
