"""Findings: what was found, the days on which it held, and its status on each.

A finding holds from its raising until it is closed or superseded, and again once it
is reopened: a row for each such span (`held.…`), one for each status (`status.…`).
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Integer

from projections import bodies, inspections
from projections.body_labels import BodyLabels
from projections.conditions import among, differing, exactly, holding
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
from projections.moment import Moment, certainty, span
from projections.read_model import Batch, Projection, ReadModel, Row, generic, to_json
from projections.rows import row_of
from schemas import dates
from schemas.codelists import InForce, label
from schemas.events import RecordedEvent
from schemas.tokens import Sought

OWN = ("inspection", "kind", "accelerated", "raised_on", "raised_on_basis",
       "outside_id")  # fmt: skip
END = ("closed_on", "closed_on_basis", "decided_by")
STATUS = ("status", "status_on", "status_on_basis", "status_by", "status_word",
          "status_note")  # fmt: skip
WORDS = ("title", "text", "status_word", "status_note", "source_titles")
STEPS = ("finding.closed", "finding.reopened", "finding.superseded")

table = versioned_table(
    "findings",
    Column("bodies", KEY),
    *(Column(name, KEY) for name in OWN if name != "accelerated"),
    Column("accelerated", Boolean),
    Column("title", KEY),
    Column("text", KEY),
    *(Column(name, KEY) for name in (*END, *STATUS)),
    Column("is_closed", Boolean),
    Column("superseded_by", KEY),
    Column("comments", Integer),
)
findings = Projection(table, noun="finding")

NO_COLUMNS: Row = dict.fromkeys(
    ("bodies", *OWN, "title", "text", *END, *STATUS, "is_closed", "superseded_by",
     "comments")
)  # fmt: skip


@findings.when(
    "finding.raised",
    "finding.status-reported",
    "finding.commented",
    *STEPS,
    *generic("finding"),
)
def _restate(batch: Batch, event: RecordedEvent) -> None:
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    batch.restate(table, event.id, event.position, finding_rows(thing))


def finding_rows(thing: Thing) -> list[Row]:
    """Return all rows of a finding: itself, its spans, and its statuses."""
    raised = next(iter(thing.live("finding.raised")), None)
    if raised is None:
        return []
    spans = _held(thing, raised)
    return [_itself(thing, raised), *spans, *_statuses(thing)]


def _itself(thing: Thing, raised: Fact) -> Row:
    steps = thing.live(*STEPS)
    last = steps[-1] if steps and steps[-1].type != "finding.reopened" else None
    end = last.data if last else {}
    return {
        **NO_COLUMNS,
        **row_of(thing, raised),
        **span(raised.data["raised_on"], replaced=end.get("on")),
        **{name: raised.data[name] for name in OWN},
        "bodies": to_json(raised.data["bodies"]),
        "title": raised.sealed.get("title"),
        "text": raised.sealed.get("text"),
        "is_closed": last is not None,
        "closed_on": end.get("on"),
        "closed_on_basis": end.get("on_basis"),
        "decided_by": end.get("decided_by"),
        "superseded_by": to_json(end.get("by", [])),
        "comments": len(thing.live("finding.commented")),
    }


def _held(thing: Thing, raised: Fact) -> list[Row]:
    """Return a row for each span in which the finding held."""
    rows: list[Row] = []
    start: Fact | None = raised
    for step in thing.live(*STEPS):
        if step.type == "finding.reopened":
            start = step
        elif start:
            rows.append(_span_row(thing, start, step))
            start = None
    return [*rows, _span_row(thing, start, None)] if start else rows


def _span_row(thing: Thing, start: Fact, end: Fact | None) -> Row:
    begun = start.data["raised_on" if start.type == "finding.raised" else "on"]
    ended = end.data["on"] if end else None
    held = span(begun, replaced=ended)
    if end and ended is None:
        # It ended on a day that nobody states: from its start on it may have.
        held["certain_to"] = held["certain_from"]
    row = {**NO_COLUMNS, **row_of(thing, start, f"held.{start.version}")}
    return {**row, **held, "is_closed": end is not None}


def _statuses(thing: Thing) -> list[Row]:
    reported = thing.live("finding.status-reported")
    days = [fact.data["reported_on"] for fact in reported]
    order = dates.chronological(days)
    rows = []
    for number, index in enumerate(order):
        later = (days[each] for each in order[number + 1 :])
        replaced = next((day for day in later if day), None)
        rows.append(_status(thing, reported[index], replaced))
    return rows


def _status(thing: Thing, fact: Fact, replaced: str | None) -> Row:
    day = fact.data["reported_on"]
    return {
        **NO_COLUMNS,
        **row_of(thing, fact, f"status.{fact.version}"),
        **span(day, replaced=replaced if day else None),
        "status": fact.data["status"],
        "status_on": day,
        "status_on_basis": fact.data["reported_on_basis"],
        "status_by": fact.data["reported_by"],
        "status_word": fact.sealed.get("status_word"),
        "status_note": fact.sealed.get("note"),
    }


# Queries.


def list_findings(
    db: ReadModel,
    moment: Moment,
    page: Page,
    body: str | None = None,
    status: str | None = None,
    q: Sought | None = None,
    **filters: Any,
) -> Listing:
    """Return findings, by id; the other filters are kind, inspection, accelerated."""
    said = saying(db, moment, "finding", table, q)
    found = _found(db, moment, [*_conditions(body, filters), *said])
    wanted = [row for row in found if status in (None, row["status"])]
    held = [row for row in wanted if _is_listed(row, moment)]
    listing = page_of(held, page, lambda row: (row["id"],))
    listing.rows = _items(db, moment, listing.rows)
    if moment.as_of and not moment.with_undated:
        undated = [row for row in wanted if row["in_force"] == InForce.UNKNOWN]
        listing.undated = len(undated)
    return listing


def get_finding(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one finding, or None."""
    found = _found(db, moment, exactly(id=id))
    held = [row for row in found if _is_listed(row, moment)]
    return _items(db, moment, held)[0] if held else None


