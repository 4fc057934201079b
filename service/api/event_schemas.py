"""Event schemas: the JSON Schema of each type of event, as the public sees it."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import orjson
from flask import Blueprint, Response, request
from marshmallow import Schema

from schemas.catalogue import DATA_SCHEMAS
from schemas.event_schemas import EventSchemasSchema
from schemas.generic import GENERIC_SCHEMAS
from service.api.documents import contract
from service.domain.catalogue import NOUNS
from service.http.contract import serves
from service.http.headers import IMMUTABLE
from service.http.meta import address
from service.http.openapi import name_of
from service.http.problems import ProblemError
from service.http.representations import SUFFIX

event_schemas = Blueprint("event_schemas", __name__, url_prefix="/v1/schemas")
MEDIA_TYPE = "application/schema+json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMPONENTS, DEFINITIONS = "#/components/schemas/", "#/$defs/"
TITLES = {"type": "array", "items": {"type": ["string", "null"]}}
TYPES: Mapping[str, type[Schema]] = {
    **DATA_SCHEMAS,
    **{
        f"{noun}.{verb}": schema
        for noun in NOUNS
        for verb, schema in GENERIC_SCHEMAS.items()
    },
}
Node = dict[str, Any]


@event_schemas.get("")
@serves({"application/json": EventSchemasSchema})
def index() -> Response:
    """List the types of event, each with the address of its schema."""
    items = [
        {
            "type": type,
            "about": _about(TYPES[type]),
            "address": address(f"/v1/schemas/{type}.json"),
        }
        for type in sorted(TYPES)
    ]
    headers = {"Cache-Control": "public, max-age=300"}
    body = orjson.dumps({"items": items})
    return Response(body, content_type="application/json", headers=headers)


@event_schemas.get("/<type>")
@serves({MEDIA_TYPE: None}, problems=(404,))
def item(type: str) -> Response:
    """Show the JSON Schema (2020-12) of a type of event, as `/v1/events` shows it.

    What may be in the data of a type that has events never changes.
    """
    if request.environ.get(SUFFIX, "json") != "json" or type not in TYPES:
        similar = get_close_matches(type[:80], TYPES, n=3)
        detail = "There is no such type of event: /v1/schemas lists them."
        raise ProblemError("not-found", detail, {"did_you_mean": similar})
    schema = {"$schema": DIALECT, "$id": address(f"/v1/schemas/{type}.json")}
    body = orjson.dumps({**schema, **schema_of(type)}, option=orjson.OPT_INDENT_2)
    headers = {"Cache-Control": IMMUTABLE}
    return Response(body, content_type=MEDIA_TYPE, headers=headers)


@lru_cache(maxsize=256)
def schema_of(type: str) -> Node:
    """Return the schema of a type of event, with what it refers to."""
    components = contract()["components"]["schemas"]
    envelope = components["RecordedEvent"]["properties"]
    members = components[name_of(TYPES[type])]["properties"]
    sealed = [name for name in members if _is_sealed(TYPES[type], name)]
    plain = [name for name in members if name not in sealed]
    words = {name: members[name] for name in sealed} | {"source_titles": TITLES}
    found = {
        "title": type,
        "description": _about(TYPES[type]),
        "type": "object",
        "properties": {
            **envelope,
            "type": {"const": type},
            "data": {
                "type": "object",
                "properties": {name: members[name] for name in plain},
                "required": sorted(plain),
                "additionalProperties": False,
            },
            "opened": {"type": "object", "properties": words},
        },
        "required": sorted(envelope),
    }
    moved: Node = _moved({**found, "$defs": _definitions(found, components)})
    return moved


def _is_sealed(schema: type[Schema], name: str) -> bool:
    return bool(schema().fields[name].metadata.get("sealed"))


def _about(schema: type[Schema]) -> str:
    return " ".join((schema.__doc__ or "").split())


def _definitions(node: Node, components: Node) -> Node:
    """Return all that a schema refers to, and that these refer to."""
    found: Node = {}
    waiting = list(_references(node))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = components[name]
            waiting += _references(components[name])
    return dict(sorted(found.items()))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference.removeprefix(COMPONENTS)
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def _moved(node: Any) -> Any:
    """Return a schema in which references lead to its own definitions."""
    if isinstance(node, list):
        return [_moved(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: each.replace(COMPONENTS, DEFINITIONS)
        if name == "$ref" and isinstance(each, str)
        else _moved(each)
        for name, each in node.items()
    }
