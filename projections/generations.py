"""Generations: the read model that is read, and the next one beside it.

A rebuild makes a whole new generation and switches to it when it has reached the
head, so that readers are never blocked. On SQLite a generation is a file, named in
`DATA/generation`. On PostgreSQL it is a schema that gets its name when it is whole:
the last of these names is the current one. The one before stays until the next
rebuild, for those who are reading it.
"""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from projections import database
from projections.catalogue import ALL
from projections.read_model import ReadEvents, ReadModel
from schemas.events import RecordedEvent

OnBatch = Callable[[int], None]
UNFINISHED = "read_next"
RETIRED = 2  # Generations of which connections may still be in use.
MOST_READING = 8  # Connections of one process: more would only share two cores.


class Generations:
    """The current read model of a data folder, or of a PostgreSQL database."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self._folder, self._url = folder, database_url
        self._pointer = folder / "generation"
        self._lock = Lock()
        self._control = database.open_engine(database_url) if database_url else None
        self._open: tuple[str, ReadModel] | None = None
        self._retired: list[Engine] = []

    def current(self) -> ReadModel:
        """Return the read model that is to be read, opening it on a switch."""
        name = self._name()
        with self._lock:
            if self._open is None or self._open[0] != name:
                self._retire()
                self._open = (name, self._open_model(name))
            return self._open[1]

    def opened(self) -> tuple[int, ReadModel]:
        """Return the read model as it was opened last, and its generation's number."""
        opened = self._open
        assert opened  # Somebody has read the current one before.
        return _number(opened[0]), opened[1]

    def create(self) -> None:
        """Make the first generation, if there is none."""
        if self._url:
            self._create_schema(self._name())
        self.current().create_tables()

    def catch_up(
        self,
        read: ReadEvents,
        on_batch: OnBatch | None = None,
        fresh: Sequence[RecordedEvent] = (),
    ) -> int:
        """Apply what is on record to the generation that is current at the end.

        `fresh` are events that were just recorded: they need not be read.
        """
        position = self._take(fresh) if fresh and self._open else None
        if position is not None:
            return position
        while True:
            model = self.current()
            position = model.catch_up(read, on_batch)
            if self.current() is model:
                return position

    def _take(self, fresh: Sequence[RecordedEvent]) -> int | None:
        """Apply events to what was opened last; None if that is not current any more.

        It is seen under the lock under which a rebuild ends.
        """
        assert self._open
        name, model = self._open
        try:
            return model.take(fresh, lambda connection: self._name(connection) == name)
        except DBAPIError:
            if self._name() == name:
                raise
            return None  # It was removed since.

    def rebuild(self, read: ReadEvents, on_batch: OnBatch | None = None) -> int:
        """Make a new generation from the log and switch to it."""
        old, name = self.current(), self._next_name()
        model = self._fresh_model(name)
        with _no_search_for_cycles():
            model.catch_up(read, on_batch)
        # Held, so that the old one is not ahead when the new one takes its place.
        with old.held():
            model.catch_up(read)
            model.engine.dispose()
            self._switch(name)
        return self.catch_up(read)

    def every_model(self) -> Iterator[ReadModel]:
        """Yield the read model of each generation, old and unfinished ones too."""
        self._remove_orphans()
        for name in self._names():
            model = self._open_model(name)
            try:
                if model.is_made:
                    yield model
            finally:
                model.engine.dispose()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._retire()
            self._retired.clear()
            if self._control:
                self._control.dispose()

    def _retire(self) -> None:
        """Close what is idle; what is still being read is closed at the next switch."""
        if self._open:
            self._retired.append(self._open[1].engine)
            self._open = None
        for engine in self._retired:
            # Not `Engine.dispose`, which forgets the connections in use.
            engine.pool.dispose()
        del self._retired[:-RETIRED]

    def _open_model(self, name: str) -> ReadModel:
        if self._url:
            # What a crash of the server takes of it is applied once more.
            engine = database.open_engine(
                self._url, schema=name, is_durable=False, most=MOST_READING
            )
            return ReadModel(engine, ALL)
        return ReadModel(self._open_file(name), ALL)

    def _open_file(self, name: str) -> Engine:
        return database.open_engine(f"sqlite:///{self._folder / name}")

    def _name(self, connection: Connection | None = None) -> str:
        """Return the name of the current one, as an open transaction sees it."""
        if self._control:
            known = _schemas(connection) if connection else self._schemas(self._control)
            return f"read_{max(known, default=1)}"
        with suppress(FileNotFoundError), open(self._pointer) as file:
            return file.read().strip()
        return "read-1.db"

    def _schemas(self, control: Engine) -> list[int]:
        with control.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            return _schemas(connection)

    def _names(self) -> list[str]:
        if not self._control:
            return sorted(path.name for path in self._folder.glob("read-*.db"))
        whole = [f"read_{number}" for number in sorted(self._schemas(self._control))]
        return [*whole, UNFINISHED]

    def _next_name(self) -> str:
        number = _number(self._name()) + 1
        return f"read_{number}" if self._url else f"read-{number}.db"

    def _fresh_model(self, name: str) -> ReadModel:
        if self._url:
            name = UNFINISHED
            self._execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
            self._create_schema(name)
        else:
            _unlink(self._folder / name)
        model = self._open_model(name)
        model.create_tables()
        return model

    def _switch(self, name: str) -> None:
        if self._control:
            self._execute(f"ALTER SCHEMA {UNFINISHED} RENAME TO {name}")
            for number in self._schemas(self._control):
                if number < _number(name) - 1:
                    self._execute(f"DROP SCHEMA read_{number} CASCADE")
        else:
            _write_beside(self._pointer, name)
            self._remove_old_files(_number(name))

    def _remove_old_files(self, number: int) -> None:
        """Remove generations that no reader can still be about to open."""
        for path in self._folder.glob("read-*.db"):
            if _number(path.name) < number - 1:
                _unlink(path)

    def _remove_orphans(self) -> None:
        """Remove what a crash has left of files that were removed."""
        for suffix in ("-wal", "-shm"):
            for path in self._folder.glob(f"read-*.db{suffix}"):
                if not path.with_name(path.name.removesuffix(suffix)).exists():
                    path.unlink(missing_ok=True)

    def _create_schema(self, name: str) -> None:
        self._execute(
            # Two processes that create at once would both fail without the lock.
            "SELECT pg_advisory_xact_lock(0x636f7070)",
            f"CREATE SCHEMA IF NOT EXISTS {name}",
        )

    def _execute(self, *statements: str) -> None:
        assert self._control
        with self._control.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))


def _schemas(connection: Connection) -> list[int]:
    """Return the numbers of the generations on PostgreSQL that are whole."""
    return [_number(name) for (name,) in database.run(connection, _WHOLE)]


_WHOLE = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^read_[0-9]+$'"


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Spare the collector: nothing here is a cycle, and looking costs a sixth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _number(name: str) -> int:
    return int(name.removeprefix("read")[1:].removesuffix(".db"))


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
