"""The wire shape of commitments."""

from marshmallow import fields, validate

from schemas.body_columns import ForceColumns
from schemas.codelists import CommitmentKind, CommitmentStatus
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Matches,
    WholeNumber,
    Words,
    date_basis,
    nullable_date,
    streams,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


@event_data("commitment.made")
class CommitmentMadeSchema(EventData):
    """A body, or somebody in its office, promised something."""

    kind = Code(CommitmentKind, required=True)
    body = Id(required=True)
    term = Id(load_default=None, allow_none=True)
    made_on = nullable_date()
    made_on_basis = date_basis()
    amount_pence = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=0, max=2**53 - 1),
    )
    currency = fields.String(
        load_default=None,
        allow_none=True,
        validate=Matches("[A-Z]{3}", "Not a currency code (ISO 4217)."),
        metadata={"pattern": "^[A-Z]{3}$"},
    )
    due_on = nullable_date()
    due_on_basis = date_basis()
    about = streams(load_default=list)
    text = Words()


@event_data("commitment.reported")
class CommitmentReportedSchema(EventData):
    """Somebody said what became of a promise."""

    status = Code(CommitmentStatus, load_default=None, allow_none=True)
    reported_on = nullable_date()
    reported_on_basis = date_basis()
    reported_by = Id(load_default=None, allow_none=True)
    status_word = Words(2000)
    text = Words()


class CommitmentFilterSchema(SearchedSchema):
    """Which commitments to list."""

    body = Id(metadata={"description": "Only by this body."})
    force = Id(metadata={"description": "Only of this force, and of who oversees it."})
    kind = Code(CommitmentKind, metadata={"description": "Only of this kind."})


class CommitmentSchema(ItemSchema, ForceColumns):
    """One promise, as it stood, with the latest report on it."""

    kind = Code(CommitmentKind)
    kind_label = fields.String()
    text = fields.String(allow_none=True)
    term = fields.String(allow_none=True)
    made_on = fields.String(allow_none=True)
    made_on_basis = fields.String(allow_none=True)
    made_on_text = fields.String(allow_none=True)
    amount_pence = fields.Integer(allow_none=True)
    currency = fields.String(allow_none=True)
    due_on = fields.String(allow_none=True)
    due_on_basis = fields.String(allow_none=True)
    due_on_text = fields.String(allow_none=True)
    about = fields.List(
        fields.String(), metadata={"description": "The streams of what it is about."}
    )
    reports = fields.Integer(metadata={"description": "How many reports are held."})
    status = Code(
        CommitmentStatus,
        allow_none=True,
        metadata={"description": "What became of it, by the latest report."},
    )
    status_label = fields.String(allow_none=True)
    status_word = fields.String(
        allow_none=True, metadata={"description": "The status in the source's words."}
    )
    reported_on = fields.String(allow_none=True)
    reported_on_basis = fields.String(allow_none=True)
    reported_on_text = fields.String(allow_none=True)
    reported_by = fields.String(allow_none=True)
    report_text = fields.String(allow_none=True)
