"""Corrections: the whole data of an event from what an editor says of it."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, ValidationError

from schemas.catalogue import DATA_SCHEMAS
from schemas.dates import is_world_date
from schemas.events import RecordedEvent
from service.commands import Data
from service.domain.base import EVENT_TYPES, Aggregate, RuleBrokenError

Words = dict[str, Any]


class RestatementError(Exception):
    """What an event should have said is not of the form of such events."""

    def __init__(self, schema: Schema, data: Data) -> None:
        self.schema, self.data = schema, data
        super().__init__(type(schema).__name__)


def restate(
    thing: Aggregate, version: int, stated: Data
) -> tuple[dict[str, Any], Words]:
    """Return the whole plain data of an event, and the sealed words that are stated.

    `stated` are its members, all or those that differ. Raises RestatementError.
    """
    event = thing.fact(version).event
    kind = EVENT_TYPES[event.type]
    merged = {**event.data, **_without_bases(stated), **stated}
    schema = DATA_SCHEMAS[event.type]()
    try:
        loaded = schema.load(merged)
    except ValidationError as error:
        raise RestatementError(schema, merged) from error
    data = {name: loaded[name] for name in kind.plain_members()}
    return data, {name: loaded[name] for name in kind.sealed if name in stated}


def differing(words: Words, events: Sequence[RecordedEvent], version: int) -> Words:
    """Return the words that do not stand already."""
    known = _standing(events, version)
    return {name: text for name, text in words.items() if text != known.get(name)}


def must_change(thing: Aggregate, version: int, data: Data, words: Words) -> None:
    """Break a rule if a correction says nothing but what stands."""
    if data == thing.fact(version).event.data and not words:
        raise RuleBrokenError(
            "nothing-corrected",
            f"Version {version} of {thing.stream} says all of this already.",
        )


def _without_bases(stated: Data) -> dict[str, None]:
    """Return the twins of dates that are stated alone: they are worked out anew."""
    dates = (name for name in stated if is_world_date(name))
    return {f"{name}_basis": None for name in dates}


def _standing(events: Sequence[RecordedEvent], version: int) -> Words:
    """Return the words of an original event that stand, and are still held."""
    words: Words = {}
    for event in events:
        if event.version == version:
            words = dict(event.opened)
        if event.verb == "corrected" and event.data["corrects"] == version:
            anew = event.data["sealed_fields"]
            words |= {name: event.opened.get(name) for name in anew}
    return words
