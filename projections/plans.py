"""Plans: what a force has promised to do, what it claims, and what is assessed.

A claim never takes the place of an assessment, nor an assessment that of a claim:
they are columns of their own.
"""

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import Column, Integer

from projections.conditions import among, equal, exactly, holding
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing
from projections.items import Known, by_place, coded, dated, latest
from projections.listing import (
    Listing,
    Page,
    all_rows,
    chunks,
    get_row,
    list_parts,
    list_rows,
    parts_of,
)
from projections.matching import saying
from projections.moment import Moment, span
from projections.read_model import Projection, ReadModel, Row, to_json
from projections.rows import in_time, keep_rows, part_of, plain_of, row_of, sealed_of
from schemas.codelists import UpdateKind, label
from schemas.tokens import Sought

PLAIN = ("body", "addresses", "opened_on", "opened_on_basis", "closed_on",
         "closed_on_basis", "outcome")  # fmt: skip
PART = ("action", "due_on", "due_on_basis", "kind", "status", "made_on",
        "made_on_basis", "by", "inspection")  # fmt: skip
SEALED = ("title", "summary", "closing_note", "text", "status_word")

table = versioned_table(
    "plans",
    *(Column(name, KEY) for name in (*PLAIN, *PART, *SEALED)),
    Column("place", Integer),
)
plans = Projection(table, noun="plan")

NO_COLUMNS: Row = dict.fromkeys((*PLAIN, *PART, *SEALED, "place"))
UPDATES = {
    "plan.progress-reported": "reported_on",
    "plan.progress-assessed": "assessed_on",
}
INSPECTORATE = "hmicfrs"  # Assessments are its own, and name no body.


def plan_rows(thing: Thing) -> list[Row]:
    """Return all rows of a plan: itself, its actions, its updates."""
    opened = next(iter(thing.live("plan.opened")), None)
    if opened is None:
        return []
    itself = _itself(thing, opened, thing.live("plan.closed"))
    actions = thing.live("plan.action-added")
    updated = thing.live(*UPDATES)
    updates = in_time(updated, [fact.data[UPDATES[fact.type]] for fact in updated])
    return [
        itself,
        *(_action(thing, each, itself, n) for n, each in enumerate(actions, 1)),
        *(_update(thing, each, itself, n) for n, each in enumerate(updates, 1)),
    ]


def _itself(thing: Thing, opened: Fact, closed: Sequence[Fact]) -> Row:
    end = next(iter(closed), None)
    last = plain_of(end, "closed_on", "outcome")
    return {
        **NO_COLUMNS,
        **row_of(thing, opened, "", *closed),
        **span(
            opened.data["opened_on"],
            replaced=last["closed_on"],
            is_over=end is not None,
        ),
        **plain_of(opened, "body", "opened_on"),
        **last,
        "addresses": to_json(opened.data["addresses"]),
        **sealed_of(opened, "title", "summary"),
        "closing_note": end and end.sealed.get("note"),
    }


def _action(thing: Thing, fact: Fact, plan: Row, place: int) -> Row:
    """Return the row of an action, which holds as long as its plan."""
    return {
        **NO_COLUMNS,
        **part_of(thing, fact, f"action.{fact.data['action']}"),
        **{name: plan[name] for name in ("body", *span(None))},
        **plain_of(fact, "action", "due_on"),
        **sealed_of(fact, "text"),
        "place": place,
    }


def _update(thing: Thing, fact: Fact, plan: Row, place: int) -> Row:
    is_claim = fact.type == "plan.progress-reported"
    on, data = UPDATES[fact.type], fact.data
    return {
        **NO_COLUMNS,
        **part_of(thing, fact, f"update.{fact.version}"),
        **span(data[on]),
        **plain_of(fact, "action", "status"),
        "body": plan["body"],
        "kind": str(UpdateKind.CLAIM if is_claim else UpdateKind.ASSESSMENT),
        "made_on": data[on],
        "made_on_basis": data[f"{on}_basis"],
        "by": data["reported_by"] if is_claim else INSPECTORATE,
        "inspection": data.get("inspection"),
        **sealed_of(fact, "status_word", "text"),
        "place": place,
    }


keep_rows(
    plans,
    plan_rows,
    "plan.opened",
    "plan.action-added",
    "plan.progress-reported",
    "plan.progress-assessed",
    "plan.closed",
)


# Queries.


