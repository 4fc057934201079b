"""Queries: what is asked at each read, written out once and not each time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select

from projections import database
from projections.tables import Row


class Found(NamedTuple):
    """Rows as the driver gives them, and the names of their columns.

    What `makers` make of a value is that of Python: SQLite knows no Booleans.
    """

    names: tuple[str, ...]
    tuples: Sequence[tuple[Any, ...]]
    makers: Sequence[tuple[str, Callable[[Any], Any]]] = ()

    def rows(self) -> list[Row]:
        """Return the rows, their values by the names of the columns."""
        names = self.names
        rows = [dict(zip(names, row, strict=True)) for row in self.tuples]
        for name, make in self.makers:
            for row in rows:
                row[name] = make(row[name])
        return rows

    def column(self, name: str) -> list[Any]:
        """Return the values of one column."""
        return list(self.picked((name,)))

    def picked(self, names: Sequence[str]) -> Iterator[Any]:
        """Give the values of a column, or the tuples of those of several."""
        at = (self.names.index(name) for name in names)
        return map(itemgetter(*at), self.tuples)

    def part(self, which: slice) -> "Found":
        """Return some of the rows."""
        return self._replace(tuples=self.tuples[which])


class Query:
    """A SELECT that is written once for each database, and run through its driver.

    What differs from one call to the next are bound parameters, given by name. To make
    a construct of SQLAlchemy and to run it takes five times as long.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._names = tuple(statement.selected_columns.keys())
        self._written: dict[tuple[str, str | None], _Written] = {}

    def find(self, connection: Connection, values: Mapping[str, Any]) -> Found:
        """Return what is found with these values of the parameters."""
        key = connection.dialect.name, database.schema_of(connection)
        written = self._written.get(key)
        if written is None:
            written = self._written[key] = _Written(self._statement, connection)
        found = database.fetch(connection, written.sql, written.parameters(values))
        return Found(self._names, found, written.makers)


class _Written:
    """A SELECT as one database takes it, and what makes its values those of Python."""

    def __init__(self, statement: Select[Any], connection: Connection) -> None:
        dialect, schema = connection.dialect, database.schema_of(connection)
        options: Row = {"schema_translate_map": {None: schema}} if schema else {}
        compiled: Any = statement.compile(
            dialect=dialect, render_schema_translate=bool(schema), **options
        )
        self.sql = str(compiled)
        self._given = dict(compiled.params)
        self._order = compiled.positiontup
        types = {name: c.type for name, c in statement.selected_columns.items()}
        made = [(name, each.dialect_impl(dialect)) for name, each in types.items()]
        found = [(name, each.result_processor(dialect, None)) for name, each in made]
        self.makers = [(name, make) for name, make in found if make]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them."""
        given = {**self._given, **values}
        return [given[name] for name in self._order] if self._order else given
