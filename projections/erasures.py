"""Erasures: which holders of words have overwritten what a redaction names.

They live apart from the read model (`DATA/desk.db`, schema `desk`): what is not noted
there as done is pending, so that all is done once more if they are lost.
"""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    delete,
    insert,
    select,
    text,
)

from projections import database
from projections.database import KEY

metadata = MetaData()
table = Table(
    "erasures",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("holder", KEY, primary_key=True),
)


class Erasures:
    """What has been overwritten so far, by the position of the redaction."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self._on_postgresql = database_url is not None
        url = database_url or f"sqlite:///{folder / 'desk.db'}"
        self._engine = database.open_engine(url, schema="desk")

    def create(self) -> None:
        """Create the table, if it is not there yet."""
        with database.writing(self._engine) as connection:
            self._lock(connection)
            if self._on_postgresql:
                connection.execute(text("CREATE SCHEMA IF NOT EXISTS desk"))
            metadata.create_all(connection)

    def done(self) -> dict[int, set[str]]:
        """Return which holders are done, by the position of the redaction."""
        found: dict[int, set[str]] = {}
        with database.reading(self._engine) as connection:
            for position, holder in connection.execute(select(table)):
                found.setdefault(position, set()).add(holder)
        return found

    def note(self, positions: Iterable[int], holder: str) -> None:
        """Note that a holder is done with these redactions."""
        with database.writing(self._engine) as connection:
            self._lock(connection)
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

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _lock(self, connection: Connection) -> None:
        if self._on_postgresql:
            # The number of the digests: both make the schema.
            connection.execute(text("SELECT pg_advisory_xact_lock(0x636f7071)"))
