"""Listing: pages of rows in a fixed order, with their words opened."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, Table

from projections import database
from projections.conditions import among, beginning, exactly, padded
from projections.moment import Moment
from projections.query import Found
from projections.read_model import ReadModel, Row
from projections.selection import (
    Days,
    Wanted,
    count_rows,
    days_of,
    find_rows,
)

CHUNK = 500  # Values in one IN (…).


class WrongKeyError(ValueError):
    """The key of a page is not one of this list."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: what follows a key, at most so many; None is all.

    Of a list that is wanted whole, what comes from the database may be given in parts:
    `part` says how many rows have one. Whoever gives them so need not count all.
    """

    limit: int | None = None
    after: tuple[str, ...] | None = None
    part: int | None = None

    @property
    def most(self) -> int | None:
        """How many rows may come from the database at once."""
        return self.limit if self.limit is not None else self.part

    @property
    def is_in_parts(self) -> bool:
        """Whether it is of a list that is wanted whole, and may be given in parts."""
        return self.limit is None and self.part is not None

    @property
    def goes_on(self) -> bool:
        """Whether it is a later part of a list that is wanted whole."""
        return self.is_in_parts and self.after is not None


@dataclass(slots=True)
class Listing:
    """A page of a list, how long the whole list is, and where the page ends.

    `looked` is the position up to which a feed was looked through.
    """

    rows: Sequence[Row]
    total: int
    last_key: tuple[str, ...] | None = None
    undated: int | None = None
    notes: list[str] = field(default_factory=list)
    more_columns: tuple[str, ...] = ()
    looked: int | None = None


def list_rows(
    db: ReadModel,
    table: Table,
    moment: Moment,
    page: Page,
    *wanted: Wanted,
    part: str = "",
) -> Listing:
    """Return a page of the rows of a table that stood and held at the moment."""
    listing, found = find_page(db, table, moment, page, *wanted, part=part)
    listing.rows = found.rows()
    return listing


def find_page(
    db: ReadModel,
    table: Table,
    moment: Moment,
    page: Page,
    *wanted: Wanted,
    part: str = "",
    columns: tuple[str, ...] = (),
) -> tuple[Listing, Found]:
    """Return the same, with its rows as the driver gives them beside it."""
    those, days = [*exactly(part=part), *wanted], days_of(moment)
    with database.reading(db.engine) as connection:
        found, last_key = _page(connection, table, moment, those, page, columns)
        total, undated = len(found.tuples), None
        if page.after is not None or last_key is not None:
            total = 0
            if not page.is_in_parts:
                total = count_rows(connection, table, moment, those, days=days)
        if days is Days.HELD and not page.is_in_parts:
            undated = count_rows(connection, table, moment, those, days=Days.UNDATED)
    return Listing([], total, last_key, undated), found


def get_row(
    db: ReadModel, table: Table, moment: Moment, id: str, part: str = ""
) -> Row | None:
    """Return the row of one thing as it stood at the moment, or None."""
    mine = exactly(id=id, part=part)
    with database.reading(db.engine) as connection:
        found = find_rows(connection, table, moment, mine, days=days_of(moment))
        rows = found.rows()
    return rows[0] if rows else None


def all_rows(
    db: ReadModel,
    table: Table,
    moment: Moment,
    *wanted: Wanted,
    columns: tuple[str, ...] = (),
    days: Days = Days.ANY,
) -> list[Row]:
    """Return every row of a table that stood at the moment, in the order of the key."""
    with database.reading(db.engine) as connection:
        found = find_rows(connection, table, moment, wanted, columns=columns, days=days)
        return found.rows()


def list_parts(
    db: ReadModel,
    table: Table,
    moment: Moment,
    page: Page,
    id: str,
    part: str,
    key: Callable[[Row], Any],
) -> Listing | None:
    """Return a page of the parts of one thing of which the name begins so, or None.

    There is none if the thing is not on record; on the day asked for it may be over.
    """
    always = moment.without_day()
    if get_row(db, table, always, id) is None:
        return None
    parts = (*exactly(id=id), beginning("part", f"{part}."))
    known = all_rows(db, table, always, *parts)
    held = all_rows(db, table, moment, *parts, days=days_of(moment))
    listing = page_of(held, page, key)
    if moment.as_of and not moment.with_undated:
        listing.undated = sum(row["valid_from"] == "" for row in known)
    return listing


def parts_of(
    db: ReadModel, table: Table, moment: Moment, ids: Iterable[str], part: str
) -> dict[str, list[Row]]:
    """Return the parts that held at the moment of each thing, by the things' ids."""
    found: dict[str, list[Row]] = {}
    for chunk in chunks(ids):
        mine = (among("id", chunk), beginning("part", f"{part}."))
        for row in all_rows(db, table, moment, *mine, days=days_of(moment)):
            found.setdefault(row["id"], []).append(row)
    return found


