"""Items: what those of several nouns show alike of bodies, dates, codes and words."""

from collections.abc import Iterable, Sequence
from typing import Any

from projections import bodies
from projections.conditions import Condition, among
from projections.listing import open_words
from projections.members import with_common
from projections.moment import Moment
from projections.read_model import ReadModel, Row
from schemas import dates
from schemas.codelists import label


class Known:
    """What the rows of a page show of bodies, and the words that are still held."""

    def __init__(
        self, db: ReadModel, moment: Moment, rows: Sequence[Row], *sealed: str
    ) -> None:
        self.moment = moment
        self.bodies = bodies.labels(db, moment)
        names = (*sealed, "source_titles")
        self.opened = open_words(db, [row[name] for row in rows for name in names])

    def word(self, commitment: str | None) -> Any:
        """Return the value that a commitment seals, or None."""
        return self.opened.get(commitment or "")

    def words(self, row: Row, *names: str) -> Row:
        """Return the values of the sealed members of a row."""
        return {name: self.word(row[name]) for name in names}

    def common(self, row: Row) -> Row:
        """Return the members that every item shows of itself."""
        return with_common(row, self.moment, self.opened)


def dated(row: Row | None, *names: str) -> Row:
    """Return world dates, each with its basis and in words."""
    members: Row = {}
    for name in names:
        day = row[name] if row else None
        members[name] = day
        members[f"{name}_basis"] = row[f"{name}_basis"] if row else None
        members[f"{name}_text"] = dates.in_words(day)
    return members


def coded(row: Row, *names: str) -> Row:
    """Return codes, each with its label."""
    return {
        key: value
        for name in names
        for key, value in ((name, row[name]), (f"{name}_label", label(row[name])))
    }


def latest(rows: Iterable[Row]) -> Row | None:
    """Return the last of numbered parts, or None."""
    return max(rows, key=by_place, default=None)


def by_place(row: Row) -> tuple[str]:
    """Return the place of a numbered part among those of its thing."""
    return (f"{row['place']:09}",)


def around_force(db: ReadModel, moment: Moment, force: str | None) -> list[Condition]:
    """Keep the rows of a force and of all that ever oversaw it; None keeps all."""
    if force is None:
        return []
    return [among("body", bodies.labels(db, moment).around_force(force))]
