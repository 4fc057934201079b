"""The wire shape of commitments."""

from marshmallow import fields, validate

from schemas.codelists import CommitmentKind, CommitmentStatus
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Matches,
    Words,
    date_basis,
    nullable_date,
    streams,
)


@event_data("commitment.made")
class CommitmentMadeSchema(EventData):
    """A body, or somebody in its office, promised something."""

    kind = Code(CommitmentKind, required=True)
    body = Id(required=True)
    term = Id(load_default=None, allow_none=True)
    made_on = nullable_date()
    made_on_basis = date_basis()
    amount_pence = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(min=0, max=2**53 - 1),
    )
    currency = fields.String(
        load_default=None,
        allow_none=True,
        validate=Matches("[A-Z]{3}", "Not a currency code (ISO 4217)."),
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
