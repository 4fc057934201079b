"""Erasures: which holders of words have overwritten what a redaction names.

They live apart from the read model (`DATA/desk.db`, schema `desk`): what is not noted
there as done is pending, so that all is done once more if they are lost.
"""

from collections.abc import Iterable

from sqlalchemy import (
    Column,
    Integer,
    Table,
    delete,
    insert,
    select,
)

from projections import database
from projections.database import KEY
from projections.private_tables import PrivateTables, metadata

table = Table(
    "erasures",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("holder", KEY, primary_key=True),
)


class Erasures(PrivateTables):
    """What has been overwritten so far, by the position of the redaction."""

    tables = (table,)

    def done(self) -> dict[int, set[str]]:
        """Return which holders are done, by the position of the redaction."""
        found: dict[int, set[str]] = {}
        with database.reading(self._engine) as connection:
            for position, holder in connection.execute(select(table)):
                found.setdefault(position, set()).add(holder)
        return found

    def note(self, positions: Iterable[int], holder: str) -> None:
        """Note that a holder is done with these redactions."""
        with self._writing_alone() as connection:
            known = select(table.c.position).where(table.c.holder == holder)
            new = set(positions) - set(connection.execute(known).scalars())
            for position in sorted(new):
                row = {"position": position, "holder": holder}
                connection.execute(insert(table), row)

    def forget(self, positions: Iterable[int]) -> None:
        """Take back that anything was done: something was found that was put back."""
        with database.writing(self._engine) as connection:
            for position in positions:
                statement = delete(table).where(table.c.position == position)
                connection.execute(statement)
