"""Memento (RFC 7089): a time asked for by a header, and what tells of it in headers."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Response, after_this_request, request
from werkzeug.http import http_date, parse_date

from projections.mementos import Memento, mementos
from projections.moment import recorded_at
from service.context import read_model
from service.http import meta
from service.http.asked import Asked
from service.http.headers import add_vary, link
from service.http.queries import fault

HEADER = "Accept-Datetime"
FORM = "Thu, 31 May 2007 20:35:00 GMT"
LINK_FORMAT = "application/link-format"
TIMEMAP = "timemap"
_ORIGINAL = "original timegate"  # Each address negotiates the time of its own answer.


def asked_time(takes: Container[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the time that the header asks for, and what is wrong with it.

    Where `known_at` is no parameter, there is no other time to be had.
    """
    if "known_at" not in takes:
        return {}, []
    after_this_request(_vary)
    given = request.headers.get(HEADER)
    if given is None:
        return {}, []
    time = _parse(given)
    if time is None:
        return {}, [fault(HEADER, f"Not a date of HTTP: {FORM}.")]
    return {"accept_datetime": time}, []


def tell(response: Response, asked: Asked) -> None:
    """Say of which time an answer is, and where to have those of other times."""
    if "known_at" not in asked.takes or "cursor" in asked.given:
        return
    links = [link(meta.timeless(asked), _ORIGINAL)]
    if asked.thing:
        links.append(link(_map_of(request.path), TIMEMAP, LINK_FORMAT))
    if asked.is_past:
        position = asked.moment.position
        own = Memento(position, recorded_at(read_model(), position) or "")
        links += _links(asked, own)
        if own.recorded_at:
            response.headers["Memento-Datetime"] = _date(own.recorded_at)
    if asked.is_negotiated:
        response.headers["Content-Location"] = meta.permalink(asked)
    for each in links:
        response.headers.add("Link", each)


def of_versions(found: Sequence[Memento]) -> Response:
    """Return the TimeMap of a thing: where each of its versions is to be had."""
    path = request.path.removesuffix(f"/{TIMEMAP}")
    first, last = (_date(each.recorded_at) for each in (found[0], found[-1]))
    about = link(_map_of(path), "self", LINK_FORMAT)
    lines = [
        link(meta.address(path), _ORIGINAL),
        f'{about}; from="{first}"; until="{last}"',
    ]
    for number, each in enumerate(found, 1):
        target = meta.address(path, {"at_position": each.position})
        edges = ["first"] * (number == 1) + ["last"] * (number == len(found))
        lines.append(_memento(target, each, *edges))
    body = ",\n".join(lines) + "\n"
    headers = {"Cache-Control": "public, no-cache"}
    return Response(body, content_type=LINK_FORMAT, headers=headers)


def _vary(response: Response) -> Response:
    """Let no cache give an answer, or a problem, to one who asks for another time."""
    add_vary(response, HEADER)
    return response


def _parse(given: str) -> datetime | None:
    """Return the time of a date in the one form of HTTP; None if it is in no such."""
    found = parse_date(given) if len(given) == len(FORM) else None
    return found if found and http_date(found) == given else None


def _links(asked: Asked, own: Memento) -> Iterator[str]:
    """Give links to the answer itself, and to earlier ones about the same thing.

    There are none to later ones: an answer pinned to a position tells nothing of what
    was recorded after it. The TimeMap does.
    """
    if own.recorded_at:
        yield _memento(meta.permalink(asked), own)
    if asked.thing is None:
        return
    found = mementos(read_model(), *asked.thing, until=own.position)
    for relation, each in (("first", found[:1]), ("prev", found[-2:-1])):
        for earlier in each:
            yield _memento(_permalink_at(asked, earlier.position), earlier, relation)


def _permalink_at(asked: Asked, position: int) -> str:
    moment = replace(asked.moment, position=position)
    return meta.permalink(replace(asked, moment=moment))


def _memento(target: str, of: Memento, *edges: str) -> str:
    relation = " ".join([*edges, "memento"])
    return f'{link(target, relation)}; datetime="{_date(of.recorded_at)}"'


def _map_of(path: str) -> str:
    return meta.address(f"{path}/{TIMEMAP}")


@lru_cache(maxsize=256)
def _date(instant: str) -> str:
    """Write an instant of the record as a date of HTTP, to the second."""
    return http_date(datetime.fromisoformat(instant))
