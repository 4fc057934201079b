"""The read model: every projection, in one database, at one position of the log.

Nothing is overwritten. A row stands from one position to another, so that every
question can be asked of any moment in the past. `restate` is the only writer.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import Connection, Engine, Table, func, insert, select

from projections import database, texts
from projections.batch import CHUNK, Batch, Memory, erase_words
from projections.database import metadata
from projections.facts import GENERIC_VERBS
from projections.tables import (
    Row,
    erased,
    history,
    progress,
    read_position,
    recorded_event,
    to_json,
    words,
)
from projections.touch_index import TouchIndex
from schemas.events import RecordedEvent

__all__ = [
    "CODE_VERSION",
    "Batch",
    "Memory",
    "Projection",
    "ReadEvents",
    "ReadModel",
    "Row",
    "UnreadableEventError",
    "erased",
    "generic",
    "history",
    "progress",
    "read_position",
    "recorded_event",
    "to_json",
    "words",
]

T = TypeVar("T")
Handler: TypeAlias = Callable[["Batch", RecordedEvent], None]
ReadEvents: TypeAlias = Callable[[int], Sequence[RecordedEvent]]

CODE_VERSION = 7  # Raise it when a projection makes other rows of the same events.
CHANNEL = "copperplate_applied"  # On which is told that events were applied.
REMEMBERED = 64  # Answers to what other nouns show, by moment.

# What a handler raises of data that is not what it should be.
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, AssertionError)


class UnreadableEventError(Exception):
    """The data of an event is not what the projections of its type need."""

    def __init__(self, event: RecordedEvent, cause: Exception) -> None:
        self.position, self.type = event.position, event.type
        super().__init__(f"{event.type} cannot be read: {type(cause).__name__}")


class Projection:
    """One versioned table of a noun, and what each type of event does to it.

    The rows of a table `by_stream` have streams, of any noun, as their ids. Rows of
    a thing that `may_precede` its own events are made by events of other things.
    """

    def __init__(
        self,
        table: Table,
        noun: str,
        *,
        by_stream: bool = False,
        may_precede: bool = False,
    ) -> None:
        self.table, self.noun, self.by_stream = table, noun, by_stream
        self.may_precede = may_precede
        self.handlers: dict[str, Handler] = {}
        self.of_every_type: Handler | None = None

    @property
    def name(self) -> str:
        """The name of the projection, which is that of its table."""
        return self.table.name

    def when(self, *types: str) -> Callable[[Handler], Handler]:
        """Register the handler of these types of event."""

        def register(handler: Handler) -> Handler:
            self.handlers.update(dict.fromkeys(types, handler))
            return handler

        return register

    def always(self, handler: Handler) -> Handler:
        """Register the handler of all types of event that have no other."""
        self.of_every_type = handler
        return handler

    def handler_of(self, type: str) -> Handler | None:
        """Return what handles a type of event, or None."""
        return self.handlers.get(type, self.of_every_type)


def generic(noun: str) -> list[str]:
    """Return the types of event that every noun has."""
    return [f"{noun}.{verb}" for verb in GENERIC_VERBS]


class ReadModel:
    """The tables of all projections, at one position of the log."""

    def __init__(self, engine: Engine, projections: Iterable[Projection]) -> None:
        self.engine = engine
        self.projections = list(projections)
        self._nouns = {
            each.name: each.noun for each in self.projections if not each.by_stream
        }
        self._touch_index = TouchIndex()
        self._memory = Memory()
        self._handlers: dict[str, list[Handler]] = {}
        self._remembered: OrderedDict[Hashable, Any] = OrderedDict()
        self._remembering = Lock()
        self._of_all_time: dict[str, tuple[int, Any]] = {}
        self._seen: int | None = None
        self._first_seen = 0
        self._touched: dict[str, int] = {}

    def create_tables(self) -> None:
        """Create the tables that are not there yet."""
        with database.writing(self.engine) as connection:
            metadata.create_all(connection)
            if connection.execute(select(progress.c.only)).first() is None:
                row = {"only": 1, "position": 0, "code_version": CODE_VERSION}
                connection.execute(insert(progress), row)

    @property
    def position(self) -> int:
        """The position of the last event that has been applied."""
        with database.reading(self.engine) as connection:
            return read_position(connection)

    def touch_index(self) -> TouchIndex:
        """Return the touch index, advanced to the state that is being read."""
        with database.reading(self.engine) as connection:
            self._touch_index.advance(connection, read_position(connection))
        return self._touch_index

    def touch_index_at(self, position: int) -> TouchIndex | None:
        """Return the touch index with no query, None unless it stands at a position."""
        index = self._touch_index
        return index if index.seen == position else None

    def last_redaction(self) -> int:
        """Return the position of the last redaction that was applied, or 0."""
        statement = select(func.max(erased.c.position))
        with database.reading(self.engine) as connection:
            return connection.execute(statement).scalar_one_or_none() or 0

    def last_redaction_at(self, position: int) -> int:
        """Return the same, with no query if this process has just applied that far."""
        memory = self._memory
        if memory.position != position:
            return self.last_redaction()
        if memory.last_redaction is None:
            memory.last_redaction = self.last_redaction()
        return memory.last_redaction

    @property
    def is_made(self) -> bool:
        """Whether it has its tables: one that is being made may not have them yet."""
        return database.has_table(self.engine, words)

    @property
    def is_outdated(self) -> bool:
        """Whether the rows were made by projections that make others now."""
        with database.reading(self.engine) as connection:
            made_by = connection.execute(select(progress.c.code_version)).scalar_one()
        return bool(made_by != CODE_VERSION)

    def catch_up(
        self, read: ReadEvents, on_batch: Callable[[int], None] | None = None
    ) -> int:
        """Apply every event that is not applied yet; return the position reached."""
        while events := read(self._position_now()):
            self.apply(events)
            if on_batch:
                on_batch(events[-1].position)
        return self._position_now()

    def _position_now(self) -> int:
        """Return the position, also where an older state is being read."""
        with self.engine.connect() as connection:
            return read_position(connection)

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Apply the events in one transaction, those not applied yet."""
        if events and self.take(events) is None:
            raise ValueError(
                f"The read model stands at {self.position}: event "
                f"{events[0].position} does not follow."
            )

    def take(
        self,
        events: Sequence[RecordedEvent],
        is_current: Callable[[Connection], bool] = lambda _connection: True,
    ) -> int | None:
        """Apply the same; return the position reached, None if others come before.

        None too if it is seen, under the lock, not to be current any more.
        """
        with database.writing(self.engine) as connection:
            position = self._lock(connection)  # Another process may have been faster.
            if not is_current(connection):
                return None
            fresh = [event for event in events if event.position > position]
            if not fresh:
                return position
            if fresh[0].position != position + 1:
                return None
            # Taken out first: what a failed transaction leaves is never used again.
            memory, self._memory = self._memory, Memory()
            batch = Batch(connection, memory.at(position), self._nouns)
            self._write(batch, fresh)
            database.tell(connection, CHANNEL)
        memory.position = fresh[-1].position
        self._memory = memory
        return memory.position

    def _write(self, batch: Batch, events: Sequence[RecordedEvent]) -> None:
        self._fetch(batch, events)
        for event in events:
            self._read(batch, event)
        batch.flush()
        sql = "UPDATE {progress} SET position = ?"
        database.run(batch.connection, sql, (events[-1].position,))

    @contextmanager
    def snapshot(self) -> Iterator[int]:
        """Let all queries inside see one state of the tables; give its position."""
        with database.reading(self.engine) as connection:
            yield read_position(connection)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody apply events meanwhile; readers go on."""
        with database.writing(self.engine) as connection:
            self._lock(connection)
            yield

    def digest(self, name: str, at: int) -> str:
        """Return the SHA-256 of a projection's rows as of a position.

        Canonical JSON lines in the order of the key; sealed values are commitments,
        and nothing recorded later shows.
        """
        sha = hashlib.sha256()
        with database.reading(self.engine) as connection:
            for line in _lines(connection, self._table(name), at):
                sha.update(line)
        return sha.hexdigest()

    def lines(self, name: str, at: int) -> Iterator[bytes]:
        """Give the lines that a digest hashes, each with its newline, one by one."""
        with database.reading_apart(self.engine) as connection:
            yield from _lines(connection, self._table(name), at)

    def words(self) -> Iterator[tuple[str, str]]:
        """Give the words that are held, as (commitment, JSON), by commitment."""
        statement = select(words).order_by(words.c.commitment)
        with database.reading_apart(self.engine) as connection:
            streamed = connection.execution_options(yield_per=1000)
            with streamed.execute(statement) as result:
                for row in result:
                    yield row.commitment, row.value

    def erase(self, commitments: Iterable[str]) -> int:
        """Delete the words of these commitments; return how many were held."""
        wanted = sorted(set(commitments))
        chunks = [wanted[at : at + CHUNK] for at in range(0, len(wanted), CHUNK)]
        if not any(self._holds(chunk) for chunk in chunks):
            return 0
        # One that was made by older code has nothing to be searched.
        is_searched = database.has_table(self.engine, texts.texts)
        with database.writing(self.engine) as connection:
            return sum(erase_words(connection, chunk, is_searched) for chunk in chunks)

    def scrub(self, patience: float) -> bool:
        """Overwrite what erased words have left; False: to be tried again.

        It waits at most so many seconds for those who read.
        """
        return database.scrub(self.engine, (words, texts.texts), patience)

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was made under the key, making it at the first call.

        The key must name a moment: what stood then never changes.
        """
        with self._remembering:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return cast(T, self._remembered[key])
        made = make()
        with self._remembering:
            self._remembered[key] = made
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return made

    def of_all_time(
        self, noun: str, position: int, make: Callable[[Connection], T]
    ) -> T:
        """Return what is made of all rows of a noun, those that ended too.

        It tells of every position up to the one at which it was made, and on until the
        noun is touched: so it serves questions about the past as those about now.
        """
        with self._remembering:
            made_at, made = self._of_all_time.get(noun, (-1, None))
        if position > made_at and self.touched(noun, position) > made_at:
            with database.reading(self.engine) as connection:
                made_at, made = read_position(connection), make(connection)
            with self._remembering:
                self._of_all_time[noun] = made_at, made
        return cast(T, made)

    def touched(self, noun: str, position: int) -> int:
        """Return a position since which nothing of a noun was recorded up to another.

        What is made of one noun stays the same while others are recorded: an import
        of ratings does not make the names of bodies anew at each of its batches.
        """
        with self._remembering:
            if self._seen is None:
                self._seen = self._first_seen = position
            if position > self._seen:
                nouns = self._nouns_between(self._seen, position)
                self._touched |= dict.fromkeys(nouns, position)
                self._seen = position
            if position < self._seen:
                return position
            return self._touched.get(noun, self._first_seen)

    def _nouns_between(self, after: int, last: int) -> set[str]:
        statement = (
            select(history.c.type)
            .distinct()
            .where(history.c.position > after, history.c.position <= last)
        )
        with database.reading(self.engine) as connection:
            types = connection.execute(statement).scalars()
            return {each.partition(".")[0] for each in types}

    def names(self) -> list[str]:
        """Return the names of the projections."""
        return ["history", *(each.name for each in self.projections)]

    def _table(self, name: str) -> Table:
        tables = {each.name: each.table for each in self.projections}
        return {**tables, "history": history}[name]

    def _holds(self, commitments: Sequence[str]) -> bool:
        statement = select(words.c.commitment).where(
            words.c.commitment.in_(commitments)
        )
        with database.reading(self.engine) as connection:
            return connection.execute(statement).first() is not None

    def _fetch(self, batch: "Batch", events: Sequence[RecordedEvent]) -> None:
        """Read at once what is known of the things that the events are about."""
        ids: dict[str, dict[str, bool]] = {}
        streams: dict[str, bool] = {}
        for event in events:
            # A thing whose first event is among these has no rows yet.
            ids.setdefault(event.noun, {}).setdefault(event.id, event.version == 1)
            streams.setdefault(event.stream, event.version == 1)
        for projection in self.projections:
            by_stream, table = projection.by_stream, projection.table
            known = streams if by_stream else ids.get(projection.noun)
            if not known:
                continue
            is_told = projection.may_precede
            new = [id for id, is_new in known.items() if is_new and not is_told]
            old = [id for id, is_new in known.items() if not is_new or is_told]
            batch.begin(table, None if by_stream else projection.noun, new)
            batch.fetch(table, None if by_stream else projection.noun, old)

    def _read(self, batch: "Batch", event: RecordedEvent) -> None:
        try:
            self._dispatch(batch, event)
        except _MALFORMED as error:
            raise UnreadableEventError(event, error) from error

    def _dispatch(self, batch: "Batch", event: RecordedEvent) -> None:
        batch.record(event)
        for handler in self._handlers_of(event.type):
            handler(batch, event)

    def _handlers_of(self, type: str) -> list[Handler]:
        known = self._handlers.get(type)
        if known is None:
            found = [each.handler_of(type) for each in self.projections]
            known = self._handlers[type] = [each for each in found if each]
        return known

    def _lock(self, connection: Connection) -> int:
        if database.is_sqlite(connection):
            return read_position(connection)
        sql = "SELECT position FROM {progress} FOR UPDATE"
        return int(database.run(connection, sql)[0][0])


def _lines(connection: Connection, table: Table, at: int) -> Iterator[bytes]:
    for row in _rows_as_of(connection, table, at):
        yield to_json(row).encode() + b"\n"


def _rows_as_of(connection: Connection, table: Table, at: int) -> Iterator[Row]:
    is_versioned = "position_from" in table.c
    since = table.c.position_from if is_versioned else table.c.position
    statement = select(table).where(since <= at).order_by(*table.primary_key.columns)
    streamed = connection.execution_options(yield_per=1000)
    # Closed, because whoever compares rows stops at the first that differs.
    with streamed.execute(statement) as result:
        for found in result.mappings():
            # The names of columns that are words of SQL are no plain text to orjson.
            row = {str(name): value for name, value in found.items()}
            if is_versioned and (row["position_to"] or 0) > at:
                row["position_to"] = None
            yield row
