"""Queries: what is asked at each read, written out once and not each time."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select

from projections import database
from projections.tables import Row


class Query:
    """A SELECT that is written once for each database, and run through its driver.

    What differs from one call to the next are bound parameters, given by name. To make
    a construct of SQLAlchemy and to run it takes five times as long.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._names = tuple(statement.selected_columns.keys())
        self._written: dict[tuple[str, str | None], _Written] = {}

    def tuples(
        self, connection: Connection, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Return the rows, their values in the order of the columns."""
        key = connection.dialect.name, database.schema_of(connection)
        written = self._written.get(key)
        if written is None:
            written = self._written[key] = _Written(self._statement, connection)
        found = database.fetch(connection, written.sql, written.parameters(values))
        return [written.typed(row) for row in found] if written.makers else found

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Return the rows, their values by the names of the columns."""
        names, found = self._names, self.tuples(connection, values)
        return [dict(zip(names, row, strict=True)) for row in found]

    def value(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Return the first value of the first row, or None."""
        found = self.tuples(connection, values)
        return found[0][0] if found else None


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
        types = [column.type for column in statement.selected_columns]
        made = [each.dialect_impl(dialect) for each in types]
        found = [each.result_processor(dialect, None) for each in made]
        self.makers = [(at, make) for at, make in enumerate(found) if make]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return the parameters as the driver takes them."""
        given = {**self._given, **values}
        return [given[name] for name in self._order] if self._order else given

    def typed(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Return a row of which the driver gives some values otherwise."""
        values = list(row)
        for at, make in self.makers:
            values[at] = make(values[at])
        return tuple(values)
