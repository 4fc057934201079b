"""Events: everything that was ever recorded, in order."""

from typing import Any

from flask import Blueprint

from projections.history import get_event, list_events
from projections.made_of import ONE_EVENT
from schemas.events import EventFilterSchema, RecordedEventSchema
from schemas.listing import PositionSchema
from service.context import read_model
from service.http.contract import accepts, returns
from service.http.problems import ProblemError

events = Blueprint("events", __name__, url_prefix="/v1/events")


@events.get("")
@accepts(query=EventFilterSchema)
@returns(RecordedEventSchema, many=True)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List events in the order of the log, the first first."""
    return list_events(read_model(), moment, page, **filters)


@events.get("/<position:position>")
@accepts(query=PositionSchema)
@returns(RecordedEventSchema, problems=(404,), made_of=ONE_EVENT, is_settled=True)
def item(moment: Any, position: int) -> Any:
    """Show the event at one position of the log."""
    if position > moment.head:
        raise ProblemError("not-found", f"The last position is {moment.head}.")
    if position > moment.position:
        detail = f"At position {moment.position} it was not yet known."
        raise ProblemError("not-known-then", detail, {"known_since": position})
    return get_event(read_model(), position)
