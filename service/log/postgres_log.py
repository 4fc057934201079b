"""The log in the schema `log` of a PostgreSQL database."""

import threading
from collections.abc import (
    Callable,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from functools import lru_cache
from select import POLLIN, poll
from typing import Any

import psycopg
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row

from service.log.scrubbing import scrub_postgres
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

Query = tuple[str, Sequence[Any]]
SCHEMA = "log"


class PostgresSession:
    """A transaction on PostgreSQL."""

    store_id = "notification_id"
    # Numbers that a failed transaction took are never used.
    joined = "e.notification_id = l.store_id"

    def __init__(self, cursor: psycopg.Cursor[Row]) -> None:
        self._cursor = cursor
        self._waiting: list[Query] = []

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return its rows."""
        with self.sending():
            self._cursor.execute(_in_percent(sql), params, prepare=True, binary=True)
        return self._cursor.fetchall() if self._cursor.description else []

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Insert whole rows into one of TABLES."""
        if rows:
            self._waiting.append(_insertion(table, rows))

    def insert_events(
        self, events: Sequence[EventRow], beside: Mapping[str, Sequence[Row]]
    ) -> None:
        """Insert events, their rows of the log, and rows of other TABLES."""
        source, params = _typed(_EVENT_TYPES, events)
        others = [_insertion(*each) for each in beside.items() if each[1]]
        parts = [f", part_{n} AS ({sql})" for n, (sql, _) in enumerate(others)]
        sql = _INSERT_EVENTS.format(source=source, others="".join(parts))
        values = [*params, *(each for _, more in others for each in more)]
        self._waiting.append((sql, values))

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send what is to be inserted along with the next statement: one way less."""
        if not self._waiting:
            yield
            return
        connection = self._cursor.connection
        with connection.pipeline():
            for sql, params in self._waiting:
                connection.execute(_in_percent(sql), params, prepare=True, binary=True)
            self._waiting.clear()
            yield


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
        with one_line_causes:
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
                # To ask the server each time takes as long as what is then asked of it.
                pre_ping=False,
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
        with one_line_causes, psycopg.connect(self._url, autocommit=True) as setup:
            # Half of the library's own statements cannot be run by two at once.
            setup.execute("SELECT pg_advisory_lock(hashtext('copperplate log'))")
            held = held_tables(setup.execute(_POSTGRES_TABLES).fetchall())
            if not held:
                setup.execute(_FIRST_STATEMENTS)
                self._recorder.create_table()
            if any(missing_tables(held)):
                setup.execute("\n".join(_postgres_statements(held)).encode())

    @contextmanager
    def writing(self) -> Iterator[PostgresSession]:
        """Open a Session under the writer lock; commit at its end."""
        with one_line_causes, self._writing:
            try:
                connection = self._begin()
                cursor = connection.cursor(row_factory=tuple_row)
                yield (session := PostgresSession(cursor))
                with session.sending():
                    connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def reading(self) -> Iterator[PostgresSession]:
        """Open a Session that sees committed rows and changes nothing."""
        with one_line_causes:
            connection = self._taken()
            try:
                with connection.cursor(row_factory=tuple_row) as cursor:
                    yield PostgresSession(cursor)
            finally:
                self._store.pool.putconn(connection)

    def scrub(self, patience: float) -> bool:
        """Overwrite what deleted openings have left; False: to be tried again."""
        with one_line_causes:
            return all(
                scrub_postgres(self._url, f"{SCHEMA}.{table}", patience)
                for table in ("openings", "keys")
            )

    def close(self) -> None:
        """Close every connection."""
        with self._writing:
            self._drop_writer()
        self._store.close()

    def _taken(self) -> psycopg.Connection[Any]:
        """Take an idle connection for a reader, a new one for each that was lost."""
        self._store.pool.open()
        while _is_lost(connection := self._store.pool.getconn()):
            connection.close()
            self._store.pool.putconn(connection)
        return connection

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


def _is_lost(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server has said something on an idle connection: that it ends it."""
    heard = poll()
    heard.register(connection, POLLIN)
    return bool(heard.poll(0))


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
    for table, (columns, key) in missing_tables(held):
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
