"""Moments: as of which day, and according to which position of the log."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, func, or_, select

from projections import database
from projections.read_model import ReadModel, Row, history
from schemas import dates
from schemas.codelists import InForce


@dataclass(frozen=True, slots=True)
class Moment:
    """What a question is asked as of: a day in the world, a position on record.

    `as_of` is None where no day was asked for; `today` then tells what is in force.
    Nothing that the question is about was recorded after the position if it `is_last`.
    """

    position: int
    head: int
    today: str
    as_of: str | None = None
    with_undated: bool = False
    is_last: bool = False

    @property
    def day(self) -> str:
        """The day asked for, or today."""
        return self.as_of or self.today

    @property
    def is_head(self) -> bool:
        """Whether it is the present state of the record."""
        return self.is_last or self.position >= self.head

    @property
    def reach(self) -> int:
        """The position up to which the tables are read."""
        return self.head if self.is_head else self.position

    def without_day(self) -> "Moment":
        """Return the same moment with no day asked for."""
        return replace(self, as_of=None, with_undated=False)

    def without_undated(self) -> "Moment":
        """Return the same moment, as of which what has no date had not happened."""
        return replace(self, with_undated=False)


def touched(db: ReadModel, moment: Moment, noun: str) -> tuple[bool, int]:
    """Return what tells a moment from others of which a noun stood otherwise."""
    if not moment.is_head:
        return False, moment.position
    return True, db.touched(noun, moment.reach)


def standing(table: FromClause, moment: Moment) -> ColumnElement[bool]:
    """Keep the rows that stood on record at the moment."""
    return stood_at(table, None if moment.is_head else moment.position)


def stood_at(table: FromClause, position: Any | None) -> ColumnElement[bool]:
    """Keep the rows that stood on record at a position; None is the present."""
    is_open = table.c.position_to.is_(None)
    if position is None:
        return is_open
    return and_(
        table.c.position_from <= position,
        or_(is_open, table.c.position_to > position),
    )


def standing_rows(rows: Iterable[Row], position: int) -> list[Row]:
    """Keep those of rows in memory that stood on record at a position."""
    return [
        row
        for row in rows
        if row["position_from"] <= position
        and (row["position_to"] is None or row["position_to"] > position)
    ]


def in_force(table: FromClause, moment: Moment) -> ColumnElement[bool]:
    """Keep the rows that held on the day asked for; without one, keep all."""
    if moment.as_of is None:
        return table.c.id.is_not(None)
    return held_on(table, moment.as_of, with_undated=moment.with_undated)


def held_on(
    table: FromClause, day: Any, *, with_undated: bool = False
) -> ColumnElement[bool]:
    """Keep the rows that held on a day, perhaps those of unknown days too."""
    held = and_(
        table.c.valid_from != "",
        table.c.valid_from <= day,
        or_(table.c.valid_to.is_(None), table.c.valid_to > day),
    )
    return or_(held, table.c.valid_from == "") if with_undated else held


def certainty(row: Any, day: str) -> str | None:
    """Say whether a row held on a day: certain, possible, unknown, or None: no."""
    if row["valid_from"] == "":
        return str(InForce.UNKNOWN)
    if day < row["valid_from"] or (row["valid_to"] and day >= row["valid_to"]):
        return None
    is_sure = row["certain_from"] <= day and (
        row["certain_to"] is None or day < row["certain_to"]
    )
    return str(InForce.CERTAIN if is_sure else InForce.POSSIBLE)


def span(
    started: str | None,
    ended: str | None = None,
    replaced: str | None = None,
    *,
    is_over: bool = False,
) -> Row:
    """Return the columns of time of a row.

    `ended` is the last day on which it held; `replaced` the day from which another
    holds in its place; `is_over` tells that it has ended, on whatever day.
    """
    if started is None:
        return {
            "valid_from": "",
            "certain_from": None,
            "certain_to": None,
            "valid_to": _end(ended, replaced)[1],
        }
    first, last = dates.window(started)
    certain_to, valid_to = _end(ended, replaced)
    if is_over and valid_to is None:
        certain_to = first  # Held for certain on no day.
    return {
        "valid_from": first,
        "certain_from": last,
        "certain_to": certain_to,
        "valid_to": valid_to,
    }


def recorded_at(db: ReadModel, position: int) -> str | None:
    """Return when a position of the log was recorded."""
    sql = "SELECT recorded_at FROM {history} WHERE position = ?"
    with database.reading(db.engine) as connection:
        found = database.run(connection, sql, (position,))
    return found[0][0] if found else None


def position_at(db: ReadModel, instant: str) -> int:
    """Return the last position recorded at or before an instant, or 0."""
    statement = select(func.max(history.c.position)).where(
        history.c.recorded_at <= instant
    )
    with database.reading(db.engine) as connection:
        return connection.execute(statement).scalar_one_or_none() or 0


def known_since(db: ReadModel, stream: str) -> int | None:
    """Return the position at which a stream began, or None."""
    statement = select(func.min(history.c.position)).where(history.c.stream == stream)
    with database.reading(db.engine) as connection:
        return connection.execute(statement).scalar_one_or_none()


def _end(ended: str | None, replaced: str | None) -> tuple[str | None, str | None]:
    """Return until when it certainly held, and when it certainly no longer did."""
    if replaced is not None:
        return dates.window(replaced)
    if ended is not None:
        first, last = dates.window(ended)
        return dates.day_after(first), dates.day_after(last)
    return None, None
