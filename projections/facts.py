"""Facts: the original events of one thing as they stand, with corrections in place.

Every projection of a noun makes its rows from these, by a pure function.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from schemas import dates
from schemas.events import RecordedEvent

GENERIC_VERBS = ("corrected", "retracted", "disputed", "dispute-settled", "sourced")
# When a thing is due, and when somebody was elected, is not when it happened.
_FIRST = ("published_on", "started_on")
_LATER = ("due_on", "elected_on", "fieldwork_to")


@dataclass(frozen=True, slots=True)
class Fact:
    """One original event as it stands; `sealed` holds commitments, never words.

    `position` and `recorded_at` are its own, `change` is that of what it now says.
    """

    version: int
    type: str
    data: dict[str, Any]
    sealed: dict[str, str]
    sources: Sequence[dict[str, Any]]
    position: int
    recorded_at: str = ""
    change: str = ""
    is_retracted: bool = False
    disputes: dict[int, "Fact"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing: its facts, and the last event that touched it."""

    id: str
    stream: str
    version: int
    position: int
    recorded_at: str
    change: str
    facts: dict[int, Fact]
    is_retracted: bool = False

    def live(self, *types: str) -> list[Fact]:
        """Return the facts of these types that stand, in the order of the log."""
        if self.is_retracted:
            return []
        return [
            fact
            for fact in self.facts.values()
            if fact.type in types and not fact.is_retracted
        ]


def fold(events: Iterable[RecordedEvent]) -> Thing | None:
    """Return the thing that the events of one stream are about."""
    thing = None
    for event in events:
        thing = advance(thing, event)
    return thing


def advance(thing: Thing | None, event: RecordedEvent) -> Thing:
    """Return the thing after the next event of its stream."""
    facts = dict(thing.facts) if thing else {}
    is_retracted = _apply(facts, event)
    return Thing(
        id=event.id,
        stream=event.stream,
        version=event.version,
        position=event.position,
        recorded_at=event.recorded_at,
        change=event.change,
        facts=facts,
        is_retracted=is_retracted or (thing is not None and thing.is_retracted),
    )


def _apply(facts: dict[int, Fact], event: RecordedEvent) -> bool:
    """Change the facts as the event says; return whether the thing is retracted."""
    data = event.data
    match event.verb:
        case "corrected":
            facts[data["corrects"]] = _restated(facts[data["corrects"]], event)
        case "retracted" if data["retracts"] is None:
            return True
        case "retracted":
            old = facts[data["retracts"]]
            facts[old.version] = replace(old, is_retracted=True)
        case "disputed":
            old = facts[data["disputes"]]
            disputes = {**old.disputes, event.version: _restated(old, event)}
            facts[old.version] = replace(old, disputes=disputes)
        case "dispute-settled":
            _settle(facts, data["settles"], data["prevails"])
        case "sourced":
            old = facts[data["adds_to"]]
            facts[old.version] = replace(old, sources=[*old.sources, *event.sources])
        case _:
            facts[event.version] = Fact(
                event.version,
                event.type,
                data,
                event.sealed,
                event.sources,
                event.position,
                event.recorded_at,
                event.change,
            )
    return False


def _restated(old: Fact, event: RecordedEvent) -> Fact:
    """Return a fact with other data; sealed fields not stated anew stay."""
    anew = set(event.data["sealed_fields"])
    kept = {name: each for name, each in old.sealed.items() if name not in anew}
    if event.sources:
        kept.pop("source_titles", None)
    stated = {name: each for name, each in event.sealed.items() if name in anew}
    titles = {k: v for k, v in event.sealed.items() if k == "source_titles"}
    sources = (
        event.sources if event.verb == "disputed" else [*event.sources, *old.sources]
    )
    return replace(
        old,
        data=event.data["data"],
        sealed={**kept, **stated, **titles},
        sources=sources,
        change=event.change,
    )


def _settle(facts: dict[int, Fact], settles: int, prevails: int) -> None:
    holder = next(each for each in facts.values() if settles in each.disputes)
    disputes = dict(holder.disputes)
    other = disputes.pop(settles)
    chosen = other if prevails == settles else holder
    facts[holder.version] = replace(
        chosen, disputes=disputes, is_retracted=holder.is_retracted
    )


def world_date(data: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return when a fact happened, and what that rests on."""
    for name in _dates_among(tuple(data)):
        if data[name]:
            return data[name], data[f"{name}_basis"]
    return None, None


@lru_cache(maxsize=256)  # Events of one type have the same members.
def _dates_among(members: tuple[str, ...]) -> list[str]:
    """Return the world dates among members, the one that tells most first."""
    others = sorted({*members} - {*_FIRST, *_LATER})
    return [
        name
        for name in (*_FIRST, *others)
        if name in members
        and dates.is_world_date(name)
        and not (name == "ended_on" and "started_on" in members)
    ]
