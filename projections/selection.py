"""Selection: the rows of a versioned table that stood at a moment, and are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    func,
    select,
    tuple_,
)

from projections.conditions import Comparison, Condition
from projections.moment import Moment, held_on, stood_at
from projections.query import Found, Query
from projections.tables import Row

SHAPES = 512  # Queries that are kept written.
KEY = ("id", "part", "valid_from")

Wanted: TypeAlias = Condition | ColumnElement[bool]


class Days(Enum):
    """Which rows are wanted by the day asked for."""

    ANY = "whatever their days"
    HELD = "held on the day"
    HELD_OR_UNDATED = "held on the day, or of unknown days"
    UNDATED = "of unknown days"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked of a table, but for the values: which rows, and what of them.

    Without `columns` all are given; with `is_counted` only how many rows there are.
    """

    table: Table
    is_head: bool
    comparisons: tuple[Comparison, ...]
    days: Days = Days.ANY
    columns: tuple[str, ...] = ()
    order: tuple[str, ...] = KEY
    is_after: bool = False
    is_limited: bool = False
    is_counted: bool = False


def days_of(moment: Moment) -> Days:
    """Return which rows a list shows at a moment."""
    if moment.as_of is None:
        return Days.ANY
    return Days.HELD_OR_UNDATED if moment.with_undated else Days.HELD


def find_rows(
    connection: Connection,
    table: Table,
    moment: Moment,
    wanted: Sequence[Wanted],
    *,
    days: Days = Days.ANY,
    columns: tuple[str, ...] = (),
    order: tuple[str, ...] = KEY,
    after: tuple[str, ...] | None = None,
    most: int | None = None,
) -> Found:
    """Return the rows that stood at the moment, in order: those after a key."""
    plain, special = _parted(wanted)
    selection = Selection(
        table,
        moment.is_head,
        tuple(each.comparison for each in plain),
        days,
        columns,
        order,
        after is not None,
        most is not None,
    )
    values = _values(moment, plain)
    values |= {f"after_{at}": each for at, each in enumerate(after or ())}
    if most is not None:
        values["most"] = most
    if not special:
        return _query(selection).find(connection, values)
    found = connection.execute(_statement(selection, special), values)
    return Found(tuple(found.keys()), [tuple(row) for row in found])


def count_rows(
    connection: Connection,
    table: Table,
    moment: Moment,
    wanted: Sequence[Wanted],
    *,
    days: Days = Days.ANY,
) -> int:
    """Return how many rows stood at the moment."""
    plain, special = _parted(wanted)
    comparisons = tuple(each.comparison for each in plain)
    selection = Selection(
        table, moment.is_head, comparisons, days, order=(), is_counted=True
    )
    values = _values(moment, plain)
    if not special:
        return int(_query(selection).find(connection, values).tuples[0][0])
    found = connection.execute(_statement(selection, special), values)
    return int(found.scalar_one())


def _parted(
    wanted: Sequence[Wanted],
) -> tuple[list[Condition], list[ColumnElement[bool]]]:
    """Return the conditions of which the values are told apart, and the others."""
    plain = [each for each in wanted if isinstance(each, Condition)]
    return plain, [each for each in wanted if not isinstance(each, Condition)]


def _values(moment: Moment, wanted: Sequence[Condition]) -> Row:
    values = {"position": moment.position, "day": moment.as_of}
    for number, each in enumerate(wanted):
        values |= each.parameters(number)
    return values


@lru_cache(maxsize=SHAPES)
def _query(selection: Selection) -> Query:
    return Query(_statement(selection))


def _statement(
    asked: Selection, special: Sequence[ColumnElement[bool]] = ()
) -> Select[Any]:
    table = asked.table
    shown = [table.c[name] for name in asked.columns or table.c.keys()]
    statement = select(func.count()) if asked.is_counted else select(*shown)
    position: Any = None if asked.is_head else bindparam("position")
    statement = statement.select_from(table).where(
        stood_at(table, position), *_compared(asked), *_on_the_day(asked), *special
    )
    key = [table.c[name] for name in asked.order]
    if asked.is_after:
        after: list[Any] = [bindparam(f"after_{at}") for at in range(len(key))]
        statement = statement.where(and_(tuple_(*key) > tuple_(*after)))
    if asked.is_limited:
        statement = statement.limit(bindparam("most", type_=Integer))
    return statement.order_by(*key)


def _compared(asked: Selection) -> list[ColumnElement[bool]]:
    return [
        each.clause(asked.table, _named(number, each))
        for number, each in enumerate(asked.comparisons)
    ]


def _named(number: int, comparison: Comparison) -> list[Any]:
    """Return parameters for the values, as `Condition.parameters` names them."""
    return [bindparam(f"c{number}_{at}") for at in range(comparison.number)]


def _on_the_day(asked: Selection) -> list[ColumnElement[bool]]:
    if asked.days is Days.ANY:
        return []
    if asked.days is Days.UNDATED:
        return [asked.table.c.valid_from == ""]
    with_undated = asked.days is Days.HELD_OR_UNDATED
    return [held_on(asked.table, bindparam("day"), with_undated=with_undated)]
