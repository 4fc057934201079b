"""Which bodies an event concerns: the other side of what was recorded of a body."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import orjson
from sqlalchemy import ColumnElement, select

from projections import bodies, database, timeline
from projections.listing import chunks
from projections.moment import Moment
from projections.read_model import ReadModel, Row
from projections.recorded import original_of, streams_of
from projections.sentences import TEMPLATES
from schemas.events import RecordedEvent

Bodies = frozenset[str]
_BODY = "body-"


def bodies_of(
    db: ReadModel, moment: Moment, events: Sequence[RecordedEvent]
) -> dict[int, Bodies]:
    """Return the bodies in whose list of what was recorded each event stands."""
    streams = streams_of(db, moment, {each.stream for each in events})
    facts = _facts(db, moment, streams)
    alone = _alone(
        db, moment, {row["target"] for rows in facts.values() for row in rows}
    )
    forces = _forces(bodies.labels(db, moment.without_day()))
    found = {}
    for event in events:
        own = {each.version: each for each in streams[event.stream]}
        original = original_of(event, own)
        rows = facts.get(event.stream, []) if original.type in TEMPLATES else []
        named = {
            id
            for row in rows
            if row["fact_version"] == original.version
            for id in alone.get(row["target"], _own(row["target"]))
        }
        found[event.position] = frozenset(named.union(*(forces[id] for id in named)))
    return found


def _facts(
    db: ReadModel, moment: Moment, streams: Iterable[str]
) -> dict[str, list[Row]]:
    """Return the rows that facts of these streams ever had, by stream."""
    facts: dict[str, list[Row]] = defaultdict(list)
    for chunk in chunks(streams):
        of_these = timeline.table.c.id.in_(chunk)
        for row in _ever(db, moment, of_these):
            facts[row["id"]].append(row)
    return facts


def _alone(
    db: ReadModel, moment: Moment, targets: Iterable[str]
) -> dict[str, set[str]]:
    """Return of things that are referred to the bodies that they concern alone."""
    things = {each for each in targets if not each.startswith(_BODY)}
    alone: dict[str, set[str]] = {each: set() for each in things}
    for chunk in chunks(things):
        for row in _ever(db, moment, timeline.table.c.id.in_(chunk)):
            if len(orjson.loads(row["bodies"])) == 1:
                alone[row["id"]].update(_own(row["target"]))
    return alone


def _ever(db: ReadModel, moment: Moment, condition: ColumnElement[bool]) -> list[Row]:
    table = timeline.table
    columns = (table.c.id, table.c.fact_version, table.c.target, table.c.bodies)
    is_known = table.c.position_from <= moment.position
    statement = select(*columns).where(condition, is_known)
    with database.reading(db.engine) as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _own(target: str) -> set[str]:
    return {target.removeprefix(_BODY)} if target.startswith(_BODY) else set()


def _forces(known: bodies.BodyLabels) -> Mapping[str, set[str]]:
    """Return the forces that each body oversees, or ever oversaw."""
    forces: dict[str, set[str]] = defaultdict(set)
    for force in known.names():
        for overseer in known.overseers(force):
            forces[overseer].add(force)
    return forces
