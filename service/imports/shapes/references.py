"""References: the things that members of events name, which must be on record."""

from collections.abc import Mapping
from typing import Any

from service.domain.catalogue import NOUNS
from service.imports.names import shown
from service.imports.shapes.reader import Reader
from service.imports.wanted import RefusedError, is_id

BODIES = ("body", "bodies", "subjects", "succeeded_by", "reported_by", "decided_by",
          "convened_by", "to")  # fmt: skip
OTHERS = {
    "programme": "programme",
    "follows": "programme",
    "inspection": "inspection",
    "term": "term",
    "carried_from": "rating",
}
STREAMS = ("about", "addresses", "responds_to", "by")


def resolved(reader: Reader, member: str, value: Any) -> Any:
    """Return a value with ids for the names of bodies; refuse what is not on record."""
    name = member.rpartition(".")[2]
    if isinstance(value, list):
        return [resolved(reader, member, each) for each in value]
    if not isinstance(value, str):
        return value
    if name in BODIES:
        return reader.body(value, name, ())
    if name in OTHERS:
        _must_exist(reader, name, OTHERS[name], value)
    elif name in STREAMS:
        noun, _, id = value.partition("-")
        _must_exist(reader, name, noun, id)
    return value


def _must_exist(reader: Reader, name: str, noun: str, id: str) -> None:
    if noun not in NOUNS or not is_id(id):
        raise RefusedError(f"{name}: {shown(f'{noun}-{id}')} names nothing on record.")
    if not reader.work.find(NOUNS[noun], id).exists:
        raise RefusedError(f"{name}: no {noun} {shown(id)} is on record.")


def must_have_id(reader: Reader, noun: str, id: str, data: Mapping[str, Any]) -> None:
    """Refuse the id of a new thing that is not made as those of its noun are."""
    beginnings = _beginnings(reader, noun, data)
    if beginnings and not any(id.startswith(each) for each in beginnings):
        likely = " or ".join(beginnings)
        raise RefusedError(f"id: {shown(id)} must begin with {likely}.")


def _beginnings(reader: Reader, noun: str, data: Mapping[str, Any]) -> list[str]:
    match noun:
        case "term":
            return [f"{data['body']}.{data['office']}."]
        case "statement" | "commitment" | "plan" | "monitoring":
            return [f"{data['body']}."]
        case "session":
            return [f"{each}." for each in data["bodies"]]
        case "finding":
            inspection = data["inspection"]
            return ["hmicfrs.", *([f"{inspection}."] if inspection else [])]
        case "inspection":
            return [f"{data.get('programme') or data.get('kind', '')}."]
        case "gap":
            return [f"{data['kind']}."]
        case "rating":
            return [_rating(reader, data)]
    return []


def _rating(reader: Reader, data: Mapping[str, Any]) -> str:
    inspection: Any = reader.work.find(NOUNS["inspection"], data["inspection"])
    parts = [data["inspection"], data["question"]]
    if len(inspection.subjects) > 1:
        parts.insert(1, data["body"])
    return ".".join(parts)
