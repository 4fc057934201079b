"""Ratings: every grade, and the days on which it was in force.

A rating is in force from its publication until the next of the same body, concept
and family. So an event about one rating can end another: the rows of the whole
group are worked out anew, and those that change are restated.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, Index, Integer, func, select, text

from projections import bodies, database, inspections, programmes
from projections.body_labels import BODY_COLUMNS
from projections.composed import Composed, Piece, Values
from projections.conditions import equal
from projections.database import KEY, versioned_table
from projections.listing import (
    Listing,
    Page,
    all_rows,
    find_page,
    get_row,
    open_words,
)
from projections.members import COMMON, SPAN, common_pieces
from projections.moment import Moment, certainty, span
from projections.query import Found
from projections.read_model import Batch, Projection, ReadModel, Row, generic
from projections.rows import row_of
from projections.selection import Wanted
from schemas import dates
from schemas.codelists import label
from schemas.events import RecordedEvent

PLAIN = ("inspection", "programme", "body", "question", "level", "scale", "grade",
         "basis", "carried_from")  # fmt: skip

table = versioned_table(
    "ratings",
    *(Column(name, KEY) for name in PLAIN),
    Column("family", KEY),
    Column("concept", KEY),
    Column("programme_order", Integer),
    Column("awarded_position", Integer),
    Column("published_on", KEY),
    Column("published_on_basis", KEY),
    Column("superseded_by", KEY),
    Column("note", KEY),
)
# Of rows that ended too: what was known of a body is asked for as what is known.
Index("ratings_group", table.c.body, table.c.concept, table.c.family)
Index(
    "ratings_inspection",
    table.c.inspection,
    sqlite_where=text("position_to IS NULL"),
    postgresql_where=text("position_to IS NULL"),
)
ratings = Projection(table, noun="rating")

# "ratings", the body, the concept and the family.
Group: TypeAlias = tuple[str, str, str, str]


@ratings.when("rating.awarded", *generic("rating"))
def _restate(batch: Batch, event: RecordedEvent) -> None:
    _restate_groups(batch, [event.id], event.position)


@ratings.when(
    "inspection.announced",
    "inspection.published",
    *generic("inspection"),
)
def _follow_inspection(batch: Batch, event: RecordedEvent) -> None:
    """Let the ratings of an inspection follow its date."""
    if event.version == 1:
        batch.group(_inspected(event.id), lambda _: [])  # It has none yet.
        return
    ids = sorted(_of_inspection(batch, event.id))
    _restate_groups(batch, ids, event.position)


@ratings.when(
    "programme.announced",
    "programme.question-added",
    *generic("programme"),
)
def _follow_programme(batch: Batch, event: RecordedEvent) -> None:
    """Let the ratings of a programme follow its family, order and concepts."""
    followers = programmes.followers(batch, event.id)
    ids = batch.ids_with(table, "programme", followers)
    _restate_groups(batch, ids, event.position)


def _restate_groups(batch: Batch, ids: Sequence[str], position: int) -> None:
    """Work out anew the groups that these ratings were and are in."""
    touched: dict[Group, None] = {}  # In a fixed order, unlike a set.
    changed: dict[str, Row] = {}
    batch.fetch(table, "rating", ids)
    for id in ids:
        old, new = _standing(batch, id), _placed(batch, id)
        groups = [_group_of(row) for row in (old, new) if row]
        touched |= dict.fromkeys(group for group in groups if group)
        if new:
            changed[id] = new
            _join(batch, new)
        if not new or not _group_of(new):
            rows = [{**row, **held} for row, held in spans([new] if new else [])]
            batch.restate(table, id, position, rows)
    for group in touched:
        _restate_group(batch, group, changed, position)


def _restate_group(
    batch: Batch, group: Group, changed: dict[str, Row], position: int
) -> None:
    ids = sorted(_of_group(batch, group))
    batch.fetch(table, "rating", ids)
    # What stands of the others is right, but for what takes their place.
    found = [changed.get(id) or _standing(batch, id) for id in ids]
    members = [row for row in found if row and _group_of(row) == group]
    for row, held in spans(members):
        is_same = row["id"] not in changed and held.items() <= row.items()
        if not is_same:
            batch.restate(table, row["id"], position, [{**row, **held}])


def spans(members: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Return the rows of a group in order, each with the days on which it held."""
    ordered = sorted(members, key=_order)
    return [
        (row, _held(row, *_successor(ordered, number)))
        for number, row in enumerate(ordered)
    ]


