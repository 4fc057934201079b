"""The shapes of grades: each puts an inspection on record, and its ratings."""

from schemas.codelists import BodyKind, Level, RatingBasis
from service.domain.bodies import Body, BodyRegistered
from service.domain.inspections import (
    Inspection,
    InspectionTotalsStated,
    inspection_id,
)
from service.domain.programmes import Programme
from service.domain.ratings import Rating, RatingAwarded, rating_id
from service.imports.names import shown, slug
from service.imports.shapes.cells import (
    Cells,
    all_of,
    dated,
    need,
    region_id,
    tiers_of,
    whole_number,
)
from service.imports.shapes.inspections import publish
from service.imports.shapes.reader import FORCES, Reader, Shape
from service.imports.wanted import RefusedError, Wanted

GRADES = ("outstanding", "good", "adequate", "requires_improvement", "inadequate")


def put_soc_grade(reader: Reader, cells: Cells) -> None:
    """Put the grade of one body in the inspection of a region on record."""
    programme = reader.programme({"programme": "regional-soc-2022"})
    region = region_id(need(cells, "soc_region_id"))
    place = region.removeprefix("region-")
    body, _ = all_of(
        lambda: _body_in_region(reader, cells, place),
        lambda: reader.grade(programme, need(cells, "grade")),
    )
    title = soc_title(reader, region)
    subjects = reader.together.get(region, set()) | {body}
    inspection = inspection_id(programme.id, place)
    _publish(reader, cells, programme, inspection, title, sorted(subjects))
    _award(reader, cells, programme, inspection, body, "overall", has_several=True)


def put_peel_grade(reader: Reader, cells: Cells) -> None:
    """Put one grade of a force on record."""
    (programme, question), body = all_of(
        lambda: _graded(reader, cells),
        lambda: reader.body(need(cells, "force_id"), "force_id"),
    )
    asked = programme.question(question)
    pillar = asked.pillar or (question if asked.level == Level.PILLAR else None)
    inspection = inspection_id(
        programme.id,
        body,
        pillar=pillar,
        is_revisit=slug(cells.get("basis", "")) == RatingBasis.REVISIT
        or _is_of_revisit(reader, cells, programme, (body, pillar, question)),
    )
    title = peel_title(reader, programme, body, inspection)
    _publish(reader, cells, programme, inspection, title, [body])
    _award(reader, cells, programme, inspection, body, question)


def put_peel_counts(reader: Reader, cells: Cells) -> None:
    """Put on record how many areas of a force are said to have which grade."""
    programme, body = all_of(
        lambda: reader.programme(cells),
        lambda: reader.body(need(cells, "force_id"), "force_id"),
    )
    inspection = inspection_id(programme.id, body)
    title = peel_title(reader, programme, body, inspection)
    counts = {name: cells[name] for name in GRADES if cells.get(name)}
    grades = [
        {"grade": slug(name), "count": whole_number(count, name)}
        for name, count in counts.items()
        if slug(name) in programme.grades() or whole_number(count, name)
    ]
    areas = whole_number(need(cells, "n_areas_stated"), "n_areas_stated")
    _must_sum(cells, areas, sum(int(str(each["count"])) for each in grades))
    _publish(reader, cells, programme, inspection, title, [body])
    source = reader.source(cells)
    data = {
        "body": body,
        "areas": areas,
        "grades": grades,
        "note": cells.get("note") or None,
    }
    reader.work.want(
        Wanted(
            Inspection,
            inspection,
            InspectionTotalsStated.type_name,
            data,
            lambda thing, members: thing.state_totals(programme, **members),
            stated=("areas", "grades"),
            is_same=lambda event: _is_of(event, body, source["url"]),
            source=source,
        )
    )


def _is_of_revisit(
    reader: Reader,
    cells: Cells,
    programme: Programme,
    of: tuple[str, str | None, str],
) -> bool:
    """Whether a row that states no basis has the grade that a revisit gave."""
    body, pillar, question = of
    if cells.get("basis"):
        return False
    ids = [
        inspection_id(programme.id, body, pillar=pillar, is_revisit=is_revisit)
        for is_revisit in (False, True)
    ]
    if not reader.work.find(Inspection, ids[1]).version:
        return False
    grades = [_grade_on_record(reader, id, body, question) for id in ids]
    given = reader.grade(programme, need(cells, "grade"))
    return grades[0] != given and grades[1] == given


def _grade_on_record(
    reader: Reader, inspection: str, body: str, question: str
) -> str | None:
    id = rating_id(inspection, body, question, has_several=False)
    awarded = reader.work.find(Rating, id).live(RatingAwarded)
    return awarded[0].grade if awarded else None


def _graded(reader: Reader, cells: Cells) -> tuple[Programme, str]:
    """Return the programme and the question of a row, of which the grade is sound."""
    programme = reader.programme(cells)
    label = need(cells, "question_or_pillar")
    question, *_ = all_of(
        lambda: reader.question(programme, label, "question_or_pillar"),
        lambda: reader.grade(programme, need(cells, "grade")),
        lambda: _must_have_tiers(programme, cells.get("scale", "")),
    )
    return programme, question


