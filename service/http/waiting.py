"""Waiting: readers who would rather wait than be told that there is nothing new."""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Response, after_this_request, request
from werkzeug.http import parse_dict_header

from projections.feed import Wanted, following
from schemas.events import LONGEST_WAIT
from service.context import live, record
from service.http.addresses import client_address
from service.http.permits import Permit
from service.http.problems import ProblemError
from service.http.queries import read_query

View = Callable[..., Any]
DEFAULT = 5  # Seconds for a position, if the reader says nothing.
FILTERS = {"type": "types", "stream": "streams", "noun": "nouns", "body": "bodies"}
PINNING = ("at_position", "known_at", "cursor")
_SECONDS = re.compile("[0-9]{1,9}", re.ASCII)


def permit() -> Permit:
    """Take a permit to wait for the client, or raise TooManyReadersError."""
    return live().permits.take(client_address())


def preferred() -> int | None:
    """Return how long the client would wait by `Prefer: wait=` (RFC 7240), if it says.

    More than 30 seconds is taken as 30, and what is malformed as nothing.
    """
    said = parse_dict_header(request.headers.get("Prefer", "")).get("wait")
    if not (said and _SECONDS.fullmatch(said)):
        return None
    seconds = min(int(said), LONGEST_WAIT)
    _say(**{"Preference-Applied": f"wait={seconds}"})
    return seconds


def await_position(asked: dict[str, Any]) -> None:
    """Wait until the record has reached the `min_position` asked for, or raise 503.

    What is read afterwards must be read in a state of the tables that begins later.
    """
    position = asked.pop("min_position", None)
    if position is None:
        return
    said = preferred()
    seconds = DEFAULT if said is None else said
    if record().read_model.position >= position:
        return
    if seconds:
        with permit():
            live().wait_for(position, seconds)
    if (head := record().read_model.position) < position:
        raise _behind(position, head)


def waits_for_events(view: View) -> View:
    """Answer when there is an event that is asked for, or `wait` is over.

    It stands above `accepts`, which fixes the state of the tables.
    """

    @wraps(view)
    def wrapper(**path: Any) -> Any:
        if "wait" in request.args or "Prefer" in request.headers:
            # `accepts`, below, has put the contract there.
            schema = wrapper.contract.query()  # type: ignore[attr-defined]
            _await_event(read_query(request.query_string, schema)[1])
        return view(**path)

    return wrapper


def _await_event(asked: Mapping[str, Any]) -> None:
    """Wait until an event that is asked for is on record, or as long as is asked for.

    What is said of a moment that has passed has nothing to wait for.
    """
    seconds = asked.get("wait", preferred())
    if seconds is None:
        return
    # Kept by a cache, an answer would tell the next to ask that nothing is new.
    _say(**{"Cache-Control": "no-store"})
    is_past = "Accept-Datetime" in request.headers
    if seconds == 0 or is_past or any(name in asked for name in PINNING):
        return
    wanted = wanted_of(asked)
    found = following(record().read_model, asked.get("after", 0), wanted, 1)
    if not found.entries:
        with permit():
            live().wait_for_any(wanted, found.last, seconds)


def wanted_of(asked: Mapping[str, Any]) -> Wanted:
    """Return the filters among what is asked for."""
    given = {each: (asked[name],) for name, each in FILTERS.items() if asked.get(name)}
    return Wanted(**given)


def _behind(position: int, head: int) -> ProblemError:
    return ProblemError(
        "projection-behind",
        f"The record has not reached position {position}; it stands at {head}.",
        {"head": head},
        {"Retry-After": "1"},
    )


def _say(**headers: str) -> None:
    """Put headers on the answer, whatever it will be."""

    @after_this_request
    def _add(response: Response) -> Response:
        response.headers.update(headers)
        return response
