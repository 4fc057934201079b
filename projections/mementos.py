"""Mementos: at which positions a thing on record came to be what it then was."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, exists, or_, select

from projections import database
from projections.read_model import ReadModel, history
from projections.things import TABLES


@dataclass(frozen=True, slots=True)
class Memento:
    """A position at which an event of the thing was recorded, and when that was."""

    position: int
    recorded_at: str


def mementos(db: ReadModel, noun: str, id: str, until: int) -> list[Memento]:
    """Return the versions of a thing up to a position, but for those taken back."""
    statement = (
        select(history.c.position, history.c.recorded_at)
        .where(history.c.stream == f"{noun}-{id}", history.c.position <= until)
        .where(_stood(TABLES[noun], id))
        .order_by(history.c.position)
    )
    with database.reading(db.engine) as connection:
        return [Memento(*row) for row in connection.execute(statement)]


def _stood(table: Table, id: str) -> ColumnElement[bool]:
    """Keep the positions at which a thing stood on record."""
    is_open = table.c.position_to.is_(None)
    return exists().where(
        table.c.id == id,
        table.c.part == "",
        table.c.position_from <= history.c.position,
        or_(is_open, table.c.position_to > history.c.position),
    )
