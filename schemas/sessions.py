"""The wire shape of sessions."""

from marshmallow import fields, validate

from schemas.body_columns import BodyColumns
from schemas.events import event_data
from schemas.fields import (
    EventData,
    Id,
    Text,
    Words,
    date_basis,
    ids,
    nullable_date,
    streams,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


@event_data("session.held")
class SessionHeldSchema(EventData):
    """A session was held."""

    held_on = nullable_date()
    held_on_basis = date_basis()
    convened_by = Id(required=True)
    bodies = ids(required=True)
    about = streams(load_default=list)
    title = Words(2000)
    attendees = fields.List(
        Text(300),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=200),
        metadata={"sealed": True},
    )
    minutes = Words()


class SessionFilterSchema(SearchedSchema):
    """Which sessions to list."""

    body = Id(metadata={"description": "Only those that held this body to account."})
    convened_by = Id(metadata={"description": "Only those that this body convened."})


class SessionSchema(ItemSchema, BodyColumns):
    """One formal meeting that held a force to account, as it stood."""

    body = fields.String(
        allow_none=True,
        metadata={"description": "Who was held to account; null: see `bodies`."},
    )
    bodies = fields.List(fields.String())
    body_names = fields.List(fields.String())
    convened_by = fields.String()
    convened_by_name = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    held_on = fields.String(allow_none=True)
    held_on_basis = fields.String(allow_none=True)
    held_on_text = fields.String(allow_none=True)
    about = fields.List(
        fields.String(), metadata={"description": "The streams of what it is about."}
    )
    attendees = fields.List(
        fields.String(),
        allow_none=True,
        metadata={"description": "Who was there; null: not known."},
    )
    minutes = fields.String(allow_none=True)
