"""References: the things that the data of an event names, and where it names them."""

from collections.abc import Iterator
from typing import Any

from service.commands import Data, Find
from service.domain.base import Aggregate
from service.domain.bodies import Body
from service.domain.catalogue import NOUNS
from service.domain.inspections import Inspection
from service.domain.programmes import Programme
from service.domain.ratings import Rating
from service.domain.terms import Term

# Members that hold the id of a thing, or a list of these.
KINDS: dict[str, type[Aggregate]] = {
    "body": Body,
    "inspection": Inspection,
    "programme": Programme,
    "term": Term,
    "to": Body,
    "follows": Programme,
    "carried_from": Rating,
    "reported_by": Body,
    "decided_by": Body,
    "convened_by": Body,
    "subjects": Body,
    "bodies": Body,
    "succeeded_by": Body,
}
# Members that hold streams: of things of any noun.
STREAMS = {"about", "addresses", "responds_to", "by"}
Reference = tuple[str, str, str]  # JSON pointer, noun, id.


def references(data: Data, at: str = "") -> Iterator[Reference]:
    """Yield every thing that the data of an event names."""
    for name, value in data.items():
        pointer = f"{at}/{name}"
        if isinstance(value, dict) and name == "about":
            yield from references(value, pointer)
        elif name in KINDS or name in STREAMS:
            yield from _named(name, value, pointer)


def missing(find: Find, data: Data) -> list[tuple[str, str]]:
    """Return the references to what is not on record: each with what is wrong."""
    return [
        (pointer, why)
        for pointer, noun, id in references(data)
        if (why := _absence(find, noun, id))
    ]


def _named(name: str, value: Any, pointer: str) -> Iterator[Reference]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield _reference(name, each, f"{pointer}/{index}")
    elif value is not None:
        yield _reference(name, value, pointer)


def _reference(name: str, value: str, pointer: str) -> Reference:
    if name in KINDS:
        return pointer, KINDS[name].noun, value
    noun, _, id = value.partition("-")
    return pointer, noun, id


def _absence(find: Find, noun: str, id: str) -> str | None:
    if noun not in NOUNS:
        return f"{noun} is no noun of the record; there are {', '.join(NOUNS)}."
    thing = find(NOUNS[noun], id)
    if not thing.version:
        return f"No {noun} {id} is on record."
    return None if thing.exists else f"The {noun} {id} was retracted."
