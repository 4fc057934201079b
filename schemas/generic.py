"""The data of the types of event that every noun has."""

from typing import Any

from marshmallow import fields, validate

from schemas.codelists import AskedBy, Reason
from schemas.fields import Code, EventData, WholeNumber, Words
from schemas.listing import LARGEST

_VERSION = {"description": "The version of the event in its stream."}


def _version(**more: Any) -> WholeNumber:
    places = validate.Range(min=1, max=LARGEST)
    return WholeNumber(required=True, validate=places, metadata=_VERSION, **more)


def _whole() -> fields.Dict:
    return fields.Dict(
        required=True,
        metadata={"description": "All plain members of the event, as they should be."},
    )


def _stated() -> fields.List[str]:
    return fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The sealed fields that are stated anew."},
    )


class ThingCorrectedSchema(EventData):
    """An earlier event of the thing was wrong; this is the whole of it, right."""

    corrects = _version()
    reason = Code(Reason, required=True)
    asked_by = Code(AskedBy, required=True)
    data = _whole()
    sealed_fields = _stated()
    reason_text = Words()


class ThingRetractedSchema(EventData):
    """An earlier event of the thing, or (with null) the whole thing, was taken back."""

    retracts = _version(allow_none=True)
    reason = Code(Reason, required=True)
    asked_by = Code(AskedBy, required=True)
    reason_text = Words()


class ThingDisputedSchema(EventData):
    """Another source says otherwise; both stand."""

    disputes = _version()
    data = _whole()
    sealed_fields = _stated()


class ThingDisputeSettledSchema(EventData):
    """It was decided which side of a dispute prevails."""

    settles = _version()
    prevails = _version()
    reason = Code(Reason, required=True)
    reason_text = Words()


class ThingSourcedSchema(EventData):
    """Another source for an earlier event of the thing was found."""

    adds_to = _version()


# By the verb: they are the same for all nouns.
GENERIC_SCHEMAS: dict[str, type[EventData]] = {
    "corrected": ThingCorrectedSchema,
    "retracted": ThingRetractedSchema,
    "disputed": ThingDisputedSchema,
    "dispute-settled": ThingDisputeSettledSchema,
    "sourced": ThingSourcedSchema,
}
