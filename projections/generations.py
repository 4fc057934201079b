"""Generations: the read model that is read, and the next one beside it.

A rebuild makes a whole new generation and switches to it when it has reached the
head, so that readers are never blocked. On SQLite a generation is a file, named in
`DATA/generation`; on PostgreSQL it is a schema, renamed in one transaction.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine, text

from projections import database
from projections.catalogue import ALL
from projections.read_model import ReadEvents, ReadModel

OnBatch = Callable[[int], None]
CURRENT, NEXT, LAST = "read", "read_next", "read_last"


class Generations:
    """The current read model of a data folder, or of a PostgreSQL database."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self._folder, self._url = folder, database_url
        self._lock = Lock()
        self._open: tuple[str, ReadModel] | None = None

    def current(self) -> ReadModel:
        """Return the read model that is to be read, opening it on a switch."""
        name = self._name()
        with self._lock:
            if self._open is None or self._open[0] != name:
                self._close()
                self._open = (name, self._open_model(name))
            return self._open[1]

    def create(self) -> None:
        """Make the first generation, if there is none."""
        if self._url:
            self._create_schema(CURRENT)
        self.current().create_tables()

    def rebuild(self, read: ReadEvents, on_batch: OnBatch | None = None) -> int:
        """Make a new generation from the log and switch to it."""
        name = self._next_name()
        model = self._fresh_model(name)
        model.catch_up(read, on_batch)
        model.engine.dispose()
        self._switch(name)
        # A writer may have caught up the old generation just before the switch.
        return self.current().catch_up(read)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._open:
            self._open[1].engine.dispose()
            self._open = None

    def _open_model(self, name: str) -> ReadModel:
        if self._url:
            return ReadModel(database.open_engine(self._url, schema=name), ALL)
        return ReadModel(self._open_file(name), ALL)

    def _open_file(self, name: str) -> Engine:
        return database.open_engine(f"sqlite:///{self._folder / name}")

    def _name(self) -> str:
        if self._url:
            return CURRENT
        with suppress(FileNotFoundError):
            return (self._folder / "generation").read_text().strip()
        return "read-1.db"

    def _next_name(self) -> str:
        if self._url:
            return NEXT
        number = int(self._name().removeprefix("read-").removesuffix(".db"))
        return f"read-{number + 1}.db"

    def _fresh_model(self, name: str) -> ReadModel:
        if self._url:
            self._drop_schema(name)
            self._create_schema(name)
        else:
            _unlink(self._folder / name)
        model = self._open_model(name)
        model.create_tables()
        return model

    def _switch(self, name: str) -> None:
        if self._url:
            self._rename_schemas()
        else:
            _write_beside(self._folder / "generation", name)
            self._remove_old_files(int(name.removeprefix("read-").removesuffix(".db")))

    def _remove_old_files(self, number: int) -> None:
        """Remove generations that no reader can still be about to open."""
        for path in self._folder.glob("read-*.db"):
            if int(path.stem.removeprefix("read-")) < number - 1:
                _unlink(path)

    def _create_schema(self, name: str) -> None:
        self._execute(
            # Two processes that create at once would both fail without the lock.
            "SELECT pg_advisory_xact_lock(0x636f7070)",
            f"CREATE SCHEMA IF NOT EXISTS {name}",
        )

    def _drop_schema(self, name: str) -> None:
        self._execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")

    def _rename_schemas(self) -> None:
        self._execute(
            f"ALTER SCHEMA {CURRENT} RENAME TO {LAST}",
            f"ALTER SCHEMA {NEXT} RENAME TO {CURRENT}",
            f"DROP SCHEMA {LAST} CASCADE",
        )

    def _execute(self, *statements: str) -> None:
        engine = database.open_engine(self._url or "")
        try:
            with engine.begin() as connection:
                for statement in statements:
                    connection.execute(text(statement))
        finally:
            engine.dispose()


def _unlink(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _write_beside(path: Path, content: str) -> None:
    """Replace a small file so that a reader sees the old or the new, whole."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
