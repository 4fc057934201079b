"""The wire shape of statements."""

from marshmallow import fields

from schemas.body_columns import ForceColumns
from schemas.codelists import StatementKind
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Stream,
    Truth,
    Words,
    date_basis,
    nullable_date,
    streams,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


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
    section_55 = Truth(load_default=None, allow_none=True)
    title = Words(2000)
    text = Words()
    speaker = Words(300)


@event_data("statement.withdrawn")
class StatementWithdrawnSchema(EventData):
    """A statement was withdrawn by who made it."""

    withdrawn_on = nullable_date()
    withdrawn_on_basis = date_basis()
    note = Words()


class StatementFilterSchema(SearchedSchema):
    """Which statements to list."""

    body = Id(metadata={"description": "Only by this body."})
    force = Id(metadata={"description": "Only of this force, and of who oversees it."})
    kind = Code(StatementKind, metadata={"description": "Only of this kind."})
    responds_to = Stream(
        metadata={"description": "Only what responds to this: `inspection-…`."}
    )
    about = Stream(metadata={"description": "Only what is about this: `body-…`."})


class StatementSchema(ItemSchema, ForceColumns):
    """One public statement, as it stood."""

    kind = Code(StatementKind)
    kind_label = fields.String()
    title = fields.String(allow_none=True)
    speaker = fields.String(
        allow_none=True, metadata={"description": "As the source names who spoke."}
    )
    term = fields.String(allow_none=True)
    published_on = fields.String(allow_none=True)
    published_on_basis = fields.String(allow_none=True)
    published_on_text = fields.String(allow_none=True)
    dated_on = fields.String(
        allow_none=True, metadata={"description": "The date that a letter bears."}
    )
    dated_on_basis = fields.String(allow_none=True)
    dated_on_text = fields.String(allow_none=True)
    section_55 = fields.Boolean(
        allow_none=True,
        metadata={"description": "A response by section 55 of the Police Act 1996."},
    )
    responds_to = fields.List(
        fields.String(), metadata={"description": "The streams of what it answers."}
    )
    about = fields.List(
        fields.String(), metadata={"description": "The streams of what it is about."}
    )
    text = fields.String(allow_none=True)
    withdrawn_on = fields.String(allow_none=True)
    withdrawn_on_basis = fields.String(allow_none=True)
    withdrawn_on_text = fields.String(allow_none=True)
    withdrawal_note = fields.String(allow_none=True)
