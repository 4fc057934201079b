"""Statements: what was said publicly, by whom, in answer to what."""

from collections.abc import Sequence

import orjson
from sqlalchemy import Boolean, Column

from projections.conditions import equal, holding
from projections.database import KEY, versioned_table
from projections.facts import Thing
from projections.items import Known, around_force, coded, dated
from projections.listing import (
    Listing,
    Page,
    get_row,
    list_rows,
)
from projections.matching import saying
from projections.moment import Moment, span
from projections.read_model import Projection, ReadModel, Row, to_json
from projections.rows import keep_rows, plain_of, row_of, sealed_of
from schemas.tokens import Sought

PLAIN = ("kind", "body", "term", "published_on", "published_on_basis", "dated_on",
         "dated_on_basis", "about", "responds_to", "withdrawn_on",
         "withdrawn_on_basis")  # fmt: skip
SEALED = ("title", "text", "speaker", "withdrawal_note")

table = versioned_table(
    "statements",
    *(Column(name, KEY) for name in (*PLAIN, *SEALED)),
    Column("section_55", Boolean),
)
statements = Projection(table, noun="statement")


def statement_rows(thing: Thing) -> list[Row]:
    """Return the row of a statement, which stands until it is withdrawn."""
    said = next(iter(thing.live("statement.published")), None)
    if said is None:
        return []
    withdrawals = thing.live("statement.withdrawn")
    end = next(iter(withdrawals), None)
    own = plain_of(said, "kind", "body", "term", "published_on", "dated_on")
    last = plain_of(end, "withdrawn_on")
    since = own["published_on"] or own["dated_on"]
    return [
        {
            **row_of(thing, said, "", *withdrawals),
            **span(since, replaced=last["withdrawn_on"], is_over=end is not None),
            **own,
            **last,
            "about": to_json(said.data["about"]),
            "responds_to": to_json(said.data["responds_to"]),
            "section_55": said.data["section_55"],
            **sealed_of(said, "title", "text", "speaker"),
            "withdrawal_note": end and end.sealed.get("note"),
        }
    ]


keep_rows(statements, statement_rows, "statement.published", "statement.withdrawn")


# Queries.


def list_statements(
    db: ReadModel,
    moment: Moment,
    page: Page,
    force: str | None = None,
    about: str | None = None,
    responds_to: str | None = None,
    q: Sought | None = None,
    **filters: str | None,
) -> Listing:
    """Return statements, by id; `filters` are values of their columns."""
    conditions = [
        *equal(**filters),
        *holding("about", about),
        *holding("responds_to", responds_to),
        *around_force(db, moment, force),
    ]
    conditions += saying(db, moment, "statement", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_statement(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one statement, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = Known(db, moment, rows, *SEALED)
    return [
        {
            "id": row["id"],
            **known.bodies.columns_with_force(row["body"]),
            **coded(row, "kind"),
            "term": row["term"],
            **dated(row, "published_on", "dated_on", "withdrawn_on"),
            "section_55": row["section_55"],
            "responds_to": orjson.loads(row["responds_to"]),
            "about": orjson.loads(row["about"]),
            **known.words(row, *SEALED),
            **known.common(row),
        }
        for row in rows
    ]
