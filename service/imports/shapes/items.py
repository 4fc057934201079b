"""Rows of lists: what was edited of a thing as a list shows it, or a new thing.

A cell that is unlike the record was edited. A row whose id is not on record is a new
thing. What was edited goes through the same rules as everything.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from schemas.catalogue import DATA_SCHEMAS
from service.commands import bring_about
from service.domain.base import Aggregate, Fact
from service.domain.catalogue import NOUNS
from service.domain.programmes import Programme
from service.imports.names import shown
from service.imports.shapes.cells import Cells, need
from service.imports.shapes.item_sources import (
    add_sources,
    must_have_sources,
    source_of,
)
from service.imports.shapes.reader import Reader
from service.imports.shapes.references import must_have_id, resolved
from service.imports.shapes.told import (
    Data,
    Told,
    is_id_list,
    is_sealed,
    is_shown,
    put_in,
    read,
    shown_as,
    value_in,
)
from service.imports.wanted import RefusedError, Wanted, is_id


def put_item(reader: Reader, cells: Cells, noun: str, tolds: Sequence[Told]) -> None:
    """Put on record what a row tells of a thing that is not there yet."""
    id = need(cells, "id")
    if not is_id(id):
        raise RefusedError(f"id: {shown(id)} is no id: a-z, 0-9, hyphens and dots.")
    thing = reader.work.name(NOUNS[noun], id)
    first, *others = [each for each in tolds if each.is_of(cells)]
    if fact := _main(reader, cells, thing, first):
        must_have_sources(reader, cells, thing, fact)
    said = [_try(reader, cells, thing, first, is_first=True)]
    said += [_try(reader, cells, thing, each, is_first=False) for each in others]
    if fact and not any(said):  # Else what was said has the source of the row.
        add_sources(reader, cells, thing, fact.version)


def _main(reader: Reader, cells: Cells, thing: Aggregate, told: Told) -> Fact | None:
    """Return the event that a row shows first, if it is on record."""
    return _meant(reader, cells, thing, told)[0]


def _try(
    reader: Reader, cells: Cells, thing: Aggregate, told: Told, *, is_first: bool
) -> bool:
    try:
        return _put(reader, cells, type(thing), thing.id, told, is_first=is_first)
    except RefusedError as error:
        raise RefusedError(*_by_column(error.faults, told)) from error


def _by_column(faults: Sequence[str], told: Told) -> Iterator[str]:
    """Name the columns of the file where members of events are at fault."""
    for fault in faults:
        member, colon, rest = fault.partition(":")
        yield f"{told.members.get(member, member)}{colon}{rest}"


def _put(
    reader: Reader,
    cells: Cells,
    kind: type[Aggregate],
    id: str,
    told: Told,
    *,
    is_first: bool,
) -> bool:
    """Put one event of a row on record; return whether it says anything new."""
    thing = reader.work.find(kind, id)
    _must_be_flag(cells, told)
    fact, edits = _meant(reader, cells, thing, told)
    if fact:
        _must_not_be_denied(cells, told)
        if edits:
            _edit(reader, cells, thing, told, fact, edits)
        return bool(edits)
    if is_first or told.is_told(cells):
        _record(reader, cells, thing, told, is_first=is_first)
        return True
    _must_not_be_blanked(cells, thing, told)
    return False


def _must_not_be_blanked(cells: Cells, thing: Aggregate, told: Told) -> None:
    """Refuse a row that shows nothing, or words alone, of what is there or is new."""
    columns = told.own
    if words := [c for c in columns.values() if cells.get(c)]:
        raise RefusedError(f"{words[0]}: says words of what is not on record.")
    known = [f for f in told.facts(thing) if told.is_near(f.event, cells)]
    if told.key and known and all(c in cells for c in columns.values()):
        day = shown_as(value_in(known[-1].event.data, told.key[-1])) or "unknown"
        raise RefusedError(f"{columns[told.key[-1]]}: is {day} there, blank here.")


def _meant(
    reader: Reader, cells: Cells, thing: Aggregate, told: Told
) -> tuple[Fact | None, Data]:
    """Return the event that a row is about, and what of it was edited."""
    found = told.facts(thing)
    if told.key:
        found = [fact for fact in found if told.has_key(fact.event, cells)]
    edited: list[tuple[Fact | None, Data]] = [
        (fact, _edits(reader, cells, thing, told, fact)) for fact in found
    ]
    alike = (each for each in edited if not each[1])
    return next(alike, edited[-1] if edited else (None, {}))


def _edits(
    reader: Reader, cells: Cells, thing: Aggregate, told: Told, fact: Fact
) -> dict[str, str]:
    """Return the cells that do not show what is on record, by member."""
    known = {**fact.event.data, **reader.work.words(thing.stream, fact.version)}
    gone = reader.work.redacted(thing.stream, fact.version)
    inherited = told.inherited(reader, cells)
    edits = {}
    for member, column in told.own.items():
        if column not in cells or member in told.key:
            continue
        cell, value = cells[column], value_in(known, member)
        values = [value, *told.also(thing, member)]
        if value is None and member in inherited:
            values.append(inherited[member])
        if any(is_shown(cell, each) for each in values):
            continue
        if cell and _reads_as(reader, told, member, cell, value):
            continue
        if member in gone:
            reader.work.note_redacted()
        elif cell or not told.may_be_blank:
            edits[member] = cell
    return edits


def _reads_as(reader: Reader, told: Told, member: str, cell: str, value: Any) -> bool:
    """Whether a cell means a value that it writes otherwise: a name, another order."""
    with suppress(RefusedError):
        meant = resolved(reader, member, read(told.type, member, cell))
        is_sorted = isinstance(meant, list) and is_id_list(told.type, member)
        return bool((sorted(meant) if is_sorted else meant) == value)
    return False


def _must_be_flag(cells: Cells, told: Told) -> None:
    if told.flag and cells.get(told.flag, "").casefold() not in ("", "true", "false"):
        raise RefusedError(f"{told.flag}: write true or false.")


def _must_not_be_denied(cells: Cells, told: Told) -> None:
    if told.flag and not is_shown(cells.get(told.flag, "true"), True):
        raise RefusedError(
            f"{told.flag}: is true there, and not here. An import takes nothing back."
        )


def _edit(
    reader: Reader,
    cells: Cells,
    thing: Aggregate,
    told: Told,
    fact: Fact,
    edits: dict[str, str],
) -> None:
    """Want what was edited of an event, in the place of what is there."""
    _must_keep_the_id(told, fact, edits)
    data = dict(fact.event.data)
    for member, cell in edits.items():
        value = resolved(reader, member, read(told.type, member, cell))
        put_in(data, member, value)
    names = list(dict.fromkeys(member.partition(".")[0] for member in edits))
    words = {name: data[name] for name in names if is_sealed(told.type, name)}
    context: Data = {"words": words}
    if thing.noun == "rating":
        context["programme"] = reader.work.find(Programme, data["programme"])
    reader.work.want(
        Wanted(
            type(thing),
            thing.id,
            told.type,
            data,
            partial(bring_about, reader.work.find, told.type),
            stated=names,
            is_same=lambda event: event is fact.event,
            source=source_of(cells),
            context=context,
            is_edit=True,
        )
    )


def _must_keep_the_id(told: Told, fact: Fact, edits: dict[str, str]) -> None:
    if faults := [
        f"{name}: is {shown_as(value_in(fact.event.data, name)) or 'unknown'} there, "
        "and is part of the id: retract the thing, and record it anew."
        for name in edits
        if name in fact.event.identity
    ]:
        raise RefusedError(*faults)


def _record(
    reader: Reader, cells: Cells, thing: Aggregate, told: Told, *, is_first: bool
) -> None:
    """Want an event that is not on record."""
    inherited, data = told.inherited(reader, cells), dict(told.fixed)
    for member, column in told.members.items():
        cell = cells.get(column, "")
        if cell and is_shown(cell, inherited.get(member)):
            cell = ""
        value = read(told.type, member, cell)
        if value is not None or column in cells:
            put_in(data, member, resolved(reader, member, value))
    if is_first and not thing.version:
        _must_be_whole(told, data)
        must_have_id(reader, thing.noun, thing.id, data)
    reader.work.want(
        Wanted(
            type(thing),
            thing.id,
            told.type,
            _without_nothing(data),
            partial(bring_about, reader.work.find, told.type),
            is_same=lambda event: False,
            source=source_of(cells),
        )
    )
    reader.remember(told.type, thing.id, data)


def _must_be_whole(told: Told, data: Data) -> None:
    """Refuse a new thing that lacks what its id and its rules rest on."""
    required = [n for n, f in DATA_SCHEMAS[told.type]().fields.items() if f.required]
    missing = [name for name in required if data.get(name) is None]
    if missing:
        raise RefusedError(*(f"{name}: missing." for name in missing))


def _without_nothing(data: Data) -> Data:
    """Leave out an object of which every member is unknown: there is none."""
    empty = [
        name
        for name, value in data.items()
        if name == "scale" and not any(value.values())
    ]
    return {name: value for name, value in data.items() if name not in empty}
