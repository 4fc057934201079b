"""The log in one SQLite file; the library's own table is among its tables."""

import sqlite3
import threading
from collections import deque
from collections.abc import (
    Container,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteDatastore,
)

from service.log.scrubbing import scrub_sqlite
from service.log.sessions import (
    APPEND_ONLY,
    LOCK_SECONDS,
    SHORT_LIVED,
    TABLES,
    EventRow,
    Row,
    held_tables,
    missing_tables,
    one_line_causes,
)


def peek(path: Path, sql: str) -> list[Row]:
    """Run a query on the SQLite file of another log, and change nothing in it."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with (
        one_line_causes,
        closing(sqlite3.connect(address, uri=True, timeout=1)) as connection,
    ):
        return connection.execute(sql).fetchall()


class SQLiteSession:
    """A transaction on SQLite."""

    store_id = "rowid"
    # Nothing is deleted, and `write_rows` finds any other id: no index is needed.
    joined = "e.rowid = l.position"

    def __init__(self, recorder: SQLiteApplicationRecorder, cursor: sqlite3.Cursor):
        self._recorder = recorder
        self._cursor = cursor

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return its rows."""
        return self._cursor.execute(sql, params).fetchall()

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert whole rows into one of TABLES."""
        if rows:
            self._cursor.executemany(_SQLITE_INSERTS[table], rows)

    def insert_events(
        self, events: Sequence[EventRow], beside: Mapping[str, Sequence[Row]]
    ) -> None:
        """Insert events, their rows of the log, and rows of other TABLES."""
        stored = [event[1:5] for event in events]
        self._cursor.executemany(self._recorder.insert_events_statement, stored)
        self.insert("log", [(*each[:3], each[0], each[5]) for each in events])
        for table, rows in beside.items():
            self.insert(table, rows)


_SQLITE_INSERTS = {
    table: f"INSERT INTO {table} VALUES ({', '.join('?' for _ in columns)})"
    for table, (columns, _) in TABLES.items()
}


class SQLiteLog:
    """The log in one SQLite file, in WAL mode and synced at every commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        store = SQLiteDatastore(path.absolute().as_uri(), originator_id_type="text")
        self._recorder = SQLiteApplicationRecorder(store)
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None

    def create(self) -> None:
        """Make the tables that are not there yet."""
        with self.writing() as session:
            held = held_tables(session.rows(_SQLITE_TABLES))
            for statement in self._statements(held):
                session.rows(statement)

    @contextmanager
    def writing(self) -> Iterator[SQLiteSession]:
        """Open a Session under the writer lock; commit at its end."""
        with one_line_causes, self._writing:
            connection = self._writer = self._writer or self._connect()
            # A read transaction that is upgraded later meets "database is locked".
            cursor = connection.execute("BEGIN IMMEDIATE")
            try:
                yield SQLiteSession(self._recorder, cursor)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[SQLiteSession]:
        """Open a Session that sees committed rows and changes nothing."""
        with one_line_causes:
            connection = self._taken()
            try:
                yield SQLiteSession(self._recorder, connection.execute("BEGIN"))
            finally:
                connection.rollback()
                self._idle.append(connection)

    def scrub(self, patience: float) -> bool:
        """Overwrite what deleted openings have left; False: to be tried again."""
        with one_line_causes:
            return scrub_sqlite(self._path, patience)

    def close(self) -> None:
        """Close every connection."""
        while self._idle:
            self._idle.pop().close()
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _taken(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        # Not by the library, whose connections keep one prepared statement only.
        connection = sqlite3.connect(
            self._path.absolute().as_uri(),
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=LOCK_SECONDS,
            cached_statements=64,
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            # Without it INSERT OR REPLACE deletes rows behind the triggers' back.
            connection.execute("PRAGMA recursive_triggers = ON")
            # What is erased is overwritten with zeros.
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _statements(self, held: Container[str]) -> Iterator[str]:
        if not held:
            yield from self._recorder.create_table_statements
        for table, (columns, key) in missing_tables(held):
            types = [f"{name} {_SQLITE_TYPES[kind]}" for name, kind in columns.items()]
            # A single integer is the row's own number already.
            form = " WITHOUT ROWID" if columns.get(key) != "bigint" else ""
            columns_and_key = f"{', '.join(types)}, PRIMARY KEY ({key})"
            if table in SHORT_LIVED:
                yield f"DROP TABLE IF EXISTS {table}"
            yield f"CREATE TABLE {table} ({columns_and_key}){form}"
        for table in (each for each in APPEND_ONLY if each not in held):
            for verb in ("UPDATE", "DELETE"):
                yield f"""
                    CREATE TRIGGER {table}_no_{verb.lower()}
                    BEFORE {verb} ON {table}
                    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""


_SQLITE_TABLES = """
    SELECT m.name, c.name
    FROM sqlite_master m
    JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table'"""
_SQLITE_TYPES = {
    "bigint": "INTEGER NOT NULL",
    "text": "TEXT NOT NULL",
    "bytea": "BLOB NOT NULL",
}
