"""The profile of a body: what one page about it needs, in one answer."""

from collections import Counter
from dataclasses import replace

from projections import bodies, inspections, ratings
from projections.changes import grade_changes
from projections.coverage import coverage_rows
from projections.findings import list_findings
from projections.history import things_of
from projections.listing import Page, open_words, redacted_of
from projections.moment import Moment
from projections.monitoring import list_monitoring
from projections.read_model import ReadModel, Row
from projections.responses import list_responses

RECENT = 10


def get_profile(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return what is on record of a body at the moment, or None."""
    body = bodies.get_body(db, moment.without_day(), id)
    if body is None:
        return None
    on_day = replace(moment, as_of=moment.day, with_undated=False)
    then = replace(moment, with_undated=True)
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
        "open_findings": _open_findings(db, then, id),
        "plans": _plans(db, moment, id),
        "monitoring": list_monitoring(db, then, Page(), body=id).rows,
        "responses": list_responses(db, then, Page(), body=id).rows,
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


def _open_findings(db: ReadModel, moment: Moment, id: str) -> list[Row]:
    found = list_findings(db, moment, Page(), body=id).rows
    return [row for row in found if row["in_force"] and not _is_over(row, moment)]


def _is_over(row: Row, moment: Moment) -> bool:
    """Whether a finding is closed; of an earlier day only its dates can tell."""
    is_past = moment.as_of is not None and row["closed_on"] is not None
    return bool(row["is_closed"]) and not is_past


def _plans(db: ReadModel, moment: Moment, id: str) -> list[Row]:
    """Return the plans of a body, by id, and their titles as far as they are held."""
    found = {
        plan: fact
        for plan, thing in things_of(db, moment, "plan").items()
        for fact in thing.live("plan.opened")[:1]
        if fact.data["body"] == id
    }
    opened = open_words(db, [fact.sealed.get("title") for fact in found.values()])
    titles = {plan: {"title": found[plan].sealed.get("title")} for plan in found}
    return [
        {
            "id": plan,
            "title": opened.get(titles[plan]["title"] or ""),
            "redacted": redacted_of(titles[plan], opened),
        }
        for plan in sorted(found)
    ]