def _conditions(body: str | None, filters: Row) -> list[Any]:
    return [*holding("bodies", body), *exactly(**filters)]


def _found(db: ReadModel, moment: Moment, conditions: list[Any]) -> list[Row]:
    """Return the findings, each with the span and the status of the day."""
    always = moment.without_day()
    found = all_rows(db, table, always, *exactly(part=""), *conditions)
    is_few = len(found) < 100
    these = [among("id", [row["id"] for row in found])] if is_few else []
    parts: dict[str, list[Row]] = {row["id"]: [] for row in found}
    for part in all_rows(db, table, always, *differing(part=""), *these):
        parts.get(part["id"], []).append(part)
    return [_on_the_day(row, parts[row["id"]], moment) for row in found]


def _on_the_day(row: Row, parts: Sequence[Row], moment: Moment) -> Row:
    ordered = sorted(parts, key=_version_of)
    spans = [each for each in ordered if each["part"].startswith("held.")]
    holding = [each for each in spans if certainty(each, moment.day)]
    held = (holding or spans)[-1]
    statuses = [each for each in ordered if each["part"].startswith("status.")]
    shown = _status_on(statuses, moment.as_of) or NO_COLUMNS
    return {
        **row,
        **{name: held[name] for name in ("valid_from", "valid_to")},
        **{name: shown[name] for name in STATUS},
        "in_force": certainty(held, moment.day),
    }


def _status_on(rows: Sequence[Row], day: str | None) -> Row | None:
    """Return the status last reported by a day; without one, the last of all."""
    order = dates.chronological([row["status_on"] for row in rows])
    ordered = [rows[number] for number in order]
    if day is None:
        return ordered[-1] if ordered else None
    begun = [row for row in ordered if row["status_on"] and row["valid_from"] <= day]
    return begun[-1] if begun else None


def _is_listed(row: Row, moment: Moment) -> bool:
    if moment.as_of is None:
        return True
    is_undated = row["in_force"] == InForce.UNKNOWN
    return moment.with_undated if is_undated else bool(row["in_force"])


def _version_of(row: Row) -> int:
    return int(row["part"].rpartition(".")[2])


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = bodies.labels(db, moment)
    ids = {row["inspection"] for row in rows if row["inspection"]}
    titles = inspections.titles(db, moment, ids)
    opened = open_words(db, [row[name] for row in rows for name in WORDS])
    return [_item(row, moment, known, titles, opened) for row in rows]


def _item(
    row: Row,
    moment: Moment,
    known: BodyLabels,
    titles: dict[str, str],
    opened: Opened,
) -> Row:
    named = orjson.loads(row["bodies"])
    return {
        "id": row["id"],
        **known.columns_of(named),
        "bodies": named,
        "body_names": [known.name(each) or each for each in named],
        **{name: row[name] for name in (*OWN, *END, *STATUS, "is_closed", "comments")},
        **{name: opened.get(row[name] or "") for name in WORDS[:-1]},
        "kind_label": label(row["kind"]),
        "raised_on_text": dates.in_words(row["raised_on"]),
        "status_label": label(row["status"]),
        "status_on_text": dates.in_words(row["status_on"]),
        "status_by_name": known.name(row["status_by"]),
        "closed_on_text": dates.in_words(row["closed_on"]),
        "superseded_by": orjson.loads(row["superseded_by"]),
        "inspection_title": titles.get(row["inspection"] or ""),
        **with_common(row, moment, opened),
        "in_force": row["in_force"],
    }