def _order(row: Row) -> tuple[int, bool, str, int]:
    """By programme, then by date (unknown ones last), then by position."""
    day = row["published_on"] and dates.first_day(row["published_on"])
    return row["programme_order"], not day, day or "", row["awarded_position"]


def _successor(ordered: Sequence[Row], number: int) -> tuple[Row | None, bool]:
    """Return the next dated rating, and whether an undated one comes before it."""
    is_doubtful = False
    for later in ordered[number + 1 :]:
        if later["published_on"]:
            return later, is_doubtful
        is_doubtful = True
    return None, is_doubtful


def _held(row: Row, successor: Row | None, is_doubtful: bool) -> Row:
    """Return the days on which a rating was in force."""
    replaced = successor["published_on"] if successor else None
    held = span(row["published_on"], replaced=replaced)
    if row["published_on"] is None:
        held["certain_to"] = held["valid_to"] = None
    elif is_doubtful:
        held["certain_to"] = held["valid_from"]  # Held for certain on no day.
    return {**held, "superseded_by": successor["id"] if successor else None}


def _join(batch: Batch, row: Row) -> None:
    _of_inspection(batch, row["inspection"]).add(row["id"])
    if group := _group_of(row):
        _of_group(batch, group).add(row["id"])


def _group_of(row: Row) -> Group | None:
    """Return what a rating is compared with; None if it is not known: it is alone."""
    body, concept, family = row["body"], row["concept"], row["family"]
    return ("ratings", body, concept, family) if concept and family else None


def _standing(batch: Batch, id: str) -> Row | None:
    rows = batch.standing(table, id).values()
    return next((row.values for row in rows), None)


def _placed(batch: Batch, id: str) -> Row | None:
    """Return the row of a rating, all but until when it was in force."""
    thing = batch.thing(f"rating-{id}")
    facts = thing.live("rating.awarded") if thing else []
    if thing is None or not facts:
        return None
    fact, data = facts[0], facts[0].data
    find = partial(programmes.programme_of, batch)
    own = find(data["programme"])
    published_on, published_on_basis = _published(batch, data)
    return {
        **row_of(thing, fact),
        **{name: data[name] for name in PLAIN},
        "family": own["family"] if own else None,
        "concept": programmes.concept_of(batch, data["programme"], data["question"]),
        "programme_order": programmes.order_of(data["programme"], find),
        "awarded_position": fact.position,
        "published_on": published_on,
        "published_on_basis": published_on_basis,
        "note": fact.sealed.get("note"),
    }


def _published(batch: Batch, data: Row) -> tuple[str | None, str | None]:
    """Return the rating's own date, or that of its inspection."""
    if data["published_on"]:
        return data["published_on"], data["published_on_basis"]
    row = inspections.publication_of(batch, data["inspection"])
    return (row["published_on"], row["published_on_basis"]) if row else (None, None)


def _of_group(batch: Batch, group: Group) -> set[str]:
    body = group[1]
    read = partial(_groups_of, body=body)
    return batch.group_within(("ratings-of", body), group, read)


def _groups_of(connection: Connection, body: str) -> list[tuple[Group, str]]:
    """Return the ratings of a body that stand, each with its group."""
    columns = (table.c.id, table.c.body, table.c.concept, table.c.family)
    statement = select(*columns).where(
        table.c.body == body, table.c.position_to.is_(None)
    )
    found = connection.execute(statement).mappings()
    rows = [{str(name): value for name, value in row.items()} for row in found]
    return [(group, row["id"]) for row in rows if (group := _group_of(row))]


def _of_inspection(batch: Batch, id: str) -> set[str]:
    values = {"inspection": id}
    return batch.group(_inspected(id), lambda c: _ids(c, values))


def _inspected(id: str) -> tuple[str, str]:
    return ("of-inspection", id)


def _ids(connection: Connection, values: Row) -> list[str]:
    conditions = [table.c[name] == value for name, value in values.items()]
    statement = select(table.c.id).where(table.c.position_to.is_(None), *conditions)
    return list(connection.execute(statement).scalars())


# Queries.

ANSWERED = ("programme", "family", "question", "concept", "level", "grade", "scale",
            "basis", "carried_from")  # fmt: skip
