"""Which bodies each event concerns, by what the record held when it was recorded.

It is never changed afterwards: whoever follows one body by position misses nothing.
A redaction concerns whom the event concerns of which it erases words.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Index, Select, select

from projections import bodies, database, timeline
from projections.database import KEY, versioned_table
from projections.facts import Thing
from projections.listing import chunks
from projections.moment import Moment, span
from projections.read_model import Batch, Projection, ReadModel, Row
from projections.tables import REDACTED
from schemas.codelists import Relation
from schemas.events import RecordedEvent

table = versioned_table("concerns", Column("body", KEY))
Index("concerns_body", table.c.body, table.c.position)
concerns = Projection(table, noun="concern", by_stream=True)

_BODY = "body-"
# What names the event that an event of a generic type is about.
_NAMING = {"corrected": "corrects", "retracted": "retracts", "disputed": "disputes",
           "sourced": "adds_to"}  # fmt: skip


@concerns.always
def _note(batch: Batch, event: RecordedEvent) -> None:
    _keep_overseen(batch, event)
    if named := _concerned(batch, event):
        rows = [each.values for each in batch.standing(table, event.stream).values()]
        rows += [_row(event, body) for body in sorted(named)]
        batch.restate(table, event.stream, event.position, rows)


def _concerned(batch: Batch, event: RecordedEvent) -> set[str]:
    if event.type == REDACTED:
        target = event.data["target"]
        rows = batch.standing(table, target["stream"]).values()
        known = [each.values for each in rows]
        return {r["body"] for r in known if r["version"] == target["version"]}
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    things = [each for each in (batch.before, thing) if each]
    about = _original(event, things[0])
    named = {
        body
        for each in things
        for target in timeline.targets_of(each, about)
        for body in _bodies_of(batch, target)
    }
    return named.union(*(_overseen(batch, each) for each in named))


def _original(event: RecordedEvent, before: Thing) -> int:
    """Return the version of the event that an event is about, perhaps itself."""
    if event.verb == "dispute-settled":
        settles = event.data["settles"]
        holders = (f.version for f in before.facts.values() if settles in f.disputes)
        return next(holders)
    if name := _NAMING.get(event.verb):
        return event.data[name] or min(before.facts)
    return event.version


def _bodies_of(batch: Batch, target: str) -> set[str]:
    """Return a body, or of a thing that is referred to those that it concerns alone."""
    if target.startswith(_BODY):
        return {target.removeprefix(_BODY)}
    rows = [each.values for each in batch.standing(timeline.table, target).values()]
    named = [orjson.loads(row["bodies"]) for row in rows]
    return {body for each in named if len(each) == 1 for body in each}


def _overseen(batch: Batch, body: str) -> set[str]:
    """Return the bodies that a body oversees, or ever oversaw."""

    def read(connection: Connection) -> Iterable[str]:
        links = bodies.table
        statement = select(links.c.id).where(
            links.c.relation == str(Relation.OVERSEEN_BY),
            links.c.other == body,
            links.c.position_to.is_(None),
        )
        return connection.execute(statement).scalars()

    return batch.group(("overseen-by", body), read)


def _keep_overseen(batch: Batch, event: RecordedEvent) -> None:
    """Keep the groups of the overseen right, which are read once."""
    if event.noun != bodies.bodies.noun:
        return
    for overseer in _overseers(batch.before):
        _overseen(batch, overseer).discard(event.id)
    for overseer in _overseers(batch.thing(event.stream)):
        _overseen(batch, overseer).add(event.id)


def _overseers(thing: Thing | None) -> set[str]:
    links = [fact.data for fact in thing.live("body.linked")] if thing else []
    return {x["to"] for x in links if x["relation"] == Relation.OVERSEEN_BY}


def _row(event: RecordedEvent, body: str) -> Row:
    return {
        **span(None),
        "id": event.stream,
        "part": f"{event.version}.{body}",
        "version": event.version,
        "position": event.position,
        "recorded_at": event.recorded_at,
        "change": event.change,
        "is_disputed": False,
        "disputed_by": "[]",
        "sources": "[]",
        "source_titles": None,
        "body": body,
    }


# Queries.


def concerning(body: str) -> Select[Any]:
    """Return the query of the positions of all events that concern a body."""
    return select(table.c.position).where(table.c.body == body)


def bodies_of(
    db: ReadModel, moment: Moment, events: Sequence[RecordedEvent]
) -> dict[int, frozenset[str]]:
    """Return the bodies that each of these events concerns, by position."""
    found: dict[int, set[str]] = {event.position: set() for event in events}
    for chunk in chunks(event.stream for event in events):
        statement = select(table.c.position, table.c.body).where(
            table.c.id.in_(chunk),
            table.c.position >= min(found),
            table.c.position <= max(found),
        )
        with database.reading(db.engine) as connection:
            for position, body in connection.execute(statement):
                found.setdefault(position, set()).add(body)
    return {event.position: frozenset(found[event.position]) for event in events}
