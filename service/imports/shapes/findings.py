"""The shapes of findings: those of reports, and the old register of recommendations."""

from typing import Any

from schemas.codelists import FindingKind, FindingStatus
from service.domain.findings import (
    Finding,
    FindingClosed,
    FindingCommented,
    FindingRaised,
    FindingStatusReported,
)
from service.domain.inspections import Inspection
from service.domain.programmes import Programme
from service.imports.names import shown, slug
from service.imports.shapes.cells import Cells, dated, need, new_id, ordinal, when
from service.imports.shapes.inspections import kind_named, publish
from service.imports.shapes.lookup import (
    INSPECTORATE,
    first_of,
    force_of,
    has_source,
    id_in_series,
    inspection_in,
    inspection_on_record,
    is_regional,
    programme_of,
    region_of,
)
from service.imports.shapes.ratings import name_of, peel_title, soc_title
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import Command, RefusedError, Wanted
from service.naming import LETTERS

ACCELERATED = "accelerated-"


def put_finding(reader: Reader, cells: Cells) -> None:
    """Put a finding of an inspection on record, and what became of it."""
    force = force_of(reader, cells)
    kind = _kind(cells)
    inspection = _inspection(reader, cells, force)
    data = {
        "inspection": inspection,
        "bodies": [force],
        "kind": str(kind),
        "accelerated": slug(cells["kind"]).startswith(ACCELERATED) or None,
        **when(cells, "published_on", "raised_on"),
        "title": need(cells, "topic"),
    }
    id = _finding_id(reader, cells, data)
    _raise(reader, id, data, reader.source(cells))
    if cells.get("later_status"):
        _put_later_status(reader, cells, id)


def put_register_entry(reader: Reader, cells: Cells) -> None:
    """Put one entry of the register on record: a status of a finding, or a comment."""
    outside_id = new_id(cells, "hmicfrs_recommendation_id")
    force = force_of(reader, cells) if cells.get("force_id") else None
    report = cells.get("report", "")
    data = {
        "inspection": inspection_on_record(reader, force or "", report, report),
        "bodies": [force] if force else [],
        "kind": str(FindingKind.RECOMMENDATION),
        "accelerated": None,
        "outside_id": outside_id,
        "title": report or None,
    }
    id = f"{INSPECTORATE}.{outside_id}"
    known = reader.work.find(Finding, id)
    if known.exists:
        # What the recommendation is part of is settled when it is first met.
        data["inspection"] = getattr(first_of(known), "inspection", None)
    _raise(reader, id, data, reader.source(cells))
    _put_entry(reader, cells, id)


def _put_entry(reader: Reader, cells: Cells, id: str) -> None:
    kind, value = slug(need(cells, "kind")), need(cells, "value")
    if kind == "comment":
        day = when(cells, "on", "commented_on")
        _want(
            reader,
            cells,
            id,
            FindingCommented.type_name,
            {**day, "text": value},
            _comment,
        )
    elif kind == "status":
        day = when(cells, "on", "reported_on")
        data = {**day, **_status(value), "reported_by": INSPECTORATE}
        _want(reader, cells, id, FindingStatusReported.type_name, data, _report)
    else:
        raise RefusedError(f"kind: {shown(kind)} is none of status, comment.")


def _put_later_status(reader: Reader, cells: Cells, id: str) -> None:
    word = cells["later_status"]
    if slug(word) == "closed":
        data = when(cells, "later_status_on", "on") | {"decided_by": None}
        _want(reader, cells, id, FindingClosed.type_name, data, _close)
        return
    day = when(cells, "later_status_on", "reported_on")
    data = {**day, **_status(word), "reported_by": None}
    _want(reader, cells, id, FindingStatusReported.type_name, data, _report)


def _status(word: str) -> dict[str, str | None]:
    """Return the code of a status where the word is one, and the word where not."""
    is_code = slug(word) in list(FindingStatus)
    return {
        "status": slug(word) if is_code else None,
        "status_word": None if is_code else word,
    }


def _comment(thing: Any, members: Any) -> Any:
    return thing.comment(**members)


def _report(thing: Any, members: Any) -> Any:
    return thing.report_status(**members)


def _close(thing: Any, members: Any) -> Any:
    return thing.close(**members)


def _want(
    reader: Reader, cells: Cells, id: str, type: str, data: Any, command: Command
) -> None:
    """Want an event of a finding; alike are those of one type on one day."""
    [day] = [name for name in data if name in ("on", "reported_on", "commented_on")]
    is_register = "hmicfrs_recommendation_id" in cells

    def is_same(event: Any) -> bool:
        return type == FindingClosed.type_name or getattr(event, day) == data[day]

    reader.work.want(
        Wanted(
            Finding,
            id,
            type,
            data,
            command,
            stated=tuple(name for name in (day, "status") if data.get(name)),
            is_same=is_same,
            source=reader.source(cells),
            context={"words": _words(data)},
            nth=ordinal(cells) if is_register else None,
        )
    )


