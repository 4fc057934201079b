"""Shapes: what the columns of each kind of file mean, as facts.

A shape declares its columns and turns one row into wanted facts. Natural keys are
those of the data README; ids follow domain.md, section 4.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from projections.bodies import BodyLabels
from projections.programmes import ProgrammeLabels
from schemas import dates
from schemas.codelists import (
    BodyKind,
    Confidence,
    InspectionKind,
    Level,
    RatingBasis,
    Relation,
)
from service.domain.bodies import Body, BodyLinked, BodyRegistered
from service.domain.inspections import (
    Inspection,
    InspectionPublished,
    InspectionTotalsStated,
    inspection_id,
)
from service.domain.programmes import (
    Programme,
    ProgrammeAnnounced,
    ProgrammeQuestionAdded,
)
from service.domain.ratings import Rating, rating_id
from service.imports.names import Names, UnknownNameError, fold, slug
from service.imports.work import RefusedError, Wanted, Work

Cells = Mapping[str, str]
FORCES = (str(BodyKind.POLICE_FORCE), str(BodyKind.SPECIAL_FORCE))
GRADES = ("outstanding", "good", "adequate", "requires_improvement", "inadequate")


@dataclass(frozen=True)
class Shape:
    """One kind of file: its columns, and what a row of it puts on record."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    put: Callable[["Reader", Cells], None]
    about: str
    confidence: str = "high"
    publisher: str | None = None
    title: str | None = None


class Reader:
    """What rows are read with: the names on record, and the work they add to."""

    def __init__(
        self, work: Work, bodies: BodyLabels, programmes: ProgrammeLabels
    ) -> None:
        self.work = work
        self.shape: Shape | None = None
        self.together: dict[str, set[str]] = {}
        self._kinds = dict(bodies.kinds)
        self._bodies = Names("body")
        self._programmes = Names("programme")
        for id, names in bodies.names().items():
            self.add_body(id, bodies.kinds.get(id, ""), *names)
        for id, row in programmes.rows.items():
            self._programmes.add(id, [row["title"]])

    def add_body(self, id: str, kind: str, *names: str | None) -> None:
        """Let a body be met under these names from now on."""
        self._kinds[id] = kind
        is_apart = kind in (BodyKind.REGION, BodyKind.LOCAL_POLICING_BODY)
        # A name that is a force and a region means the force.
        self._bodies.add(id, () if is_apart else names)

    def add_programme(self, id: str, title: str) -> None:
        """Let a programme be met under its title from now on."""
        self._programmes.add(id, [title])

    def body(self, name: str, column: str, kinds: tuple[str, ...] = FORCES) -> str:
        """Return the id of the body that is meant, of one of these kinds."""
        id = self._found(self._bodies, name, column)
        if self._kinds[id] not in kinds:
            raise RefusedError(
                f"{column}: {name!r} is a {self._kinds[id]}, not a {kinds[0]}."
            )
        return id

    def programme(self, cells: Cells) -> Programme:
        """Return the programme that a row is about."""
        id = self._found(self._programmes, _need(cells, "programme"), "programme")
        return self.work.find(Programme, id)

    def question(self, programme: Programme, label: str, column: str) -> str:
        """Return the id of the question that is meant by a label."""
        names = Names("question")
        for alias, id in programme.aliases().items():
            names.add(id, [alias])
        try:
            return names.find(label)
        except UnknownNameError as error:
            raise RefusedError(f"{column}: {programme.id}: {error}") from error

    def programmes_with(self, tiers: int) -> list[Programme]:
        """Return the programmes on record that grade in so many tiers."""
        ids = sorted(set(self._programmes.ids()))
        found = (self.work.find(Programme, id) for id in ids)
        return [each for each in found if len(each.grades()) == tiers]

    def subjects_by_region(
        self, rows: list[Cells], kinds: tuple[str, ...]
    ) -> dict[str, set[str]]:
        """Return the members of each region, and whom the rows name beside them."""
        found: dict[str, set[str]] = {}
        for id in [*self._kinds]:
            for link in self.work.find(Body, id).live(BodyLinked):
                if link.relation == Relation.MEMBER_OF:
                    found.setdefault(link.to, set()).add(id)
        for row in rows:
            region = _region_id(row.get("soc_region_id", ""))
            with suppress(RefusedError):
                named = self.body(row.get("body_id", ""), "body_id", kinds)
                found.setdefault(region, set()).add(named)
        return found

    def grade(self, programme: Programme, text: str) -> str:
        """Return the grade that is meant, on the scale of a programme."""
        names = Names("grade")
        for grade in programme.grades():
            names.add(grade)
        if not programme.grades():
            return slug(text)  # The rules refuse it, and say why.
        try:
            return names.find(slug(text))
        except UnknownNameError as error:
            scale = ", ".join(programme.grades())
            raise RefusedError(f"grade: {error} ({programme.id}: {scale})") from error

    def source(self, cells: Cells, url_column: str = "source_url") -> dict[str, Any]:
        """Return the source of a row, or that of its file."""
        shape = self.shape
        assert shape  # Set before the first row is read.
        url = cells.get(url_column) or None
        return {
            "url": url,
            "publisher": cells.get("publisher") or (None if url else shape.publisher),
            "published_on": None,
            "accessed_on": None,
            "archived_url": None,
            "sha256": None,
            "confidence": slug(cells.get("confidence", "")) or shape.confidence,
            "title": None if url else shape.title or f"{shape.name}.csv",
        }

    def _found(self, names: Names, name: str, column: str) -> str:
        try:
            return names.find(name)
        except UnknownNameError as error:
            raise RefusedError(f"{column}: {error}") from error


