"""The profile of a body: what one page about it needs, in one answer."""

from collections import Counter
from dataclasses import replace

from projections import bodies, inspections, ratings
from projections.changes import grade_changes
from projections.coverage import coverage_rows
from projections.listing import Page
from projections.moment import Moment
from projections.read_model import ReadModel, Row

RECENT = 10


def get_profile(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return what is on record of a body at the moment, or None."""
    body = bodies.get_body(db, moment.without_day(), id)
    if body is None:
        return None
    on_day = replace(moment, as_of=moment.day, with_undated=False)
    in_force = ratings.list_ratings(db, on_day, Page(), body=id)
    inspected = inspections.list_inspections(db, moment.without_day(), Page(), body=id)
    return {
        "body": body,
        "current_ratings": in_force.rows,
        "undated_ratings": in_force.undated or 0,
        "recent_changes": _recent(grade_changes(db, moment, id)),
        "inspections": sorted(inspected.rows, key=_by_day, reverse=True)[:RECENT],
        "coverage": _coverage(db, moment, id),
        "members": _members(db, moment, id),
    }


def _recent(changes: list[Row]) -> list[Row]:
    ordered = sorted(changes, key=lambda row: row["to_published_on"] or "")
    return ordered[-RECENT:]


def _by_day(row: Row) -> tuple[str, str]:
    return row["valid_from"] or "", row["id"]


def _coverage(db: ReadModel, moment: Moment, id: str) -> list[Row]:
    rows = coverage_rows(db, moment, body=id)
    states: dict[str, Counter[str]] = {}
    texts: dict[str, str | None] = {}
    for row in rows:
        states.setdefault(row["programme"], Counter())[row["state"]] += 1
        texts[row["programme"]] = row["held_text"]
    return [
        {"programme": each, "states": dict(count), "held_text": texts[each]}
        for each, count in sorted(states.items())
    ]


def _members(db: ReadModel, moment: Moment, id: str) -> list[str]:
    listing = bodies.list_bodies(db, moment.without_day(), Page(), region=id)
    return [row["id"] for row in listing.rows]
