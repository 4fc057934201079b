"""The log's tables and transactions on SQLite and PostgreSQL.

Events are kept by the recorders of the eventsourcing library; the tables of the log
stand beside its own and are written in the same transaction.
"""

import os
import sqlite3
import threading
from collections.abc import (
    Callable,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager, closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import psycopg
from eventsourcing.persistence import PersistenceError
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteDatastore,
)
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row

from service.log.errors import StorageFullError, StoreUnreadableError
from service.log.scrubbing import scrub_postgres, scrub_sqlite

Row = tuple[Any, ...]
# Position, stream, version, type, the bytes of the leaf, and their hash.
EventRow = tuple[int, str, int, str, bytes, bytes]
Query = tuple[str, Sequence[Any]]
LOCK_SECONDS = 30
SCHEMA = "log"

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


def connector(path: Path, url: str | None) -> Callable[[], Database]:
    """Return what makes the database of a log: PostgreSQL if there is a URL."""
    return (lambda: PostgresLog(url)) if url else (lambda: SQLiteLog(path))


def peek(path: Path, sql: str) -> list[Row]:
    """Run a query on the SQLite file of another log, and change nothing in it."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    with (
        one_line_causes(),
        closing(sqlite3.connect(address, uri=True, timeout=1)) as connection,
    ):
        return connection.execute(sql).fetchall()


def _held(rows: Iterable[Row]) -> frozenset[str]:
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


def _missing(
    held: Container[str],
) -> Iterator[tuple[str, tuple[dict[str, str], str]]]:
    """Give the tables that are not there, as in a database of an earlier version."""
    return ((name, shape) for name, shape in TABLES.items() if name not in held)


@contextmanager
def one_line_causes() -> Iterator[None]:
    """Turn the errors of both drivers and of the library into those of the store."""
    try:
        yield
    except (PersistenceError, sqlite3.Error, psycopg.Error) as error:
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        kind = StorageFullError if _is_full(error) else StoreUnreadableError
        raise kind(cause) from error


def _is_full(error: BaseException | None) -> bool:
    """Whether a full disk is what caused an error; the library wraps what it meets."""
    if error is None:
        return False
    if isinstance(error, psycopg.errors.DiskFull):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return code in _SQLITE_FULL or _is_full(error.__cause__)


# The second: there was no room for the file that connections share beside the WAL.
_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


# SQLite


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


class _SQLitePool(SQLiteConnectionPool):
    def connect(self) -> sqlite3.Connection:
        # Not the library's own: it keeps one prepared statement only.
        connection = sqlite3.connect(
            self.db_name,
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

    def _create_connection(self) -> SQLiteConnection:
        return SQLiteConnection(self.connect(), max_age=self.max_age)


class SQLiteLog:
    """The log in one SQLite file, in WAL mode and synced at every commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        name = path.absolute().as_uri()
        store = SQLiteDatastore(db_name=name, originator_id_type="text")
        self._pool = store.pool = _SQLitePool(
            db_name=name, lock_timeout=LOCK_SECONDS, pool_timeout=LOCK_SECONDS
        )
        self._store = store
        self._recorder = SQLiteApplicationRecorder(store)
        # Not of the pool, whose writer lock keeps readers waiting behind writers.
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None

    def create(self) -> None:
        """Make the tables that are not there yet."""
        with self.writing() as session:
            held = _held(session.rows(_SQLITE_TABLES))
            for statement in self._statements(held):
                session.rows(statement)

    @contextmanager
    def writing(self) -> Iterator[SQLiteSession]:
        """Open a Session under the writer lock; commit at its end."""
        with one_line_causes(), self._writing:
            connection = self._writer = self._writer or self._pool.connect()
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
        with one_line_causes(), self._store.transaction(commit=False) as cursor:
            yield SQLiteSession(self._recorder, cursor.sqlite_cursor)

    def scrub(self, patience: float) -> bool:
        """Overwrite what deleted openings have left; False: to be tried again."""
        with one_line_causes():
            return scrub_sqlite(self._path, patience)

    def close(self) -> None:
        """Close every connection."""
        self._store.close()
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _statements(self, held: Container[str]) -> Iterator[str]:
        if not held:
            yield from self._recorder.create_table_statements
        for table, (columns, key) in _missing(held):
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


# PostgreSQL


