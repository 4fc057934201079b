"""The profile of a body: what one page about it needs, in one answer."""

from dataclasses import replace

from projections import bodies, inspections, plans, ratings
from projections.changes import grade_changes
from projections.conditions import exactly
from projections.coverage import summaries
from projections.findings import list_findings
from projections.listing import Page, all_rows, open_words
from projections.members import redacted_of
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
    always = moment.without_day()
    return {
        "body": body,
        "current_ratings": list(in_force.rows),
        "undated_ratings": in_force.undated or 0,
        "recent_changes": _recent(grade_changes(db, moment, id)),
        "inspections": inspections.latest_inspections(db, always, id, RECENT),
        "coverage": summaries(db, moment, id),
        "members": bodies.labels(db, moment).members(id),
        "open_findings": _open_findings(db, then, id),
        "plans": _plans(db, moment, id),
        "monitoring": list_monitoring(db, then, Page(), body=id).rows,
        "responses": list_responses(db, then, Page(), body=id).rows,
    }


def _recent(changes: list[Row]) -> list[Row]:
    ordered = sorted(changes, key=lambda row: row["to_published_on"] or "")
    return ordered[-RECENT:]


def _open_findings(db: ReadModel, moment: Moment, id: str) -> list[Row]:
    found = list_findings(db, moment, Page(), body=id).rows
    return [row for row in found if row["in_force"] and not _is_over(row, moment)]


def _is_over(row: Row, moment: Moment) -> bool:
    """Whether a finding is closed; of an earlier day only its dates can tell."""
    is_past = moment.as_of is not None and row["closed_on"] is not None
    return bool(row["is_closed"]) and not is_past


def _plans(db: ReadModel, moment: Moment, id: str) -> list[Row]:
    """Return the plans of a body, by id, and their titles as far as they are held."""
    mine, shown = exactly(part="", body=id), ("id", "title")
    found = all_rows(db, plans.table, moment.without_day(), *mine, columns=shown)
    opened = open_words(db, [row["title"] for row in found])
    return [
        {
            "id": row["id"],
            "title": opened.get(row["title"] or ""),
            "redacted": redacted_of(row, opened),
        }
        for row in found
    ]