# Bodies.


def put_body(reader: Reader, cells: Cells) -> None:
    """Put a body of any kind on record."""
    id = _need(cells, "body_id")
    _register(
        reader, id, _need(cells, "kind"), _need(cells, "name"), reader.source(cells)
    )


def put_force(reader: Reader, cells: Cells) -> None:
    """Put a police force on record, who oversees it, and which region it is in."""
    source = reader.source(cells)
    id = _force_id(reader, cells)
    outside = {
        "ons": cells.get("ons_pfa_code") or None,
        "police_uk": id,
        "hmicfrs": None,
    }
    _register(
        reader,
        id,
        str(BodyKind.POLICE_FORCE),
        _need(cells, "name"),
        source,
        outside_ids=outside,
        spellings=(cells.get("ons_pfa_name"),),
    )
    _oversee(reader, cells, id, source)
    if region := cells.get("soc_region_id"):
        stated = cells.get("region_membership_basis", "")
        _join_region(
            reader, id, region, cells.get("soc_region"), _with_basis(source, stated)
        )


def put_region(reader: Reader, cells: Cells) -> None:
    """Put a region on record, its unit, and its members."""
    region = _need(cells, "soc_region_id")
    basis = cells.get("basis", "")
    source = _with_basis(reader.source(cells, "membership_source"), basis)
    members = [
        reader.body(force, "force_ids") for force in cells.get("force_ids", "").split()
    ]
    _must_count(cells.get("n_forces"), len(members))
    if cells.get("rocu_abbrev"):
        unit = _unit_of(region)
        name = cells.get("rocu_name") or cells["rocu_abbrev"]
        _register(reader, unit, str(BodyKind.REGIONAL_UNIT), name, source)
        members.append(unit)
    for member in members:
        _join_region(reader, member, region, cells.get("name"), source)


def _force_id(reader: Reader, cells: Cells) -> str:
    """Return a force's id as given, or that of the force known by such a name."""
    given = _need(cells, "force_id")
    if given == slug(given):
        return given
    return reader.body(given, "force_id")


def _register(
    reader: Reader,
    id: str,
    kind: str,
    name: str,
    source: dict[str, Any],
    outside_ids: dict[str, Any] | None = None,
    spellings: tuple[str | None, ...] = (),
    note: str | None = None,
) -> None:
    data: dict[str, Any] = {"kind": slug(kind), "name": name, "note": note}
    stated = ["kind", "name"]
    if outside_ids:
        data["outside_ids"] = outside_ids
        stated.append("outside_ids")
    current = reader.work.find(Body, id).live(BodyRegistered)
    if current and fold(current[0].name) == fold(name):
        stated.remove("name")  # A variant of a name is not another name.
    reader.work.want(
        Wanted(
            Body,
            id,
            BodyRegistered.type_name,
            data,
            lambda body, members: body.register(**members),
            stated=stated,
            source=source,
        )
    )
    reader.add_body(id, slug(kind), name, *spellings)


