"""The tables that all projections rest on: how far they are, the history, the words."""

from typing import Any, TypeAlias

import orjson
from sqlalchemy import Column, Connection, Index, Integer, RowMapping, Table

from projections import database
from projections.database import KEY, metadata
from schemas.events import RecordedEvent

Row: TypeAlias = dict[str, Any]
REDACTED = "field.redacted"

progress = Table(
    "progress",
    metadata,
    Column("only", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("code_version", Integer, nullable=False),
)
words = Table(
    "words",
    metadata,
    Column("commitment", KEY, primary_key=True),
    Column("value", KEY, nullable=False),
)
database.keep_no_statistics(words, "TABLE %(fullname)s ALTER value")
# Commitments whose words were erased, and by which event: what `words` then lacks.
erased = Table(
    "erased",
    metadata,
    Column("commitment", KEY, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("recorded_at", KEY, nullable=False),
    Column("basis", KEY, nullable=False),
    Column("reference", KEY),
)
history = Table(
    "history",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("type", KEY, nullable=False, index=True),
    Column("stream", KEY, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", KEY, nullable=False, index=True),
    Column("by", KEY, nullable=False),
    Column("change", KEY, nullable=False),
    Column("data", KEY, nullable=False),
    Column("sealed", KEY, nullable=False),
    Column("sources", KEY, nullable=False),
    Column("signature", KEY),
    Column("leaf_hash", KEY, nullable=False),
)
Index("history_stream", history.c.stream, history.c.version, unique=True)


def read_position(connection: Connection) -> int:
    """Return the position of the last event that has been applied."""
    [(position,)] = database.run(connection, "SELECT position FROM {progress}")
    return int(position)


def history_row(event: RecordedEvent) -> Row:
    """Return the row of an event in the history, without opened words."""
    signature = event.signature and orjson.dumps(event.signature).decode()
    return {
        "position": event.position,
        "type": event.type,
        "stream": event.stream,
        "version": event.version,
        "recorded_at": event.recorded_at,
        "by": event.by,
        "change": event.change,
        "data": to_json(event.data),
        "sealed": to_json(event.sealed),
        "sources": to_json(event.sources),
        "signature": signature,
        "leaf_hash": event.leaf_hash,
    }


def recorded_event(row: RowMapping) -> RecordedEvent:
    """Return the event of a row of the history, without opened words."""
    nested = ("data", "sealed", "sources")
    members: dict[str, Any] = {name: row[name] for name in row if name not in nested}
    members |= {name: orjson.loads(row[name]) for name in nested}
    members["signature"] = row["signature"] and orjson.loads(row["signature"])
    return RecordedEvent(**members, opened={})


def to_json(value: Any) -> str:
    """Write the one form in which nested values stand in the tables."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
