"""What is sent to put an event on record: its data, its words and its sources."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from schemas.catalogue import DATA_SCHEMAS
from schemas.codelists import AskedBy, Confidence, Reason, RedactionBasis
from schemas.fields import Closed, Code, NewId, Text, WholeNumber, Words
from schemas.listing import LARGEST
from schemas.redactions import REFERENCE_LENGTH, SortedNames
from schemas.sources import SourceSchema

MOST_SOURCES, TITLE_LENGTH = 64, 2_000
# Types whose events need no source: they rest on the record itself.
UNSOURCED = {"programme.question-alias-added", "gap.declared", "gap.closed"}
# Of these a source has at least one, which the contract says in its own way.
LOCATED = [
    {"required": [name], "properties": {name: {"type": "string"}}}
    for name in ("url", "sha256", "title")
]
# What the service alone may say of itself.
PEOPLE = [str(each) for each in AskedBy if each != AskedBy.SYSTEM]


class StatedSourceSchema(SourceSchema):
    """One source, with its title: an address, a SHA-256 or a title at the least."""

    confidence = Code(Confidence, load_default=str(Confidence.HIGH))
    title = Text(TITLE_LENGTH, load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _must_be_located(self, data: Mapping[str, Any], **_: Any) -> None:
        if not any(data.get(name) for each in LOCATED for name in each["required"]):
            raise ValidationError("Give its address, its SHA-256 or its title.", "url")


def stated_sources(*, is_required: bool = True) -> fields.List[Any]:
    """Return the field for the sources of an event."""
    more = {"required": True} if is_required else {"load_default": list}
    return fields.List(
        fields.Nested(StatedSourceSchema, metadata={"anyOf": LOCATED}),
        validate=validate.Length(min=int(is_required), max=MOST_SOURCES),
        metadata={"description": "Where it can be checked; the best first."},
        **more,
    )


def new_id(*, is_required: bool, description: str) -> NewId:
    """Return the field for the id that a thing is to have."""
    metadata = {"description": description}
    if is_required:
        return NewId(required=True, metadata=metadata)
    return NewId(load_default=None, allow_none=True, metadata=metadata)


def request_of(type_name: str, id: NewId | None = None) -> type[Schema]:
    """Return the schema of what is sent to bring about an event of a type."""
    data = DATA_SCHEMAS[type_name]
    sources = stated_sources(is_required=type_name not in UNSOURCED)
    members: dict[str, Any] = {"id": id} if id else {}
    name = data.__name__.removesuffix("Schema") + "RequestSchema"
    members |= {"sources": sources, "__doc__": data.__doc__}
    return type(name, (data,), members)


def _version(description: str, **more: Any) -> WholeNumber:
    return WholeNumber(
        validate=validate.Range(min=1, max=LARGEST),
        metadata={"description": description},
        **more,
    )


def _asked_by() -> fields.String:
    return fields.String(
        load_default=str(AskedBy.EDITOR),
        validate=validate.OneOf(PEOPLE),
        metadata={"description": "Who asked for it."},
    )


def _members() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "Members of the event, as in the request that recorded it: "
            "all of them, or those alone that differ. A text that is null is taken "
            "back.",
            "minProperties": 1,
        },
        validate=validate.Length(min=1),
    )


class CorrectionRequestSchema(Closed):
    """An earlier event was wrong: what it should have said, and why."""

    corrects = _version("The original event, by its version.", required=True)
    reason = Code(Reason, required=True)
    asked_by = _asked_by()
    data = _members()
    reason_text = Words(metadata={"description": "What was wrong, since when."})
    sources = stated_sources(is_required=False)


class RetractionRequestSchema(Closed):
    """An earlier event, or the whole thing, is taken back."""

    retracts = _version(
        "The original event, by its version; null: the whole thing.",
        load_default=None,
        allow_none=True,
    )
    reason = Code(Reason, required=True)
    asked_by = _asked_by()
    reason_text = Words(metadata={"description": "Why it is taken back."})
    sources = stated_sources(is_required=False)


class DisputeRequestSchema(Closed):
    """Another source says otherwise: both stand."""

    disputes = _version("The original event, by its version.", required=True)
    data = _members()
    sources = stated_sources()


class SettlementRequestSchema(Closed):
    """It was decided which side of a dispute prevails."""

    settles = _version("The dispute, by its version.", required=True)
    prevails = _version(
        "The version of the original, or that of the dispute.", required=True
    )
    reason = Code(Reason, required=True)
    reason_text = Words(metadata={"description": "Why this side prevails."})
    sources = stated_sources(is_required=False)


class SourceRequestSchema(Closed):
    """An earlier event has further sources."""

    adds_to = _version("The original event, by its version.", required=True)
    sources = stated_sources()


class RedactionRequestSchema(Closed):
    """Which sealed words of an event are to be erased for good, and why."""

    # The event has a member of this name; that of marshmallow is an instance's.
    fields = SortedNames(required=True)  # type: ignore[assignment]
    basis = Code(RedactionBasis, required=True)
    reference = Text(REFERENCE_LENGTH, load_default=None, allow_none=True)
