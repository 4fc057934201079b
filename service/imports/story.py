"""Stories: files of commands, one JSON object a line, that put facts on record.

A command names the event that it is to bring about, the thing, and what is said of
it. It goes through the same rules as a row, and is already known the second time.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from service.commands import COMMANDS, bring_about, context_of, kind_of
from service.domain.catalogue import EVENT_TYPES
from service.imports.names import shown
from service.imports.reading import read_text
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import RefusedError, Wanted

Story = Mapping[str, Any]
Row = tuple[int, Story | str]

MEMBERS = {"do", "id", "data", "words", "sources", "ordinal"}
SOURCE = {
    "url": None,
    "publisher": None,
    "published_on": None,
    "accessed_on": None,
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
    "title": None,
}


def is_story(path: Path) -> bool:
    """Whether a file holds commands and not a table."""
    return path.suffix == ".jsonl"


def read_story(path: Path) -> Iterator[Row]:
    """Read the commands of a file; a line that is none is a text that says so."""
    lines = read_text(path).split("\n")
    told: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        command = _parsed(line)
        if isinstance(command, Mapping):
            facts = [command["do"], command["id"], command.get("data")]
            key = json.dumps(facts, sort_keys=True)
            told[key] += 1
            command = {**command, "ordinal": told[key]}
        yield number, command


def _parsed(line: str) -> Story | str:
    try:
        command = json.loads(
            line, parse_constant=_no_constant, object_pairs_hook=_members
        )
    except (ValueError, RecursionError) as error:
        return f"Not JSON: {str(error).partition(':')[0]}."
    if not isinstance(command, dict):
        return "Not a command: a JSON object with do, id, data, words, sources."
    if unknown := sorted(set(command) - MEMBERS | {"ordinal"} & set(command)):
        return f"Unknown members: {', '.join(map(shown, unknown))}."
    if not all(isinstance(command.get(name), str) for name in ("do", "id")):
        return "do and id: missing, or not text."
    return _fault(command) or command


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands twice")
    return members


def _fault(command: Story) -> str | None:
    for name in ("data", "words"):
        if not isinstance(command.get(name, {}), dict):
            return f"{name}: not an object."
    sources = command.get("sources", [])
    if not isinstance(sources, list) or not all(isinstance(x, dict) for x in sources):
        return "sources: not a list of objects."
    return None


def put_command(reader: Reader, command: Story) -> None:
    """Put the event of a command on record, once for each of its sources."""
    type, id = command["do"], command["id"]
    if type not in COMMANDS:
        raise RefusedError(f"do: {shown(type)} is no event that a story can tell.")
    data = {**command.get("data", {}), **command.get("words", {})}
    plain = [name for name in EVENT_TYPES[type].plain_members() if name in data]
    kind = kind_of(type)
    for source in command.get("sources") or [None]:
        reader.work.want(
            Wanted(
                kind,
                id,
                type,
                data,
                partial(bring_about, reader.work.find, type),
                stated=tuple(plain),
                is_same=_same(type, data, plain),
                source=_source(source),
                context=_context(reader, type, data, command.get("words", {})),
                nth=None if COMMANDS[type].is_once else command["ordinal"],
            )
        )
    reader.remember(type, id, data)


def _same(type: str, data: dict[str, Any], plain: list[str]) -> Callable[[Any], bool]:
    if COMMANDS[type].is_once:
        return lambda event: True
    return lambda event: all(getattr(event, name) == data[name] for name in plain)


def _context(
    reader: Reader, type: str, data: dict[str, Any], words: dict[str, Any]
) -> dict[str, Any]:
    if on := context_of(reader.work.find, type, data):
        return on
    return {"words": words}


def _source(source: Story | None) -> dict[str, Any] | None:
    return None if source is None else {**SOURCE, **source}


STORY = Shape("story", (), (), put_command, "commands, hand-written, one a line")
