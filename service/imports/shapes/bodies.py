"""The shapes of bodies: forces, who oversees them, and their regions."""

from typing import Any

from schemas.codelists import BodyKind, Confidence, Relation
from service.domain.bodies import Body, BodyLinked, BodyRegistered, BodyRenamed
from service.imports.names import fold, shown, slug
from service.imports.shapes.cells import Cells, need, new_id, region_id, whole_number
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import RefusedError, Wanted


def put_body(reader: Reader, cells: Cells) -> None:
    """Put a body of any kind on record."""
    id = new_id(cells, "body_id", is_exact=True)
    _register(
        reader, id, need(cells, "kind"), need(cells, "name"), reader.source(cells)
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
        need(cells, "name"),
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
    region = new_id(cells, "soc_region_id")
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
    given = need(cells, "force_id")
    if given == slug(given):
        return new_id(cells, "force_id")
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
    borne = reader.work.find(Body, id).live(BodyRegistered, BodyRenamed)
    if outside_ids:
        # A file that lacks an id does not say that there is none.
        known = borne[0].outside_ids if borne else {}
        given = {name: each for name, each in outside_ids.items() if each}
        data["outside_ids"] = {**outside_ids, **known, **given}
        stated.append("outside_ids")
    if fold(name) in [fold(each.name) for each in borne]:
        stated.remove("name")  # A variant or a later name is not another name.
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
            f"local_policing_body_type_may_2024: {shown(kind)} is none of "
            f"{', '.join(overseers)}."
        )
    id, name = overseers[kind]
    if "MOPAC" in name:
        id, name = "mopac", "Mayor's Office for Policing and Crime"
    inferred = {**source, "confidence": str(Confidence.INFERRED)}
    note = f"The file says {shown(kind)} of May 2024; the name is made from it."
    _register(reader, id, str(BodyKind.LOCAL_POLICING_BODY), name, inferred, note=note)
    _link(reader, force, Relation.OVERSEEN_BY, id, source)


def _join_region(
    reader: Reader, body: str, region: str, name: str | None, source: dict[str, Any]
) -> None:
    id = region_id(region)
    if not reader.work.find(Body, id).version:
        title = name or id.removeprefix("region-")
        _register(reader, id, str(BodyKind.REGION), title, source)
    reader.add_body(id, str(BodyKind.REGION))  # Another import may have recorded it.
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


def _unit_of(region: str) -> str:
    return f"rocu-{slug(region).removesuffix('-region')}"


def _with_basis(source: dict[str, Any], basis: str) -> dict[str, Any]:
    """Let a membership that was inferred say so."""
    if not basis.startswith("inferred"):
        return source
    title = source["title"] and f"{source['title']}: {basis}"
    return {**source, "confidence": str(Confidence.INFERRED), "title": title}


def _must_count(stated: str | None, found: int) -> None:
    if stated and whole_number(stated, "n_forces") != found:
        raise RefusedError(f"n_forces: says {stated}, but names {found} forces.")


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
]
