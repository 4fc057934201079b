"""Following: which events come after a position, for those who want some of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from projections import database
from projections.concerns import concerning
from projections.moment import Moment
from projections.read_model import ReadModel, history, recorded_event
from schemas.events import RecordedEvent

CHUNK = 200  # Events that are looked at in one go.


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are wanted: those that fit each list that is not empty."""

    nouns: Sequence[str] = ()
    bodies: Sequence[str] = ()
    types: Sequence[str] = ()


def following(
    db: ReadModel, moment: Moment, after: int, wanted: Wanted
) -> tuple[list[RecordedEvent], int]:
    """Return wanted events after a position, and up to which one was looked."""
    conditions = [history.c.position > after, history.c.position <= moment.position]
    conditions += [history.c.type.in_(wanted.types)] if wanted.types else []
    conditions += [or_(*map(_of_noun, wanted.nouns))] if wanted.nouns else []
    conditions += [or_(*map(_about, wanted.bodies))] if wanted.bodies else []
    statement = select(history).where(*conditions).order_by(history.c.position)
    with database.reading(db.engine) as connection:
        found = connection.execute(statement.limit(CHUNK)).mappings()
        events = [recorded_event(row) for row in found]
    reached = events[-1].position if len(events) == CHUNK else moment.position
    return events, reached


def _of_noun(noun: str) -> ColumnElement[bool]:
    # The character after the hyphen.
    return and_(history.c.stream >= f"{noun}-", history.c.stream < f"{noun}.")


def _about(body: str) -> ColumnElement[bool]:
    return history.c.position.in_(concerning(body))
