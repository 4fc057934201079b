"""The wire shape of terms."""

from marshmallow import fields

from schemas.body_columns import ForceColumns
from schemas.codelists import Office, TermEndReason
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Text,
    Words,
    date_basis,
    nullable_date,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


@event_data("term.started")
class TermStartedSchema(EventData):
    """A person took up an office."""

    body = Id(required=True)
    office = Code(Office, required=True)
    elected_on = nullable_date()
    elected_on_basis = date_basis()
    started_on = nullable_date()
    started_on_basis = date_basis()
    party = Text(load_default=None, allow_none=True)
    person_name = Words(300)
    note = Words()


@event_data("term.ended")
class TermEndedSchema(EventData):
    """A person left an office."""

    ended_on = nullable_date()
    ended_on_basis = date_basis()
    reason = Code(TermEndReason, load_default=None, allow_none=True)
    note = Words()


class TermFilterSchema(SearchedSchema):
    """Which terms to list."""

    body = Id(metadata={"description": "Only in offices of this body."})
    office = Code(Office, metadata={"description": "Only in this office."})
    force = Id(metadata={"description": "Only of this force, and of who oversees it."})


class TermSchema(ItemSchema, ForceColumns):
    """One person in one office, as it stood."""

    office = Code(Office)
    office_label = fields.String()
    person_name = fields.String(allow_none=True)
    party = fields.String(allow_none=True)
    elected_on = fields.String(allow_none=True)
    elected_on_basis = fields.String(allow_none=True)
    elected_on_text = fields.String(allow_none=True)
    started_on = fields.String(allow_none=True)
    started_on_basis = fields.String(allow_none=True)
    started_on_text = fields.String(allow_none=True)
    ended_on = fields.String(allow_none=True)
    ended_on_basis = fields.String(allow_none=True)
    ended_on_text = fields.String(allow_none=True)
    has_ended = fields.Boolean(
        metadata={"description": "Whether an end is on record, on whatever day."}
    )
    reason = Code(TermEndReason, allow_none=True)
    reason_label = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    end_note = fields.String(allow_none=True)
