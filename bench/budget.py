"""Where the time of one append on SQLite goes, and the floor below which none can be.

The floor is the plain driver with no more than an append must do: the same rows in
the same tables, one sync, one reading back, one signature. It checks nothing.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from service.log import drafts, event_store, grouping, head, rows
from service.log.event_store import EventStore
from service.log.notes import Signer

# What each part is, and the function that does it; indented: a part of the one above.
PARTS: dict[str, tuple[Any, str]] = {
    "seal and check": (event_store, "prepare"),
    "  seal": (drafts, "seal"),
    "  leaf in canonical form": (drafts, "encode"),
    "read the head": (grouping, "stored_head"),
    "guards": (event_store, "current_head"),
    "  what was witnessed": (head, "refuse_contradiction"),
    "rows": (event_store, "write_rows"),
    "  read back": (rows, "_read_back"),
    "checkpoint": (event_store, "_sign"),
    "  signature": (Signer, "signature"),
    "keep what was signed": (EventStore, "_keep"),
}
SIGNED = b"localhost/log\n1000\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n"


@contextmanager
def timed() -> Iterator[Counter[str]]:
    """Add up the seconds of each part while inside."""
    spent: Counter[str] = Counter()
    with ExitStack() as stack:
        for part, (owner, name) in PARTS.items():
            original = getattr(owner, name)
            setattr(owner, name, _timed(part, original, spent))
            stack.callback(setattr, owner, name, original)
        yield spent


def _timed(part: str, function: Callable[..., Any], spent: Counter[str]) -> Any:
    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[part] += time.perf_counter() - began

    return wrapper


def print_budget(store: EventStore, batches: list[list[Any]], floor: float) -> None:
    """Append batches of one event, and print the microseconds of each part."""
    with timed() as spent:
        began = time.perf_counter()
        for each in batches:
            store.append(each)
        whole = time.perf_counter() - began
    known = sum(spent[part] for part in PARTS if not part.startswith(" "))
    lines = {
        **{part: spent[part] for part in PARTS},
        "commit, and all else": whole - known,
    }
    for part, seconds in lines.items():
        print(f"    {part:<26} {seconds / len(batches) * 1e6:>6,.0f} µs")
    print(f"    {'whole':<26} {whole / len(batches) * 1e6:>6,.0f} µs", end="; ")
    print(f"floor in the plain driver {floor:,.0f} µs (bench/budget.py)")


def floor(folder: Path, count: int, leaf: bytes) -> float:
    """Return the microseconds of the least that an append must do."""
    source = folder / "ours" / "events.db"
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    with sqlite3.connect(source) as other:
        for (sql,) in other.execute(_TABLES).fetchall():
            connection.execute(sql)
    signer = Signer("localhost/log", bytes(32))
    began = time.perf_counter()
    for position in range(1, count + 1):
        _append(connection, signer, position, leaf)
    seconds = time.perf_counter() - began
    connection.close()
    return seconds / count * 1e6


def _append(
    connection: sqlite3.Connection, signer: Signer, position: int, leaf: bytes
) -> None:
    stream, run = f"rating-floor.{position}", connection.execute
    run("BEGIN IMMEDIATE")
    run("INSERT INTO stored_events VALUES (?, 1, 'rating.awarded', ?)", (stream, leaf))
    run("INSERT INTO log VALUES (?1, ?2, 1, ?1, ?3)", (position, stream, bytes(32)))
    opening = (position, "note", "c" * 44, bytes(32), b'"The force is not good."')
    run("INSERT INTO openings VALUES (?, ?, ?, ?, ?)", opening)
    run(_READ_BACK, (position - 1,)).fetchall()
    note = SIGNED + signer.signature(SIGNED)
    run("INSERT INTO checkpoints VALUES (?, ?)", (position, note))
    run("COMMIT")


_TABLES = """
    SELECT sql
    FROM sqlite_master
    WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"""
_READ_BACK = """
    SELECT *
    FROM log l
    JOIN stored_events e ON e.rowid = l.position
    LEFT JOIN openings o ON o.position = l.position
    WHERE l.position > ?"""
