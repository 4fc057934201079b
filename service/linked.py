"""Linked data: bodies and ratings as JSON-LD, in terms of schema.org and PROV-O.

The context stands in the document, so that nobody has to fetch one. A date has the
datatype of its precision, and an interval is one of EDTF: none is made to look exact.
What has no date has none.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from projections.read_model import Row
from schemas.codelists import BodyKind, Change
from service.http.meta import address

XSD = "http://www.w3.org/2001/XMLSchema#"
EDTF = "http://id.loc.gov/datatypes/edtf/EDTF"
CONTEXT = {
    "schema": "https://schema.org/",
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": XSD,
    "id": "@id",
    "type": "@type",
    **{
        name: f"schema:{name}"
        for name in (
            "name", "alternateName", "identifier", "propertyID", "value", "description",
            "foundingDate", "dissolutionDate", "reviewAspect", "reviewRating",
            "ratingValue", "datePublished", "creditText",
        )
    },
    **{
        name: {"@id": f"schema:{name}", "@type": "@id"}
        for name in ("hasPart", "license", "memberOf", "itemReviewed", "isPartOf")
    },
    "generatedAtTime": {"@id": "prov:generatedAtTime", "@type": "xsd:dateTime"},
    "wasDerivedFrom": {"@id": "prov:wasDerivedFrom", "@type": "@id"},
    "wasRevisionOf": {"@id": "prov:wasRevisionOf", "@type": "@id"},
}  # fmt: skip
PRECISIONS = {4: "gYear", 7: "gYearMonth", 10: "date"}  # By the length of a date.
CORRECTIONS = (Change.CORRECTION, Change.SOURCE_CORRECTION)
SCHEMES = ("ons", "police_uk", "hmicfrs")
# What an address may hold, and the identifier of a resource may not (RFC 3987).
UNSAFE = {ord(each): f"%{ord(each):02X}" for each in '<>"{}|\\^`'}
Node = dict[str, Any]


def bodies(rows: Sequence[Row], said: Mapping[str, Any]) -> bytes:
    """Return bodies as organisations and areas."""
    return _document(rows, said, _body)


def ratings(rows: Sequence[Row], said: Mapping[str, Any]) -> bytes:
    """Return ratings as reviews of a body, each of one aspect."""
    return _document(rows, said, _rating)


def _document(
    rows: Sequence[Row], said: Mapping[str, Any], node: Callable[[Row], Node]
) -> bytes:
    """Return a data set that says how to cite it, and has the nodes as its parts."""
    return orjson.dumps(
        {
            "@context": CONTEXT,
            "id": said["permalink"],
            "type": "schema:Dataset",
            "creditText": said["citation"],
            "license": said["licence"],
            "hasPart": [_known(node(row)) for row in rows],
        }
    )


def _body(row: Row) -> Node:
    is_region = row["kind"] == BodyKind.REGION
    kind = "AdministrativeArea" if is_region else "GovernmentOrganization"
    return {
        **_recorded("bodies", row),
        "type": [f"schema:{kind}", "prov:Entity"],
        "name": row["name"],
        "alternateName": row["former_names"],
        "identifier": [_identifier(row, each) for each in SCHEMES if row[each]],
        "memberOf": _thing("bodies", row["region"]),
        "foundingDate": _date(row["started_on"]),
        "dissolutionDate": _date(row["ended_on"]),
        "description": row["note"],
    }


def _rating(row: Row) -> Node:
    return {
        **_recorded("ratings", row),
        "type": ["schema:Review", "prov:Entity"],
        "itemReviewed": _thing("bodies", row["body"]),
        "reviewAspect": row["question_label"] or row["question"],
        "reviewRating": {"type": "schema:Rating", "ratingValue": row["grade_label"]},
        "datePublished": _date(row["published_on"]),
        "isPartOf": _thing("inspections", row["inspection"]),
        "description": row["note"],
    }


def _recorded(noun: str, row: Row) -> Node:
    """Say what a record rests on, when it was made, and what it puts right."""
    sources = [row["source_url"], *row["more_source_urls"]]
    node = {
        "id": _thing(noun, row["id"]),
        "generatedAtTime": row["recorded_at"],
        "wasDerivedFrom": [each.translate(UNSAFE) for each in sources if each],
    }
    if row["change"] in CORRECTIONS and row["version"] > 1:
        before = f"/v1/{noun}/{row['id']}/versions/{row['version'] - 1}"
        node["wasRevisionOf"] = address(before)
    return node


def _thing(noun: str, id: str | None) -> str | None:
    return address(f"/v1/{noun}/{id}") if id else None


def _identifier(row: Row, scheme: str) -> Node:
    return {
        "type": "schema:PropertyValue",
        "propertyID": scheme,
        "value": row[scheme],
    }


def _date(text: str | None) -> Node | None:
    if text is None:
        return None
    precision = PRECISIONS.get(len(text))
    return {"@type": f"{XSD}{precision}" if precision else EDTF, "@value": text}


def _known(node: Node) -> Node:
    """Leave out what is not known: null has no meaning in JSON-LD."""
    return {name: value for name, value in node.items() if value not in (None, [])}
