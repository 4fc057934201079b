"""The read model: every projection, in one database, at one position of the log.

Nothing is overwritten. A row stands from one position to another, so that every
question can be asked of any moment in the past. `restate` is the only writer.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias, TypeVar, cast

import orjson
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    RowMapping,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from projections import database, texts
from projections.database import KEY, metadata
from projections.facts import GENERIC_VERBS, Thing, advance
from schemas.events import RecordedEvent

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[["Batch", RecordedEvent], None]
ReadEvents: TypeAlias = Callable[[int], Sequence[RecordedEvent]]

CODE_VERSION = 5  # Raise it when a projection makes other rows of the same events.
REDACTED = "field.redacted"
REMEMBERED = 64  # Answers to what other nouns show, by moment.
MEMORY = 20_000  # Streams kept in memory while events are applied.
CHUNK = 500  # Values in one IN (…).

# What a handler raises of data that is not what it should be.
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, AssertionError)

progress = Table(
    "progress",
    metadata,
    Column("only", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("code_version", Integer, nullable=False),
)
words = Table(
    "words",
    metadata,
    Column("commitment", KEY, primary_key=True),
    Column("value", KEY, nullable=False),
)
database.keep_no_statistics(words, "TABLE %(fullname)s ALTER value")
# Commitments whose words were erased, and by which event: what `words` then lacks.
erased = Table(
    "erased",
    metadata,
    Column("commitment", KEY, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("recorded_at", KEY, nullable=False),
    Column("basis", KEY, nullable=False),
    Column("reference", KEY),
)
history = Table(
    "history",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("type", KEY, nullable=False, index=True),
    Column("stream", KEY, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", KEY, nullable=False, index=True),
    Column("by", KEY, nullable=False),
    Column("change", KEY, nullable=False),
    Column("data", KEY, nullable=False),
    Column("sealed", KEY, nullable=False),
    Column("sources", KEY, nullable=False),
    Column("signature", KEY),
    Column("leaf_hash", KEY, nullable=False),
)
Index("history_stream", history.c.stream, history.c.version, unique=True)


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
        self._memory = Memory()
        self._remembered: OrderedDict[Hashable, Any] = OrderedDict()
        self._remembering = Lock()
        self._folded: dict[str, tuple[int, dict[str, Thing]]] = {}
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

    def last_redaction(self) -> int:
        """Return the position of the last redaction that was applied, or 0."""
        statement = select(func.max(erased.c.position))
        with database.reading(self.engine) as connection:
            return connection.execute(statement).scalar_one_or_none() or 0

    def last_redaction_at(self, position: int) -> int:
        """Return the same, with no query if this process has just applied that far."""
        memory = self._memory
        if memory.position == position and memory.last_redaction is not None:
            return memory.last_redaction
        return self.last_redaction()

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
        with database.writing(self.engine) as connection:
            position = self._lock(connection)  # Another process may have been faster.
            fresh = [event for event in events if event.position > position]
            if not fresh:
                return
            if fresh[0].position != position + 1:
                raise ValueError(
                    f"The read model stands at {position}: event "
                    f"{fresh[0].position} does not follow."
                )
            # Taken out first: what a failed transaction leaves is never used again.
            memory, self._memory = self._memory, Memory()
            batch = Batch(connection, memory.at(position))
            self._fetch(batch, fresh)
            for event in fresh:
                self._read(batch, event)
            batch.flush()
            connection.execute(update(progress).values(position=fresh[-1].position))
        memory.position = fresh[-1].position
        self._memory = memory

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
            return sum(_erase(connection, chunk, is_searched) for chunk in chunks)

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

    def folded(self, noun: str, position: int) -> tuple[int, dict[str, Thing]]:
        """Return the things of a noun as folded last, and up to where, for more.

        Nothing, if that lies beyond the position.
        """
        with self._remembering:
            last, things = self._folded.get(noun, (0, {}))
            return (last, things) if last <= position else (0, {})

    def keep_folded(self, noun: str, position: int, things: dict[str, Thing]) -> None:
        """Keep the things of a noun as they stood at a position, if it is the last."""
        with self._remembering:
            if position > self._folded.get(noun, (0, {}))[0]:
                self._folded[noun] = position, things

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
            known = streams if by_stream else ids.get(projection.noun, {})
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
        for projection in self.projections:
            if handler := projection.handler_of(event.type):
                handler(batch, event)

    def _lock(self, connection: Connection) -> int:
        if connection.dialect.name == "postgresql":
            statement = select(progress.c.position).with_for_update()
            return int(connection.execute(statement).scalar_one())
        return read_position(connection)


def _erase(
    connection: Connection, commitments: Sequence[str], is_searched: bool = True
) -> int:
    """Delete words, and that they can be found; return how many were held."""
    if is_searched:
        texts.erase(connection, commitments)
    gone = delete(words).where(words.c.commitment.in_(commitments))
    return connection.execute(gone).rowcount


def read_position(connection: Connection) -> int:
    """Return the position of the last event that has been applied."""
    return int(connection.execute(select(progress.c.position)).scalar_one())


# Writing: rows are collected for a batch of events, and flushed at its end.


@dataclass(slots=True)
class Standing:
    """A row that stands, or that was closed within the batch."""

    values: Row
    position_from: int
    position_to: int | None = None
    is_stored: bool = True


@dataclass
class Memory:
    """What the last batches have read: good as long as nobody else has written."""

    position: int = -1
    is_complete: bool = False
    last_redaction: int | None = None
    things: dict[str, Thing | None] = field(default_factory=dict)
    rows: dict[tuple[str, str], dict[tuple[str, str], Standing]] = field(
        default_factory=dict
    )
    groups: dict[tuple[str, ...], set[str]] = field(default_factory=dict)

    def at(self, position: int) -> "Memory":
        """Return itself, emptied if it does not stand at the position."""
        if self.position != position or len(self.things) > MEMORY:
            self.forget()
            self.is_complete = position == 0
            self.last_redaction = 0 if position == 0 else None
        return self

    def forget(self) -> None:
        """Drop all that was read."""
        self.things.clear()
        self.rows.clear()
        self.groups.clear()


class Batch:
    """The rows that a batch of events makes, before they are written.

    `before` is the thing of the event that is being applied, as it was before it.
    """

    def __init__(self, connection: Connection, memory: Memory) -> None:
        self.connection = connection
        self._memory = memory
        self._tables: dict[str, Table] = {}
        self._opened: dict[str, list[Standing]] = {}
        self._closed: dict[str, list[Standing]] = {}
        self._history: list[Row] = []
        self._words: list[Row] = []
        self._texts = texts.Collected()
        self._redactions: list[RecordedEvent] = []
        self.before: Thing | None = None

    def thing(self, stream: str) -> Thing | None:
        """Return the facts of a stream, as of the event that is being applied."""
        if stream not in self._memory.things:
            self._read_things([stream])
        return self._memory.things[stream]

    def restate(
        self, table: Table, id: str, position: int, rows: Iterable[Row]
    ) -> None:
        """Let these rows, and no others, hold for the thing from the position on.

        Rows that stand and are not among them are closed, new ones are opened, and
        those that are the same are not touched.
        """
        self._tables[table.name] = table
        standing = self.standing(table, id)
        wanted = {(row["part"], row["valid_from"]): row for row in rows}
        for key, old in list(standing.items()):
            if wanted.get(key) != old.values:
                self._close(table.name, old, position)
                del standing[key]
        for key, row in wanted.items():
            if key not in standing:
                new = Standing(row, position, is_stored=False)
                standing[key] = new
                self._opened.setdefault(table.name, []).append(new)

    def standing(self, table: Table, id: str) -> dict[tuple[str, str], Standing]:
        """Return the rows of a thing that stand, by part and first possible day."""
        key = (table.name, id)
        if key not in self._memory.rows:
            self._read_standing(table, [id])
        return self._memory.rows[key]

    def group(
        self, key: tuple[str, ...], read: Callable[[Connection], Iterable[str]]
    ) -> set[str]:
        """Return the remembered ids of a group, which the caller keeps right."""
        known = self._memory.groups.get(key)
        if known is None:
            known = set() if self._memory.is_complete else set(read(self.connection))
            self._memory.groups[key] = known
        return known

    def group_within(
        self,
        whole: tuple[str, ...],
        key: tuple[str, ...],
        read: Callable[[Connection], Iterable[tuple[tuple[str, ...], str]]],
    ) -> set[str]:
        """Return the remembered ids of one of many groups, which are read together."""
        groups = self._memory.groups
        if whole not in groups:
            groups[whole] = set()
            for each, id in [] if self._memory.is_complete else read(self.connection):
                groups.setdefault(each, set()).add(id)
        return groups.setdefault(key, set())

    def ids_with(self, table: Table, column: str, values: Iterable[str]) -> list[str]:
        """Return the ids of the things of which a row that stands has such a value."""
        wanted = set(values)
        found = {
            id
            for (name, id), rows in self._memory.rows.items()
            if name == table.name
            and any(row.values[column] in wanted for row in rows.values())
        }
        if not self._memory.is_complete:
            statement = select(table.c.id).where(
                table.c[column].in_(wanted), table.c.position_to.is_(None)
            )
            found.update(self.connection.execute(statement).scalars())
        return sorted(found)

    def begin(self, table: Table, noun: str | None, ids: Iterable[str]) -> None:
        """Note that nothing is on record yet of these things of a noun.

        Without a noun the ids are streams.
        """
        for id in ids:
            self._memory.things[_stream(noun, id)] = None
            self._memory.rows[table.name, id] = {}

    def fetch(self, table: Table, noun: str | None, ids: Iterable[str]) -> None:
        """Read at once what is not yet known of these things of a noun."""
        if self._memory.is_complete:
            return
        things, rows = self._memory.things, self._memory.rows
        named = [_stream(noun, id) for id in ids]
        if streams := [each for each in named if each not in things]:
            self._read_things(streams)
        if missing := [id for id in ids if (table.name, id) not in rows]:
            self._read_standing(table, missing)

    def record(self, event: RecordedEvent) -> None:
        """Add the event to the history."""
        self.before = self.thing(event.stream)
        after = self._memory.things[event.stream] = advance(self.before, event)
        self._texts.record(self.before, after, event)
        self._history.append(_history_row(event))
        if event.type == REDACTED:
            self._redactions.append(event)
        self._words += (
            {"commitment": event.sealed[name], "value": orjson.dumps(value).decode()}
            for name, value in event.opened.items()
        )

    def flush(self) -> None:
        """Write all that was collected."""
        if self._history:
            database.insert_many(self.connection, history, self._history)
        if self._words:
            database.insert_many(self.connection, words, self._words)
        self._texts.flush(self.connection, self._read_words)
        for event in self._redactions:
            self._erase(event)
            self._memory.last_redaction = event.position
        for name, table in self._tables.items():
            self._flush_closed(table, self._closed.get(name, []))
            self._flush_opened(table, self._opened.get(name, []))

    def _erase(self, event: RecordedEvent) -> None:
        """Delete the words that a redaction names, and note why they are gone."""
        target = event.data["target"]
        statement = select(history.c.sealed).where(
            history.c.stream == target["stream"], history.c.version == target["version"]
        )
        sealed = orjson.loads(self.connection.execute(statement).scalar_one())
        gone = [sealed[name] for name in event.data["fields"]]
        _erase(self.connection, gone)
        why = {name: event.data[name] for name in ("basis", "reference")}
        why |= {"position": event.position, "recorded_at": event.recorded_at}
        rows = [{"commitment": each, **why} for each in gone]
        database.insert_many(self.connection, erased, rows)

    def _close(self, name: str, row: Standing, position: int) -> None:
        row.position_to = position
        if row.is_stored:
            self._closed.setdefault(name, []).append(row)

    def _flush_closed(self, table: Table, rows: list[Standing]) -> None:
        if not rows:
            return
        statement = (
            update(table)
            .where(
                table.c.id == bindparam("id_"),
                table.c.part == bindparam("part_"),
                table.c.valid_from == bindparam("valid_from_"),
                table.c.position_from == bindparam("position_from_"),
            )
            .values(position_to=bindparam("to_"))
        )
        self.connection.execute(
            statement,
            [
                {
                    "id_": row.values["id"],
                    "part_": row.values["part"],
                    "valid_from_": row.values["valid_from"],
                    "position_from_": row.position_from,
                    "to_": row.position_to,
                }
                for row in rows
            ],
        )

    def _flush_opened(self, table: Table, rows: list[Standing]) -> None:
        values = []
        for row in rows:
            row.is_stored = True
            if row.position_from != row.position_to:  # It stood for no position.
                span = {
                    "position_from": row.position_from,
                    "position_to": row.position_to,
                }
                values.append({**row.values, **span})
        if values:
            database.insert_many(self.connection, table, values)

    def _read_words(self, commitments: Iterable[str]) -> dict[str, Any]:
        """Return the values that are held of commitments, by this batch or before."""
        held = {row["commitment"]: row["value"] for row in self._words}
        missing = sorted({each for each in commitments if each not in held})
        statement = select(words.c.commitment, words.c.value)
        for start in range(0, len(missing), CHUNK):
            chunk = words.c.commitment.in_(missing[start : start + CHUNK])
            found = self.connection.execute(statement.where(chunk))
            held |= {row.commitment: row.value for row in found}
        return {name: orjson.loads(value) for name, value in held.items()}

    def _read_standing(self, table: Table, ids: Sequence[str]) -> None:
        known = self._memory.rows
        known.update({(table.name, id): {} for id in ids})
        standing = select(table).where(table.c.position_to.is_(None))
        for row in self._read(standing, table.c.id, ids):
            values = {str(name): value for name, value in row.items()}
            position_from = values.pop("position_from")
            del values["position_to"]
            key = (values["part"], values["valid_from"])
            known[table.name, values["id"]][key] = Standing(values, position_from)

    def _read_things(self, streams: Sequence[str]) -> None:
        known = self._memory.things
        known.update(dict.fromkeys(streams))
        events = select(history).order_by(history.c.stream, history.c.version)
        for row in self._read(events, history.c.stream, streams):
            event = recorded_event(row)
            known[event.stream] = advance(known[event.stream], event)

    def _read(
        self, statement: Select[Any], column: Column[Any], values: Sequence[str]
    ) -> Iterator[RowMapping]:
        """Read the rows that have these values, unless all of them are in memory."""
        if not self._memory.is_complete:
            for start in range(0, len(values), CHUNK):
                chunk = statement.where(column.in_(values[start : start + CHUNK]))
                yield from self.connection.execute(chunk).mappings()


def _stream(noun: str | None, id: str) -> str:
    return id if noun is None else f"{noun}-{id}"


def _history_row(event: RecordedEvent) -> Row:
    signature = event.signature and orjson.dumps(event.signature).decode()
    return {
        "position": event.position,
        "type": event.type,
        "stream": event.stream,
        "version": event.version,
        "recorded_at": event.recorded_at,
        "by": event.by,
        "change": event.change,
        "data": to_json(event.data),
        "sealed": to_json(event.sealed),
        "sources": to_json(event.sources),
        "signature": signature,
        "leaf_hash": event.leaf_hash,
    }


def recorded_event(row: RowMapping) -> RecordedEvent:
    """Return the event of a row of the history, without opened words."""
    nested = ("data", "sealed", "sources")
    members: dict[str, Any] = {name: row[name] for name in row if name not in nested}
    members |= {name: orjson.loads(row[name]) for name in nested}
    members["signature"] = row["signature"] and orjson.loads(row["signature"])
    return RecordedEvent(**members)


def to_json(value: Any) -> str:
    """Write the one form in which nested values stand in the tables."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


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
