"""The shapes of programmes: their scales and their questions."""

from typing import Any

from schemas.codelists import Level
from service.domain.programmes import (
    Programme,
    ProgrammeAnnounced,
    ProgrammeQuestionAdded,
)
from service.imports.names import slug
from service.imports.shapes.cells import (
    Cells,
    dated,
    need,
    new_id,
    tiers_of,
    whole_number,
)
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import RefusedError, Wanted


def put_programme(reader: Reader, cells: Cells) -> None:
    """Put a programme on record, with its scale."""
    id = new_id(cells, "programme")
    data = {
        "family": need(cells, "family"),
        "title": need(cells, "title"),
        "follows": cells.get("follows") or None,
        "scale": _scale(cells),
        **dated(cells, "announced_on"),
        "note": cells.get("note") or None,
    }
    reader.work.want(
        Wanted(
            Programme,
            id,
            ProgrammeAnnounced.type_name,
            data,
            lambda thing, members: thing.announce(**members),
            stated=("family", "title", "follows", "scale", "announced_on"),
            source=reader.source(cells),
        )
    )
    reader.add_programme(id, data["title"])


def put_question(reader: Reader, cells: Cells) -> None:
    """Put a question of a programme on record."""
    programme = reader.programme(cells)
    question = new_id(cells, "question")
    number = cells.get("number")
    aliases = [each.strip() for each in cells.get("aliases", "").split(";")]
    data = {
        "question": question,
        "concept": slug(need(cells, "concept")),
        "level": cells.get("level") or str(Level.QUESTION),
        "pillar": cells.get("pillar") or None,
        "number": whole_number(number, "number") if number else None,
        "label": cells.get("label") or question.replace("-", " ").capitalize(),
        "text": cells.get("text") or None,
        "graded": cells.get("graded") or "unknown",
        "aliases": [each for each in aliases if each],
    }
    reader.work.want(
        Wanted(
            Programme,
            programme.id,
            ProgrammeQuestionAdded.type_name,
            data,
            lambda thing, members: thing.add_question(**members),
            stated=("concept", "level", "pillar", "number", "text", "graded"),
            is_same=lambda event: event.question == question,
            source=reader.source(cells),
        )
    )


def put_core_question(reader: Reader, cells: Cells) -> None:
    """Hold a question as its source words it against the record."""
    programme = reader.programme(cells)
    id = reader.question(programme, need(cells, "text"), "text")
    known = programme.question(id)
    graded = {"": None, "yes": known.graded if known.graded == "some" else "yes"}
    number = cells.get("seq")
    data = {
        **known.data,
        "pillar": cells.get("pillar") or None,
        "number": whole_number(number, "seq") if number else None,
        "graded": graded.get(cells.get("graded", ""), cells.get("graded")),
    }
    stated = [name for name in ("pillar", "number", "graded") if data[name]]
    reader.work.want(
        Wanted(
            Programme,
            programme.id,
            ProgrammeQuestionAdded.type_name,
            {**known.data, **{name: data[name] for name in stated}},
            lambda thing, members: thing.add_question(**members),
            stated=stated,
            is_same=lambda event: event.question == id,
            source=reader.source(cells),
        )
    )


def put_scale_grade(reader: Reader, cells: Cells) -> None:
    """Hold a grade of a scale against every programme that grades on it."""
    tiers = tiers_of(need(cells, "scale"))
    rank = whole_number(need(cells, "rank_best_first"), "rank_best_first")
    grade = slug(need(cells, "grade"))
    programmes = reader.programmes_with(tiers)
    if not programmes:
        raise RefusedError(f"scale: no programme on record grades in {tiers} tiers.")
    for programme in programmes:
        ranks = {g["grade"]: g["rank"] for g in (programme.scale or {})["grades"]}
        if grade not in ranks:
            raise RefusedError(
                f"grade: {grade!r} is not on the scale of {programme.id}: "
                f"{', '.join(ranks)}."
            )
        if ranks[grade] != rank:
            raise RefusedError(
                f"rank_best_first: {grade} has rank {ranks[grade]} in {programme.id}, "
                f"{rank} here."
            )
        fact = next(iter(programme.facts.values()))
        reader.work.check(programme.stream)
        reader.work.add_source(programme, fact, reader.source(cells))


def _scale(cells: Cells) -> dict[str, Any] | None:
    if not cells.get("scale"):
        return None
    grades = [slug(each) for each in need(cells, "grades").split(";")]
    return {
        "id": slug(cells["scale"]),
        "grades": [
            {
                "grade": grade,
                "rank": rank,
                "label": grade.replace("-", " ").capitalize(),
            }
            for rank, grade in enumerate(grades, 1)
        ],
    }


SHAPES = [
    Shape(
        "programmes",
        ("programme", "family", "title"),
        ("follows", "scale", "grades", "announced_on", "source_url", "note"),
        put_programme,
        "programmes of inspection, with their scales",
        public=("title",),
    ),
    Shape(
        "questions",
        ("programme", "question", "concept"),
        ("level", "pillar", "number", "label", "text", "graded", "aliases"),
        put_question,
        "questions of programmes, with the concept that outlives the wording",
        public=("text",),
    ),
    Shape(
        "core_questions",
        ("programme", "text"),
        ("seq", "pillar", "graded", "source_url", "note"),
        put_core_question,
        "questions as their source words them, held against the record",
        public=("text",),
    ),
    Shape(
        "grade_scales",
        ("scale", "rank_best_first", "grade"),
        ("meaning_paraphrased",),
        put_scale_grade,
        "grades of scales, held against the programmes on record",
        publisher="HMICFRS",
        title="PEEL assessments 2023-2025",
    ),
]
