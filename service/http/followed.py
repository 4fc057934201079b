"""Followed: feeds of what was recorded, the newest first, in pages that stay.

What is new stands in the feed itself. Older entries stand in archives (RFC 5005,
section 4) of as many entries each, which never change but for redactions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, request
from marshmallow import Schema

from projections.moment import Moment, recorded_at
from service.context import read_model, record
from service.http import atom, meta, moments
from service.http.headers import LICENCE
from service.http.queries import read_query

PAGE = 100  # Entries of an archive; the feed has as many and what fills no other.
BEFORE_ALL = "1970-01-01T00:00:00.000000Z"


@dataclass(frozen=True, slots=True)
class About:
    """What a feed is called, and by which parameters it is asked for."""

    name: str
    title: str
    subtitle: str
    query: type[Schema]


def respond(
    about: About, moment: Moment, entries: Sequence[atom.Entry], older: int | None
) -> Response:
    """Return a feed; those before the position `older` follow in an archive."""
    body = atom.to_atom(_feed(about, moment, entries, older), entries)
    response = Response(body, content_type=f"{atom.MEDIA_TYPE}; charset=utf-8")
    response.headers["Cache-Control"] = "public, no-cache"
    return response


def name_of(name: str) -> str:
    """Return the name of something of this log: the same on its mirrors."""
    return f"{record().settings.origin}#{name}"


def at_position(position: int, sentence: str) -> str:
    """Return the summary of an entry, with the position that all feeds count by."""
    return f"{sentence} (Position {position} of the log.)"


def _feed(
    about: About, moment: Moment, entries: Sequence[atom.Entry], older: int | None
) -> atom.Feed:
    given, _ = read_query(request.query_string, about.query())
    first = {k: v for k, v in given.items() if k != "before"}
    chosen = ", ".join(f"{k} {v}" for k, v in sorted(_filters(first).items()))
    updated = [entry.updated for entry in entries]
    return atom.Feed(
        name=name_of(f"{about.name}?{chosen}"),
        title=f"Copperplate: {about.title}{f' ({chosen})' if chosen else ''}",
        subtitle=about.subtitle,
        author="Copperplate",
        rights=f"Open Government Licence v3.0: {LICENCE}",
        updated=max(updated, default=None) or _time_of(moment),
        links=_links(given, first, older),
        is_archive="before" in given,
    )


def _links(
    given: dict[str, str], first: dict[str, str], older: int | None
) -> list[atom.Link]:
    path = request.path
    links = [
        ("self", meta.address(path, given)),
        ("first", meta.address(path, first)),
        ("alternate", meta.address(path.removesuffix(".atom"), _filters(first))),
    ]
    if "before" in given:
        links.append(("current", meta.address(path, first)))
    if older is not None:
        before = meta.address(path, {**first, "before": older})
        links += [("next", before), ("prev-archive", before)]
    return links


def _filters(given: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in given.items() if k not in moments.TIME}


def _time_of(moment: Moment) -> str:
    return recorded_at(read_model(), moment.position) or BEFORE_ALL
