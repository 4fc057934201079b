"""The tables of the log, and how they are read and written, whatever the database."""

import sqlite3
import sys
from collections.abc import (
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from eventsourcing.persistence import PersistenceError

from service.log.errors import StorageFullError, StoreUnreadableError

Row = tuple[Any, ...]
T = TypeVar("T")
# Position, stream, version, type, the bytes of the leaf, and their hash.
EventRow = tuple[int, str, int, str, bytes, bytes]
LOCK_SECONDS = 30

# Column types in the words of PostgreSQL; the last entry is the primary key.
TABLES: dict[str, tuple[dict[str, str], str]] = {
    "log": (
        {
            "position": "bigint",
            "stream": "text",
            "version": "bigint",
            "store_id": "bigint",
            "leaf_hash": "bytea",
        },
        "position",
    ),
    "nodes": ({"level": "bigint", "n": "bigint", "hash": "bytea"}, "level, n"),
    "checkpoints": ({"size": "bigint", "note": "bytea"}, "size"),
    "cosignatures": (
        {"size": "bigint", "name": "text", "line": "text"},
        "size, name",
    ),
    "openings": (
        {
            "position": "bigint",
            "name": "text",
            "commitment": "text",
            "salt": "bytea",
            "value": "bytea",
        },
        "position, name",
    ),
    "idempotency": (
        {
            "key": "text",
            "fingerprint": "bytea",
            "first": "bigint",
            "last": "bigint",
            "recorded_at": "text",
        },
        "key",
    ),
    "secrets": ({"name": "text", "value": "bytea"}, "name"),
    "keys": (
        {
            "id": "text",
            "hash": "bytea",
            "editor": "text",
            "name": "text",
            "scopes": "text",
            "public_key": "text",
            "added_at": "text",
            "revoked_at": "text",
            "reason": "text",
        },
        "id",
    ),
}
SHORT_LIVED = ("idempotency",)  # One of an earlier version is made anew, empty.
APPEND_ONLY = ("stored_events", "log", "nodes", "checkpoints", "cosignatures")


class Session(Protocol):
    """One transaction; SQL is written with `?` for each parameter."""

    store_id: str
    joined: str  # How an event `e` and its row `l` of the log find each other.

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return its rows."""

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert whole rows into one of TABLES."""

    def insert_events(
        self, events: Sequence[EventRow], beside: Mapping[str, Sequence[Row]]
    ) -> None:
        """Insert events into the table of the library, and their rows of the log.

        `beside` holds whole rows of other TABLES, by name.
        """


class Database(Protocol):
    """Where the log is kept."""

    def create(self) -> None:
        """Make the tables that are not there yet."""

    def writing(self) -> AbstractContextManager[Session]:
        """Open a Session under the writer lock; commit at its end."""

    def reading(self) -> AbstractContextManager[Session]:
        """Open a Session that sees committed rows and changes nothing."""

    def scrub(self, patience: float) -> bool:
        """Overwrite what deleted openings have left; False: to be tried again.

        It waits at most so many seconds for those who read.
        """

    def close(self) -> None:
        """Close every connection."""


def among(values: Sequence[T]) -> tuple[str, list[T]]:
    """Return the marks of an IN (…) for some values, and the parameters for them."""
    params = padded(values)
    return ", ".join("?" for _ in params), params


def padded(values: Sequence[T]) -> list[T]:
    """Return values, the last of them repeated up to a power of two.

    So there are few texts of SQL, each of which PostgreSQL plans once.
    """
    missing = (1 << max(len(values) - 1, 0).bit_length()) - len(values)
    return [*values, *list(values[-1:]) * missing]


def held_tables(rows: Iterable[Row]) -> frozenset[str]:
    """Return the tables that are there; none until the log itself is whole.

    What has other columns than it should is of an earlier version.
    """
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        columns.setdefault(table, []).append(column)
    names = {name for name in columns if not _is_outdated(name, columns[name])}
    return frozenset(names) if "log" in names else frozenset()


def _is_outdated(table: str, columns: Iterable[str]) -> bool:
    return table in SHORT_LIVED and {*columns} != {*TABLES[table][0]}


def missing_tables(
    held: Container[str],
) -> Iterator[tuple[str, tuple[dict[str, str], str]]]:
    """Give the tables that are not there, as in a database of an earlier version."""
    return ((name, shape) for name, shape in TABLES.items() if name not in held)


class _OneLineCauses:
    """Turns the errors of both drivers and of the library into those of the store."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if error is not None and _is_of_database(error):
            cause = str(error).strip().partition("\n")[0] or type(error).__name__
            kind = StorageFullError if _is_full(error) else StoreUnreadableError
            raise kind(cause) from error


# One for all, since it keeps nothing: every append enters it.
one_line_causes = _OneLineCauses()


def _is_of_database(error: BaseException) -> bool:
    if isinstance(error, PersistenceError | sqlite3.Error):
        return True
    # Its driver is loaded where PostgreSQL is used, and elsewhere raises nothing.
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, driver.Error)


def _is_full(error: BaseException | None) -> bool:
    """Whether a full disk is what caused an error; the library wraps what it meets."""
    if error is None:
        return False
    if getattr(error, "sqlstate", None) == _POSTGRES_FULL:
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code in _SQLITE_FULL or _is_full(error.__cause__)


_POSTGRES_FULL = "53100"
# The second: there was no room for the file that connections share beside the WAL.
_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
