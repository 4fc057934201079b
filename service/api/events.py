"""Events: everything that was ever recorded, in order, and as it is recorded."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from projections.feed import list_feed
from projections.history import get_event
from projections.made_of import ONE_EVENT
from projections.read_model import Row
from schemas.events import (
    EventFilterSchema,
    RecordedEventSchema,
    StreamFilterSchema,
)
from schemas.listing import PositionSchema
from service.cloud_events import batch_of
from service.context import head, live, read_model, record
from service.http.contract import accepts, returns, serves
from service.http.event_stream import MEDIA_TYPE, stream_of
from service.http.meta import base_url
from service.http.problems import ProblemError
from service.http.queries import fault
from service.http.waiting import permit, waits_for_events, wanted_of


def _batch(rows: Sequence[Row], _said: Mapping[str, Any]) -> bytes:
    """Write events as a batch of CloudEvents."""
    return batch_of(rows, record().settings.origin, base_url())


events = Blueprint("events", __name__, url_prefix="/v1/events")


@events.get("")
@waits_for_events
@accepts(query=EventFilterSchema)
@returns(
    RecordedEventSchema,
    many=True,
    draws={"cloudevents": _batch},
)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List events in the order of the log, the first first.

    As a batch of CloudEvents an answer links to where the reader goes on; an empty
    batch says that there is nothing more yet.
    """
    return list_feed(read_model(), moment, page, **filters)


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


@events.get("/stream")
@serves({MEDIA_TYPE: None}, query=StreamFilterSchema, problems=(503,))
def stream(after: int | None = None, **filters: Any) -> Response:
    """Send events as they are recorded (server-sent events), each as a CloudEvent.

    They are those after `Last-Event-ID`, else after `after`, else from now on. The id
    of each is its position.
    """
    start = _last_event_id()
    if start is None:
        start = head() if after is None else after
    response = Response(content_type=f"{MEDIA_TYPE}; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    if request.method != "HEAD":
        held = permit()
        response.call_on_close(held.release)
        origin = record().settings.origin
        response.response = stream_of(
            live(), wanted_of(filters), start, origin, base_url()
        )
    return response


def _last_event_id() -> int | None:
    """Return the position that a client who returns has seen last."""
    said = request.headers.get("Last-Event-ID", "")
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= 16):
        detail = "The id of the last event is its position: a whole number."
        errors = [fault("Last-Event-ID", detail)]
        raise ProblemError(
            "invalid-parameter", f"Last-Event-ID: {detail}", {"errors": errors}
        )
    return int(said)
