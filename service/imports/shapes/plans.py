"""The shape of plans: what they promise, what is claimed of them, what is seen."""

from typing import Any

from schemas.codelists import ActionStatus, Assessment
from service.domain.plans import (
    Plan,
    PlanActionAdded,
    PlanClosed,
    PlanOpened,
    PlanProgressAssessed,
    PlanProgressReported,
)
from service.imports.names import shown, slug
from service.imports.shapes.cells import Cells, need, ordinal, when
from service.imports.shapes.lookup import (
    OF_INSPECTORATE,
    body_in_office,
    force_of,
    inspection_on_record,
    streams_of,
)
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import Command, RefusedError, Wanted

LONGEST = 80  # Characters of a slug.
# Words of sources that clearly say what a code says; all others stay words.
CLAIMED = {
    "started": ActionStatus.IN_PROGRESS,
    "under-way": ActionStatus.IN_PROGRESS,
    "work-under-way": ActionStatus.IN_PROGRESS,
    "in-progress": ActionStatus.IN_PROGRESS,
    "being-developed": ActionStatus.IN_PROGRESS,
    "not-started": ActionStatus.NOT_STARTED,
    "planned": ActionStatus.NOT_STARTED,
    "stalled": ActionStatus.STALLED,
    "delivered": ActionStatus.COMPLETE,
    "complete": ActionStatus.COMPLETE,
    "completed": ActionStatus.COMPLETE,
}
SEEN = {
    "improved": Assessment.IMPROVED,
    "partly-improved": Assessment.PARTLY_IMPROVED,
    "not-improved": Assessment.NOT_IMPROVED,
    "complete": Assessment.COMPLETE,
}


def put_plan_event(reader: Reader, cells: Cells) -> None:
    """Put what happened to a plan on record; a plan first met so is opened by it."""
    force = force_of(reader, cells)
    event = slug(need(cells, "event"))
    if event not in _EVENTS:
        raise RefusedError(f"event: {shown(event)} is none of {', '.join(_EVENTS)}.")
    _must_be_told_by_its_side(cells, event)
    id = _plan_id(force, need(cells, "plan_name"))
    _open(reader, cells, id, force, is_opening=event == "opened")
    _EVENTS[event](reader, cells, id, body_in_office(reader, force, cells, "by"))


def _plan_id(force: str, name: str) -> str:
    text = slug(name).removesuffix("-plan")
    if not text or len(text) > LONGEST:
        raise RefusedError(
            f"plan_name: {shown(name)} gives no id of at most {LONGEST} characters."
        )
    return f"{force}.{text}"


def _must_be_told_by_its_side(cells: Cells, event: str) -> None:
    """Keep apart what is claimed and what the inspectorate assesses."""
    is_seen = slug(cells.get("by", "")) in OF_INSPECTORATE
    if event == "progress-reported" and is_seen:
        raise RefusedError("event: what the inspectorate sees is progress-assessed.")
    if event == "progress-assessed" and not is_seen:
        raise RefusedError("event: what others than the inspectorate say is a claim.")


def _open(
    reader: Reader, cells: Cells, id: str, force: str, *, is_opening: bool
) -> None:
    if not is_opening and reader.work.find(Plan, id).exists:
        return
    nothing = {"opened_on": None, "opened_on_basis": None}
    text = cells.get("addresses", "")
    data = {
        "body": force,
        "addresses": streams_of(inspection_on_record(reader, force, text, text)),
        **(when(cells, "on", "opened_on") if is_opening else nothing),
        "title": cells["plan_name"],
        "summary": cells.get("paraphrase") or None if is_opening else None,
    }
    words = {"summary": data["summary"]} if data["summary"] else {}
    stated = ("opened_on",) if data["opened_on"] else ()
    _want(reader, cells, id, PlanOpened.type_name, data, _do("open"), stated, words)


def _put_nothing(reader: Reader, cells: Cells, id: str, by: str) -> None:
    """Add nothing: opening the plan is all that an opening does."""


