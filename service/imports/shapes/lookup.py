"""Lookups: which body, which inspection and which thing of a series a row means."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from schemas import dates
from schemas.codelists import Relation
from service.domain.base import Aggregate, Event
from service.domain.bodies import Body, BodyLinked
from service.domain.inspections import PILLARS_APART, Inspection, inspection_id
from service.imports.names import shown, slug
from service.imports.shapes.cells import Cells, need
from service.imports.shapes.reader import Reader
from service.imports.wanted import RefusedError

A = TypeVar("A", bound=Aggregate)

INSPECTORATE = "hmicfrs"
REGIONAL = "regional-soc-2022"
OVERSEERS = ("commissioner", "deputy-commissioner", "mayor", "deputy-mayor")
OF_FORCE = (
    "force",
    "chief-constable",
    "temporary-chief-constable",
    "deputy-chief-constable",
    "assistant-chief-constable",
)
OF_INSPECTORATE = ("inspector", "inspectorate")
PILLARS = ("effectiveness", "efficiency", "legitimacy")
# What is published beside the report of a programme is another inspection.
_BESIDE = re.compile(
    r"revisit|letter|re-?inspection|accelerated|early findings|causes? of concern",
    re.IGNORECASE,
)


def force_of(reader: Reader, cells: Cells) -> str:
    """Return the id of the force of a row."""
    return reader.body(need(cells, "force_id"), "force_id")


def body_in_office(reader: Reader, force: str, cells: Cells, column: str) -> str:
    """Return the body for which the holder of an office speaks or acts."""
    office = slug(need(cells, column))
    if office in OVERSEERS:
        return overseer_of(reader, force, column)
    if office in OF_FORCE:
        return force
    if office in OF_INSPECTORATE:
        return INSPECTORATE
    allowed = ", ".join((*OVERSEERS, *OF_FORCE, *OF_INSPECTORATE))
    raise RefusedError(f"{column}: {shown(cells[column])} is none of {allowed}.")


def overseer_of(reader: Reader, force: str, column: str) -> str:
    """Return the local policing body of a force."""
    links = reader.work.find(Body, force).live(BodyLinked)
    found = [each.to for each in links if each.relation == Relation.OVERSEEN_BY]
    if not found:
        raise RefusedError(f"{column}: who oversees {force} is not on record.")
    return str(found[-1])


def region_of(reader: Reader, force: str) -> str | None:
    """Return the region of a force, if it is on record."""
    links = reader.work.find(Body, force).live(BodyLinked)
    found = [each.to for each in links if each.relation == Relation.MEMBER_OF]
    return str(found[-1]) if found else None


def programme_of(reader: Reader, text: str) -> str | None:
    """Return the id of the programme that a text names, or None."""
    if found := re.search(r"PEEL\b.*?(20\d\d(?:[-/]\d{2,4})?)", text):
        return reader.programme_id(f"PEEL {found[1]}")
    if re.search(r"regional (SOC|response to serious)", text, re.IGNORECASE):
        return reader.programme_id(REGIONAL)
    return reader.programme_id(text) if text else None


def is_regional(id: str) -> bool:
    """Whether a programme, or an inspection of one, is of regions and not of forces."""
    return id.partition(".")[0] == REGIONAL


def inspection_in(
    reader: Reader, programme: str, force: str, text: str, day: str | None = None
) -> str | None:
    """Return the id of a force's inspection in a programme, if it is clear."""
    if is_regional(programme):
        named = re.search(r"(?:of the |^)(.+?) regional", text)
        region = f"region-{slug(named[1])}" if named else region_of(reader, force)
        return inspection_id(programme, region) if region else None
    if programme not in PILLARS_APART:
        return inspection_id(programme, force)
    pillars = [each for each in PILLARS if each in text.casefold()]
    ids = [inspection_id(programme, force, pillar=each) for each in pillars or PILLARS]
    if not pillars and day:
        ids = [each for each in ids if _published_on(reader, each) == day]
    return ids[0] if len(ids) == 1 else None


def inspection_on_record(
    reader: Reader, force: str, programme: str, report: str, day: str | None = None
) -> str | None:
    """Return the inspection on record that a row names, or None: never a guess."""
    if report and (titled := reader.inspection(report)):
        return titled
    family = programme_of(reader, programme) or programme_of(reader, report)
    if family is None or _BESIDE.search(report):
        return None
    id = inspection_in(reader, family, force, report, day)
    return id if id and is_published(reader, id) else None


def is_published(reader: Reader, id: str) -> bool:
    """Whether an inspection is on record as published."""
    found = reader.work.find(Inspection, id)
    return found.exists and found.publication is not None


def streams_of(inspection: str | None) -> list[str]:
    """Return the streams of what a row is about."""
    return [f"inspection-{inspection}"] if inspection else []


def first_of(thing: Aggregate) -> Event:
    """Return the first original event of a thing, as it stands."""
    return thing.facts[min(thing.facts)].event


def has_source(thing: Aggregate, url: str | None) -> bool:
    """Whether a thing was put on record from the source with this address."""
    return url in [each["url"] for each in first_of(thing).sources]


def id_in_series(
    reader: Reader,
    kind: type[A],
    stem: str,
    is_same: Callable[[A], bool],
    *,
    nth: int = 1,
    is_bare_first: bool = False,
) -> str:
    """Return the id of the nth thing of a series that is the same, or the next one."""
    alike = 0
    for id in _ids(stem, is_bare_first=is_bare_first):
        thing = reader.work.find(kind, id)
        if not thing.version:
            return id
        alike += is_same(thing)
        if alike == nth:
            return id
    raise AssertionError("unreachable")


def agree(one: str | None, other: str | None) -> bool:
    """Whether two dates may be of the same day; an unknown one may be any."""
    if one is None or other is None:
        return True
    return not dates.is_before(one, other) and not dates.is_before(other, one)


def _ids(stem: str, *, is_bare_first: bool) -> Iterator[str]:
    if is_bare_first:
        yield stem
    number = 1 + is_bare_first
    while True:
        yield f"{stem}.{number}"
        number += 1


def _published_on(reader: Reader, id: str) -> str | None:
    publication = reader.work.find(Inspection, id).publication
    return publication.published_on if publication else None
