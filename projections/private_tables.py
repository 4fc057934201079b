"""Private tables: what a record keeps beside its log and its read model.

They lie in `DATA/desk.db`, or in the schema `desk`, outlive a generation of the read
model, and are no part of a rebuild.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import ClassVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection, Engine, MetaData, Table, text

from projections import database

metadata = MetaData()
_engines: WeakValueDictionary[str, Engine] = WeakValueDictionary()
_opening = Lock()


class PrivateTables:
    """Some tables of the desk, and the connections to them."""

    tables: ClassVar[tuple[Table, ...]]

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self._on_postgresql = database_url is not None
        if database_url:
            self._engine = _engine_of(database_url)
        else:
            self._engine = database.open_engine(f"sqlite:///{folder / 'desk.db'}")

    def create(self) -> None:
        """Create the tables, if they are not there yet."""
        with self._writing_alone() as connection:
            if self._on_postgresql:
                connection.execute(text("CREATE SCHEMA IF NOT EXISTS desk"))
            metadata.create_all(connection, tables=self.tables)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _writing_alone(self) -> Iterator[Connection]:
        """Open a transaction while no other one of these is open anywhere.

        On SQLite that is so of every transaction that writes.
        """
        with database.writing(self._engine) as connection:
            if self._on_postgresql:
                # One number for all private tables: each makes the schema.
                connection.execute(text("SELECT pg_advisory_xact_lock(0x636f7071)"))
            yield connection


def _engine_of(url: str) -> Engine:
    """Return the one engine on the desk of a database: its tables share connections."""
    with _opening:
        engine = _engines.get(url)
        if engine is None:
            engine = _engines[url] = database.open_engine(url, schema="desk")
        return engine