ASKED = ("programme", "programme_title", "family", "question", "question_label",
         "concept", "level", "level_label", "grade", "grade_label", "grade_rank",
         "scale", "basis", "basis_label", "carried_from")  # fmt: skip
SHOWN = ("id", "body", *ANSWERED, "published_on", "published_on_basis", "inspection",
         "superseded_by", "note", *COMMON)  # fmt: skip
FILTERS = ("body", "programme", "question", "concept", "grade", "basis", "inspection")


def list_ratings(
    db: ReadModel, moment: Moment, page: Page, **filters: str | None
) -> Listing:
    """Return ratings, by id; the filters are those of FILTERS."""
    wanted = equal(**{name: filters.get(name) for name in FILTERS})
    listing, found = find_page(db, table, moment, page, *wanted, columns=SHOWN)
    listing.rows = _composed(db, moment, found)
    return listing


def get_rating(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one rating, or None."""
    row = get_row(db, table, moment, id)
    return rating_items(db, moment, [row])[0] if row else None


def rating_rows(db: ReadModel, moment: Moment, *wanted: Wanted) -> list[Row]:
    """Return the rows of ratings that stood at the moment, whatever their dates."""
    return all_rows(db, table, moment, *wanted)


def rating_items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows as items: with labels, and their words opened."""
    values = [tuple([row[name] for name in SHOWN]) for row in rows]
    return _composed(db, moment, Found(SHOWN, values))


def _composed(db: ReadModel, moment: Moment, found: Found) -> Composed:
    known = Labels(db, moment, found)
    notes = [known.opened.get(each or "") for each in found.column("note")]
    return Composed(found, known.pieces(), {"note": notes})


class Labels:
    """What the rows of ratings show of other nouns, and their opened words."""

    def __init__(self, db: ReadModel, moment: Moment, found: Found) -> None:
        self._moment = moment
        ids = set(found.picked(("inspection",)))
        self._bodies = bodies.labels(db, moment)
        self._programmes = programmes.labels(db, moment)
        self._inspections = inspections.titles(db, moment, ids)
        sealed = (*found.picked(("note",)), *found.picked(("source_titles",)))
        self.opened = open_words(db, sealed)

    def pieces(self) -> list[Piece]:
        """Return what an item consists of."""
        published = ("published_on", "published_on_basis")
        inspected = ("inspection", "inspection_title")
        return [
            Piece.plain("id"),
            Piece(BODY_COLUMNS, ("body",), self._of_body),
            Piece(ASKED, ANSWERED, self._asked),
            Piece(
                (*published, "published_on_text", "age_days"),
                (*published, *SPAN),
                self._published,
            ),
            Piece(inspected, inspected[:1], self._inspected),
            Piece.plain("superseded_by"),
            Piece.plain("note"),
            *common_pieces(self._moment, self.opened, note="note"),
        ]

    def _of_body(self, body: str) -> Values:
        return tuple(self._bodies.columns(body).values())

    def _asked(
        self,
        programme: str,
        family: str | None,
        question: str,
        concept: str | None,
        level: str,
        grade: str,
        scale: str,
        basis: str,
        carried_from: str | None,
    ) -> Values:
        known = self._programmes
        asked = known.question(programme, question)
        return (
            programme,
            known.title(programme),
            family,
            question,
            asked and asked["label"],
            concept,
            level,
            label(level),
            grade,
            known.grade_label(programme, grade),
            known.grade_rank(programme, grade),
            scale,
            basis,
            label(basis),
            carried_from,
        )

    def _published(self, day: str | None, basis: str | None, *span: Any) -> Values:
        held = dict(zip(SPAN, span, strict=True))
        age = _age({**held, "published_on": day}, self._moment)
        return day, basis, dates.in_words(day), age

    def _inspected(self, id: str) -> Values:
        return id, self._inspections.get(id)


def _age(row: Row, moment: Moment) -> int | None:
    """Return the days from publication to the day asked for, while in force."""
    if not dates.is_day(row["published_on"]) or not certainty(row, moment.day):
        return None
    return _days(row["published_on"], moment.day)


@lru_cache(maxsize=4096)
def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def first_day(db: ReadModel) -> str | None:
    """Return the first day on which some grade was in force, or None."""
    dated = (table.c.position_to.is_(None), table.c.valid_from != "")
    with database.reading(db.engine) as connection:
        first = select(func.min(table.c.valid_from)).where(*dated)
        return connection.execute(first).scalar_one_or_none()
