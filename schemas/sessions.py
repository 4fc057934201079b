"""The wire shape of sessions."""

from marshmallow import fields, validate

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
