"""Things: which are on record, which no longer, and which ids are close to one."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Table, func, select

from projections import (
    bodies,
    commitments,
    database,
    findings,
    gaps,
    inspections,
    monitoring,
    plans,
    programmes,
    ratings,
    redactions,
    reports,
    sessions,
    sources,
    statements,
    terms,
)
from projections.conditions import among, exactly
from projections.listing import all_rows
from projections.moment import Moment, known_since, standing
from projections.read_model import ReadModel

TABLES: dict[str, Table] = {
    "body": bodies.table,
    "programme": programmes.table,
    "inspection": inspections.table,
    "rating": ratings.table,
    "term": terms.table,
    "statement": statements.table,
    "plan": plans.table,
    "commitment": commitments.table,
    "session": sessions.table,
    "finding": findings.table,
    "monitoring": monitoring.table,
    "gap": gaps.table,
    "redaction": redactions.table,
    "report": reports.table,
    "source": sources.table,
}

# What a filter names, by the filter's name.
NAMED = {
    "body": "body",
    "region": "body",
    "overseen_by": "body",
    "programme": "programme",
    "inspection": "inspection",
    "force": "body",
    "convened_by": "body",
}
# Filters that name a thing of any noun, by its stream.
OF_ANY_NOUN = ("about", "addresses", "responds_to")


@dataclass(frozen=True, slots=True)
class Absence:
    """Why there is no such thing at a moment, and what else may be meant."""

    detail: str
    known_since: int | None = None
    similar: tuple[str, ...] = ()


def absence(db: ReadModel, moment: Moment, noun: str, id: str) -> Absence:
    """Return why a thing is not to be seen at a moment."""
    since = _known_since(db, noun, id)
    if since is None or since > moment.head:
        similar = tuple(similar_ids(db, moment, noun, id))
        return Absence(f"No {noun} {id!r} is on record.", similar=similar)
    if since > moment.position:
        detail = f"At position {moment.position} the {noun} {id!r} was not yet known."
        return Absence(detail, known_since=since)
    if id in ids(db, moment, noun, id):
        return Absence(f"The {noun} {id!r} was not in force on {moment.day}.")
    return Absence(f"The {noun} {id!r} was on record and has been retracted.")


def ids(db: ReadModel, moment: Moment, noun: str, *only: str) -> list[str]:
    """Return the ids of the things on record at a moment, whatever their dates."""
    wanted = [*exactly(part=""), *([among("id", only)] if only else [])]
    rows = all_rows(db, TABLES[noun], moment, *wanted, columns=("id",))
    return sorted({row["id"] for row in rows})


def counts(db: ReadModel, moment: Moment) -> dict[str, int]:
    """Return how many things of each noun are on record at a moment."""
    return {noun: _count(db, moment, table) for noun, table in TABLES.items()}


def similar_ids(db: ReadModel, moment: Moment, noun: str, id: str) -> list[str]:
    """Return ids on record at a moment that differ little, at most three.

    Of an id of several parts, those are compared of which one part at most differs:
    to compare all would take seconds.
    """
    known = [each for each in ids(db, moment, noun) if _differs_once(each, id)]
    return get_close_matches(id, known, n=3)


def notes(db: ReadModel, moment: Moment, filters: Mapping[str, Any]) -> list[str]:
    """Return a hint for each filter that names a thing not on record at a moment."""
    found = (
        _note(db, moment, name, *named)
        for name, value in filters.items()
        for named in named_by(name, value)
    )
    return [note for note in found if note]


def named_by(filter: str, value: Any) -> list[tuple[str, str]]:
    """Return the noun and the id of what a filter names, if it names a thing."""
    if filter in NAMED:
        return [(NAMED[filter], value)]
    if filter not in OF_ANY_NOUN:
        return []
    noun, _, id = value.partition("-")
    return [(noun, id)]


def _known_since(db: ReadModel, noun: str, id: str) -> int | None:
    # A source is known from the first event that cites it.
    if noun == sources.sources.noun:
        return sources.known_since(db, id)
    return known_since(db, f"{noun}-{id}")


def _note(db: ReadModel, moment: Moment, name: str, noun: str, id: str) -> str | None:
    if noun in TABLES and ids(db, moment, noun, id):
        return None
    word = "region" if name == "region" else noun
    similar = similar_ids(db, moment, noun, id) if noun in TABLES else []
    hint = f"; did you mean {similar[0]!r}?" if similar else "."
    return f"No {word} {id!r} is on record{hint}"


def _differs_once(one: str, other: str) -> bool:
    parts, others = one.split("."), other.split(".")
    if len(parts) != len(others):
        return False
    return sum(map(str.__ne__, parts, others)) <= 1


def _count(db: ReadModel, moment: Moment, table: Table) -> int:
    statement = select(func.count(func.distinct(table.c.id))).where(
        standing(table, moment), table.c.part == ""
    )
    with database.reading(db.engine) as connection:
        return int(connection.execute(statement).scalar_one())
