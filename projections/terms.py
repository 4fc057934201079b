"""Terms: who held which office of a body, from when to when.

Of a term with no end on record it is certain that it began, and unknown whether it
still goes on: sources say who took an office far more often than who left it.
"""

from collections.abc import Sequence

from sqlalchemy import Boolean, Column

from projections.conditions import equal
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing
from projections.items import Known, around_force, coded, dated
from projections.listing import (
    Listing,
    Page,
    get_row,
    list_rows,
)
from projections.matching import saying
from projections.moment import Moment, certainty, span
from projections.read_model import Projection, ReadModel, Row
from projections.rows import keep_rows, plain_of, row_of, sealed_of
from schemas import dates
from schemas.codelists import InForce
from schemas.tokens import Sought

PLAIN = ("body", "office", "elected_on", "elected_on_basis", "started_on",
         "started_on_basis", "party", "ended_on", "ended_on_basis",
         "reason")  # fmt: skip
SEALED = ("person_name", "note", "end_note")

table = versioned_table(
    "terms",
    *(Column(name, KEY) for name in (*PLAIN, *SEALED)),
    Column("has_ended", Boolean),
)
terms = Projection(table, noun="term")


def term_rows(thing: Thing) -> list[Row]:
    """Return the row of a term; it began with the election where no start is known."""
    started = next(iter(thing.live("term.started")), None)
    if started is None:
        return []
    ended = thing.live("term.ended")
    end = next(iter(ended), None)
    own = plain_of(started, "body", "office", "elected_on", "started_on", "party")
    last = plain_of(end, "ended_on", "reason")
    return [
        {
            **row_of(thing, started, "", *ended),
            **_span(own["started_on"] or own["elected_on"], end),
            **own,
            **last,
            **sealed_of(started, "person_name", "note"),
            "has_ended": end is not None,
            "end_note": end and end.sealed.get("note"),
        }
    ]


def _span(since: str | None, end: Fact | None) -> Row:
    if end:
        return span(since, end.data["ended_on"], is_over=True)
    certain_to = since and dates.day_after(dates.last_day(since))
    return {**span(since), "certain_to": certain_to}


def term_certainty(row: Row, day: str) -> str | None:
    """Say whether a term held on a day: certain, possible, unknown, or None: no."""
    held = certainty(row, day)
    is_after = row["certain_to"] is not None and day >= row["certain_to"]
    if held and is_after and not row["has_ended"]:
        return str(InForce.UNKNOWN)
    return held


keep_rows(terms, term_rows, "term.started", "term.ended")


# Queries.


def list_terms(
    db: ReadModel,
    moment: Moment,
    page: Page,
    force: str | None = None,
    q: Sought | None = None,
    **filters: str | None,
) -> Listing:
    """Return terms, by id; `filters` are values of their columns."""
    conditions = [*equal(**filters), *around_force(db, moment, force)]
    conditions += saying(db, moment, "term", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_term(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one term, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = Known(db, moment, rows, *SEALED)
    return [
        {
            "id": row["id"],
            **known.bodies.columns_with_force(row["body"]),
            **coded(row, "office", "reason"),
            "party": row["party"],
            **dated(row, "elected_on", "started_on", "ended_on"),
            **known.words(row, *SEALED),
            **known.common(row),
            "has_ended": row["has_ended"],
            "in_force": term_certainty(row, moment.day),
        }
        for row in rows
    ]
