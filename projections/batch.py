"""Batches: the rows that events make, collected in memory and written at once.

`restate` is the only writer of rows: nothing is overwritten.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    Connection,
    RowMapping,
    Select,
    Table,
    delete,
    select,
)

from projections import database, texts, touches
from projections.facts import Thing, advance
from projections.tables import (
    REDACTED,
    Row,
    erased,
    history,
    history_row,
    recorded_event,
    words,
)
from schemas.events import RecordedEvent

MEMORY = 20_000  # Streams kept in memory while events are applied.
CHUNK = 500  # Values in one IN (…).


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
    touched: dict[str, touches.Touch] = field(default_factory=dict)

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
        self.touched.clear()


class Batch:
    """The rows that a batch of events makes, before they are written.

    `before` is the thing of the event that is being applied, as it was before it;
    `nouns` has the noun of each table of which the ids are those of things.
    """

    def __init__(
        self, connection: Connection, memory: Memory, nouns: Mapping[str, str]
    ) -> None:
        self.connection = connection
        self._nouns = nouns
        self._nouns_of_things = frozenset(nouns.values())
        self._touches = touches.Collected(memory.touched)
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
        standing, changed = self.standing(table, id), []
        wanted = {(row["part"], row["valid_from"]): row for row in rows}
        for key, old in list(standing.items()):
            if wanted.get(key) != old.values:
                self._close(table.name, old, position)
                changed.append(old.values)
                del standing[key]
        for key, row in wanted.items():
            if key not in standing:
                new = Standing(row, position, is_stored=False)
                standing[key] = new
                changed.append(row)
                self._opened.setdefault(table.name, []).append(new)
        if changed and (noun := self._nouns.get(table.name)):
            kind = _kind(noun, wanted)
            self._touches.add(touches.Change(noun, id, position, changed, kind))

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
        self._history.append(history_row(event))
        if event.noun in self._nouns_of_things:
            change = touches.Change(event.noun, event.id, event.position)
            self._touches.add(change)
        if event.type == REDACTED:
            self._redactions.append(event)
        self._words += (
            {"commitment": event.sealed[name], "value": orjson.dumps(value).decode()}
            for name, value in event.opened.items()
        )

    def flush(self) -> None:
        """Write all that was collected."""
        # Nothing can be read while all is sent at once.
        self._texts.fill(self._read_words)
        self._touches.flush(self.connection, is_complete=self._memory.is_complete)
        is_small = len(self._history) < database.FEW
        with database.together(self.connection) if is_small else nullcontext():
            self._insert()
        for event in self._redactions:
            self._erase(event)
            self._memory.last_redaction = event.position

    def _insert(self) -> None:
        if self._history:
            database.insert_many(self.connection, history, self._history)
        if self._words:
            database.insert_many(self.connection, words, self._words)
        self._texts.flush(self.connection)
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
        erase_words(self.connection, gone)
        why = {name: event.data[name] for name in ("basis", "reference")}
        why |= {"position": event.position, "recorded_at": event.recorded_at}
        rows = [{"commitment": each, **why} for each in gone]
        database.insert_many(self.connection, erased, rows)

    def _close(self, name: str, row: Standing, position: int) -> None:
        row.position_to = position
        if row.is_stored:
            self._closed.setdefault(name, []).append(row)

    def _flush_closed(self, table: Table, rows: list[Standing]) -> None:
        if rows:
            sql = _CLOSE.format(table=table.name)
            database.run_many(self.connection, sql, [_closing(row) for row in rows])

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
        if not missing:
            return {name: orjson.loads(value) for name, value in held.items()}
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


_CLOSE = """
    UPDATE {{{table}}}
    SET position_to = ?
    WHERE id = ? AND part = ? AND valid_from = ? AND position_from = ?"""


def _closing(row: Standing) -> tuple[Any, ...]:
    key = [row.values[name] for name in ("id", "part", "valid_from")]
    return (row.position_to, *key, row.position_from)


def _kind(noun: str, standing: Mapping[tuple[str, str], Row]) -> str | None:
    """Return the kind of a body, "" of another thing; None if it is not on record."""
    own = [row for (part, _), row in standing.items() if not part]
    return (own[0]["kind"] if noun == "body" else "") if own else None


def _stream(noun: str | None, id: str) -> str:
    return id if noun is None else f"{noun}-{id}"


def erase_words(
    connection: Connection, commitments: Sequence[str], is_searched: bool = True
) -> int:
    """Delete words, and that they can be found; return how many were held."""
    if is_searched:
        texts.erase(connection, commitments)
    gone = delete(words).where(words.c.commitment.in_(commitments))
    return connection.execute(gone).rowcount