def _oversee(reader: Reader, cells: Cells, force: str, source: dict[str, Any]) -> None:
    kind = cells.get("local_policing_body_type_may_2024", "")
    if not kind:
        return
    place = cells.get("ons_pfa_name") or cells["name"]
    overseers = {
        "pcc_or_pfcc": (f"pcc-{force}", f"Police and Crime Commissioner for {place}"),
        "mayor": (f"mayor-{force}", cells.get("mayoral_body") or f"Mayor ({place})"),
        "common_council": (
            f"common-council-{force}",
            "Common Council of the City of London",
        ),
    }
    if kind not in overseers:
        raise RefusedError(
            f"local_policing_body_type_may_2024: {kind!r} is none of "
            f"{', '.join(overseers)}."
        )
    id, name = overseers[kind]
    if "MOPAC" in name:
        id, name = "mopac", "Mayor's Office for Policing and Crime"
    inferred = {**source, "confidence": str(Confidence.INFERRED)}
    note = f"The file says {kind!r} of May 2024; the name is made from it."
    _register(reader, id, str(BodyKind.LOCAL_POLICING_BODY), name, inferred, note=note)
    _link(reader, force, Relation.OVERSEEN_BY, id, source)


def _join_region(
    reader: Reader, body: str, region: str, name: str | None, source: dict[str, Any]
) -> None:
    id = _region_id(region)
    if not reader.work.find(Body, id).version:
        title = name or id.removeprefix("region-")
        _register(reader, id, str(BodyKind.REGION), title, source)
    _link(reader, body, Relation.MEMBER_OF, id, source)


def _link(
    reader: Reader, body: str, relation: Relation, to: str, source: dict[str, Any]
) -> None:
    data = {"relation": str(relation), "to": to}
    reader.work.want(
        Wanted(
            Body,
            body,
            BodyLinked.type_name,
            data,
            lambda thing, members: thing.link(**members),
            stated=("relation", "to"),
            is_same=lambda event: (event.relation, event.to) == (relation, to),
            source=source,
        )
    )


def _region_id(region: str) -> str:
    return f"region-{slug(region).removesuffix('-region')}"


def _unit_of(region: str) -> str:
    return f"rocu-{slug(region).removesuffix('-region')}"


def _with_basis(source: dict[str, Any], basis: str) -> dict[str, Any]:
    """Let a membership that was inferred say so."""
    if not basis.startswith("inferred"):
        return source
    title = source["title"] and f"{source['title']}: {basis}"
    return {**source, "confidence": str(Confidence.INFERRED), "title": title}


def _must_count(stated: str | None, found: int) -> None:
    if stated and _number(stated, "n_forces") != found:
        raise RefusedError(f"n_forces: says {stated}, but names {found} forces.")


# Programmes.


