"""Programmes: their scales, their questions, and their order within a family."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TypeAlias

import orjson
from sqlalchemy import Column, Connection, Integer, select

from projections.conditions import equal, exactly
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing
from projections.listing import (
    Listing,
    Opened,
    Page,
    all_rows,
    get_row,
    list_rows,
    open_words,
    page_of,
)
from projections.matching import saying
from projections.members import with_common
from projections.moment import Moment, span, standing_rows, touched
from projections.query import Query
from projections.read_model import Batch, Projection, ReadModel, Row, generic, to_json
from projections.rows import row_of
from projections.selection import Wanted
from schemas.events import RecordedEvent
from schemas.tokens import Sought

table = versioned_table(
    "programmes",
    Column("family", KEY),
    Column("title", KEY),
    Column("follows", KEY),
    Column("scale", KEY),
    Column("grades", KEY),
    Column("announced_on", KEY),
    Column("announced_on_basis", KEY),
    Column("note", KEY),
    Column("question", KEY),
    Column("concept", KEY),
    Column("level", KEY),
    Column("pillar", KEY),
    Column("number", Integer),
    Column("label", KEY),
    Column("text", KEY),
    Column("graded", KEY),
    Column("aliases", KEY),
)
programmes = Projection(table, noun="programme")

OWN = ("family", "title", "follows", "scale", "grades", "announced_on",
       "announced_on_basis")  # fmt: skip
QUESTION = ("question", "concept", "level", "pillar", "number", "label", "text",
            "graded", "aliases")  # fmt: skip
NO_COLUMNS: Row = dict.fromkeys((*OWN, *QUESTION, "note"))


@programmes.when(
    "programme.announced",
    "programme.question-added",
    "programme.question-alias-added",
    *generic("programme"),
)
def _restate(batch: Batch, event: RecordedEvent) -> None:
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    batch.group(("programmes",), _all_ids).add(event.id)
    batch.restate(table, event.id, event.position, programme_rows(thing))


def programme_rows(thing: Thing) -> list[Row]:
    """Return all rows of a programme: itself, and its questions."""
    announced = thing.live("programme.announced")
    if not announced:
        return []
    fact = announced[0]
    scale = fact.data["scale"]
    itself = {
        **NO_COLUMNS,
        **row_of(thing, fact),
        **span(fact.data["announced_on"]),
        **{name: fact.data[name] for name in ("family", "title", "follows")},
        "scale": scale and scale["id"],
        "grades": to_json(scale["grades"] if scale else []),
        "announced_on": fact.data["announced_on"],
        "announced_on_basis": fact.data["announced_on_basis"],
        "note": fact.sealed.get("note"),
    }
    questions = thing.live("programme.question-added")
    return [itself, *(_question(thing, each) for each in questions)]


def _question(thing: Thing, fact: Fact) -> Row:
    added = [
        each.data["alias"]
        for each in thing.live("programme.question-alias-added")
        if each.data["question"] == fact.data["question"]
    ]
    return {
        **NO_COLUMNS,
        **row_of(thing, fact, f"question.{fact.data['question']}"),
        **span(None),
        **{name: fact.data[name] for name in QUESTION},
        "aliases": to_json([*fact.data["aliases"], *added]),
        "note": fact.sealed.get("note"),
    }


# What ratings need to know of the programmes, while events are applied.


def programme_of(batch: Batch, id: str) -> Row | None:
    """Return the row of a programme while events are applied, or None."""
    rows = batch.standing(table, id).items()
    return next((row.values for (part, _), row in rows if part == ""), None)


def followers(batch: Batch, id: str) -> list[str]:
    """Return a programme and all that follow it, at whatever distance."""
    known = batch.group(("programmes",), _all_ids) | {id}
    return sorted(
        each for each in known if id in chain_of(each, partial(programme_of, batch))
    )


def concept_of(batch: Batch, programme: str, question: str) -> str | None:
    """Return the concept of a question, or None if it is not known."""
    row = batch.standing(table, programme).get((f"question.{question}", ""))
    return row.values["concept"] if row else None


def chain_of(programme: str, find: Callable[[str], Row | None]) -> list[str]:
    """Return a programme and those that it follows, as far as they are known."""
    chain: list[str] = []
    while (row := find(programme)) and row["follows"] and programme not in chain:
        chain.append(programme)
        programme = row["follows"]
    return [*chain, programme]


def order_of(programme: str, find: Callable[[str], Row | None]) -> int:
    """Return the place of a programme in its family: how many it follows."""
    return len(chain_of(programme, find)) - 1


def _all_ids(connection: Connection) -> list[str]:
    statement = select(table.c.id).where(
        table.c.part == "", table.c.position_to.is_(None)
    )
    return list(connection.execute(statement).scalars())


# Queries.


def list_programmes(
    db: ReadModel,
    moment: Moment,
    page: Page,
    family: str | None = None,
    q: Sought | None = None,
) -> Listing:
    """Return programmes, by id."""
    conditions: list[Wanted] = [*equal(family=family)]
    conditions += saying(db, moment, "programme", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_programme(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one programme, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def list_questions(
    db: ReadModel, moment: Moment, page: Page, id: str
) -> Listing | None:
    """Return the questions of a programme in the order asked, or None without one."""
    rows = all_rows(db, table, moment.without_day(), *exactly(id=id))
    if not rows:
        return None
    listing = page_of([row for row in rows if row["question"]], page, _key)
    listing.rows = [_question_item(row) for row in listing.rows]
    return listing


def _key(row: Row) -> tuple[str, str, str]:
    level, number, question = _by_number(row)
    return level, f"{number:03}", question


def _question_item(row: Row) -> Row:
    return {
        **{name: row[name] for name in QUESTION},
        "aliases": orjson.loads(row["aliases"]),
    }


def _by_number(row: Row) -> tuple[str, int, str]:
    return row["level"], row["number"] or 999, row["question"]


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = labels(db, moment)
    commitments = [row[name] for row in rows for name in ("note", "source_titles")]
    opened = open_words(db, commitments)
    return [_item(row, moment, known, opened) for row in rows]


def _item(row: Row, moment: Moment, known: "ProgrammeLabels", opened: Opened) -> Row:
    return {
        "id": row["id"],
        **{name: row[name] for name in OWN},
        "grades": [each["grade"] for each in orjson.loads(row["grades"])],
        "questions": [each["question"] for each in known.questions(row["id"])],
        "note": opened.get(row["note"] or ""),
        **with_common(row, moment, opened),
    }


# All rows that ever stood, by id and by part: programmes are few, so memory holds them.
ProgrammeRows: TypeAlias = dict[str, dict[str, list[Row]]]


class ProgrammeLabels:
    """The titles, scales and questions of all programmes, at one position."""

    def __init__(self, ever: ProgrammeRows, position: int) -> None:
        self._ever, self._position = ever, position
        self._scales: dict[str, dict[str, Row]] = {}
        self._parts: dict[tuple[str, str], Row | None] = {}

    @cached_property
    def rows(self) -> dict[str, Row]:
        """The row of each programme."""
        found = ((id, self._part(id)) for id in self._ever)
        return {id: row for id, row in found if row}

    def title(self, id: str | None) -> str | None:
        """Return the title of a programme."""
        row = self._part(id) if id else None
        return row["title"] if row else None

    def order(self, id: str) -> int:
        """Return the place of a programme in its family."""
        return order_of(id, self._part)

    def questions(self, id: str) -> list[Row]:
        """Return the questions of a programme, in the order asked."""
        rows = (self._part(id, part) for part in self._ever.get(id, ()) if part)
        return sorted(filter(None, rows), key=_by_number)

    def question(self, programme: str, question: str) -> Row | None:
        """Return one question, or None."""
        return self._part(programme, f"question.{question}")

    def grade_label(self, programme: str, grade: str) -> str:
        """Return the label of a grade on the scale of a programme."""
        known = self._scale(programme).get(grade, {})
        return known.get("label") or grade

    def grade_rank(self, programme: str, grade: str) -> int | None:
        """Return the rank of a grade: 1 is the best."""
        rank: int | None = self._scale(programme).get(grade, {}).get("rank")
        return rank

    def length(self, programme: str) -> int:
        """Return how many grades the scale of a programme has."""
        return len(self._scale(programme))

    def _scale(self, id: str) -> dict[str, Row]:
        """Return the grades of the scale of a programme."""
        if id not in self._scales:
            row = self._part(id)
            grades = orjson.loads(row["grades"]) if row else []
            self._scales[id] = {each["grade"]: each for each in grades}
        return self._scales[id]

    def _part(self, id: str, part: str = "") -> Row | None:
        ever = self._ever.get(id, {}).get(part)
        if ever is None:  # What nobody announced is not kept: it may be anything.
            return None
        key = id, part
        if key not in self._parts:
            found = standing_rows(ever, self._position)
            self._parts[key] = found[0] if found else None
        return self._parts[key]


def labels(db: ReadModel, moment: Moment) -> ProgrammeLabels:
    """Return what other nouns show of programmes."""
    key = ("programmes", touched(db, moment.without_day(), "programme"))
    return db.remember(key, lambda: _labels(db, moment))


def _labels(db: ReadModel, moment: Moment) -> ProgrammeLabels:
    ever = db.of_all_time("programme", moment.reach, _read)
    return ProgrammeLabels(ever, moment.reach)


_EVER = Query(select(table).order_by(table.c.id, table.c.part, table.c.valid_from))


def _read(connection: Connection) -> ProgrammeRows:
    """Return the rows of all programmes that ever stood, by id and by part."""
    found: ProgrammeRows = {}
    for row in _EVER.find(connection, {}).rows():
        found.setdefault(row["id"], {}).setdefault(row["part"], []).append(row)
    return found
