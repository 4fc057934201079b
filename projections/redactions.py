"""Redactions: which words were erased, when, and on what basis."""

from collections.abc import Sequence

import orjson
from sqlalchemy import Column, Integer

from projections.conditions import equal
from projections.database import KEY, versioned_table
from projections.facts import Thing
from projections.history import positions_of
from projections.items import Known, coded
from projections.listing import (
    Listing,
    Page,
    get_row,
    list_rows,
)
from projections.moment import Moment, span
from projections.read_model import Projection, ReadModel, Row, to_json
from projections.rows import keep_rows, plain_of, row_of
from projections.tables import REDACTED

table = versioned_table(
    "redactions",
    Column("target_stream", KEY),
    Column("target_version", Integer),
    Column("fields", KEY),
    Column("basis", KEY),
    Column("reference", KEY),
)
redactions = Projection(table, noun="redaction")


def redaction_rows(thing: Thing) -> list[Row]:
    """Return the row of a redaction, which holds from the day of its recording on."""
    return [
        {
            **row_of(thing, done),
            **span(done.recorded_at[:10]),
            **{f"target_{name}": each for name, each in done.data["target"].items()},
            "fields": to_json(done.data["fields"]),
            **plain_of(done, "basis", "reference"),
        }
        for done in thing.live(REDACTED)
    ]


keep_rows(redactions, redaction_rows, REDACTED)


# Queries.


def list_redactions(
    db: ReadModel,
    moment: Moment,
    page: Page,
    basis: str | None = None,
    stream: str | None = None,
) -> Listing:
    """Return redactions, by id."""
    conditions = equal(basis=basis, target_stream=stream)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_redaction(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one redaction, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = Known(db, moment, rows)
    positions = positions_of(db, (row["target_stream"] for row in rows))
    return [
        {
            "id": row["id"],
            "target_stream": row["target_stream"],
            "target_version": row["target_version"],
            "target_position": positions[row["target_stream"], row["target_version"]],
            "fields": orjson.loads(row["fields"]),
            **coded(row, "basis"),
            "reference": row["reference"],
            **known.common(row),
        }
        for row in rows
    ]
