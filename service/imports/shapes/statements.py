"""The shapes of statements: what was said, and the responses that are due by law."""

from datetime import date, timedelta
from typing import Any

from schemas import dates
from schemas.codelists import StatementKind
from service.domain.statements import Statement, StatementPublished
from service.imports.names import shown, slug
from service.imports.shapes.cells import Cells, dated, need, ordinal, when
from service.imports.shapes.inspections import NATIONAL, kind_named, publish
from service.imports.shapes.lookup import (
    agree,
    body_in_office,
    first_of,
    force_of,
    has_source,
    id_in_series,
    inspection_in,
    inspection_on_record,
    overseer_of,
    programme_of,
    streams_of,
)
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import RefusedError, Wanted
from service.naming import dated_stem

RESPONSE = str(StatementKind.SECTION_55_RESPONSE)
LAST_DAY = 55  # Days after the publication: the 56th, Police Act 1996, s.55(5A).


def put_statement(reader: Reader, cells: Cells) -> None:
    """Put what somebody said on record."""
    force = force_of(reader, cells)
    body = _speaking_body(reader, force, cells)
    said = when(cells, "dated_on", "dated_on")
    about = streams_of(_about(reader, force, cells))
    is_response = slug(need(cells, "kind")) == RESPONSE
    source = reader.source(cells)
    data = {
        "kind": slug(cells["kind"]),
        "body": body,
        **said,
        "about": about,
        "responds_to": about if is_response else [],
        "section_55": True if is_response else None,
        "title": cells.get("title") or None,
        "text": cells.get("stance_paraphrase") or None,
        "speaker": cells.get("speaker_name") or None,
    }
    stem = dated_stem(body, said["dated_on"])
    id = id_in_series(
        reader,
        Statement,
        stem,
        lambda thing: has_source(thing, source["url"]),
        nth=ordinal(cells),
    )
    _want(reader, id, data, source, stated=("kind",))


def put_response(reader: Reader, cells: Cells) -> None:
    """Put the response of a force's overseer to a report on record."""
    force = force_of(reader, cells)
    body = overseer_of(reader, force, "force_id")
    _must_be_in_time(cells)
    inspection = _report(reader, force, cells)
    answered = when(cells, "response_dated", "dated_on")
    data = {
        "kind": RESPONSE,
        "body": body,
        **answered,
        "about": streams_of(inspection),
        "responds_to": streams_of(inspection),
        "section_55": True,
        "title": f"Response: {cells['report']}",
    }
    id = _response_to(reader, body, inspection, answered["dated_on"])
    _want(reader, id, data, reader.source(cells), stated=("kind", "dated_on"))


def _want(
    reader: Reader, id: str, data: dict[str, Any], source: Any, stated: tuple[str, ...]
) -> None:
    words = {n: data[n] for n in ("title", "text", "speaker") if data.get(n)}
    reader.work.want(
        Wanted(
            Statement,
            id,
            StatementPublished.type_name,
            data,
            lambda thing, members: thing.publish(**members),
            stated=stated,
            source=source,
            context={"words": words},
        )
    )
    if data["kind"] == RESPONSE:
        for stream in data["responds_to"]:
            reader.add_response(data["body"], stream, id)


def _speaking_body(reader: Reader, force: str, cells: Cells) -> str:
    """Return the body that speaks; `other` offices name it themselves."""
    if slug(need(cells, "speaker_office")) != "other":
        return body_in_office(reader, force, cells, "speaker_office")
    name = cells.get("speaker_body") or cells.get("speaker_name")
    if not name:
        raise RefusedError("speaker_office: other, and no body that speaks is named.")
    return reader.body(name, "speaker_name", ())


def _about(reader: Reader, force: str, cells: Cells) -> str | None:
    programme, report = cells.get("about_programme", ""), cells.get("about_report", "")
    if not report:
        return None
    return inspection_on_record(reader, force, programme, report)


def _response_to(reader: Reader, body: str, inspection: str, day: str | None) -> str:
    """Return the id of the response on record, of whatever date, or of a new one."""
    stream = f"inspection-{inspection}"

    def is_same(thing: Statement) -> bool:
        said: Any = first_of(thing)
        return said.kind == RESPONSE and stream in said.responds_to

    for id in reader.responses(body, stream):
        thing = reader.work.find(Statement, id)
        if thing.exists and is_same(thing) and _may_be_of(thing, day):
            return id
    return id_in_series(reader, Statement, dated_stem(body, day), is_same)


def _may_be_of(thing: Statement, day: str | None) -> bool:
    said: Any = first_of(thing)
    return agree(said.dated_on, day)


def _report(reader: Reader, force: str, cells: Cells) -> str:
    """Return the report that is answered; one of a clear kind is put on record."""
    text, day = need(cells, "report"), cells.get("report_published_on")
    if known := inspection_on_record(reader, force, text, text, day):
        return known
    published = when(cells, "report_published_on", "published_on")
    programme = programme_of(reader, text)
    kind = kind_named(text)
    if programme and not kind:
        id = inspection_in(reader, programme, force, text, day)
    else:
        id, programme = _outside_id(kind, force, published["published_on"]), None
    if id is None:
        raise RefusedError(
            f"report: what kind of inspection {shown(text)} is, is unclear."
        )
    publish(
        reader,
        id,
        reader.source(cells),
        kind=kind if kind and not programme else "programme",
        programme=programme,
        title=text,
        subjects=[] if kind in NATIONAL else [force],
        published=published,
        section_55=None if kind == "letter" else True,
    )
    return id


def _outside_id(kind: str | None, force: str, day: str | None) -> str | None:
    place = "national" if kind in NATIONAL else force
    return f"{kind}.{place}.{day[:4] if day else 'undated'}" if kind else None


def _must_be_in_time(cells: Cells) -> None:
    """Check the derived columns of the deadline, which are not recorded."""
    for name in ("report_published_on", "s55_due_by", "response_dated"):
        dated(cells, name)
    report, due, said = (
        cells.get(name, "")
        for name in ("report_published_on", "s55_due_by", "response_dated")
    )
    if due and dates.is_day(report):
        last = date.fromisoformat(report) + timedelta(days=LAST_DAY)
        _must_be(cells, "s55_due_by", due, last.isoformat())
    if dates.is_day(report) and dates.is_day(said):
        _must_be(cells, "day_number_of_response", None, _days(report, said) + 1)
    if dates.is_day(due) and dates.is_day(said):
        _must_be(cells, "days_after_due", None, _days(due, said))


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _must_be(cells: Cells, name: str, said: str | None, found: str | int) -> None:
    stated = said or cells.get(name, "")
    if stated and stated != str(found):
        raise RefusedError(f"{name}: says {shown(stated)}, but it is {found}.")


SHAPES = [
    Shape(
        "statements",
        ("force_id", "speaker_office", "kind"),
        (
            "speaker_name",
            "speaker_body",
            "about_programme",
            "about_report",
            "title",
        ),
        put_statement,
        "what commissioners, chief constables and inspectors said of inspections",
        key=("force_id", "speaker_office", "dated_on", "source_url"),
        may_be_blank=("dated_on", "stance_paraphrase"),
    ),
    Shape(
        "s55_responses",
        ("force_id", "report"),
        (
            "report_published_on",
            "s55_due_by",
            "day_number_of_response",
            "days_after_due",
            "response_dated_basis",
        ),
        put_response,
        "responses to reports, which the law asks for, and their deadlines",
        may_be_blank=("response_dated",),
    ),
]
