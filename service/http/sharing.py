"""Sharing: what stands often in the OpenAPI document stands there once, by name."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from schemas.codelists import Code
from schemas.fields import ID_PATTERN, STREAM_PATTERN, TEXT_PATTERN, URL_PATTERN

Node = dict[str, Any]
Parts = Iterator[tuple[Node, str]]
FORMATS = {"reduced-date": "ReducedDate", "date-time": "Instant"}
PATTERNS = {
    f"^{ID_PATTERN}$": "Id",
    f"^{STREAM_PATTERN}$": "Stream",
    URL_PATTERN: "Url",
}
LISTS = {tuple(map(str, each)): each.__name__ for each in Code.__subclasses__()}


def share(document: Node) -> None:
    """Move what several operations or schemas have apart, and refer to it."""
    _share_parameters(document)
    _share_parts(document, "requestBodies", _bodies)
    _share_parts(document, "responses", _answers)
    _share_members(document)


def _share_parameters(document: Node) -> None:
    often = Counter(_text(each) for each in _parameters(document))
    shared: dict[str, Node] = {}
    for operation in _operations(document):
        operation["parameters"] = [
            _shared(each, shared) if often[_text(each)] > 1 else each
            for each in operation.get("parameters", [])
        ]
    document["components"]["parameters"] = dict(sorted(shared.items()))


def _shared(parameter: Node, shared: dict[str, Node]) -> Node:
    name, number = parameter["name"], 1
    while shared.setdefault(name, parameter) != parameter:
        number += 1
        name = f"{parameter['name']}_{number}"
    return {"$ref": f"#/components/parameters/{name}"}


def _share_parts(document: Node, kind: str, parts: Callable[[Node], Parts]) -> None:
    """Move the parts of operations that are told by their schema apart."""
    often = Counter(_text(node[key]) for node, key in parts(document))
    shared: dict[str, Node] = document["components"].get(kind, {})
    for node, key in parts(document):
        if often[_text(node[key])] > 1:
            [media] = node[key]["content"].values()
            name = media["schema"]["$ref"].rpartition("/")[2]
            shared[name] = node[key]
            node[key] = {"$ref": f"#/components/{kind}/{name}"}
    document["components"][kind] = shared


def _bodies(document: Node) -> Parts:
    yield from (
        (each, "requestBody")
        for each in _operations(document)
        if "content" in each.get("requestBody", {})
    )


def _answers(document: Node) -> Parts:
    yield from (
        (each["responses"], "201")
        for each in _operations(document)
        if "content" in each["responses"].get("201", {})
    )


def _share_members(document: Node) -> None:
    """Refer to the dates, codes, ids and texts that many schemas have."""
    schemas = document["components"]["schemas"]
    names: dict[str, str] = {}
    for base, member in _met(schemas):
        if (text := _text(member)) not in names:
            names[text] = _free(base, schemas)
            schemas[names[text]] = dict(member)
        reference = {"$ref": f"#/components/schemas/{names[text]}"}
        member.clear()
        member.update(reference)


def _met(schemas: dict[str, Node]) -> list[tuple[str, Node]]:
    """Return the members that have a name of their own and stand more than once."""
    members = [
        (name, member)
        for schema in schemas.values()
        for member in schema.get("properties", {}).values()
        if (name := _name(member))
    ]
    often = Counter(_text(member) for _, member in members)
    return [(name, member) for name, member in members if often[_text(member)] > 1]


def _name(member: Node) -> str | None:
    """Return what a member is called by what it may hold, None if that is not much."""
    base = _base(member)
    is_nullable = "null" in member.get("type", ())
    return f"{base}OrNull" if base and is_nullable else base


def _base(member: Node) -> str | None:
    if codes := [each for each in member.get("enum", ()) if each is not None]:
        return LISTS.get(tuple(codes))
    if member.get("format") in FORMATS:
        return FORMATS[member["format"]]
    if member.get("type") == "array":
        inner = _base(member["items"]) or _referred(member["items"])
        return inner and f"{inner}s"
    if member.get("pattern") == TEXT_PATTERN:
        return f"Text{member['maxLength']}"
    return PATTERNS.get(member.get("pattern", ""))


def _referred(items: Node) -> str | None:
    """Return the schema that the items of a list are of, and more besides."""
    return str(items["$ref"]).rpartition("/")[2] if "$ref" in items else None


def _free(base: str, schemas: dict[str, Node]) -> str:
    candidates = (base, *(f"{base}{number}" for number in range(2, 1000)))
    return next(each for each in candidates if each not in schemas)


def _operations(document: Node) -> Iterator[Node]:
    for path in (*document["paths"].values(), *document["webhooks"].values()):
        yield from path.values()


def _parameters(document: Node) -> Iterator[Node]:
    for operation in _operations(document):
        yield from operation.get("parameters", [])


def _text(node: Node) -> str:
    return json.dumps(node, sort_keys=True)
