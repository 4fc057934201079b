"""The wire shape of redactions."""

from typing import Any

from marshmallow import fields as kinds
from marshmallow import validate

from schemas.codelists import ErasureState, RedactionBasis
from schemas.events import event_data
from schemas.fields import Closed, Code, EventData, Matches, Stream, Text
from schemas.listing import FilterSchema, ItemSchema

FIELD = r"[a-z][a-z0-9_]*"
REFERENCE_LENGTH = 200


class SortedNames(kinds.List[str]):
    """A list of names, sorted and unique, that is not empty."""

    def __init__(self, **kwargs: Any) -> None:
        name = kinds.String(
            validate=[
                validate.Length(max=100),
                Matches(FIELD, "Not the name of a field."),
            ],
            metadata={"pattern": f"^{FIELD}$"},
        )
        super().__init__(name, validate=validate.Length(min=1, max=50), **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> list[Any]:
        return sorted(set(super()._deserialize(*args, **kwargs)))


class RedactionTargetSchema(Closed):
    """The event of which words were erased."""

    stream = Stream(required=True)
    version = kinds.Integer(required=True, strict=True, validate=validate.Range(min=1))


@event_data("field.redacted")
class FieldRedactedSchema(EventData):
    """Sealed words of an earlier event were erased for good."""

    target = kinds.Nested(RedactionTargetSchema, required=True)
    # The event has a member of this name; that of marshmallow is an instance's.
    fields = SortedNames(required=True)  # type: ignore[assignment]
    basis = Code(RedactionBasis, required=True)
    reference = Text(REFERENCE_LENGTH, load_default=None, allow_none=True)


class RedactionFilterSchema(FilterSchema):
    """Which redactions to list."""

    basis = Code(RedactionBasis, metadata={"description": "Only on this basis."})
    stream = Stream(
        metadata={"description": "Only of words of this thing: `statement-…`."}
    )


class RedactionSchema(ItemSchema):
    """One redaction: which words were erased, when, and on what basis."""

    target_stream = kinds.String()
    target_version = kinds.Integer()
    target_position = kinds.Integer(
        allow_none=True, metadata={"description": "The event, by its place in the log."}
    )
    # As above.
    fields = kinds.List(  # type: ignore[assignment]
        kinds.String(),
        metadata={"description": "The names of the fields that were erased."},
    )
    basis = Code(RedactionBasis)
    basis_label = kinds.String()
    reference = kinds.String(
        allow_none=True,
        metadata={"description": "Where the reason can be looked up: a case number."},
    )
    erasure = Code(
        ErasureState,
        metadata={
            "description": "Whether every copy that the service keeps has been "
            "overwritten; no answer shows the words in either case."
        },
    )
