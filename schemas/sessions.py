"""The wire shape of sessions."""

from schemas.events import event_data
from schemas.fields import (
    EventData,
    Id,
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
    attendees = Words(5000)
    minutes = Words()