def _put_action(reader: Reader, cells: Cells, id: str, by: str) -> None:
    """Add an action, and what is said of it on that day."""
    action = _action(reader, cells, id)
    data = {
        "action": action,
        **when(cells, "due_on", "due_on"),
        "text": cells.get("paraphrase") or None,
    }
    type = PlanActionAdded.type_name
    _want(reader, cells, id, type, data, _do("add_action"), ("action",), action=action)
    if cells.get("status_word"):
        said = _claim(cells, by) | {"action": action, "text": None}
        _put_claim(reader, cells, id, said)


def _put_progress(reader: Reader, cells: Cells, id: str, by: str) -> None:
    _put_claim(reader, cells, id, _claim(cells, by))


def _put_assessment(reader: Reader, cells: Cells, id: str, by: str) -> None:
    word = cells.get("status_word", "")
    data = {
        "action": None,
        "status": SEEN.get(slug(word)),
        **when(cells, "on", "assessed_on"),
        "status_word": word or None,
        "text": cells.get("paraphrase") or None,
    }
    type = PlanProgressAssessed.type_name
    _want_nth(reader, cells, id, type, data, _do("assess_progress"))


def _put_closing(reader: Reader, cells: Cells, id: str, by: str) -> None:
    data = when(cells, "on", "closed_on") | {"note": cells.get("paraphrase") or None}
    stated = ("closed_on",)
    _want(reader, cells, id, PlanClosed.type_name, data, _do("close"), stated)


def _claim(cells: Cells, by: str) -> dict[str, Any]:
    word = cells.get("status_word", "")
    return {
        "action": None,
        "status": CLAIMED.get(slug(word)),
        **when(cells, "on", "reported_on"),
        "reported_by": by,
        "status_word": word or None,
        "text": cells.get("paraphrase") or None,
    }


def _put_claim(reader: Reader, cells: Cells, id: str, data: dict[str, Any]) -> None:
    type = PlanProgressReported.type_name
    _want_nth(reader, cells, id, type, data, _do("report_progress"))


def _want_nth(
    reader: Reader, cells: Cells, id: str, type: str, data: Any, command: Command
) -> None:
    """Want an event that may happen often: alike are those of one day and one body."""
    names = ("action", "reported_on", "reported_by", "assessed_on")
    told = {name: data[name] for name in names if name in data}

    def is_same(event: Any) -> bool:
        return all(getattr(event, name) == value for name, value in told.items())

    reader.work.want(
        Wanted(
            Plan,
            id,
            type,
            data,
            command,
            stated=("status", *told) if data["status"] else tuple(told),
            is_same=is_same,
            source=reader.source(cells),
            context={"words": _words(data)},
            nth=ordinal(cells) if data["action"] is None else 1,
        )
    )


def _want(
    reader: Reader,
    cells: Cells,
    id: str,
    type: str,
    data: Any,
    command: Command,
    stated: tuple[str, ...],
    words: dict[str, str] | None = None,
    action: str | None = None,
) -> None:
    reader.work.want(
        Wanted(
            Plan,
            id,
            type,
            data,
            command,
            stated=stated,
            is_same=lambda event: getattr(event, "action", None) == action,
            source=reader.source(cells),
            context={"words": words or {}},
        )
    )


def _action(reader: Reader, cells: Cells, id: str) -> str:
    """Return the id of the nth action that the source gave the plan, or the next."""
    plan = reader.work.find(Plan, id)
    added = plan.live(PlanActionAdded)
    url = reader.source(cells)["url"]
    alike = [
        each for each in added if url in [source["url"] for source in each.sources]
    ]
    nth = ordinal(cells)
    return alike[nth - 1].action if len(alike) >= nth else f"a{len(added) + 1}"


def _words(data: Any) -> dict[str, str]:
    return {name: data[name] for name in ("status_word", "text") if data.get(name)}


def _do(name: str) -> Command:
    return lambda plan, members: getattr(plan, name)(**members)


_EVENTS = {
    "opened": _put_nothing,
    "action-added": _put_action,
    "progress-reported": _put_progress,
    "progress-assessed": _put_assessment,
    "closed": _put_closing,
}

SHAPES = [
    Shape(
        "plan_events",
        ("force_id", "plan_name", "event", "by"),
        ("status_word", "paraphrase", "addresses", "due_on"),
        put_plan_event,
        "plans: opened, actions added, progress claimed and assessed, closed",
        key=("force_id", "plan_name", "event", "on", "by"),
        may_be_blank=("on",),
    )
]
