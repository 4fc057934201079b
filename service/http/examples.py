"""Examples of requests and answers in the contract, as they are on record.

They are kept in `schemas/examples.json`, since salts and times are drawn anew by each
record; `make examples` makes them again.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

Node = dict[str, Any]
# What things of all nouns have alike is shown of one of them.
ALIKE = ("versions", "version", "diff", "timemap")
ALIKE_OF = "ratings"


class Shown(dict[str, Any]):
    """An example, which is written on as few lines as it takes."""


@cache
def known() -> dict[str, dict[str, Any]]:
    """Return the examples by their names, each by its media type."""
    text = files("schemas").joinpath("examples.json").read_bytes()
    found: dict[str, dict[str, Any]] = orjson.loads(text)
    return found


def name_of_answer(operation: str) -> str:
    """Return the name of the example of what an operation answers."""
    blueprint, _, verb = operation.partition("_")
    return f"{ALIKE_OF}_{verb}" if verb in ALIKE and blueprint else operation


def add_examples(document: Node) -> None:
    """Refer to an example wherever there is one, and hold those referred to."""
    used: dict[str, Node] = {}
    for content, names in _contents(document):
        for media, shown in content.items():
            name = next((n for n in names if media in known().get(n, {})), None)
            if name is not None:
                value = known()[name][media]
                used[name] = Shown(value=value)
                target = f"#/components/examples/{name}"
                shown["examples"] = {"record": {"$ref": target}}
    document["components"]["examples"] = dict(sorted(used.items()))


def _contents(document: Node) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Give what is sent and answered, with the names that its example may have."""
    for path in document["paths"].values():
        for operation in path.values():
            id = operation["operationId"]
            if content := operation.get("requestBody", {}).get("content"):
                yield content, (f"{id}_request", *_by_schema(content))
            for code in ("200", "201", "202"):
                if content := operation["responses"].get(code, {}).get("content"):
                    yield content, (name_of_answer(id), *_by_schema(content))


def _by_schema(content: Node) -> Iterator[str]:
    """Give the names of the schemas: what many operations send has one example."""
    for each in content.values():
        if reference := each.get("schema", {}).get("$ref"):
            yield str(reference).rpartition("/")[2]
