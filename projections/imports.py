"""Imports: what was sent to be imported, how far it is, and what became of each line.

They live apart from the log and the read model (`DATA/desk.db`, schema `desk`), are
shown to editors only, and are forgotten after a while. They hold no sealed words.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from projections import database
from projections.database import KEY
from projections.listing import Listing, Page, number_of
from projections.private_tables import PrivateTables, metadata
from schemas.codelists import ImportState

Row = dict[str, Any]
UNDER_WAY = (str(ImportState.WAITING), str(ImportState.RUNNING))

table = Table(
    "imports",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("editor", KEY, nullable=False),
    Column("key_id", KEY, nullable=False),
    Column("media_type", KEY, nullable=False),
    Column("is_dry_run", Boolean, nullable=False),
    Column("disputed", Boolean, nullable=False),
    Column("fill", Boolean, nullable=False),
    Column("state", KEY, nullable=False),
    Column("sent_at", KEY, nullable=False),
    Column("seen_at", KEY, nullable=False),
    Column("ended_at", KEY),
    Column("shape", KEY),
    Column("ignored", Text, nullable=False, default="[]"),
    Column("fault", Text),
    Column("lines_total", Integer),
    Column("lines_done", Integer, nullable=False, default=0),
    Column("events", Integer, nullable=False, default=0),
    Column("counts", Text, nullable=False, default="{}"),
)
lines = Table(
    "import_lines",
    metadata,
    Column("import_id", KEY, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("status", KEY, nullable=False),
    Column("things", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("why", Text),
)


class Imports(PrivateTables):
    """The imports that a record was sent, in whatever process they run."""

    tables = (table, lines)

    def add(self, row: Row, most: int) -> bool:
        """Add an import that waits for its turn; False if as many are under way."""
        with self._writing_alone() as connection:
            waiting = select(func.count()).where(table.c.state.in_(UNDER_WAY))
            if connection.execute(waiting).scalar_one() >= most:
                return False
            connection.execute(insert(table), {"state": UNDER_WAY[0], **row})
        return True

    def change(self, id: str, **values: Any) -> None:
        """Note what is new of an import that is under way; one that ended stays so."""
        statement = update(table).where(table.c.id == id, table.c.state.in_(UNDER_WAY))
        with database.writing(self._engine) as connection:
            connection.execute(statement.values(**_stored(values)))

    def add_lines(self, id: str, found: Iterable[Row], **values: Any) -> None:
        """Keep what became of some lines, and how far the import is, in one go."""
        rows = [{"import_id": id, **_stored(row)} for row in found]
        statement = update(table).where(table.c.id == id)
        with database.writing(self._engine) as connection:
            if rows:
                connection.execute(insert(lines), rows)
            connection.execute(statement.values(**_stored(values)))

    def get(self, id: str) -> Row | None:
        """Return one import, or None."""
        with database.reading(self._engine) as connection:
            statement = select(table).where(table.c.id == id)
            found = connection.execute(statement).mappings().first()
        return _shown(found) if found else None

    def under_way(self) -> list[Row]:
        """Return the imports that wait or run, or whose process died."""
        statement = select(table).where(table.c.state.in_(UNDER_WAY))
        with database.reading(self._engine) as connection:
            return [_shown(row) for row in connection.execute(statement).mappings()]

    def all(self) -> list[Row]:
        """Return every import that is not forgotten."""
        with database.reading(self._engine) as connection:
            return [_shown(row) for row in connection.execute(select(table)).mappings()]

    def list_lines(self, id: str, page: Page, status: str | None = None) -> Listing:
        """Return what became of the lines of an import, in their order."""
        mine = select(lines).where(lines.c.import_id == id)
        if status:
            mine = mine.where(lines.c.status == status)
        after = number_of(page.after) if page.after is not None else -1
        rest = mine.where(lines.c.line > after).order_by(lines.c.line)
        more = rest if page.limit is None else rest.limit(page.limit + 1)
        with database.reading(self._engine) as connection:
            counted = select(func.count()).select_from(mine.subquery())
            total = connection.execute(counted).scalar_one()
            found = [_shown(row) for row in connection.execute(more).mappings()]
        shown = found if page.limit is None else found[: page.limit]
        is_more = len(shown) < len(found)
        return Listing(shown, total, (str(shown[-1]["line"]),) if is_more else None)

    def forget(self, before: str) -> None:
        """Delete the imports that ended before an instant, with their lines."""
        old = select(table.c.id).where(table.c.ended_at < before)
        with database.writing(self._engine) as connection:
            connection.execute(delete(lines).where(lines.c.import_id.in_(old)))
            connection.execute(delete(table).where(table.c.ended_at < before))


def _stored(values: Row) -> Row:
    return {
        name: orjson.dumps(value).decode() if isinstance(value, list | dict) else value
        for name, value in values.items()
    }


def _shown(row: Mapping[Any, Any]) -> Row:
    packed = ("ignored", "counts", "things")
    shown = {str(name): value for name, value in row.items()}
    for name in packed if "things" not in shown else (*packed, "events"):
        if name in shown:
            shown[name] = orjson.loads(shown[name])
    return shown
