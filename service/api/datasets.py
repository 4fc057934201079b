"""Data sets: the record as catalogues of open data describe what they list."""

from dataclasses import replace
from typing import Any

import orjson
from flask import Blueprint, Response, request

from projections.moment import recorded_at
from projections.ratings import first_day
from service.bulk.content import folder_of
from service.bulk.described import Description, data_package
from service.bulk.lists import TABLES, Table
from service.context import head, read_model, record
from service.dcat import TABLES_OF_LISTS, Catalogue
from service.http.contract import serves
from service.http.meta import address, base_url
from service.http.problems import ProblemError
from service.http.representations import SUFFIX

datasets = Blueprint("datasets", __name__)
JSON_LD = "application/ld+json"


@datasets.get("/v1/catalog")
@serves({JSON_LD: None}, problems=(404,))
def catalog() -> Response:
    """Describe the data sets of this service (DCAT 3, as JSON-LD)."""
    if request.environ.get(SUFFIX, "json") not in ("json", "jsonld"):
        detail = "The catalogue can be had as JSON-LD alone."
        raise ProblemError("not-found", detail, {"did_you_mean": []})
    model = read_model()
    found = Catalogue(
        base=base_url(),
        recorded_at=recorded_at(model, head()),
        first_day=first_day(model),
        manifest=folder_of(record()).latest(model.last_redaction()),
    )
    return _respond(found.to_dict(), JSON_LD)


@datasets.get("/datapackage.json")
@serves({"application/json": None})
def package() -> Response:
    """Describe the lists of this API as a Frictionless Data Package."""
    addresses = {each.name: each.address for each in TABLES_OF_LISTS}

    def resource_of(table: Table) -> dict[str, Any]:
        return {"path": address(f"/v1/{addresses[table.name]}.csv")}

    tables = [replace(t, left_out=()) for t in TABLES if t.name in addresses]
    instant = recorded_at(read_model(), head())
    described = Description(head(), instant, tables)
    return _respond(data_package(described, resource_of), "application/json")


def _respond(value: Any, media_type: str) -> Response:
    headers = {"Cache-Control": "public, no-cache"}
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    return Response(body, content_type=media_type, headers=headers)
