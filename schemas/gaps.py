"""The wire shape of gaps."""

from marshmallow import fields

from schemas.body_columns import BodyColumns
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
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


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


class GapFilterSchema(SearchedSchema):
    """Which gaps to list."""

    kind = Code(GapKind, metadata={"description": "Only of this kind."})
    body = Id(metadata={"description": "Only of this body."})
    programme = Id(metadata={"description": "Only of this programme."})


class GapSchema(ItemSchema, BodyColumns):
    """One declared hole in the record; what it does not name is null."""

    kind = Code(GapKind)
    kind_label = fields.String()
    body = fields.String(allow_none=True)
    programme = fields.String(allow_none=True)
    programme_title = fields.String(allow_none=True)
    inspection = fields.String(allow_none=True)
    inspection_title = fields.String(allow_none=True)
    question = fields.String(allow_none=True)
    question_label = fields.String(allow_none=True)
    since = fields.String(allow_none=True)
    since_basis = fields.String(allow_none=True)
    since_text = fields.String(allow_none=True)
    is_closed = fields.Boolean()
    closed_on = fields.String(allow_none=True)
    closed_on_basis = fields.String(allow_none=True)
    closed_on_text = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