def page_of(rows: Sequence[Row], page: Page, key: Callable[[Row], Any]) -> Listing:
    """Return a page of rows that were worked out, sorted by their key."""
    ordered = sorted(rows, key=key)
    if ordered and page.after is not None:
        check_key(page.after, len(key(ordered[0])))
    rest = [each for each in ordered if page.after is None or key(each) > page.after]
    shown = rest if page.limit is None else rest[: page.limit]
    more = len(shown) < len(rest)
    return Listing(shown, len(ordered), key(shown[-1]) if more else None)


def check_key(key: Sequence[str], length: int) -> None:
    """Raise WrongKeyError unless the key has as many parts as those of the list."""
    if len(key) != length:
        raise WrongKeyError(key)


def number_of(key: tuple[str, ...]) -> int:
    """Return the whole number that is all of a key, or raise WrongKeyError."""
    check_key(key, 1)
    if not (key[0].isascii() and key[0].isdigit() and len(key[0]) < 16):
        raise WrongKeyError(key)
    return int(key[0])


class Opened(dict[str, Any]):
    """The values that are still held, by their commitments.

    `erased` tells of the others why they are gone, by their commitments too.
    """

    def __init__(self, held: dict[str, Any], erased: dict[str, Row]) -> None:
        super().__init__(held)
        self.erased = erased

    def add(self, other: "Opened") -> None:
        """Take in what others were opened, or erased."""
        self.update(other)
        self.erased.update(other.erased)


def open_words(db: ReadModel, commitments: Iterable[str | None]) -> Opened:
    """Return the values that are still held of these commitments."""
    wanted = {each for each in commitments if each}
    if not wanted:
        return Opened({}, {})
    with database.reading(db.engine) as connection:
        held = {
            commitment: orjson.loads(value)
            for commitment, value in _among(connection, _HELD, wanted)
        }
        gone = _among(connection, _GONE, wanted - held.keys())
        return Opened(
            held, {each: dict(zip(_WHY, why, strict=True)) for each, *why in gone}
        )


# Which event erased the words of a commitment, when and why.
_WHY = ("position", "recorded_at", "basis", "reference")
_HELD = "SELECT commitment, value FROM {words} WHERE commitment IN "
_GONE = f"SELECT commitment, {', '.join(_WHY)} FROM {{erased}} WHERE commitment IN "


def _among(
    connection: Connection, sql: str, commitments: Iterable[str]
) -> Iterator[tuple[Any, ...]]:
    for chunk in chunks(commitments):
        values = padded(chunk)
        marks = ", ".join("?" * len(values))
        yield from database.run(connection, f"{sql}({marks})", values)


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Split values into lists that an IN (…) can hold."""
    ordered = sorted(set(values))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _page(
    connection: Connection,
    table: Table,
    moment: Moment,
    wanted: Sequence[Wanted],
    page: Page,
    columns: tuple[str, ...],
) -> tuple[Found, tuple[str, ...] | None]:
    if page.after is not None:
        check_key(page.after, 1)
    found = find_rows(
        connection,
        table,
        moment,
        wanted,
        days=days_of(moment),
        columns=columns,
        order=("id",),
        after=page.after,
        most=None if page.most is None else page.most + 1,
    )
    if page.most is None or len(found.tuples) <= page.most:
        return found, None
    shown = found.part(slice(page.most))
    return shown, (shown.tuples[-1][found.names.index("id")],)
