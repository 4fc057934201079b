"""Digests: what each projection's rows hash to, kept for auditors to compare.

They live apart from the read model (`DATA/desk.db`, schema `desk`), so that they
outlive a generation. Made at every 1,024th position, and where a catch-up ends.
"""

from typing import Any

from sqlalchemy import (
    Column,
    Integer,
    Select,
    Table,
    insert,
    select,
)

from projections import database
from projections.database import KEY
from projections.private_tables import PrivateTables, metadata
from projections.read_model import CODE_VERSION, ReadModel, Row

EVERY = 1024

table = Table(
    "digests",
    metadata,
    Column("projection", KEY, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("code_version", Integer, primary_key=True),
    Column("digest", KEY, nullable=False),
)


class Digests(PrivateTables):
    """The digests that were made so far."""

    tables = (table,)

    def publish(self, model: ReadModel, *positions: int) -> None:
        """Make and keep the digests of every projection at these positions."""
        for position in positions:
            known = {row["projection"] for row in self.at(position)}
            for name in model.names():
                if name not in known:
                    self._keep(name, position, model.digest(name, position))

    def publish_due(self, model: ReadModel) -> None:
        """Make the digests at the last 1,024th position, if they are missing."""
        due = model.position // EVERY * EVERY
        if due:
            self.publish(model, due)

    def at(self, position: int) -> list[Row]:
        """Return the digests at a position, of the code version that runs."""
        statement = select(table).where(
            table.c.position == position, table.c.code_version == CODE_VERSION
        )
        return self._rows(statement.order_by(table.c.projection))

    def latest(self, up_to: int | None = None) -> list[Row]:
        """Return the latest digest of each projection, perhaps up to a position."""
        statement = select(table).where(table.c.code_version == CODE_VERSION)
        if up_to is not None:
            statement = statement.where(table.c.position <= up_to)
        found = self._rows(statement.order_by(table.c.position))
        latest = {row["projection"]: row for row in found}
        return [latest[name] for name in sorted(latest)]

    def _keep(self, projection: str, position: int, digest: str) -> None:
        row = {
            "projection": projection,
            "position": position,
            "code_version": CODE_VERSION,
            "digest": digest,
        }
        # Another process may be about to make the same.
        with self._writing_alone() as connection:
            key = [table.c[name] == row[name] for name in list(row)[:3]]
            if connection.execute(select(table).where(*key)).first() is None:
                connection.execute(insert(table), row)

    def _rows(self, statement: Select[Any]) -> list[Row]:
        with database.reading(self._engine) as connection:
            found = connection.execute(statement).mappings()
            return [dict(row) for row in found]
