"""The wire shape of reports of problems."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.codelists import ReportKind, ReportOutcome, ReportState
from schemas.events import RecordedEventSchema, event_data
from schemas.fields import Closed, Code, EventData, Open, Stream, Text, Url
from schemas.listing import FilterSchema, ItemSchema
from schemas.log import InclusionProofSchema

REPORT_LENGTH, CONTACT_LENGTH = 5_000, 200


def _version(**kwargs: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=1), **kwargs)


class ReportAboutSchema(Closed):
    """What is said to be wrong: one event of a thing, or the whole thing."""

    stream = Stream(required=True)
    version = _version(load_default=None, allow_none=True)


class EventNameSchema(Closed):
    """One event, by its stream and its place in it."""

    stream = Stream(required=True)
    version = _version(required=True)


@event_data("report.received")
class ReportReceivedSchema(EventData):
    """Somebody reported a problem; what they said is kept outside the log."""

    about = fields.Nested(ReportAboutSchema, required=True)
    kind = Code(ReportKind, required=True)


@event_data("report.resolved")
class ReportResolvedSchema(EventData):
    """An editor looked into a report; `correction` is the event that came of it."""

    outcome = Code(ReportOutcome, required=True)
    correction = fields.Nested(EventNameSchema, required=True, allow_none=True)


class ToldSchema(Closed):
    """A problem, as anybody may report it."""

    about = Stream(metadata={"description": "The thing: `rating-…`, `plan-…`."})
    position = _version(
        metadata={"description": "Or the event, by its place in the log."}
    )
    kind = Code(ReportKind, required=True)
    text = Text(
        REPORT_LENGTH,
        required=True,
        metadata={
            "description": "What is wrong, and what would be right. Only editors "
            "see it; it is deleted 90 days after the report is resolved."
        },
    )
    source_url = Url(
        load_default=None,
        allow_none=True,
        metadata={"description": "Where it can be checked. Only editors see it."},
    )
    contact = Text(
        CONTACT_LENGTH,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Where to reach you, if you want to be. Only editors see "
            "it; it is deleted with the text."
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def _check_about(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("about" in data) == ("position" in data):
            raise ValidationError(
                "Say what it is about: a thing (about), or an event (position); "
                "one of the two.",
                "about",
            )


class ResolutionSchema(Closed):
    """What came of a report."""

    outcome = Code(ReportOutcome, required=True)
    position = _version(
        metadata={"description": "The event that put it right, by its place."}
    )
    correction = fields.Nested(
        EventNameSchema,
        metadata={"description": "Or the same event, by its stream and version."},
    )

    @validates_schema(skip_on_field_errors=True)
    def _check_correction(self, data: Mapping[str, Any], **_: Any) -> None:
        if "correction" in data and "position" in data:
            raise ValidationError("Name it by correction or position.", "correction")


class ReportFilterSchema(FilterSchema):
    """Which reports to list."""

    about = Stream(metadata={"description": "Only about this thing: `rating-…`."})
    kind = Code(ReportKind, metadata={"description": "Only of this kind."})
    state = Code(ReportState, metadata={"description": "Only those in this state."})


class ReportSchema(ItemSchema):
    """One report of a problem, as the public sees it."""

    about_stream = fields.String(
        metadata={"description": "The thing said to be wrong."}
    )
    about_version = fields.Integer(
        allow_none=True, metadata={"description": "Of the event; null: the whole."}
    )
    about_position = fields.Integer(
        allow_none=True, metadata={"description": "The same event, in the log."}
    )
    kind = Code(ReportKind)
    kind_label = fields.String()
    received_at = fields.String(metadata={"format": "date-time"})
    state = Code(ReportState)
    state_label = fields.String()
    resolved_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    outcome = Code(ReportOutcome, allow_none=True)
    outcome_label = fields.String(allow_none=True)
    correction_stream = fields.String(allow_none=True)
    correction_version = fields.Integer(allow_none=True)
    correction_position = fields.Integer(
        allow_none=True, metadata={"description": "The event that put it right."}
    )
    age_days = fields.Integer(
        metadata={"description": "Days from its receipt to its end, or to today."}
    )


class ToldWordsSchema(Open):
    """What somebody told the editors, as long as it is kept."""

    text = fields.String()
    source_url = fields.String(allow_none=True)
    contact = fields.String(allow_none=True)


class ReportItemSchema(ReportSchema):
    """One report; an editor with a key is shown what was told, too."""

    told = fields.Nested(
        ToldWordsSchema,
        allow_none=True,
        metadata={"description": "For editors alone, and until it is deleted."},
    )


class ReportReceiptSchema(ReportSchema):
    """A report as it stood when an event was recorded, the event, and its proof."""

    event = fields.Nested(RecordedEventSchema)
    inclusion = fields.Nested(
        InclusionProofSchema,
        metadata={"description": "In the tree of the checkpoint that first held it."},
    )


class ReportSummarySchema(Open):
    """How many reports nobody has resolved yet, and for how long."""

    received = fields.Integer(metadata={"description": "Reports of all states."})
    resolved = fields.Integer()
    open = fields.Integer()
    oldest_open_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    oldest_open_days = fields.Integer(allow_none=True)
    median_open_days = fields.Integer(allow_none=True)
    median_resolved_days = fields.Integer(
        allow_none=True, metadata={"description": "From receipt to resolution."}
    )
    open_by_kind = fields.Dict(keys=fields.String(), values=fields.Integer())
