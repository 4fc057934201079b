"""Terms: who held which office of a body, from when to when."""

from collections.abc import Sequence

from sqlalchemy import Column

from projections.database import KEY, versioned_table
from projections.facts import Thing
from projections.items import Known, around_force, coded, dated
from projections.listing import Listing, Page, equal, get_row, list_rows
from projections.moment import Moment, span
from projections.read_model import Projection, ReadModel, Row
from projections.rows import keep_rows, plain_of, row_of, sealed_of

PLAIN = ("body", "office", "elected_on", "elected_on_basis", "started_on",
         "started_on_basis", "party", "ended_on", "ended_on_basis",
         "reason")  # fmt: skip
SEALED = ("person_name", "note", "end_note")

table = versioned_table("terms", *(Column(name, KEY) for name in (*PLAIN, *SEALED)))
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
    since = own["started_on"] or own["elected_on"]
    return [
        {
            **row_of(thing, started, "", *ended),
            **span(since, last["ended_on"], is_over=end is not None),
            **own,
            **last,
            **sealed_of(started, "person_name", "note"),
            "end_note": end and end.sealed.get("note"),
        }
    ]


keep_rows(terms, term_rows, "term.started", "term.ended")


# Queries.


def list_terms(
    db: ReadModel,
    moment: Moment,
    page: Page,
    force: str | None = None,
    **filters: str | None,
) -> Listing:
    """Return terms, by id; `filters` are values of their columns."""
    conditions = [*equal(table, **filters), *around_force(db, moment, table, force)]
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
        }
        for row in rows
    ]
