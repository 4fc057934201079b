"""The feed: events from a position on, for those who follow the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from projections import database
from projections.concerns import bodies_of, concerning
from projections.history import event_item, list_events, matching
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as the public sees it, and what filters look at."""

    event: RecordedEvent
    item: Row
    bodies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a follower asks for; what is None keeps all."""

    type: str | None = None
    stream: str | None = None
    noun: str | None = None
    body: str | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether it is one of these events."""
        event = entry.event
        return (
            self.type in (None, event.type)
            and self.stream in (None, event.stream)
            and self.noun in (None, event.noun)
            and (self.body is None or self.body in entry.bodies)
        )

    def conditions(self, after: int) -> list[Any]:
        """Return the same for a query, of events after a position."""
        among = concerning(self.body) if self.body else None
        return matching(after, self.type, self.stream, self.noun, among)


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
    statement = (
        select(history)
        .where(*wanted.conditions(after))
        .order_by(history.c.position)
        .limit(limit)
    )
    with database.reading(db.engine) as connection:
        head = read_position(connection)
        rows = connection.execute(statement).mappings()
        events = [recorded_event(row) for row in rows]
        entries = _entries(db, head, events)
    last = events[-1].position if len(events) == limit else max(after, head)
    return Stretch(entries, last)


def _entries(db: ReadModel, head: int, events: list[RecordedEvent]) -> list[Entry]:
    commitments = [each for event in events for each in event.sealed.values()]
    opened = open_words(db, commitments)
    bodies = bodies_of(db, Moment(head, head, ""), events) if events else {}
    return [
        Entry(event, event_item(event, opened), bodies[event.position])
        for event in events
    ]
