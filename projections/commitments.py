"""Commitments: what was promised, and what was later said to have come of it."""

from collections.abc import Sequence

import orjson
from sqlalchemy import BigInteger, Column, Integer

from projections.conditions import equal
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing
from projections.items import Known, around_force, coded, dated, latest
from projections.listing import (
    Listing,
    Page,
    get_row,
    list_rows,
    parts_of,
)
from projections.matching import saying
from projections.moment import Moment, span
from projections.read_model import Projection, ReadModel, Row, to_json
from projections.rows import in_time, keep_rows, part_of, plain_of, row_of, sealed_of
from schemas.tokens import Sought

PLAIN = ("kind", "body", "term", "made_on", "made_on_basis", "currency", "due_on",
         "due_on_basis", "about")  # fmt: skip
REPORT = ("status", "reported_on", "reported_on_basis", "reported_by",
          "status_word")  # fmt: skip

table = versioned_table(
    "commitments",
    *(Column(name, KEY) for name in (*PLAIN, *REPORT, "text")),
    Column("amount_pence", BigInteger),
    Column("place", Integer),
)
commitments = Projection(table, noun="commitment")

NO_COLUMNS: Row = dict.fromkeys((*PLAIN, *REPORT, "text", "amount_pence", "place"))


def commitment_rows(thing: Thing) -> list[Row]:
    """Return all rows of a commitment: itself, and each report on it."""
    made = next(iter(thing.live("commitment.made")), None)
    if made is None:
        return []
    reported = thing.live("commitment.reported")
    reports = in_time(reported, [fact.data["reported_on"] for fact in reported])
    return [
        _itself(thing, made),
        *(_report(thing, each, place) for place, each in enumerate(reports, 1)),
    ]


def _itself(thing: Thing, made: Fact) -> Row:
    members = ("kind", "body", "term", "made_on", "amount_pence", "currency", "due_on")
    return {
        **NO_COLUMNS,
        **row_of(thing, made),
        **span(made.data["made_on"]),
        **plain_of(made, *members),
        "about": to_json(made.data["about"]),
        **sealed_of(made, "text"),
    }


def _report(thing: Thing, fact: Fact, place: int) -> Row:
    return {
        **NO_COLUMNS,
        **part_of(thing, fact, f"report.{fact.version}"),
        **span(fact.data["reported_on"]),
        **plain_of(fact, "status", "reported_on", "reported_by"),
        **sealed_of(fact, "status_word", "text"),
        "place": place,
    }


keep_rows(commitments, commitment_rows, "commitment.made", "commitment.reported")


# Queries.


def list_commitments(
    db: ReadModel,
    moment: Moment,
    page: Page,
    force: str | None = None,
    q: Sought | None = None,
    **filters: str | None,
) -> Listing:
    """Return commitments, by id; `filters` are values of their columns."""
    conditions = [*equal(**filters), *around_force(db, moment, force)]
    conditions += saying(db, moment, "commitment", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_commitment(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one commitment, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    ids = [row["id"] for row in rows]
    reports = parts_of(db, table, moment.without_undated(), ids, "report")
    shown = [*rows, *(row for each in reports.values() for row in each)]
    known = Known(db, moment, shown, "text", "status_word")
    return [_item(row, reports.get(row["id"], []), known) for row in rows]


def _item(row: Row, reports: Sequence[Row], known: Known) -> Row:
    last = latest(reports) or NO_COLUMNS
    reported = {"status_word": last["status_word"], "report_text": last["text"]}
    return {
        "id": row["id"],
        **known.bodies.columns_with_force(row["body"]),
        **coded(row, "kind"),
        "term": row["term"],
        **dated(row, "made_on", "due_on"),
        "amount_pence": row["amount_pence"],
        "currency": row["currency"],
        "about": orjson.loads(row["about"]),
        **known.words(row, "text"),
        "reports": len(reports),
        **coded(last, "status"),
        **dated(last, "reported_on"),
        "reported_by": last["reported_by"],
        **known.words(last, "status_word"),
        "report_text": known.word(last["text"]),
        **known.common({**row, **reported}),
    }
