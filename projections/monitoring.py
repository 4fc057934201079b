"""Monitoring: the spells of forces in a phase, and how sure each of their days is.

A spell with no end is certain to its last observation, and unknown after it.
"""

from collections.abc import Sequence

from sqlalchemy import Boolean, Column

from projections import bodies
from projections.body_labels import BodyLabels
from projections.conditions import equal, exactly
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing
from projections.listing import (
    Listing,
    Opened,
    Page,
    all_rows,
    open_words,
    page_of,
)
from projections.matching import saying
from projections.members import with_common
from projections.moment import Moment
from projections.read_model import Batch, Projection, ReadModel, Row, generic
from projections.rows import row_of
from projections.selection import Wanted
from schemas import dates
from schemas.codelists import InForce, label
from schemas.events import RecordedEvent
from schemas.tokens import Sought

DATES = ("entered_on", "observed_on", "left_on")
OWN = ("body", "phase", *DATES, *(f"{name}_basis" for name in DATES), "to_phase")

table = versioned_table(
    "monitoring",
    *(Column(name, KEY) for name in OWN),
    Column("has_ended", Boolean),
    Column("note", KEY),
)
monitoring = Projection(table, noun="monitoring")


@monitoring.when(
    "monitoring.entered",
    "monitoring.observed",
    "monitoring.left",
    *generic("monitoring"),
)
def _restate(batch: Batch, event: RecordedEvent) -> None:
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    batch.restate(table, event.id, event.position, spell_rows(thing))


def spell_rows(thing: Thing) -> list[Row]:
    """Return the row of a spell."""
    entered = next(iter(thing.live("monitoring.entered")), None)
    if entered is None:
        return []
    left = next(iter(thing.live("monitoring.left")), None)
    seen = thing.live("monitoring.observed")
    end = left.data if left else {}
    return [
        {
            **row_of(thing, entered),
            **_span(entered, seen, end.get("left_on")),
            **{name: entered.data.get(name) for name in OWN},
            **_last_observation(seen),
            **{name: end.get(name) for name in ("left_on", "left_on_basis")},
            "to_phase": end.get("to_phase"),
            "has_ended": left is not None,
            "note": entered.sealed.get("note"),
        }
    ]


def _span(entered: Fact, seen: Sequence[Fact], left_on: str | None) -> Row:
    """Return the columns of time of a spell.

    By the last possible day of whatever comes first it had begun; on the first
    possible day of whatever comes last it still held.
    """
    start = entered.data["entered_on"]
    observed = [fact.data["observed_on"] for fact in seen]
    begun = [dates.last_day(day) for day in (start, *observed) if day]
    held = [dates.first_day(day) for day in (start, *observed, left_on) if day]
    return {
        "valid_from": dates.first_day(start) if start else "",
        "certain_from": min(begun, default=None),
        "certain_to": dates.day_after(max(held)) if begun else None,
        "valid_to": left_on and dates.day_after(dates.last_day(left_on)),
    }


def _last_observation(seen: Sequence[Fact]) -> Row:
    dated = [fact.data for fact in seen if fact.data["observed_on"]]
    last = max(dated, key=lambda data: dates.first_day(data["observed_on"]), default={})
    names = ("observed_on", "observed_on_basis")
    return {name: last.get(name) for name in names}


def spell_certainty(row: Row, day: str) -> str | None:
    """Say whether a spell held on a day: certain, possible, unknown, or None: no."""
    if day < row["valid_from"] or (row["valid_to"] and day >= row["valid_to"]):
        return None
    if row["certain_from"] and row["certain_from"] <= day < row["certain_to"]:
        return str(InForce.CERTAIN)
    is_after = bool(row["certain_to"]) and day >= row["certain_to"]
    is_open = is_after and not row["valid_to"]
    is_unknown = is_open or row["valid_from"] == ""
    return str(InForce.UNKNOWN if is_unknown else InForce.POSSIBLE)


# Queries.


def list_monitoring(
    db: ReadModel,
    moment: Moment,
    page: Page,
    body: str | None = None,
    phase: str | None = None,
    q: Sought | None = None,
) -> Listing:
    """Return spells, by id."""
    conditions: list[Wanted] = [*equal(body=body, phase=phase)]
    conditions += saying(db, moment, "monitoring", table, q)
    found = all_rows(db, table, moment.without_day(), *conditions)
    listed = [row for row in found if _is_listed(row, moment)]
    listing = page_of(listed, page, lambda row: (row["id"],))
    listing.rows = _items(db, moment, listing.rows)
    if moment.as_of and not moment.with_undated:
        listing.undated = sum(_is_undated(row, moment) for row in found)
    return listing


def get_monitoring(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one spell, or None."""
    found = all_rows(db, table, moment.without_day(), *exactly(id=id))
    listed = [row for row in found if _is_listed(row, moment)]
    return _items(db, moment, listed)[0] if listed else None


def _is_listed(row: Row, moment: Moment) -> bool:
    if moment.as_of is None:
        return True
    if _is_undated(row, moment):
        return moment.with_undated
    return spell_certainty(row, moment.as_of) is not None


def _is_undated(row: Row, moment: Moment) -> bool:
    """Whether nothing says that a spell held on the day, or that it did not."""
    is_unknown = spell_certainty(row, moment.day) == InForce.UNKNOWN
    return is_unknown and row["valid_from"] == ""


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = bodies.labels(db, moment)
    words = [row[name] for row in rows for name in ("note", "source_titles")]
    opened = open_words(db, words)
    return [_item(row, moment, known, opened) for row in rows]


def _item(row: Row, moment: Moment, known: BodyLabels, opened: Opened) -> Row:
    return {
        "id": row["id"],
        **known.columns(row["body"]),
        **{name: row[name] for name in OWN},
        **{f"{name}_text": dates.in_words(row[name]) for name in DATES},
        "phase_label": label(row["phase"]),
        "to_phase_label": label(row["to_phase"]),
        "has_ended": row["has_ended"],
        "note": opened.get(row["note"] or ""),
        **with_common(row, moment, opened),
        "in_force": spell_certainty(row, moment.day),
    }
