"""One engine for SQLite and PostgreSQL, and the columns that every table has."""

import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    closing,
    contextmanager,
    nullcontext,
    suppress,
)
from contextvars import ContextVar
from functools import lru_cache
from select import POLLIN, poll
from threading import Event
from typing import Any

from sqlalchemy import (
    DDL,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

# A server in another locale sorts unlike SQLite: every text is sorted by bytes.
FEW_OPEN = 4  # Connections, where a question takes a moment or is seldom asked.
FEW = 20  # Rows for which PostgreSQL is not worth asking to take a copy.
KEY: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()

_open_reading: ContextVar[tuple[Engine, Connection] | None] = ContextVar(
    "open_reading", default=None
)


def versioned_table(name: str, *columns: Column[Any]) -> Table:
    """Return a table of rows that stand from one position to another.

    A row holds in the world from `valid_from` (the first possible day; empty where
    unknown) to `valid_to` (the day after the last possible one), for certain from
    `certain_from` to `certain_to`. It stood on record from `position_from` until
    before `position_to`.
    """
    return Table(
        name,
        metadata,
        Column("id", KEY, primary_key=True),
        Column("part", KEY, primary_key=True),
        Column("valid_from", KEY, primary_key=True),
        Column("position_from", Integer, primary_key=True),
        Column("position_to", Integer),
        Column("certain_from", KEY),
        Column("certain_to", KEY),
        Column("valid_to", KEY),
        Column("version", Integer, nullable=False),
        Column("position", Integer, nullable=False),
        Column("recorded_at", KEY, nullable=False),
        Column("change", KEY, nullable=False),
        Column("is_disputed", Boolean, nullable=False),
        Column("disputed_by", KEY, nullable=False),
        Column("sources", KEY, nullable=False),
        Column("source_titles", KEY),
        *columns,
        Index(
            f"{name}_standing",
            "id",
            sqlite_where=text("position_to IS NULL"),
            postgresql_where=text("position_to IS NULL"),
        ),
    )


def keep_no_statistics(table: Table, column: str) -> None:
    """Let PostgreSQL note no values of a column, named as ALTER names it."""
    # SQLAlchemy says no types of DDL.
    statement = DDL(f"ALTER {column} SET STATISTICS 0")  # type: ignore[no-untyped-call]
    event.listen(table, "after_create", statement.execute_if(dialect="postgresql"))


def open_engine(
    url: str,
    schema: str | None = None,
    *,
    is_durable: bool = True,
    most: int = FEW_OPEN,
) -> Engine:
    """Return an engine on a database, with the settings that it needs.

    What is not durable may lose what was written last in a crash of the server. At
    most so many connections are open to PostgreSQL, half of them while they are idle:
    all workers together must keep within its limit, which is 100 if nobody raised it.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": 30})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    kept = most // 2
    engine = create_engine(_with_driver(url), pool_size=kept, max_overflow=most - kept)
    event.listen(engine, "checkout", _refuse_ended)
    if not is_durable:
        event.listen(engine, "connect", _wait_for_no_disk)
    return engine.execution_options(schema_translate_map={None: schema})


class NoRoomError(Exception):
    """There is no room on the disk of these tables: nothing was written."""


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that no other writer can enter, or raise NoRoomError."""
    try:
        connection = engine.connect().execution_options(writes=True)
        with connection, connection.begin():
            yield connection
    except DBAPIError as error:
        if _is_full(error.orig):
            raise NoRoomError(str(error.orig).strip().partition("\n")[0]) from error
        raise


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Open a transaction that sees one state of the tables.

    Inside another one on the same engine, it sees what that one sees.
    """
    outer = _open_reading.get()
    return nullcontext(outer[1]) if outer and outer[0] is engine else _first(engine)


@contextmanager
def _first(engine: Engine) -> Iterator[Connection]:
    outer = _open_reading.get()
    with reading_apart(engine) as connection:
        _open_reading.set((engine, connection))
        try:
            yield connection
        finally:
            _open_reading.set(outer)


@contextmanager
def reading_apart(engine: Engine) -> Iterator[Connection]:
    """Open the same for rows that are given one by one, between other queries."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


def scrub(engine: Engine, tables: Sequence[Table], patience: float) -> bool:
    """Overwrite what deleted rows of tables, and their indices, have left behind.

    False if somebody still reads an older state after so many seconds.
    """
    try:
        with _alone(engine) as connection:
            milliseconds = int(patience * 1000)
            if connection.dialect.name == "postgresql":
                _rewrite_postgresql(connection, tables, milliseconds)
                return True
            return _rewrite_sqlite(connection, milliseconds)
    except DBAPIError:  # Locked for longer than that, or just removed.
        return False


def has_table(engine: Engine, table: Table) -> bool:
    """Whether a table has been made in the database of an engine."""
    schema = engine.get_execution_options().get("schema_translate_map", {}).get(None)
    return inspect(engine).has_table(table.name, schema=schema)


def run(connection: Connection, sql: str, params: Sequence[Any] = ()) -> list[Any]:
    """Run SQL that both databases take, and return its rows.

    There is a `?` for each parameter; names of tables stand in braces. For what is run
    at each write: a construct of SQLAlchemy takes ten times as long.
    """
    with _driver_errors:
        cursor = _driver(connection).execute(_sql(sql, schema_of(connection)), params)
        return cursor.fetchall() if cursor.description else []


def fetch(connection: Connection, sql: str, params: Any) -> list[tuple[Any, ...]]:
    """Return the rows of SQL that was written for the driver of a connection."""
    with _driver_errors:
        cursor = _driver(connection).execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def run_many(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run such SQL, which returns nothing, for each of many rows of parameters."""
    text, driver = _sql(sql, schema_of(connection)), _driver(connection)
    with _driver_errors:
        if len(rows) == 1:
            driver.execute(text, rows[0])
        else:
            with closing(driver.cursor()) as cursor:
                cursor.executemany(text, rows)


def insert_many(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
) -> None:
    """Insert whole rows: each has a value for every column."""
    names = table.columns.keys()
    values = [tuple([row[name] for name in names]) for row in rows]
    if len(values) < FEW or not _may_copy(connection):
        run_many(connection, _insertion(table), values)
        return
    copying = _sql(_copying(table), schema_of(connection))
    with _driver_errors, _driver(connection).cursor().copy(copying) as copy:
        for each in values:
            copy.write_row(each)


def replace_many(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]]
) -> None:
    """Insert whole rows, each in the place of that which has its key."""
    names = table.columns.keys()
    values = [tuple([row[name] for name in names]) for row in rows]
    run_many(connection, _replacement(table), values)


def tell(connection: Connection, channel: str) -> None:
    """Let those who listen hear of a transaction as it is committed (PostgreSQL)."""
    if not is_sqlite(connection):
        run(connection, f"NOTIFY {channel}")


def heard(url: str, channel: str, seconds: float, ended: Event) -> Iterator[None]:
    """Give a moment whenever something is told on a channel, or after so many seconds.

    It ends when the event is set, or the connection is lost.
    """
    import psycopg

    with (
        suppress(psycopg.Error),
        closing(psycopg.connect(url, autocommit=True)) as connection,
    ):
        connection.execute(f"LISTEN {channel}".encode())
        while not ended.is_set():
            yield
            for _ in connection.notifies(timeout=seconds, stop_after=1):
                pass


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Send what is written inside to PostgreSQL at once, not one after the other."""
    if is_sqlite(connection):
        yield
        return
    with _driver_errors, _driver(connection).pipeline():
        yield


def is_sqlite(connection: Connection) -> bool:
    """Whether a connection is to SQLite."""
    return connection.dialect.name == "sqlite"


def schema_of(connection: Connection) -> str | None:
    """Return the schema of the tables on PostgreSQL, None on SQLite."""
    names = connection.get_execution_options().get("schema_translate_map")
    return names[None] if names else None


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _may_copy(connection: Connection) -> bool:
    driver = None if is_sqlite(connection) else _driver(connection)
    return driver is not None and not driver.pgconn.pipeline_status


@lru_cache(maxsize=512)
def _sql(sql: str, schema: str | None) -> str:
    if schema is None:
        return re.sub(r"\{(\w+)\}", r"\1", sql)
    return re.sub(r"\{(\w+)\}", rf"{schema}.\1", sql).replace("?", "%s")


@lru_cache
def _insertion(table: Table) -> str:
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {{{table.name}}} ({_columns(table)}) VALUES ({marks})"


@lru_cache
def _replacement(table: Table) -> str:
    key = table.primary_key.columns.keys()
    others = (f'"{e.name}" = excluded."{e.name}"' for e in table.c if e.name not in key)
    on_conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(others)}"
    return f"{_insertion(table)} {on_conflict}"


@lru_cache
def _copying(table: Table) -> str:
    return f"COPY {{{table.name}}} ({_columns(table)}) FROM STDIN"


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


class _DriverErrors:
    """Lets errors of the drivers be those of SQLAlchemy, as everywhere else."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if error is None:
            return
        # Its driver is loaded where PostgreSQL is used, and elsewhere raises nothing.
        drivers = filter(None, (sqlite3, sys.modules.get("psycopg")))
        for kind in (each.Error for each in drivers):
            if isinstance(error, kind):
                raise DBAPIError.instance(None, None, error, kind) from error


# One for all, since it keeps nothing: every statement enters it.
_driver_errors = _DriverErrors()


def _is_full(error: BaseException | None) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code in _SQLITE_FULL or getattr(error, "sqlstate", None) == "53100"


_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Open a connection of its own, in which each statement is a transaction."""
    alone = create_engine(
        engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT"
    ).execution_options(**engine.get_execution_options())
    with alone.connect() as connection:
        yield connection


def _rewrite_postgresql(
    connection: Connection, tables: Sequence[Table], patience: int
) -> None:
    schema = connection.get_execution_options()["schema_translate_map"][None]
    connection.execute(text(f"SET lock_timeout = '{patience}ms'"))
    held = inspect(connection).get_table_names(schema)
    for table in tables:
        if table.name in held:
            connection.execute(text(f"VACUUM (FULL) {schema}.{table.name}"))


def _rewrite_sqlite(connection: Connection, patience: int) -> bool:
    connection.execute(text(f"PRAGMA busy_timeout = {patience}"))
    # First: under an old reader each new try would only make the file longer.
    if not _empty_wal(connection):
        return False
    for name in connection.execute(text(_INDICES_OF_WORDS)).scalars().all():
        # What was deleted stays in its segments until they are written anew.
        connection.execute(text(f"INSERT INTO {name}({name}) VALUES ('rebuild')"))
    connection.execute(text("VACUUM"))
    return _empty_wal(connection)


_INDICES_OF_WORDS = (
    "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
)


def _empty_wal(connection: Connection) -> bool:
    found = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    return not found[0]


def _with_driver(url: str) -> str:
    return f"postgresql+psycopg://{url.partition('://')[2]}"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -65536")
    # Four times the usual: each time it waits for the disk, twice.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    # What is erased is overwritten with zeros.
    connection.execute("PRAGMA secure_delete = ON")


def _wait_for_no_disk(connection: Any, _record: Any) -> None:
    connection.execute("SET synchronous_commit = off")
    connection.commit()


def _refuse_ended(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let all be made anew once the server has ended one that was idle.

    It says nothing else unasked; to ask it each time takes as long as a query.
    """
    heard = poll()
    heard.register(connection, POLLIN)
    if heard.poll(0):
        raise InvalidatePoolError


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    with _driver_errors:
        _driver(connection).execute("BEGIN IMMEDIATE" if writes else "BEGIN")