class PostgresSession:
    """A transaction on PostgreSQL."""

    store_id = "notification_id"
    # Numbers that a failed transaction took are never used.
    joined = "e.notification_id = l.store_id"

    def __init__(self, cursor: psycopg.Cursor[Row]) -> None:
        self._cursor = cursor

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return its rows."""
        self._send(sql, params)
        return self._cursor.fetchall() if self._cursor.description else []

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert whole rows into one of TABLES."""
        if rows:
            self._send(*_insertion(table, rows))

    def insert_events(
        self, events: Sequence[EventRow], beside: Mapping[str, Sequence[Row]]
    ) -> None:
        """Insert events, their rows of the log, and rows of other TABLES."""
        source, params = _typed(_EVENT_TYPES, events)
        others = [_insertion(*each) for each in beside.items() if each[1]]
        parts = [f", part_{n} AS ({sql})" for n, (sql, _) in enumerate(others)]
        sql = _INSERT_EVENTS.format(source=source, others="".join(parts))
        self._send(sql, [*params, *(each for _, more in others for each in more)])

    def _send(self, sql: str, params: Sequence[Any]) -> None:
        self._cursor.execute(_in_percent(sql), params, prepare=True, binary=True)


def _insertion(table: str, rows: Sequence[Sequence[Any]]) -> Query:
    source, params = _typed(TABLES[table][0].values(), rows)
    return f"INSERT INTO {table} {source}", params


def _typed(kinds: Iterable[str], rows: Sequence[Sequence[Any]]) -> Query:
    """Return what gives these rows in one statement, whatever their number."""
    if len(rows) == 1:
        # Arrays are slow to make, and one event is what most appends hold.
        return f"VALUES ({', '.join(f'?::{kind}' for kind in kinds)})", rows[0]
    arrays = ", ".join(f"?::{kind}[]" for kind in kinds)
    columns = [list(column) for column in zip(*rows, strict=True)]
    return f"SELECT * FROM unnest({arrays})", columns


