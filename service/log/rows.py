"""The rows of the log: written, read back and compared, and read as events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import orjson

from schemas.events import RecordedEvent
from service.log.drafts import Prepared
from service.log.errors import LogDamagedError
from service.log.merkle import Edge, Node, leaf_hash
from service.log.sessions import EventRow, Row, Session, padded

_CHUNK = 500
T = TypeVar("T")


def write_rows(
    session: Session, edge: Edge, prepared: Sequence[Prepared], leaves: Sequence[bytes]
) -> tuple[Edge, list[RecordedEvent]]:
    """Insert a batch after an edge; return the new edge and the events.

    The events are made from what the database gives back, which is compared with what
    was written, and hashed once more: LogDamagedError if anything differs.
    """
    hashes = [leaf_hash(raw) for raw in leaves]
    new_edge, nodes = edge.append(hashes)
    first = edge.size + 1
    written = [
        (position, leaf["stream"], leaf["version"], leaf["type"], raw, its_hash)
        for position, leaf, raw, its_hash in zip(
            range(first, first + len(leaves)),
            (each.leaf for each in prepared),
            leaves,
            hashes,
            strict=True,
        )
    ]
    openings = _opening_rows(first, prepared)
    session.insert_events(written, {"nodes": nodes, "openings": openings})
    return new_edge, _read_back(session, edge.size, written, nodes, openings)


def read_rows(session: Session, where: str, params: Row) -> list[RecordedEvent]:
    """Return the events in their order; `l` is a row of the log, `e` its event."""
    rows = session.rows(
        f"""
        SELECT l.position, l.leaf_hash, e.state
        FROM log l
        JOIN stored_events e ON {session.joined}
        WHERE {where}
        ORDER BY l.position""",
        params,
    )
    if not rows:
        return []
    openings = session.rows(
        f"""
        SELECT o.position, o.name, o.value
        FROM openings o
        JOIN log l ON l.position = o.position
        JOIN stored_events e ON {session.joined}
        WHERE {where}""",
        params,
    )
    return _events(rows, openings)


def versions_of(session: Session, streams: Iterable[str]) -> dict[str, int]:
    """Return the last version of each stream that has one."""
    return stored_head(session, streams).versions


class Stored(NamedTuple):
    """What stands in the tables: the latest note, how many events, and versions."""

    note: bytes | None
    size: int
    versions: dict[str, int]


def stored_head(session: Session, streams: Iterable[str] = ()) -> Stored:
    """Return what the tables say of the head, and the last version of each stream."""
    names = list(dict.fromkeys(streams))
    versions: dict[str, int] = {}
    note: bytes | None = None
    for start in range(0, len(names) or 1, _CHUNK):
        chunk = names[start : start + _CHUNK]
        params = padded(chunk)
        for stream, number, latest in session.rows(_stored(len(params)), params):
            versions[stream] = number
            note = note or latest
    return Stored(note, versions.pop(""), versions)


@cache
def _stored(count: int) -> str:
    marks = ", ".join("?" * count) or "NULL"
    return f"""
    SELECT '' AS stream,
        (SELECT COALESCE(MAX(position), 0) FROM log) AS number,
        (SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1) AS note
    UNION ALL
    SELECT originator_id, MAX(originator_version), NULL
    FROM stored_events
    WHERE originator_id IN ({marks})
    GROUP BY originator_id"""


def _opening_rows(first: int, prepared: Sequence[Prepared]) -> list[Row]:
    return [
        (position, *each)
        for position, one in enumerate(prepared, first)
        for each in one.openings
    ]


def _read_back(
    session: Session,
    size: int,
    written: list[EventRow],
    nodes: list[Node],
    openings: list[Row],
) -> list[RecordedEvent]:
    found = session.rows(_after(session.joined, session.store_id), (size,))
    _refuse_difference("rows", found, _joined(written, openings))
    for node in nodes:
        _refuse_difference("nodes", session.rows(_NODE, node[:2]), [node])
    events = {row[0]: (row[0], row[5], row[4]) for row in found}
    # Hashed once more, from the bytes that will be served.
    for _, its_hash, raw in events.values():
        _refuse_difference("hashes", [its_hash], [leaf_hash(raw)])
    opened = [(row[0], row[6], row[9]) for row in found if row[6] is not None]
    return _events(list(events.values()), opened)


def _joined(events: list[EventRow], openings: list[Row]) -> list[Row]:
    """Return each event beside each of its openings, as a LEFT JOIN does."""
    beside: dict[int, list[Row]] = defaultdict(list)
    for position, *opening in sorted(openings):
        beside[position].append(tuple(opening))
    return [
        (*event, *opening)
        for event in events
        for opening in beside.get(event[0], _NO_OPENING)
    ]


_NO_OPENING: list[Row] = [(None, None, None, None)]


@cache
def _after(joined: str, store_id: str) -> str:
    return f"""
    SELECT l.position, l.stream, l.version, e.topic, e.state, l.leaf_hash,
        o.name, o.commitment, o.salt, o.value
    FROM log l
    JOIN stored_events e ON {joined}
    LEFT JOIN openings o ON o.position = l.position
    WHERE l.position > ?
      AND e.{store_id} = l.store_id
      AND e.originator_id = l.stream
      AND e.originator_version = l.version
    ORDER BY l.position, o.name"""


_NODE = "SELECT level, n, hash FROM nodes WHERE level = ? AND n = ?"


def _refuse_difference(what: str, found: list[T], written: Sequence[T]) -> None:
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
