"""The wire shape of gaps."""

from marshmallow import fields

from schemas.codelists import GapKind
from schemas.events import event_data
from schemas.fields import (
    Closed,
    Code,
    EventData,
    Id,
    Words,
    date_basis,
    nullable_date,
)


class GapAboutSchema(Closed):
    """Where the hole is: any of these, the others null."""

    programme = Id(load_default=None, allow_none=True)
    inspection = Id(load_default=None, allow_none=True)
    body = Id(load_default=None, allow_none=True)
    question = Id(load_default=None, allow_none=True)


@event_data("gap.declared")
class GapDeclaredSchema(EventData):
    """Something is known not to be on record, and why."""

    kind = Code(GapKind, required=True)
    about = fields.Nested(GapAboutSchema, required=True)
    since = nullable_date()
    since_basis = date_basis()
    note = Words()


@event_data("gap.closed")
class GapClosedSchema(EventData):
    """A hole in the record was filled."""

    on = nullable_date()
    on_basis = date_basis()
    note = Words()