def put_programme(reader: Reader, cells: Cells) -> None:
    """Put a programme on record, with its scale."""
    id = slug(_need(cells, "programme"))
    data = {
        "family": _need(cells, "family"),
        "title": _need(cells, "title"),
        "follows": cells.get("follows") or None,
        "scale": _scale(cells),
        **_dated(cells, "announced_on"),
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
    question = slug(_need(cells, "question"))
    number = cells.get("number")
    aliases = [each.strip() for each in cells.get("aliases", "").split(";")]
    data = {
        "question": question,
        "concept": slug(_need(cells, "concept")),
        "level": cells.get("level") or str(Level.QUESTION),
        "pillar": cells.get("pillar") or None,
        "number": _number(number, "number") if number else None,
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
    id = reader.question(programme, _need(cells, "text"), "text")
    known = programme.question(id)
    graded = {"": None, "yes": known.graded if known.graded == "some" else "yes"}
    number = cells.get("seq")
    data = {
        **known.data,
        "pillar": cells.get("pillar") or None,
        "number": _number(number, "seq") if number else None,
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
    tiers = _tiers(_need(cells, "scale"))
    rank = _number(_need(cells, "rank_best_first"), "rank_best_first")
    grade = slug(_need(cells, "grade"))
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
    grades = [slug(each) for each in _need(cells, "grades").split(";")]
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


def _tiers(text: str) -> int:
    digits = text.partition("-")[0]
    return _number(digits, "scale")


# Inspections and ratings.


def put_soc_grade(reader: Reader, cells: Cells) -> None:
    """Put the grade of one body in the inspection of a region on record."""
    programme = reader.work.find(Programme, "regional-soc-2022")
    region = _region_id(_need(cells, "soc_region_id"))
    place = region.removeprefix("region-")
    body = _body_in_region(reader, cells, place)
    title = (
        f"An inspection of the {_name_of(reader, region)} regional response to "
        "serious and organised crime"
    )
    subjects = reader.together.get(region, set()) | {body}
    inspection = inspection_id(programme.id, place)
    _publish(reader, cells, programme, inspection, title, sorted(subjects))
    _award(reader, cells, programme, inspection, body, "overall", has_several=True)


def put_peel_grade(reader: Reader, cells: Cells) -> None:
    """Put one grade of a force on record."""
    programme = reader.programme(cells)
    _must_have_tiers(programme, cells.get("scale", ""))
    body = reader.body(_need(cells, "force_id"), "force_id")
    label = _need(cells, "question_or_pillar")
    question = reader.question(programme, label, "question_or_pillar")
    asked = programme.question(question)
    pillar = asked.pillar or (question if asked.level == Level.PILLAR else None)
    inspection = inspection_id(
        programme.id,
        body,
        pillar=pillar,
        is_revisit=slug(cells.get("basis", "")) == RatingBasis.REVISIT,
    )
    title = _peel_title(reader, programme, body, inspection)
    _publish(reader, cells, programme, inspection, title, [body])
    _award(reader, cells, programme, inspection, body, question)


def put_peel_counts(reader: Reader, cells: Cells) -> None:
    """Put on record how many areas of a force are said to have which grade."""
    programme = reader.programme(cells)
    body = reader.body(_need(cells, "force_id"), "force_id")
    inspection = inspection_id(programme.id, body)
    title = _peel_title(reader, programme, body, inspection)
    counts = {name: cells[name] for name in GRADES if cells.get(name)}
    grades = [
        {"grade": slug(name), "count": _number(count, name)}
        for name, count in counts.items()
        if slug(name) in programme.grades() or _number(count, name)
    ]
    areas = _number(_need(cells, "n_areas_stated"), "n_areas_stated")
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
    data = {
        "kind": str(InspectionKind.PROGRAMME),
        "programme": programme.id,
        "title": title,
        "subjects": subjects,
        **_dated(cells, "published_on"),
        # Reports of a programme are published under the Police Act 1996, s.55(1).
        "section_55": True,
    }
    reader.work.want(
        Wanted(
            Inspection,
            id,
            InspectionPublished.type_name,
            data,
            lambda thing, members: thing.publish(**members),
            stated=("published_on",) if data["published_on"] else (),
            source=reader.source(cells),
        )
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
        "grade": reader.grade(programme, _need(cells, "grade")),
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
            stated=("level", "grade", "basis", "carried_from"),
            source=reader.source(cells),
            context={"programme": programme},
        )
    )


def _body_in_region(reader: Reader, cells: Cells, place: str) -> str:
    name = _need(cells, "body_id")
    if slug(cells.get("body_type", "")) in ("rocu", "regional-unit"):
        unit = f"rocu-{place}"
        found = reader.body(unit, "soc_region_id", (str(BodyKind.REGIONAL_UNIT),))
        _must_be_the_unit(reader, name, found)
        return found
    return reader.body(name, "body_id", (*FORCES, str(BodyKind.REGIONAL_UNIT)))


def _must_be_the_unit(reader: Reader, name: str, unit: str) -> None:
    named = reader.body(name, "body_id", (str(BodyKind.REGIONAL_UNIT),))
    if named != unit:
        raise RefusedError(f"body_id: {name!r} is {named}, but the region has {unit}.")


def _peel_title(
    reader: Reader, programme: Programme, body: str, inspection: str
) -> str:
    rest = inspection.removeprefix(f"{programme.id}.{body}").replace(".", " ").strip()
    announced = programme.announcement
    title = announced.title if announced else programme.id
    return f"{title}: {_name_of(reader, body)}{', ' + rest if rest else ''}"


def _name_of(reader: Reader, body: str) -> str:
    registered = reader.work.find(Body, body).live(BodyRegistered)
    if not registered:
        raise RefusedError(f"soc_region_id: no body {body!r} is on record.")
    return registered[0].name


def _must_have_tiers(programme: Programme, scale: str) -> None:
    if scale and programme.scale and _tiers(scale) != len(programme.grades()):
        raise RefusedError(
            f"scale: {scale!r}, but {programme.id} grades on {programme.scale['id']} "
            f"({len(programme.grades())} grades)."
        )


def _must_sum(cells: Cells, areas: int, total: int) -> None:
    """Check the derived column `sums_to_n`, which is not recorded."""
    says = cells.get("sums_to_n", "")
    if says == "yes" and total != areas:
        raise RefusedError(f"sums_to_n: says yes, but {total} is not {areas}.")


def _dated(cells: Cells, name: str) -> dict[str, Any]:
    day = cells.get(name) or None
    basis = slug(cells.get(f"{name}_basis", "")) or None
    _must_be_possible(name, day)
    return {name: day, f"{name}_basis": basis if day else None}


def _must_be_possible(name: str, day: str | None) -> None:
    try:
        if day:
            dates.window(day)
    except dates.InvalidDateError as error:
        raise RefusedError(f"{name}: {error}") from error


def _need(cells: Cells, name: str) -> str:
    if not cells.get(name):
        raise RefusedError(f"{name}: missing.")
    return cells[name]


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise RefusedError(f"{name}: {text!r} is not a whole number.")
    return int(text)


SHAPES = [
    Shape(
        "bodies",
        ("body_id", "kind", "name"),
        ("source_url", "publisher", "confidence"),
        put_body,
        "bodies of any kind",
    ),
    Shape(
        "forces",
        ("force_id", "name"),
        (
            "ons_pfa_code",
            "ons_pfa_name",
            "nation",
            "soc_region_id",
            "soc_region",
            "rocu",
            "region_membership_basis",
            "local_policing_body_type_may_2024",
            "mayoral_body",
        ),
        put_force,
        "police forces, who oversees them, and their regions",
        publisher="data.police.uk; Office for National Statistics",
        title="data.police.uk force list and ONS police force area codes, compared",
    ),
    Shape(
        "soc_regions",
        ("soc_region_id", "name", "force_ids"),
        ("rocu_abbrev", "rocu_name", "n_forces", "membership_source", "basis"),
        put_region,
        "regions for serious and organised crime, their units and members",
    ),
    Shape(
        "programmes",
        ("programme", "family", "title"),
        ("follows", "scale", "grades", "announced_on", "source_url", "note"),
        put_programme,
        "programmes of inspection, with their scales",
    ),
    Shape(
        "questions",
        ("programme", "question", "concept"),
        ("level", "pillar", "number", "label", "text", "graded", "aliases"),
        put_question,
        "questions of programmes, with the concept that outlives the wording",
    ),
    Shape(
        "core_questions",
        ("programme", "text"),
        ("seq", "pillar", "graded", "source_url", "note"),
        put_core_question,
        "questions as their source words them, held against the record",
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


def shape_of(columns: list[str]) -> Shape | None:
    """Return the shape that the columns fit best, or None."""
    fitting = [each for each in SHAPES if set(each.required) <= set(columns)]
    known = [len({*each.required, *each.optional} & set(columns)) for each in fitting]
    ranked = sorted(zip(known, fitting, strict=True), key=lambda pair: -pair[0])
    return ranked[0][1] if ranked else None
