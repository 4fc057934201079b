"""Loading: a body by its schema, with every fault named by pointer, in plain words."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from marshmallow import Schema, ValidationError, fields

from schemas.canonical import pointer_to
from schemas.fields import EventData
from service.http.bodies import Fault, fault

# What marshmallow says by itself, said to people.
_PLAIN = {
    "Missing data for required field.": "It is missing.",
    "Field may not be null.": "It may not be null.",
    "Not a valid string.": "A text is needed.",
    "Not a valid integer.": "A whole number is needed.",
    "Not a valid boolean.": "It is true or false.",
    "Not a valid list.": "A list is needed.",
    "Not a valid mapping type.": "An object is needed.",
    "Invalid input type.": "An object is needed.",
    "Invalid type.": "An object is needed.",
}
_UNKNOWN = "Unknown field."
Node = Schema | fields.Field[Any] | None


def load(schema: Schema, value: Any, known: list[Fault]) -> dict[str, Any]:
    """Return what a schema makes of a value, {} if it has faults: they join `known`.

    What has a fault already gets no second one.
    """
    if isinstance(schema, EventData) and isinstance(value, dict) and not known:
        plain = schema.load_plainly(value)
        if plain is not None:
            return plain
    try:
        loaded: dict[str, Any] = dict(schema.load(value))
    except ValidationError as error:
        seen = {each["pointer"] for each in known}
        found = _faults(error.messages, schema, "")
        known += [each for each in found if each["pointer"] not in seen]
        return {}
    return loaded


def _faults(said: Any, node: Node, at: str) -> Iterator[Fault]:
    """Give the faults of what stands at a pointer, as marshmallow nests them."""
    if isinstance(said, Mapping):
        for key, inner in said.items():
            yield from _faults_below(key, inner, node, at)
        return
    for why in said if isinstance(said, list) else [said]:
        yield fault(at, _PLAIN.get(why, str(why)))


def _faults_below(key: Any, said: Any, node: Node, at: str) -> Iterator[Fault]:
    if key == "_schema":
        yield from _faults(said, node, at)
    elif said == [_UNKNOWN]:
        yield _unknown(key, node, at + pointer_to(key))
    elif isinstance(node, fields.Dict) and isinstance(said, Mapping):
        # What is wrong with a name and with its value is told apart.
        for each in said.values():
            yield from _faults(each, None, at + pointer_to(key))
    else:
        yield from _faults(said, _child(node, key), at + pointer_to(key))


def _unknown(name: str, node: Node, at: str) -> Fault:
    names = sorted(_members(node))
    close = get_close_matches(name[:80], names, n=3)
    return fault(at, f"There is no such member; there are {', '.join(names)}.", close)


def _child(node: Node, key: Any) -> Node:
    if isinstance(node, fields.List):
        return node.inner
    return _members(node).get(key)


def _members(node: Node) -> Mapping[str, fields.Field[Any]]:
    if isinstance(node, fields.List):
        node = node.inner
    if isinstance(node, fields.Nested):
        node = node.schema
    return node.fields if isinstance(node, Schema) else {}
