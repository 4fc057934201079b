"""Conditions: which rows of a table are wanted, told apart from the values asked for.

What is asked alike of a table, whatever the values, is one query that is written once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, false


class Comparison(NamedTuple):
    """How a column is compared, and with how many values."""

    column: str
    word: str
    number: int

    def clause(self, table: FromClause, values: Iterable[Any]) -> ColumnElement[bool]:
        """Return what compares the column of a table with values, or parameters."""
        return _CLAUSES[self.word](table.c[self.column], list(values))


_CLAUSES: dict[str, Callable[[Any, list[Any]], ColumnElement[bool]]] = {
    "is": lambda column, values: column == values[0],
    "is not": lambda column, values: column != values[0],
    "is stated": lambda column, _: column.is_not(None),
    "is among": lambda column, values: column.in_(values) if values else false(),
    "is like": lambda column, values: column.like(values[0], escape="/"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a column with the values that are asked for."""

    comparison: Comparison
    values: tuple[Any, ...]

    def on(self, table: FromClause) -> ColumnElement[bool]:
        """Return the condition as a part of a statement of its own."""
        return self.comparison.clause(table, self.values)

    def parameters(self, number: int) -> dict[str, Any]:
        """Return the values by the names of the parameters."""
        return {f"c{number}_{at}": each for at, each in enumerate(self.values)}


def equal(**filters: Any) -> list[Condition]:
    """Keep the rows that have these values; a filter that is None keeps all."""
    return [_one(name, "is", value) for name, value in filters.items() if value]


def exactly(**values: Any) -> list[Condition]:
    """Keep the rows that have these values, be they empty or false."""
    return [
        Condition(Comparison(name, "is", 1), (each,)) for name, each in values.items()
    ]


def differing(**values: Any) -> list[Condition]:
    """Keep the rows that have others than these values."""
    return [
        Condition(Comparison(name, "is not", 1), (each,))
        for name, each in values.items()
    ]


def stated(column: str) -> Condition:
    """Keep the rows that have some value."""
    return Condition(Comparison(column, "is stated", 0), ())


def among(column: str, values: Iterable[Any]) -> Condition:
    """Keep the rows of which the column has one of some values."""
    found = padded(list(values))
    return Condition(Comparison(column, "is among", len(found)), found)


def padded(values: Sequence[Any]) -> tuple[Any, ...]:
    """Repeat the last of some values up to a power of two: for few statements."""
    length = 1 << max(0, len(values) - 1).bit_length()
    return (*values, *[*values[-1:]] * (length - len(values)))


def beginning(column: str, text: str) -> Condition:
    """Keep the rows of which a text begins so."""
    return _one(column, "is like", f"{_escaped(text)}%")


def holding(column: str, value: str | None) -> list[Condition]:
    """Keep the rows of which a list of ids holds the value; None keeps all."""
    if not value:
        return []
    # Ids hold neither quotes nor wildcards: the quotes keep the match whole.
    return [_one(column, "is like", f'%"{_escaped(value)}"%')]


def _one(column: str, word: str, value: Any) -> Condition:
    return Condition(Comparison(column, word, 1), (value,))


def _escaped(value: str) -> str:
    for each in "/%_":
        value = value.replace(each, f"/{each}")
    return value
