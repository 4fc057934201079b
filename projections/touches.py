"""Touches: which event was the last to change what is read of a thing, or of a body.

A row stands for all things of a noun, for one thing, or for the things of a noun that
name a body. It says by which event the rows of these were changed last, and which
bodies they ever named. What shows the title of an inspection counts among those that
name the inspection's bodies. The table is a function of the log alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Integer, Table

from projections import database
from projections.database import KEY, metadata

Row = dict[str, Any]

CHUNK = 500  # Values in one IN (…).
NOBODY = "*"  # Things that name no body.
_SHOWN = "~"  # Begins the keys of what is shown elsewhere, which nobody reads.

touches = Table(
    "touches",
    metadata,
    Column("key", KEY, primary_key=True),
    Column("position", Integer, nullable=False, index=True),
    Column("kind", KEY),
    Column("bodies", KEY, nullable=False),
)

# Columns of all nouns that name bodies: one, several, or things of any noun.
_ONE = ("body", "other", "convened_by", "by", "status_by", "reported_by", "decided_by")
_MANY = ("bodies", "subjects", "succeeded_by")
_STREAMS = ("about", "addresses", "responds_to")


def key_of_thing(noun: str, id: str) -> str:
    """Return the key of one thing."""
    return f"{noun}/{id}"


def key_of_body(noun: str, body: str) -> str:
    """Return the key of the things of a noun that name a body."""
    return f"{noun}@{body}"


class Touch:
    """What is known under one key, while events are applied."""

    __slots__ = ("bodies", "kind", "position")

    def __init__(
        self, position: int = 0, kind: str | None = None, bodies: Iterable[str] = ()
    ) -> None:
        self.position, self.kind, self.bodies = position, kind, set(bodies)


class Change:
    """The rows of one thing that an event has opened and closed.

    `kind` is that of a body, "" of any other thing that is on record, None of one that
    is not. Without rows nothing but its history has changed.
    """

    __slots__ = ("id", "kind", "noun", "position", "rows")

    def __init__(
        self,
        noun: str,
        id: str,
        position: int,
        rows: Sequence[Row] = (),
        kind: str | None = None,
    ) -> None:
        self.noun, self.id, self.position = noun, id, position
        self.rows, self.kind = rows, kind


class Collected:
    """The changes of a batch, in the order of the log."""

    def __init__(self, known: dict[str, Touch]) -> None:
        self._known = known
        self._told: list[_Told] = []

    def add(self, change: Change) -> None:
        """Take in the next change."""
        self._told.append((change, _bodies_of(change), _inspections_of(change)))

    def flush(self, connection: Connection, *, is_complete: bool) -> None:
        """Write what was touched; `is_complete`: all that is stored is known."""
        if not is_complete:
            self._read(connection)
        keys = {key for told in self._told for key in self._touch_all(*told)}
        rows = [_row(key, self._known[key]) for key in sorted(keys)]
        if rows:
            database.replace_many(connection, touches, rows)

    def _touch_all(
        self, change: Change, bodies: set[str], inspections: set[str]
    ) -> Iterator[str]:
        """Touch all that a change touches, and give the keys."""
        noun, position = change.noun, change.position
        own = key_of_thing(noun, change.id)
        yield self._touch(noun, position)
        yield self._touch(own, position, bodies)
        if change.rows:
            self._known[own].kind = change.kind
            for body in sorted(self._ever_named(own)) or [NOBODY]:
                yield self._touch(key_of_body(noun, body), position, bodies)
        for each in inspections:
            yield self._touch(_shown(each), position, bodies)

    def _touch(self, key: str, position: int, bodies: Iterable[str] = ()) -> str:
        touch = self._known.get(key)
        if touch is None:
            touch = self._known[key] = Touch()
        touch.position = position
        touch.bodies.update(bodies)
        return key

    def _ever_named(self, key: str) -> set[str]:
        """Return the bodies that a thing, or what shows its title, ever named."""
        found = (self._known.get(each) for each in (key, _SHOWN + key))
        return {body for touch in found if touch for body in touch.bodies}

    def _read(self, connection: Connection) -> None:
        """Read what is stored of all that will be touched."""
        keys: set[str] = set()
        for change, _, inspections in self._told:
            own = key_of_thing(change.noun, change.id)
            keys |= {change.noun, own, _SHOWN + own, *map(_shown, inspections)}
        self._fetch(connection, keys)
        self._fetch(connection, set(self._keys_of_bodies()))

    def _keys_of_bodies(self) -> Iterator[str]:
        for change, bodies, inspections in self._told:
            named = bodies | self._ever_named(key_of_thing(change.noun, change.id))
            yield from (key_of_body(change.noun, each) for each in (*named, NOBODY))
            if inspections:
                yield from (key_of_body("inspection", each) for each in bodies)

    def _fetch(self, connection: Connection, keys: set[str]) -> None:
        # Not `keys - self._known.keys()`, which looks at all that is known.
        missing = sorted(key for key in keys if key not in self._known)
        self._known.update((key, Touch()) for key in missing)
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            marks = ", ".join("?" for _ in chunk)
            sql = f"SELECT * FROM {{touches}} WHERE key IN ({marks})"
            for key, *told in database.run(connection, sql, chunk):
                self._known[key] = touch_of(*told)


_Told = tuple[Change, set[str], set[str]]


def touch_of(position: int, kind: str | None, bodies: str) -> Touch:
    """Return what a row says."""
    return Touch(position, kind, bodies.split())


def _row(key: str, touch: Touch) -> Row:
    bodies = " ".join(sorted(touch.bodies))
    return {
        "key": key,
        "position": touch.position,
        "kind": touch.kind,
        "bodies": bodies,
    }


def _shown(inspection: str) -> str:
    return _SHOWN + key_of_thing("inspection", inspection)


def is_read(key: str) -> bool:
    """Whether a key is one that readers ask for."""
    return not key.startswith(_SHOWN)


def _inspections_of(change: Change) -> set[str]:
    """Return the inspections of which the rows show the title."""
    return {row["inspection"] for row in change.rows if row.get("inspection")}


def _bodies_of(change: Change) -> set[str]:
    own = {change.id} if change.noun == "body" and change.rows else set()
    return own.union(*(_named(row) for row in change.rows))


def _named(row: Row) -> Iterator[str]:
    """Give the bodies that a row names."""
    yield from (row[name] for name in _ONE if row.get(name))
    for name in _MANY:
        if row.get(name):
            yield from orjson.loads(row[name])
    for name in _STREAMS:
        if row.get(name):
            streams = orjson.loads(row[name])
            yield from (each[5:] for each in streams if each.startswith("body-"))