def _words(data: Any) -> dict[str, str]:
    return {n: data[n] for n in ("status_word", "text", "note") if data.get(n)}


def _kind(cells: Cells) -> FindingKind:
    text = slug(need(cells, "kind")).removeprefix(ACCELERATED)
    if text not in list(FindingKind):
        raise RefusedError(f"kind: {shown(text)} is none of {', '.join(FindingKind)}.")
    return FindingKind(text)


def _inspection(reader: Reader, cells: Cells, force: str) -> str:
    """Return the inspection of a finding; it is put on record if it is not yet."""
    text, day = cells.get("programme", ""), cells.get("published_on")
    if programme := programme_of(reader, text):
        found = inspection_in(reader, programme, force, "", day)
        if found is None:
            raise RefusedError(
                f"programme: which of {text} has the finding is unclear."
            )
        _publish_missing(reader, cells, programme, found, force)
        return found
    kind = kind_named(text or need(cells, "kind")) or _same_day(reader, cells, force)
    if kind is None:
        raise RefusedError(
            f"programme: which inspection {shown(text)} means is not clear."
        )
    return _outside_programmes(reader, cells, kind, force)


def _same_day(reader: Reader, cells: Cells, force: str) -> str | None:
    """Whether what has no programme was published with an accelerated finding."""
    day = cells.get("published_on") or ""
    if cells.get("programme") or not day:
        return None
    found = reader.work.find(Inspection, f"accelerated.{force}.{day[:4]}").publication
    return "accelerated" if found and found.published_on == day else None


def _publish_missing(
    reader: Reader, cells: Cells, programme: str, id: str, force: str
) -> None:
    """Publish an inspection that is first met by what it found: its day is unknown."""
    if reader.work.find(Inspection, id).publication:
        return
    subjects = [force]
    if region := is_regional(id) and region_of(reader, force):
        title = soc_title(reader, region)
        subjects = sorted(reader.subjects_by_region([], ())[region])
    else:
        title = peel_title(reader, reader.work.find(Programme, programme), force, id)
    source = reader.source(cells)
    publish(reader, id, source, programme=programme, title=title, subjects=subjects)


def _outside_programmes(reader: Reader, cells: Cells, kind: str, force: str) -> str:
    published = dated(cells, "published_on")
    day = published["published_on"]

    def is_same(thing: Inspection) -> bool:
        known = thing.publication
        return known is not None and day in (None, known.published_on)

    stem = f"{kind}.{force}.{day[:4] if day else 'undated'}"
    id = id_in_series(reader, Inspection, stem, is_same, is_bare_first=True)
    if not reader.work.find(Inspection, id).version:
        title = (
            f"{cells.get('programme') or kind.capitalize()}: {name_of(reader, force)}"
        )
        publish(
            reader,
            id,
            reader.source(cells),
            kind=kind,
            programme=None,
            title=title,
            subjects=[force],
            published=published,
            section_55=None,
        )
    return id


def _finding_id(reader: Reader, cells: Cells, data: dict[str, Any]) -> str:
    """Return the id of the nth finding of its kind, day and source."""
    inspection, [force] = data["inspection"], data["bodies"]
    has_several = len(reader.work.find(Inspection, inspection).subjects) > 1
    stem = f"{inspection}.{force}" if has_several else inspection
    source = reader.source(cells)
    letter = LETTERS[FindingKind(data["kind"])]

    def is_same(thing: Finding) -> bool:
        known: Any = first_of(thing)
        told = (known.kind, known.raised_on, known.bodies)
        is_alike = told == (data["kind"], data["raised_on"], data["bodies"])
        return is_alike and has_source(thing, source["url"])

    number, alike = 1, 0
    while (thing := reader.work.find(Finding, f"{stem}.{letter}{number}")).version:
        alike += is_same(thing)
        if alike == ordinal(cells):
            break
        number += 1
    return f"{stem}.{letter}{number}"


def _raise(reader: Reader, id: str, data: dict[str, Any], source: Any) -> None:
    inspection = data["inspection"]
    published = reader.work.find(Inspection, inspection) if inspection else None
    reader.work.want(
        Wanted(
            Finding,
            id,
            FindingRaised.type_name,
            data,
            lambda thing, members: thing.raise_(published, **members),
            stated=("kind", "bodies", "accelerated"),
            source=source,
            context={"words": {"title": data["title"]} if data["title"] else {}},
        )
    )


SHAPES = [
    Shape(
        "findings",
        ("force_id", "kind", "topic"),
        ("published_on", "later_status_on"),
        put_finding,
        "causes of concern, areas for improvement, recommendations",
        key=("force_id", "programme", "kind", "published_on", "source_url"),
        may_be_blank=("programme", "later_status"),
    ),
    Shape(
        "recommendation_events",
        ("hmicfrs_recommendation_id", "kind", "value"),
        ("force_id", "report"),
        put_register_entry,
        "the register of recommendations: statuses and comments in their order",
        key=("hmicfrs_recommendation_id", "on", "kind"),
        may_be_blank=("on",),
    ),
]