@lru_cache(maxsize=256)
def _in_percent(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()


_EVENT_TYPES = ("bigint", "text", "bigint", "text", "bytea", "bytea")
_INSERT_EVENTS = """
    WITH new AS (
        SELECT *, nextval('stored_events_notification_id_seq') AS store_id
        FROM ({source}) AS given (position, stream, version, type, leaf, leaf_hash)
    ),
    stored AS (
        INSERT INTO stored_events
        SELECT stream, version, type, leaf, store_id
        FROM new
    ){others}
    INSERT INTO log
    SELECT position, stream, version, store_id, leaf_hash
    FROM new"""


class _Datastore(PostgresDatastore):
    def after_connect_func(self) -> Callable[[psycopg.Connection[Any]], None]:
        prepare = super().after_connect_func()

        def after_connect(connection: psycopg.Connection[Any]) -> None:
            prepare(connection)
            connection.execute(f"SET search_path TO {SCHEMA}")

        return after_connect


class PostgresLog:
    """The log in the schema `log` of a PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self._url = url
        with one_line_causes():
            # The pool would try for seconds, and then not tell why it could not.
            psycopg.connect(url).close()
            settings: dict[str, Any] = {**conninfo_to_dict(url)}
            known = ("dbname", "host", "port", "user", "password")
            self._store = _Datastore(
                **{name: settings.pop(name, None) for name in known},
                schema=SCHEMA,
                originator_id_type="text",
                lock_timeout=LOCK_SECONDS,
                pool_size=1,
                max_overflow=15,
                pre_ping=True,
            )
            assert isinstance(self._store.pool.kwargs, dict)
            self._store.pool.kwargs.update(settings)
            try:
                self._recorder = PostgresApplicationRecorder(self._store)
            except BaseException:
                self._store.close()
                raise
        self._writing = threading.Lock()
        self._writer: psycopg.Connection[Any] | None = None

    def create(self) -> None:
        """Make the tables that are not there yet."""
        with one_line_causes(), psycopg.connect(self._url, autocommit=True) as setup:
            # Half of the library's own statements cannot be run by two at once.
            setup.execute("SELECT pg_advisory_lock(hashtext('copperplate log'))")
            held = _held(setup.execute(_POSTGRES_TABLES).fetchall())
            if not held:
                setup.execute(_FIRST_STATEMENTS)
                self._recorder.create_table()
            if any(_missing(held)):
                setup.execute("\n".join(_postgres_statements(held)).encode())

    @contextmanager
    def writing(self) -> Iterator[PostgresSession]:
        """Open a Session under the writer lock; commit at its end."""
        with one_line_causes(), self._writing:
            try:
                connection = self._begin()
                yield PostgresSession(connection.cursor(row_factory=tuple_row))
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[PostgresSession]:
        """Open a Session that sees committed rows and changes nothing."""
        with (
            one_line_causes(),
            self._store.get_connection() as connection,
            connection.transaction(),
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            yield PostgresSession(cursor)

    def scrub(self, patience: float) -> bool:
        """Overwrite what deleted openings have left; False: to be tried again."""
        with one_line_causes():
            return all(
                scrub_postgres(self._url, f"{SCHEMA}.{table}", patience)
                for table in ("openings", "keys")
            )

    def close(self) -> None:
        """Close every connection."""
        with self._writing:
            self._drop_writer()
        self._store.close()

    def _begin(self) -> psycopg.Connection[Any]:
        if self._writer is not None and _is_begun(self._writer):
            return self._writer
        self._drop_writer()
        self._store.pool.open()
        self._writer = self._store.pool.getconn()
        self._writer.execute(_SETTINGS_OF_WRITER)
        self._writer.execute(_BEGIN)
        return self._writer

    def _roll_back(self) -> None:
        try:
            if self._writer is not None:
                self._writer.rollback()
        except psycopg.Error:
            self._drop_writer()

    def _drop_writer(self) -> None:
        if self._writer is not None:
            # It is not for readers, whose queries are planned in another way.
            self._writer.close()
            self._store.pool.putconn(self._writer)
            self._writer = None


# Every row that a writer looks for has an index. Planned once, and for any size: the
# planner would scan whole tables that it knows nothing of, or plan at each append.
_SETTINGS_OF_WRITER = f"""
    SET lock_timeout = '{LOCK_SECONDS}s';
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off"""
_BEGIN = "BEGIN; LOCK TABLE stored_events IN EXCLUSIVE MODE"


def _is_begun(connection: psycopg.Connection[Row]) -> bool:
    """Begin a transaction under the writer lock; False if the connection was lost."""
    try:
        connection.execute(_BEGIN)
    except psycopg.OperationalError:
        if not connection.broken:
            raise
        return False
    return True


_POSTGRES_TABLES = b"""
    SELECT table_name, column_name
    FROM information_schema.columns
    WHERE table_schema = 'log'"""
# The library would make its table with the collation of the server.
_FIRST_STATEMENTS = b"""
CREATE SCHEMA IF NOT EXISTS log;
CREATE TABLE IF NOT EXISTS log.stored_events (
    originator_id TEXT COLLATE "C" NOT NULL,
    originator_version BIGINT NOT NULL,
    topic TEXT COLLATE "C" NOT NULL,
    state BYTEA NOT NULL,
    notification_id BIGSERIAL,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE OR REPLACE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
"""


def _postgres_statements(held: Container[str]) -> Iterator[str]:
    yield f"BEGIN; SET LOCAL search_path TO {SCHEMA};"
    for table, (columns, key) in _missing(held):
        types = [f"{name} {_POSTGRES_TYPES[kind]}" for name, kind in columns.items()]
        if table in SHORT_LIVED:
            yield f"DROP TABLE IF EXISTS {table};"
        yield f"CREATE TABLE {table} ({', '.join(types)}, PRIMARY KEY ({key}));"
    if "log" not in held:
        yield "CREATE UNIQUE INDEX log_by_store_id ON log (store_id);"
    for table in (each for each in APPEND_ONLY if each not in held):
        yield f"""
            CREATE TRIGGER {table}_append_only
            BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse();"""
    yield "COMMIT;"


_POSTGRES_TYPES = {
    "bigint": "BIGINT NOT NULL",
    "text": 'TEXT COLLATE "C" NOT NULL',
    "bytea": "BYTEA NOT NULL",
}


class PerProcess:
    """A database for each process: connections and locks do not survive a fork."""

    def __init__(self, connect: Callable[[], Database]) -> None:
        self._connect = connect
        self._opening = threading.Lock()
        self._by_process: dict[int, Database] = {}

    def get(self) -> Database:
        """Return the database of this process, opened at the first call."""
        found = self._by_process.get(os.getpid())
        return found or self._open()

    def close(self) -> None:
        """Close the connections of this process."""
        if found := self._by_process.pop(os.getpid(), None):
            found.close()

    def _open(self) -> Database:
        with self._opening:
            # A parent's entry stays: to drop it would close the parent's connections.
            if os.getpid() not in self._by_process:
                self._by_process[os.getpid()] = self._connect()
            return self._by_process[os.getpid()]
