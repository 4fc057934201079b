"""The shapes of inspections: publications, and when the bodies were inspected."""

import re
from typing import Any

from schemas import dates
from schemas.codelists import InspectionKind
from service.domain.inspections import (
    Inspection,
    InspectionFieldworkStated,
    InspectionPublished,
)
from service.imports.names import shown, slug
from service.imports.shapes.cells import Cells, dated, need, new_id, when, whole_number
from service.imports.shapes.lookup import (
    inspection_on_record,
    is_published,
    programme_of,
)
from service.imports.shapes.reader import FORCES, Reader, Shape
from service.imports.wanted import RefusedError, Wanted

NATIONAL = ("spotlight", "thematic", "state-of-policing")
_KINDS = {
    "accelerated": r"accelerated",
    "custody": r"custody",
    "crime-data-integrity": r"crime data integrity",
    "child-protection": r"child protection",
    "victim-service": r"victim service|service provided to victims",
    "spotlight": r"spotlight",
    "state-of-policing": r"state of policing",
    "commissioned": r"commissioned",
    "letter": r"letter|revisit",
}


def kind_named(text: str) -> str | None:
    """Return the kind of an inspection outside the programmes, if its name is clear."""
    for kind, words in _KINDS.items():
        if re.search(words, text, re.IGNORECASE):
            return kind
    return None


def publish(
    reader: Reader,
    id: str,
    source: dict[str, Any],
    *,
    kind: str = str(InspectionKind.PROGRAMME),
    programme: str | None,
    title: str,
    subjects: list[str],
    published: dict[str, Any] | None = None,
    section_55: bool | None = True,
    report_url: str | None = None,
) -> None:
    """Put the publication of an inspection on record."""
    day = published or {"published_on": None, "published_on_basis": None}
    data = {
        "kind": kind,
        "programme": programme,
        "title": title,
        "subjects": subjects,
        **day,
        "report_url": report_url,
        "section_55": section_55,
    }
    reader.work.want(
        Wanted(
            Inspection,
            id,
            InspectionPublished.type_name,
            data,
            lambda thing, members: thing.publish(**members),
            stated=("published_on",) if day["published_on"] else (),
            source=source,
        )
    )
    reader.add_inspection(id, title)


def put_inspection(reader: Reader, cells: Cells) -> None:
    """Put an inspection outside the programmes on record."""
    subjects = [
        reader.body(name, "subjects", ()) for name in cells.get("subjects", "").split()
    ]
    publish(
        reader,
        new_id(cells, "inspection_id", is_exact=True),
        reader.source(cells),
        kind=slug(need(cells, "kind")),
        programme=programme_of(reader, cells.get("programme", "")),
        title=need(cells, "title"),
        subjects=subjects,
        published=dated(cells, "published_on"),
        # Whether the duty to respond covers letters is unclear: none is stated.
        section_55=None if slug(cells["kind"]) in ("letter", "accelerated") else True,
        report_url=cells.get("report_url") or None,
    )


def put_lag(reader: Reader, cells: Cells) -> None:
    """Put on record when some of the subjects of an inspection were inspected."""
    id = _inspection(reader, cells)
    found = reader.work.find(Inspection, id)
    _must_agree(found, cells)
    subjects = sorted(_subjects(reader, found, cells))
    data = {
        "subjects": subjects,
        **when(cells, "fieldwork_start", "fieldwork_from"),
        **when(cells, "fieldwork_end", "fieldwork_to"),
        "note": cells.get("note") or None,
    }
    reader.work.want(
        Wanted(
            Inspection,
            id,
            InspectionFieldworkStated.type_name,
            data,
            lambda thing, members: thing.state_fieldwork(**members),
            stated=("fieldwork_from", "fieldwork_to"),
            is_same=lambda event: sorted(event.subjects) == subjects,
            source=_source(reader, cells),
        )
    )


def _inspection(reader: Reader, cells: Cells) -> str:
    text = need(cells, "inspection")
    id: str | None = cells.get("inspection_id") or None
    if id is None:
        force = _force_named(reader, text) or ""
        id = inspection_on_record(reader, force, text, text, cells.get("published_on"))
    if id is None or not is_published(reader, id):
        raise RefusedError(f"inspection: {shown(text)} is not on record.")
    return id


def _force_named(reader: Reader, text: str) -> str | None:
    name = re.split(r" (?:PEEL|regional)", text)[0]
    try:
        return reader.body(name, "inspection")
    except RefusedError:
        return None


def _subjects(reader: Reader, found: Inspection, cells: Cells) -> list[str]:
    """Return who was inspected then: named in a column, in brackets, or all."""
    if cells.get("subjects"):
        return [reader.body(each, "subjects", ()) for each in cells["subjects"].split()]
    within = re.search(r"\((.+?)(?: fieldwork)?\)", cells["inspection"])
    if within is None:
        return list(found.subjects)
    return [reader.body(each, "inspection", FORCES) for each in within[1].split(", ")]


def _must_agree(found: Inspection, cells: Cells) -> None:
    """Check what the row says of the publication, which is not recorded again."""
    stated, known = dated(cells, "published_on")["published_on"], found.publication
    assert known  # It was looked up among those published.
    if stated and not dates.agrees(stated, known.published_on) and known.published_on:
        raise RefusedError(
            f"published_on: says {stated}, but {found.id} is of {known.published_on}."
        )
    _must_count_months(cells)


def _must_count_months(cells: Cells) -> None:
    names = ("fieldwork_end", "published_on")
    ends = [dated(cells, name)[name] or "" for name in names]
    if not cells.get("months_approx") or any(len(each) not in (7, 10) for each in ends):
        return
    first, last = (int(each[:4]) * 12 + int(each[5:7]) for each in ends)
    stated = whole_number(cells["months_approx"], "months_approx")
    if abs(last - first - stated) > 1:
        raise RefusedError(
            f"months_approx: says {stated}, but there are {last - first}."
        )


def _source(reader: Reader, cells: Cells) -> dict[str, Any]:
    """Return the source of a row, which may be given in words only."""
    source = reader.source(cells)
    return source if source["url"] else {**source, "publisher": cells.get("basis")}


SHAPES = [
    Shape(
        "inspections",
        ("inspection_id", "kind", "title"),
        ("programme", "published_on", "report_url"),
        put_inspection,
        "inspections outside the programmes: letters, thematic reports, and more",
        may_be_blank=("subjects",),
        public=("title",),
    ),
    Shape(
        "publication_lags",
        ("inspection", "fieldwork_end"),
        (
            "inspection_id",
            "subjects",
            "fieldwork_start",
            "fieldwork_start_basis",
            "fieldwork_end_basis",
            "published_on",
            "months_approx",
            "basis",
        ),
        put_lag,
        "when bodies were inspected, and when that was published",
        confidence="medium",
    ),
]
