"""Gaps: declared holes in the record, from when to when."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Boolean, Column

from projections import bodies, inspections, programmes
from projections.conditions import among, equal
from projections.database import KEY, versioned_table
from projections.facts import Thing
from projections.listing import (
    Listing,
    Page,
    all_rows,
    get_row,
    list_rows,
    open_words,
)
from projections.matching import saying
from projections.members import with_common
from projections.moment import Moment, certainty, span
from projections.read_model import Batch, Projection, ReadModel, Row, generic
from projections.rows import row_of
from projections.selection import Wanted
from schemas import dates
from schemas.codelists import label
from schemas.events import RecordedEvent
from schemas.tokens import Sought

ABOUT = ("programme", "inspection", "body", "question")
OWN = ("kind", "since", "since_basis")
END = ("closed_on", "closed_on_basis")

table = versioned_table(
    "gaps",
    *(Column(name, KEY) for name in (*ABOUT, *OWN, *END)),
    Column("is_closed", Boolean),
    Column("note", KEY),
)
gaps = Projection(table, noun="gap")


@gaps.when("gap.declared", "gap.closed", *generic("gap"))
def _restate(batch: Batch, event: RecordedEvent) -> None:
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    batch.restate(table, event.id, event.position, gap_rows(thing))


def gap_rows(thing: Thing) -> list[Row]:
    """Return the row of a gap."""
    declared = next(iter(thing.live("gap.declared")), None)
    if declared is None:
        return []
    closed = next(iter(thing.live("gap.closed")), None)
    end = closed.data if closed else {}
    return [
        {
            **row_of(thing, declared),
            **span(declared.data["since"], replaced=end.get("on")),
            **{name: declared.data["about"].get(name) for name in ABOUT},
            **{name: declared.data[name] for name in OWN},
            "closed_on": end.get("on"),
            "closed_on_basis": end.get("on_basis"),
            "is_closed": closed is not None,
            "note": declared.sealed.get("note"),
        }
    ]


# Queries.


def list_gaps(
    db: ReadModel,
    moment: Moment,
    page: Page,
    kind: str | None = None,
    body: str | None = None,
    programme: str | None = None,
    q: Sought | None = None,
) -> Listing:
    """Return gaps, by id."""
    conditions: list[Wanted] = [*equal(kind=kind, body=body, programme=programme)]
    conditions += saying(db, moment, "gap", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_gap(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one gap, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def open_gaps(db: ReadModel, moment: Moment, *kinds: str) -> list[Row]:
    """Return the rows of the gaps of these kinds that are open at the moment."""
    rows = all_rows(db, table, moment.without_day(), among("kind", kinds))
    return [row for row in rows if _is_open(row, moment)]


def notes(db: ReadModel, rows: Sequence[Row]) -> dict[str, str]:
    """Return the notes of gaps that are still held, by id."""
    opened = open_words(db, [row["note"] for row in rows])
    return {row["id"]: opened[row["note"]] for row in rows if row["note"] in opened}


def _is_open(row: Row, moment: Moment) -> bool:
    """Whether a gap is open: one of unknown date is, until it is closed."""
    if moment.as_of is None or row["closed_on"] is None:
        return not row["is_closed"] and bool(certainty(row, moment.day))
    return bool(certainty(row, moment.day))


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = bodies.labels(db, moment)
    asked = programmes.labels(db, moment)
    ids = {row["inspection"] for row in rows if row["inspection"]}
    titles = inspections.titles(db, moment, ids)
    words = [row[name] for row in rows for name in ("note", "source_titles")]
    opened = open_words(db, words)
    return [
        {
            "id": row["id"],
            **known.columns_of([row["body"]]),
            **{name: row[name] for name in (*ABOUT, *OWN, *END, "is_closed")},
            "kind_label": label(row["kind"]),
            "programme_title": asked.title(row["programme"]),
            "inspection_title": titles.get(row["inspection"] or ""),
            "question_label": _question(row, asked),
            "since_text": dates.in_words(row["since"]),
            "closed_on_text": dates.in_words(row["closed_on"]),
            "note": opened.get(row["note"] or ""),
            **with_common(row, moment, opened),
        }
        for row in rows
    ]


def _question(row: Row, asked: programmes.ProgrammeLabels) -> Any:
    found = asked.question(row["programme"] or "", row["question"] or "")
    return found and found["label"]
