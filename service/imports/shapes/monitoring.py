"""The shape of spells of monitoring: when a force entered a phase, and left it."""

import re
from typing import Any

from schemas import dates
from schemas.codelists import Phase
from service.domain.monitoring import (
    Monitoring,
    MonitoringEntered,
    MonitoringLeft,
    MonitoringObserved,
)
from service.imports.names import shown
from service.imports.shapes.cells import Cells, when
from service.imports.shapes.lookup import force_of, id_in_series
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import Command, RefusedError, Wanted

_OBSERVED = re.compile(r"in Engage (?:at|on) ([0-9]{4}-[0-9]{2}-[0-9]{2})")
_LENGTHS = {"year": 4, "month": 7, "day": 10}
_FIRST, _LAST = "0000-00-00", "9999-99-99"


def put_spell(reader: Reader, cells: Cells) -> None:
    """Put a spell on record: spells whose possible days overlap are one."""
    for name in ("entered", "left"):
        _must_be_as_precise(cells, name)
    force = force_of(reader, cells)
    entered, left = when(cells, "entered", "entered_on"), when(cells, "left", "left_on")
    id = _spell(
        reader, f"{force}.{Phase.ENGAGE}", entered["entered_on"], left["left_on"]
    )
    note = cells.get("note") or None
    data = {"body": force, "phase": str(Phase.ENGAGE), **entered, "note": note}
    _want(reader, cells, id, MonitoringEntered.type_name, data, _enter)
    if observed := _OBSERVED.search(note or ""):
        seen = {"observed_on": observed[1], "note": None}
        _want(reader, cells, id, MonitoringObserved.type_name, seen, _observe)
    if left["left_on"]:
        data = {**left, "to_phase": str(Phase.SCAN), "note": note}
        _want(reader, cells, id, MonitoringLeft.type_name, data, _leave)


def _enter(thing: Any, members: Any) -> MonitoringEntered:
    entered: MonitoringEntered = thing.enter(**members)
    return entered


def _observe(thing: Any, members: Any) -> MonitoringObserved:
    observed: MonitoringObserved = thing.observe(**members)
    return observed


def _leave(thing: Any, members: Any) -> MonitoringLeft:
    left: MonitoringLeft = thing.leave(**members)
    return left


def _want(
    reader: Reader, cells: Cells, id: str, type: str, data: Any, command: Command
) -> None:
    [day] = [name for name in data if dates.is_world_date(name)]
    words = {"note": data["note"]} if data["note"] else {}

    def is_same(event: Any) -> bool:
        return type != MonitoringObserved.type_name or event.observed_on == data[day]

    reader.work.want(
        Wanted(
            Monitoring,
            id,
            type,
            data,
            command,
            stated=(day,),
            is_same=is_same,
            source=reader.source(cells),
            context={"words": words},
        )
    )


def _spell(reader: Reader, stem: str, entered: str | None, left: str | None) -> str:
    """Return the id of the spell that is meant: the one that may be the same."""
    wanted = _window(entered, left)

    def overlaps(spell: Monitoring) -> bool:
        first, last = _window_of(spell)
        return first <= wanted[1] and wanted[0] <= last

    id = id_in_series(reader, Monitoring, stem, overlaps)
    other = id_in_series(reader, Monitoring, stem, overlaps, nth=2)
    if reader.work.find(Monitoring, other).version:
        raise RefusedError(f"entered: it may be {id} or {other}: give a finer date.")
    return id


def _window_of(spell: Monitoring) -> tuple[str, str]:
    entered = [each.entered_on for each in spell.live(MonitoringEntered)]
    left = [each.left_on for each in spell.live(MonitoringLeft)]
    return _window(next(iter(entered), None), next(iter(left), None))


def _window(entered: str | None, left: str | None) -> tuple[str, str]:
    first = dates.first_day(entered) if entered else _FIRST
    return first, dates.last_day(left) if left else _LAST


def _must_be_as_precise(cells: Cells, name: str) -> None:
    """Check the derived column of the precision, which is not recorded."""
    text, precision = cells.get(name, ""), cells.get(f"{name}_precision", "")
    if not precision or "/" in text:
        return
    if _LENGTHS.get(precision) != len(text):
        raise RefusedError(
            f"{name}_precision: says {shown(precision)}, but {name} is {shown(text)}."
        )


SHAPES = [
    Shape(
        "engage_periods",
        ("force_id",),
        ("entered_basis", "entered_precision", "left_basis", "left_precision"),
        put_spell,
        "spells of enhanced monitoring (Engage)",
        may_be_blank=("entered", "left"),
    )
]
