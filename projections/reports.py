"""Reports of problems: about what, since when, and what came of them.

What was told is not here: it is no part of the record.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from statistics import median_low

from sqlalchemy import Column, Integer, func, select

from projections import database
from projections.conditions import equal
from projections.database import KEY, versioned_table
from projections.facts import Thing
from projections.history import positions_of
from projections.items import Known, coded
from projections.listing import (
    Listing,
    Page,
    all_rows,
    chunks,
    get_row,
    list_rows,
)
from projections.moment import Moment, span, standing
from projections.read_model import Projection, ReadModel, Row
from projections.rows import keep_rows, row_of
from schemas.codelists import ReportState

RECEIVED, RESOLVED = "report.received", "report.resolved"

table = versioned_table(
    "reports",
    Column("about_stream", KEY),
    Column("about_version", Integer),
    Column("kind", KEY),
    Column("received_at", KEY),
    Column("state", KEY),
    Column("resolved_at", KEY),
    Column("outcome", KEY),
    Column("correction_stream", KEY),
    Column("correction_version", Integer),
)
reports = Projection(table, noun="report")


def report_rows(thing: Thing) -> list[Row]:
    """Return the row of a report, which holds from its receipt to its resolution."""
    resolved = next(iter(thing.live(RESOLVED)), None)
    end = resolved.data if resolved else {"outcome": None, "correction": None}
    correction = end["correction"] or {"stream": None, "version": None}
    ended_at = resolved.recorded_at if resolved else None
    return [
        {
            **row_of(thing, received),
            **span(received.recorded_at[:10], replaced=ended_at and ended_at[:10]),
            **{f"about_{name}": each for name, each in received.data["about"].items()},
            "kind": received.data["kind"],
            "received_at": received.recorded_at,
            "state": str(ReportState.RESOLVED if resolved else ReportState.OPEN),
            "resolved_at": ended_at,
            "outcome": end["outcome"],
            **{f"correction_{name}": each for name, each in correction.items()},
        }
        for received in thing.live(RECEIVED)
    ]


keep_rows(reports, report_rows, RECEIVED, RESOLVED)


# Queries.


def list_reports(
    db: ReadModel,
    moment: Moment,
    page: Page,
    about: str | None = None,
    kind: str | None = None,
    state: str | None = None,
) -> Listing:
    """Return reports, by id."""
    conditions = equal(about_stream=about, kind=kind, state=state)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_report(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one report, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def summary(db: ReadModel, moment: Moment) -> Row:
    """Return how many reports are open, and for how long."""
    rows = all_rows(db, table, moment.without_day())
    still_open = [row for row in rows if row["state"] == ReportState.OPEN]
    ended = [row for row in rows if row["state"] == ReportState.RESOLVED]
    ages = [_age_days(row, moment) for row in still_open]
    return {
        "received": len(rows),
        "resolved": len(ended),
        "open": len(still_open),
        "oldest_open_at": min((row["received_at"] for row in still_open), default=None),
        "oldest_open_days": max(ages, default=None),
        "median_open_days": _median(ages),
        "median_resolved_days": _median([_age_days(row, moment) for row in ended]),
        "open_by_kind": dict(sorted(Counter(r["kind"] for r in still_open).items())),
    }


def open_reports(db: ReadModel, moment: Moment) -> tuple[int, str | None]:
    """Return how many reports are open, and when the first of them was received."""
    is_open = table.c.state == str(ReportState.OPEN)
    columns = (func.count(), func.min(table.c.received_at))
    statement = select(*columns).where(standing(table, moment), is_open)
    with database.reading(db.engine) as connection:
        count, first = connection.execute(statement).one()
    return count, first


def resolved_before(db: ReadModel, ids: Iterable[str], instant: str) -> list[str]:
    """Return which of these reports were resolved at or before an instant."""
    found: list[str] = []
    for chunk in chunks(ids):
        statement = select(table.c.id).where(
            table.c.id.in_(chunk),
            table.c.position_to.is_(None),
            table.c.resolved_at <= instant,
        )
        with database.reading(db.engine) as connection:
            found += connection.execute(statement).scalars()
    return found


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = Known(db, moment, rows)
    streams = [
        row[f"{side}_stream"] for row in rows for side in ("about", "correction")
    ]
    positions = positions_of(db, filter(None, streams))
    return [
        {
            "id": row["id"],
            **_named(row, "about", positions),
            **coded(row, "kind", "state", "outcome"),
            "received_at": row["received_at"],
            "resolved_at": row["resolved_at"],
            **_named(row, "correction", positions),
            "age_days": _age_days(row, moment),
            **known.common(row),
        }
        for row in rows
    ]


def _named(row: Row, side: str, positions: dict[tuple[str, int], int]) -> Row:
    stream, version = row[f"{side}_stream"], row[f"{side}_version"]
    return {
        f"{side}_stream": stream,
        f"{side}_version": version,
        f"{side}_position": positions.get((stream, version)),
    }


def _age_days(row: Row, moment: Moment) -> int:
    end = min(filter(None, (row["resolved_at"], moment.day)))[:10]
    begun = date.fromisoformat(row["received_at"][:10])
    return max(0, (date.fromisoformat(end) - begun).days)


def _median(days: Sequence[int]) -> int | None:
    return median_low(days) if days else None
