"""The rows of the log: written, read back and compared, and read as events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from schemas.events import RecordedEvent
from service.log.drafts import Prepared
from service.log.errors import LogDamagedError
from service.log.merkle import Edge, Node, leaf_hash
from service.log.recorders import Row, Session

_CHUNK = 500


def write_rows(
    session: Session, edge: Edge, prepared: Sequence[Prepared], leaves: Sequence[bytes]
) -> tuple[Edge, list[RecordedEvent]]:
    """Insert a batch after an edge; return the new edge and the events.

    Both are made from what the database gives back, which is compared with what was
    written: LogDamagedError if it differs.
    """
    names = [(each.leaf["stream"], each.leaf["version"]) for each in prepared]
    types = [each.leaf["type"] for each in prepared]
    store_ids = session.insert_events(
        [
            (*name, kind, raw)
            for name, kind, raw in zip(names, types, leaves, strict=True)
        ]
    )
    positions = range(edge.size + 1, edge.size + 1 + len(leaves))
    rows = [
        (position, *name, store_id, leaf_hash(raw))
        for position, name, store_id, raw in zip(
            positions, names, store_ids, leaves, strict=True
        )
    ]
    session.insert("log", rows)
    _, nodes = edge.append(row[-1] for row in rows)
    session.insert("nodes", nodes)
    openings = _opening_rows(positions.start, prepared)
    session.insert("openings", openings)
    written = [(*row, *rest) for row, *rest in zip(rows, types, leaves, strict=True)]
    return _read_back(session, edge, written, nodes, openings)


def read_rows(session: Session, where: str, params: Row) -> list[RecordedEvent]:
    """Return the events in their order; `l` is a row of the log, `e` its event."""
    rows, openings = session.answers(
        (
            f"""
            SELECT l.position, l.leaf_hash, e.state
            FROM log l
            JOIN stored_events e ON {session.joined}
            WHERE {where}
            ORDER BY l.position""",
            params,
        ),
        (
            f"""
            SELECT o.position, o.name, o.value
            FROM openings o
            JOIN log l ON l.position = o.position
            JOIN stored_events e ON {session.joined}
            WHERE {where}""",
            params,
        ),
    )
    return _events(rows, openings)


def versions_of(session: Session, streams: Iterable[str]) -> dict[str, int]:
    """Return the last version of each stream that has one."""
    names = sorted(set(streams))
    found: dict[str, int] = {}
    for start in range(0, len(names), _CHUNK):
        chunk = names[start : start + _CHUNK]
        rows = session.rows(
            f"""
            SELECT originator_id, MAX(originator_version)
            FROM stored_events
            WHERE originator_id IN ({", ".join("?" for _ in chunk)})
            GROUP BY originator_id""",
            chunk,
        )
        found.update({stream: version for stream, version in rows})
    return found


def _opening_rows(first: int, prepared: Sequence[Prepared]) -> list[Row]:
    return [
        (position, each.name, each.commitment, each.salt, each.value)
        for position, one in enumerate(prepared, first)
        for each in one.openings
    ]


def _read_back(
    session: Session,
    edge: Edge,
    written: list[Row],
    nodes: list[Node],
    openings: list[Row],
) -> tuple[Edge, list[RecordedEvent]]:
    after = (edge.size,)
    rows, opened, *stored = session.answers(
        (_EVENTS_AFTER.format(joined=session.joined), after),
        (_OPENINGS_AFTER, after),
        *((_NODE, node[:2]) for node in nodes),
    )
    _refuse_difference("events", rows, written)
    _refuse_difference("openings", sorted(opened), sorted(openings))
    _refuse_difference("nodes", [row for found in stored for row in found], nodes)
    # Hashed once more, from the bytes that will be served.
    new_edge, _ = edge.append(leaf_hash(row[-1]) for row in rows)
    events = _events(
        [(row[0], row[4], row[6]) for row in rows],
        [(position, name, value) for position, name, _, _, value in opened],
    )
    return new_edge, events


_EVENTS_AFTER = """
    SELECT l.position, l.stream, l.version, l.store_id, l.leaf_hash, e.topic, e.state
    FROM log l
    JOIN stored_events e ON {joined}
    WHERE l.position > ?
      AND e.originator_id = l.stream
      AND e.originator_version = l.version
    ORDER BY l.position"""
_OPENINGS_AFTER = """
    SELECT position, name, commitment, salt, value
    FROM openings
    WHERE position > ?
    ORDER BY position"""
_NODE = "SELECT level, n, hash FROM nodes WHERE level = ? AND n = ?"


def _refuse_difference(what: str, found: list[Row], written: Sequence[Row]) -> None:
    if found != written:
        raise LogDamagedError(f"the {what} read back are not those that were written")


def _events(rows: list[Row], openings: list[Row]) -> list[RecordedEvent]:
    opened: dict[int, dict[str, Any]] = defaultdict(dict)
    for position, name, value in openings:
        opened[position][name] = orjson.loads(value)
    return [
        _event(position, leaf, raw, opened.get(position, {}))
        for position, leaf, raw in rows
    ]


def _event(
    position: int, leaf_hash: bytes, raw: bytes, opened: dict[str, Any]
) -> RecordedEvent:
    leaf = orjson.loads(raw)
    del leaf["v"]
    return RecordedEvent(
        position=position, leaf_hash=leaf_hash.hex(), opened=opened, **leaf
    )
