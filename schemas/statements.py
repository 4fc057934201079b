"""The wire shape of statements."""

from marshmallow import fields

from schemas.codelists import StatementKind
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Words,
    date_basis,
    nullable_date,
    streams,
)


@event_data("statement.published")
class StatementPublishedSchema(EventData):
    """A body, or somebody in its office, said something publicly."""

    kind = Code(StatementKind, required=True)
    body = Id(required=True)
    term = Id(load_default=None, allow_none=True)
    about = streams(load_default=list)
    published_on = nullable_date()
    published_on_basis = date_basis()
    dated_on = nullable_date()
    dated_on_basis = date_basis()
    responds_to = streams(load_default=list)
    section_55 = fields.Boolean(load_default=None, allow_none=True)
    title = Words(2000)
    text = Words()
    speaker = Words(300)


@event_data("statement.withdrawn")
class StatementWithdrawnSchema(EventData):
    """A statement was withdrawn by who made it."""

    withdrawn_on = nullable_date()
    withdrawn_on_basis = date_basis()
    note = Words()
