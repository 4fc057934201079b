"""The tables of a log as they are, for those who do not trust them."""

from typing import Any, NamedTuple

from service.log.errors import StoreUnreadableError
from service.log.reader import LogReader
from service.log.sessions import Row


class LogRow(NamedTuple):
    """A row of the log, and the stored event that it names: None where none is."""

    position: int
    stream: str
    version: int
    leaf_hash: bytes
    stored_stream: str | None
    stored_version: int | None
    topic: str | None
    state: bytes | None
    is_named: bool


class TableReader(LogReader):
    """A log that may have been tampered with, read row by row."""

    def rows(self, after: int, limit: int) -> list[LogRow]:
        """Return the rows of at most `limit` positions after one, in their order."""
        with self._database.get().reading() as session:
            rows = session.rows(
                f"""
                SELECT l.position, l.stream, l.version, l.leaf_hash,
                    e.originator_id, e.originator_version, e.topic, e.state,
                    e.{session.store_id} = l.store_id
                FROM log l
                LEFT JOIN stored_events e ON {session.joined}
                WHERE l.position > ? AND l.position <= ?
                ORDER BY l.position""",
                (after, after + limit),
            )
        return [_row(row) for row in rows]

    def strays(self) -> list[str]:
        """Return what stands in the tables and belongs to no event of the log."""
        with self._database.get().reading() as session:
            counts = {
                "stored events of no position": f"""
                    SELECT COUNT(*)
                    FROM stored_events e
                    LEFT JOIN log l ON {session.joined}
                    WHERE l.position IS NULL""",
                "rows at no position": "SELECT COUNT(*) FROM log WHERE position < 1",
                "openings of no event": """
                    SELECT COUNT(*)
                    FROM openings o
                    LEFT JOIN log l ON l.position = o.position
                    WHERE l.position IS NULL""",
            }
            found = {what: session.rows(sql)[0][0] for what, sql in counts.items()}
        return [f"{count:,} {what}" for what, count in found.items() if count]


def row_fault(row: LogRow, leaf: dict[str, Any], leaf_hash: bytes) -> str | None:
    """Return in what a row differs from its leaf, or None."""
    pairs: dict[str, tuple[Any, Any]] = {
        "store id": (row.is_named, True),
        "leaf hash": (row.leaf_hash, leaf_hash),
        "stream": ({row.stream, row.stored_stream}, {leaf["stream"]}),
        "version": ({row.version, row.stored_version}, {leaf["version"]}),
        "type": (row.topic, leaf["type"]),
    }
    for name, (stored, said) in pairs.items():
        if stored != said:
            return f"the {name} in the tables is not that of the leaf"
    return None


def _row(row: Row) -> LogRow:
    position, stream, version, leaf_hash, stream_, version_, topic, state, is_named = (
        row
    )
    if not isinstance(leaf_hash, bytes | memoryview):
        raise StoreUnreadableError(f"position {position}: the leaf hash is no bytes")
    if state is not None and not isinstance(state, bytes | memoryview):
        raise StoreUnreadableError(f"position {position}: the event is no bytes")
    return LogRow(
        position,
        stream,
        version,
        bytes(leaf_hash),
        stream_,
        version_,
        topic,
        None if state is None else bytes(state),
        bool(is_named),
    )