def list_plans(
    db: ReadModel,
    moment: Moment,
    page: Page,
    body: str | None = None,
    addresses: str | None = None,
    q: Sought | None = None,
) -> Listing:
    """Return plans, by id."""
    conditions = [*equal(body=body), *holding("addresses", addresses)]
    conditions += saying(db, moment, "plan", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_plan(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one plan, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def list_actions(db: ReadModel, moment: Moment, page: Page, id: str) -> Listing | None:
    """Return the actions of a plan in the order of the log, or None without one."""
    listing = list_parts(db, table, moment, page, id, "action", by_place)
    if listing:
        updates = parts_of(db, table, moment.without_undated(), [id], "update").get(
            id, []
        )
        known = Known(db, moment, [*listing.rows, *updates], *SEALED)
        listing.rows = [_action_item(row, updates, known) for row in listing.rows]
    return listing


def list_updates(db: ReadModel, moment: Moment, page: Page, id: str) -> Listing | None:
    """Return the updates of a plan in the order of time, or None without one."""
    listing = list_parts(db, table, moment, page, id, "update", by_place)
    if listing:
        known = Known(db, moment, listing.rows, *SEALED)
        listing.rows = [_update_item(row, known) for row in listing.rows]
    return listing


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    ids = [row["id"] for row in rows]
    actions = parts_of(db, table, moment.without_day(), ids, "action")
    updates = parts_of(db, table, moment.without_undated(), ids, "update")
    shown = [*rows, *(row for each in updates.values() for row in each)]
    known = Known(db, moment, shown, *SEALED)
    related = _related(db, moment, rows)
    return [
        {
            **_item(row, updates.get(row["id"], []), known),
            "actions": len(actions.get(row["id"], [])),
            "related_plans": related[row["id"]],
        }
        for row in rows
    ]


def _item(row: Row, updates: Sequence[Row], known: Known) -> Row:
    return {
        "id": row["id"],
        **known.bodies.columns(row["body"]),
        **known.words(row, "title", "summary", "closing_note"),
        "addresses": orjson.loads(row["addresses"]),
        **dated(row, "opened_on", "closed_on"),
        **coded(row, "outcome"),
        "updates": len(updates),
        **_progress(None, updates, known),
        **known.common({**row, **_progress_words(None, updates)}),
    }


def _action_item(row: Row, updates: Sequence[Row], known: Known) -> Row:
    return {
        "id": row["id"],
        **known.bodies.columns(row["body"]),
        "action": row["action"],
        **known.words(row, "text"),
        **dated(row, "due_on"),
        **_progress(row["action"], updates, known),
        **known.common({**row, **_progress_words(row["action"], updates)}),
    }


def _update_item(row: Row, known: Known) -> Row:
    return {
        "id": row["id"],
        **known.bodies.columns(row["body"]),
        "action": row["action"],
        **coded(row, "kind", "status"),
        **dated(row, "made_on"),
        "by": row["by"],
        "by_name": known.bodies.name(row["by"]),
        "inspection": row["inspection"],
        **known.words(row, "text", "status_word"),
        **known.common(row),
    }


def _progress(action: str | None, updates: Iterable[Row], known: Known) -> Row:
    """Return the latest claim and the latest assessment of an action, or of all."""
    own = [row for row in updates if row["action"] == action]
    claim = _last(own, UpdateKind.CLAIM)
    assessment = _last(own, UpdateKind.ASSESSMENT)
    return {
        **_prefixed("claimed", claim, known),
        "claimed_by": claim["by"],
        **_prefixed("assessed", assessment, known),
        "assessed_in": assessment["inspection"],
    }


def _progress_words(action: str | None, updates: Iterable[Row]) -> Row:
    """Return the commitments to the words of the latest claim and assessment."""
    own = [row for row in updates if row["action"] == action]
    kinds = {"claimed": UpdateKind.CLAIM, "assessed": UpdateKind.ASSESSMENT}
    return {f"{n}_word": _last(own, kind)["status_word"] for n, kind in kinds.items()}


def _last(updates: Iterable[Row], kind: UpdateKind) -> Row:
    return latest(row for row in updates if row["kind"] == kind) or NO_COLUMNS


def _prefixed(prefix: str, row: Row, known: Known) -> Row:
    days = {f"{prefix}_on": row["made_on"], f"{prefix}_on_basis": row["made_on_basis"]}
    return {
        f"{prefix}_status": row["status"],
        f"{prefix}_status_label": label(row["status"]),
        f"{prefix}_word": known.word(row["status_word"]),
        **dated(days, f"{prefix}_on"),
    }


def _related(
    db: ReadModel, moment: Moment, rows: Sequence[Row]
) -> dict[str, list[str]]:
    """Return the plans of the same body that address something in common."""
    addressing: dict[tuple[str, str], set[str]] = {}
    for chunk in chunks(row["body"] for row in rows):
        for other in _of_bodies(db, moment, chunk):
            for place in _addressed(other):
                addressing.setdefault(place, set()).add(other["id"])
    found = {
        row["id"]: {id for place in _addressed(row) for id in addressing.get(place, ())}
        for row in rows
    }
    return {id: sorted(others - {id}) for id, others in found.items()}


def _of_bodies(db: ReadModel, moment: Moment, ids: Sequence[str]) -> list[Row]:
    mine, shown = (*exactly(part=""), among("body", ids)), ("id", "body", "addresses")
    return all_rows(db, table, moment.without_day(), *mine, columns=shown)


def _addressed(row: Row) -> list[tuple[str, str]]:
    """Return what a plan addresses, each with the body of which it is a plan."""
    return [(row["body"], each) for each in orjson.loads(row["addresses"])]
