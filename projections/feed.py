"""The feed: events from a position on, for those who follow the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from projections import database
from projections.concerns import bodies_of, concerning
from projections.history import event_item, list_events, of_noun
from projections.listing import Listing, Page, open_words
from projections.moment import Moment
from projections.read_model import (
    ReadModel,
    Row,
    history,
    read_position,
    recorded_event,
)
from schemas.events import RecordedEvent

CHUNK = 200  # Events that are looked at in one go for a message.


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as the public sees it, and what filters look at."""

    event: RecordedEvent
    item: Row
    bodies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are wanted: those that fit each list that is not empty."""

    types: Sequence[str] = ()
    streams: Sequence[str] = ()
    nouns: Sequence[str] = ()
    bodies: Sequence[str] = ()

    def takes(self, entry: Entry) -> bool:
        """Whether it is one of these events."""
        event = entry.event
        return (
            (not self.types or event.type in self.types)
            and (not self.streams or event.stream in self.streams)
            and (not self.nouns or event.noun in self.nouns)
            and (not self.bodies or not entry.bodies.isdisjoint(self.bodies))
        )

    def conditions(self, after: int) -> list[ColumnElement[bool]]:
        """Return the same for a query, of events after a position."""
        conditions = [history.c.position > after]
        conditions += [history.c.type.in_(self.types)] if self.types else []
        conditions += [history.c.stream.in_(self.streams)] if self.streams else []
        conditions += [or_(*map(of_noun, self.nouns))] if self.nouns else []
        conditions += [or_(*map(_about, self.bodies))] if self.bodies else []
        return conditions


@dataclass(frozen=True, slots=True)
class Stretch:
    """The events found between two positions; all up to `last` were looked at."""

    entries: Sequence[Entry]
    last: int


def list_feed(
    db: ReadModel,
    moment: Moment,
    page: Page,
    body: str | None = None,
    **filters: Any,
) -> Listing:
    """Return events up to the position of the moment, and how far was looked."""
    among = concerning(body) if body else None
    listing = list_events(db, moment, page, among=among, **filters)
    listing.looked = int(listing.last_key[0]) if listing.last_key else moment.position
    return listing


def following(db: ReadModel, after: int, wanted: Wanted, limit: int) -> Stretch:
    """Return the first events after a position that are wanted, in one state."""
    with database.reading(db.engine) as connection:
        head = read_position(connection)
        events = _first(connection, wanted.conditions(after), limit)
        entries = _entries(db, head, events)
    last = events[-1].position if len(events) == limit else max(after, head)
    return Stretch(entries, last)


def chunk_of(
    db: ReadModel, moment: Moment, after: int, wanted: Wanted
) -> tuple[list[RecordedEvent], int]:
    """Return wanted events after a position, and up to which one was looked.

    They are those of the log up to a moment, with no words, as a message tells of them.
    """
    conditions = [*wanted.conditions(after), history.c.position <= moment.position]
    with database.reading(db.engine) as connection:
        events = _first(connection, conditions, CHUNK)
    return events, events[-1].position if len(events) == CHUNK else moment.position


def _first(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], limit: int
) -> list[RecordedEvent]:
    statement = select(history).where(*conditions).order_by(history.c.position)
    rows = connection.execute(statement.limit(limit)).mappings()
    return [recorded_event(row) for row in rows]


def _about(body: str) -> ColumnElement[bool]:
    return history.c.position.in_(concerning(body))


def _entries(db: ReadModel, head: int, events: list[RecordedEvent]) -> list[Entry]:
    commitments = [each for event in events for each in event.sealed.values()]
    opened = open_words(db, commitments)
    bodies = bodies_of(db, Moment(head, head, ""), events) if events else {}
    return [
        Entry(event, event_item(event, opened), bodies[event.position])
        for event in events
    ]
