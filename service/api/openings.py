"""Openings: what proves that the words shown are those that were sealed."""

from typing import Any

import orjson
from flask import Blueprint

from projections.listing import Listing, number_of
from projections.read_model import Row
from schemas.fields import Closed
from schemas.log import LogFilterSchema, OpeningSchema, OpeningsSchema
from service.context import record
from service.http.contract import accepts, returns
from service.http.problems import ProblemError
from service.log.notes import encode_base64
from service.log.reader import StoredOpening

openings = Blueprint("openings", __name__, url_prefix="/v1")


@openings.get("/openings")
@accepts(query=LogFilterSchema)
@returns(OpeningSchema, many=True, may_be_kept=False)
def index(moment: Any, page: Any, after: int = 0) -> Any:
    """List what opens the commitments of events; `limit` counts events, not rows."""
    store, last = record().store, moment.position
    start = after if page.after is None else number_of(page.after)
    end = last if page.limit is None else min(last, start + page.limit)
    rows = [_row(each) for each in store.openings(start, max(0, end - start))]
    total = store.count_openings(after, last)
    return Listing(rows, total, (str(end),) if end < last else None)


@openings.get("/events/<position:position>/openings")
@accepts(query=Closed)
@returns(OpeningsSchema, forms=("json",), may_be_kept=False, problems=(404, 410))
def item(moment: Any, position: int) -> Any:
    """Show what opens the commitments of one event: their salts and their words."""
    store = record().store
    events = store.read(after=position - 1, limit=1)
    if not events or position > moment.head:
        raise ProblemError("not-found", f"The last position is {moment.head}.")
    [event] = events
    found = store.openings(after=position - 1, limit=1)
    if event.sealed and not found:
        raise _redacted(position, len(event.sealed))
    return {
        "position": position,
        "stream": event.stream,
        "version": event.version,
        "openings": [_row(each) for each in found],
    }


def _redacted(position: int, count: int) -> ProblemError:
    found = [e for e in record().store.redactions() if e.target == position]
    detail = f"All words of position {position} were redacted ({count})."
    return ProblemError(
        "redacted", detail, {"redactions": [each.position for each in found]}
    )


def _row(opening: StoredOpening) -> Row:
    return {
        "position": opening.position,
        "name": opening.name,
        "commitment": opening.commitment,
        "salt": encode_base64(opening.salt),
        "value": orjson.loads(opening.value),
    }
