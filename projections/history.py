"""History: every event, in the order of the log: what was recorded, when, by whom."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from projections import database
from projections.listing import (
    Listing,
    Opened,
    Page,
    chunks,
    number_of,
    open_words,
)
from projections.moment import Moment
from projections.read_model import ReadModel, Row, history, recorded_event
from schemas.events import RecordedEvent

# Of an event as the public sees it, without the addresses of what proves it.
MEMBERS = (
    "position",
    "type",
    "stream",
    "version",
    "recorded_at",
    "by",
    "change",
    "data",
    "sealed",
    "opened",
    "redacted",
    "sources",
    "signature",
    "leaf_hash",
)


def get_event(db: ReadModel, position: int) -> Row | None:
    """Return one event as the public sees it, or None."""
    found = _select(db, [history.c.position == position], 1)
    return found[0] if found else None


def list_events(
    db: ReadModel,
    moment: Moment,
    page: Page,
    after: int = 0,
    type: str | None = None,
    stream: str | None = None,
    noun: str | None = None,
    among: Select[Any] | None = None,
) -> Listing:
    """Return events up to the position of the moment, in the order of the log.

    `among`: only those at the positions that a query gives.
    """
    conditions = [
        *matching(after, type, stream, noun, among),
        history.c.position <= moment.position,
    ]
    total = 0 if page.goes_on else _count(db, conditions)
    if page.after is not None:
        conditions.append(history.c.position > number_of(page.after))
    limit = None if page.most is None else page.most + 1
    rows = _select(db, conditions, limit)
    if page.most is None or len(rows) <= page.most:
        return Listing(rows, total, notes=_notes(db, moment, type) if type else [])
    last = rows[page.most - 1]["position"]
    return Listing(rows[: page.most], total, (str(last),))


def matching(
    after: int,
    type: str | None = None,
    stream: str | None = None,
    noun: str | None = None,
    among: Select[Any] | None = None,
) -> list[ColumnElement[bool]]:
    """Return what keeps the events after a position that the filters ask for."""
    conditions = [history.c.position > after]
    conditions += [history.c.type == type] if type else []
    conditions += [history.c.stream == stream] if stream else []
    conditions += [of_noun(noun)] if noun else []
    conditions += [history.c.position.in_(among)] if among is not None else []
    return conditions


def of_noun(noun: str) -> ColumnElement[bool]:
    """Return what keeps the events of things of a noun."""
    # The character after the hyphen: by index, as LIKE would not go. PostgreSQL takes
    # no BETWEEN of values that say how they are sorted.
    return and_(history.c.stream >= f"{noun}-", history.c.stream < f"{noun}.")


def _notes(db: ReadModel, moment: Moment, type: str) -> list[str]:
    """Return a hint if no event of the type was ever recorded up to a moment."""
    types = select(history.c.type).where(history.c.position <= moment.position)
    with database.reading(db.engine) as connection:
        known = set(connection.execute(types.distinct()).scalars())
    if type in known:
        return []
    close = get_close_matches(type, sorted(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return [f"No event of type {type!r} is on record{hint}"]


def list_versions(
    db: ReadModel, moment: Moment, page: Page, stream: str
) -> Listing | None:
    """Return the events of one thing, the first one first, or None without any."""
    listing = list_events(db, moment, page, stream=stream)
    return listing if listing.total or page.goes_on else None


def positions_of(db: ReadModel, streams: Iterable[str]) -> dict[tuple[str, int], int]:
    """Return the positions of all events of these streams, by stream and version."""
    found: dict[tuple[str, int], int] = {}
    for chunk in chunks(streams):
        columns = (history.c.stream, history.c.version, history.c.position)
        statement = select(*columns).where(history.c.stream.in_(chunk))
        with database.reading(db.engine) as connection:
            for stream, version, position in connection.execute(statement):
                found[stream, version] = position
    return found


def get_version(db: ReadModel, moment: Moment, stream: str, version: int) -> Row | None:
    """Return the event that made a version of a thing, or None at that moment."""
    conditions = [
        history.c.stream == stream,
        history.c.version == version,
        history.c.position <= moment.position,
    ]
    found = _select(db, conditions, 1)
    return found[0] if found else None


def positions_between(db: ReadModel, stream: str, one: int, other: int) -> list[int]:
    """Return the positions of the events of a stream after one, up to the other."""
    first, last = sorted((one, other))
    statement = (
        select(history.c.position)
        .where(history.c.stream == stream, history.c.position > first)
        .where(history.c.position <= last)
        .order_by(history.c.position)
    )
    with database.reading(db.engine) as connection:
        return list(connection.execute(statement).scalars())


def _count(db: ReadModel, conditions: list[Any]) -> int:
    statement = select(func.count()).select_from(history).where(*conditions)
    with database.reading(db.engine) as connection:
        return int(connection.execute(statement).scalar_one())


def _select(db: ReadModel, conditions: list[Any], limit: int | None) -> list[Row]:
    statement = select(history).where(*conditions).order_by(history.c.position)
    with database.reading(db.engine) as connection:
        found = connection.execute(statement.limit(limit)).mappings()
        events = [recorded_event(row) for row in found]
    commitments = [each for event in events for each in event.sealed.values()]
    opened = open_words(db, commitments)
    return [event_item(event, opened) for event in events]


def event_item(event: RecordedEvent, opened: Opened) -> Row:
    """Return an event as the public sees it: opened words beside commitments."""
    return {
        "position": event.position,
        "type": event.type,
        "stream": event.stream,
        "version": event.version,
        "recorded_at": event.recorded_at,
        "by": event.by,
        "change": event.change,
        "data": event.data,
        "sealed": event.sealed,
        "opened": {
            name: opened[commitment]
            for name, commitment in event.sealed.items()
            if commitment in opened
        },
        "redacted": {
            name: opened.erased[commitment]
            for name, commitment in event.sealed.items()
            if commitment in opened.erased
        },
        "sources": event.sources,
        "signature": event.signature,
        "leaf_hash": event.leaf_hash,
        "proof": f"/v1/log/proofs/inclusion/{event.position}",
        "openings": f"/v1/events/{event.position}/openings",
    }