def _is_of(event: InspectionTotalsStated, body: str, url: str | None) -> bool:
    return event.body == body and url in [each["url"] for each in event.sources]


def _publish(
    reader: Reader,
    cells: Cells,
    programme: Programme,
    id: str,
    title: str,
    subjects: list[str],
) -> None:
    # Reports of a programme are published under the Police Act 1996, s.55(1).
    publish(
        reader,
        id,
        reader.source(cells),
        programme=programme.id,
        title=title,
        subjects=subjects,
        published=dated(cells, "published_on"),
    )


def _award(
    reader: Reader,
    cells: Cells,
    programme: Programme,
    inspection: str,
    body: str,
    question: str,
    *,
    has_several: bool = False,
) -> None:
    published = reader.work.find(Inspection, inspection)
    data = {
        "inspection": inspection,
        "programme": programme.id,
        "body": body,
        "question": question,
        "level": slug(cells.get("level", "")) or programme.question(question).level,
        "scale": programme.scale["id"] if programme.scale else "unknown",
        "grade": reader.grade(programme, need(cells, "grade")),
        "basis": slug(cells.get("basis", "")) or str(RatingBasis.ASSESSED),
        "carried_from": cells.get("carried_from") or None,
        "note": cells.get("note") or None,
    }
    reader.work.want(
        Wanted(
            Rating,
            rating_id(inspection, body, question, has_several=has_several),
            "rating.awarded",
            data,
            lambda thing, members: thing.award(programme, published, **members),
            # A file without a basis says nothing against that on record.
            stated=("level", "grade", "carried_from")
            + (("basis",) if cells.get("basis") else ()),
            source=reader.source(cells),
            context={"programme": programme},
        )
    )


def _body_in_region(reader: Reader, cells: Cells, place: str) -> str:
    name = need(cells, "body_id")
    if slug(cells.get("body_type", "")) in ("rocu", "regional-unit"):
        unit = f"rocu-{place}"
        found = reader.body(unit, "soc_region_id", (str(BodyKind.REGIONAL_UNIT),))
        _must_be_the_unit(reader, name, found)
        return found
    return reader.body(name, "body_id", (*FORCES, str(BodyKind.REGIONAL_UNIT)))


def _must_be_the_unit(reader: Reader, name: str, unit: str) -> None:
    named = reader.body(name, "body_id", (str(BodyKind.REGIONAL_UNIT),))
    if named != unit:
        raise RefusedError(
            f"body_id: {shown(name)} is {named}, but the region has {unit}."
        )


def peel_title(reader: Reader, programme: Programme, body: str, inspection: str) -> str:
    """Return the title of a force's inspection: its programme, its name, its part."""
    rest = inspection.removeprefix(f"{programme.id}.{body}").replace(".", " ").strip()
    announced = programme.announcement
    title = announced.title if announced else programme.id
    return f"{title}: {name_of(reader, body)}{', ' + rest if rest else ''}"


def soc_title(reader: Reader, region: str) -> str:
    """Return the title of the inspection of a region."""
    return (
        f"An inspection of the {name_of(reader, region)} regional response to "
        "serious and organised crime"
    )


def name_of(reader: Reader, body: str) -> str:
    """Return the name of a body, as it was registered."""
    registered = reader.work.find(Body, body).live(BodyRegistered)
    if not registered:
        raise RefusedError(f"soc_region_id: no body {shown(body)} is on record.")
    return registered[0].name


def _must_have_tiers(programme: Programme, scale: str) -> None:
    if scale and programme.scale and tiers_of(scale) != len(programme.grades()):
        raise RefusedError(
            f"scale: {shown(scale)}, but {programme.id} grades on "
            f"{programme.scale['id']} ({len(programme.grades())} grades)."
        )


def _must_sum(cells: Cells, areas: int, total: int) -> None:
    """Check the derived column `sums_to_n`, which is not recorded."""
    says = cells.get("sums_to_n", "")
    if says == "yes" and total != areas:
        raise RefusedError(f"sums_to_n: says yes, but {total} is not {areas}.")


SHAPES = [
    Shape(
        "soc_grades",
        ("soc_region_id", "body_id", "grade"),
        ("body_type", "published_on", "source_url", "confidence", "note"),
        put_soc_grade,
        "grades for serious and organised crime, by region",
    ),
    Shape(
        "peel_grades",
        ("force_id", "programme", "question_or_pillar", "grade"),
        ("level", "scale", "published_on", "basis", "carried_from", "note"),
        put_peel_grade,
        "grades of PEEL and other programmes, by force",
    ),
    Shape(
        "peel_grade_counts",
        ("force_id", "programme", "n_areas_stated"),
        ("published_on", *GRADES, "sums_to_n", "source_url", "note"),
        put_peel_counts,
        "how many areas of a force are said to have which grade",
    ),
]
