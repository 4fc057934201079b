"""What every event and every aggregate have in common."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, ClassVar, Self, TypeVar, overload

from schemas import dates

E = TypeVar("E", bound="Event")
Source = Mapping[str, Any]

EVENT_TYPES: dict[str, type["Event"]] = {}


class RuleBrokenError(Exception):
    """The command is well formed, but a rule of the record forbids it."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule


# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact, named in the past tense, that never changes.

    Members named in `sealed` never enter the leaf, only a commitment to them;
    members named in `identity` are part of the id of the thing.
    """

    type_name: ClassVar[str]
    sealed: ClassVar[tuple[str, ...]] = ()
    identity: ClassVar[tuple[str, ...]] = ()

    sources: Sequence[Source] = ()
    source_titles: Sequence[str | None] | None = None

    def __init_subclass__(
        cls,
        *,
        type: str,
        sealed: tuple[str, ...] = (),
        identity: tuple[str, ...] = (),
    ) -> None:
        cls.type_name, cls.sealed, cls.identity = type, sealed, identity
        if not type.startswith("*"):
            EVENT_TYPES[type] = cls

    @property
    def type(self) -> str:
        """The type of the event, as it stands in the leaf."""
        return self.type_name

    @classmethod
    @cache
    def plain_members(cls) -> list[str]:
        """Return the names of the members of `data`, in the order given."""
        return [each.name for each in fields(cls) if cls._is_plain(each.name)]

    @property
    def data(self) -> dict[str, Any]:
        """The plain members: what stands in the leaf."""
        return {name: getattr(self, name) for name in self.plain_members()}

    @property
    def words(self) -> dict[str, Any]:
        """The sealed members that have a value."""
        names = (*self.sealed, "source_titles")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def _is_plain(cls, name: str) -> bool:
        return name not in (*cls.sealed, "sources", "source_titles", "noun", "fresh")


@dataclass(frozen=True, kw_only=True)
class Corrected(Event, type="*.corrected", sealed=("reason_text",)):
    """The data of an earlier event was wrong; this is the whole of it, right.

    `sealed_fields` names the sealed fields that are stated anew, in `fresh`; one
    that is named there without a value is taken back.
    """

    noun: str
    corrects: int
    reason: str
    asked_by: str
    data_: dict[str, Any]
    sealed_fields: Sequence[str] = ()
    reason_text: str | None = None
    fresh: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Retracted(Event, type="*.retracted", sealed=("reason_text",)):
    """An earlier event, or (with null) the whole thing, was taken back."""

    noun: str
    retracts: int | None
    reason: str
    asked_by: str
    reason_text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Disputed(Event, type="*.disputed"):
    """Another source says otherwise; both stand."""

    noun: str
    disputes: int
    data_: dict[str, Any]
    sealed_fields: Sequence[str] = ()
    fresh: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DisputeSettled(Event, type="*.dispute-settled", sealed=("reason_text",)):
    """It was decided which side of a dispute prevails."""

    noun: str
    settles: int
    prevails: int
    reason: str
    reason_text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sourced(Event, type="*.sourced"):
    """Another source for an earlier event was found."""

    noun: str
    adds_to: int


GENERIC: dict[str, type[Event]] = {
    "corrected": Corrected,
    "retracted": Retracted,
    "disputed": Disputed,
    "dispute-settled": DisputeSettled,
    "sourced": Sourced,
}


_GENERIC_KINDS = frozenset(GENERIC.values())


def type_of(event: Event) -> str:
    """Return the type of an event; a generic one takes that of its noun."""
    return event.type.replace("*", getattr(event, "noun", ""))


def encode(event: Event) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the plain data and the sealed words of an event, for its leaf."""
    data = {name.rstrip("_"): value for name, value in event.data.items()}
    return data, event.words | dict(getattr(event, "fresh", {}))


def decode(type_name: str, data: Mapping[str, Any], sources: Sequence[Source]) -> Event:
    """Return the event of a leaf; its sealed words stay out of the rules."""
    noun, _, verb = type_name.partition(".")
    if kind := GENERIC.get(verb):
        members = {"data_" if k == "data" else k: v for k, v in data.items()}
        return kind(sources=sources, **{"noun": noun, **members})
    return EVENT_TYPES[type_name](sources=sources, **data)


# Rules: what may happen next.


@dataclass(frozen=True)
class Fact:
    """One original event as it stands: with corrections in place."""

    version: int
    event: Event
    is_retracted: bool = False
    disputes: Mapping[int, Event] = field(default_factory=dict)


@dataclass(frozen=True)
class Aggregate:
    """The state that the rules need, folded from the events of one stream."""

    noun: ClassVar[str]

    id: str
    version: int = 0
    facts: Mapping[int, Fact] = field(default_factory=dict)
    is_retracted: bool = False

    @property
    def stream(self) -> str:
        """The name of the stream that holds the events of this thing."""
        return f"{self.noun}-{self.id}"

    @property
    def exists(self) -> bool:
        """Whether the thing is on record and not retracted."""
        return self.version > 0 and not self.is_retracted

    def evolve(self, event: Event) -> Self:
        """Return the state after the event; cannot fail."""
        if type(event) not in _GENERIC_KINDS:
            return self._with_fact(Fact(self.version + 1, event))
        after = replace(self, version=self.version + 1)
        match event:
            case Corrected(corrects=version, data_=data):
                sources = [*event.sources, *self.facts[version].event.sources]
                return after._with(version, event=self._rebuilt(version, data, sources))
            case Retracted(retracts=None):
                return replace(after, is_retracted=True)
            case Retracted(retracts=int(version)):
                return after._with(version, is_retracted=True)
            case Disputed(disputes=version, data_=data):
                disputed = self._rebuilt(version, data, event.sources)
                disputes = {**self.facts[version].disputes, after.version: disputed}
                return after._with(version, disputes=disputes)
            case DisputeSettled():
                return after._settled(event)
            case Sourced(adds_to=version):
                return after._sourced(version, event)
        raise AssertionError("unreachable")

    def _with_fact(self, fact: Fact) -> Self:
        facts = {**self.facts, fact.version: fact}
        return replace(self, version=fact.version, facts=facts)

    @overload
    def live(self, kind: type[E], /) -> list[E]: ...

    @overload
    def live(self, *kinds: type[Event]) -> list[Any]: ...

    def live(self, *kinds: type[Event]) -> list[Any]:
        """Return the original events of these kinds that stand, in order."""
        events = (f.event for f in self.facts.values() if not f.is_retracted)
        return [event for event in events if isinstance(event, kinds)]

    def fact(self, version: int) -> Fact:
        """Return the original event of a version, or break a rule."""
        fact = self.facts.get(version)
        if fact is None:
            raise RuleBrokenError(
                "no-such-event", f"Version {version} of {self.stream} is no original."
            )
        if fact.is_retracted:
            raise RuleBrokenError(
                "is-retracted", f"Version {version} of {self.stream} is retracted."
            )
        return fact

    def correct(
        self,
        *,
        corrects: int,
        data: dict[str, Any],
        words: Mapping[str, Any] | None = None,
        **why: Any,
    ) -> Corrected:
        """State the whole data of an earlier event anew."""
        self._must_exist()
        self._must_hold(self._restated(corrects, data), self.fact(corrects))
        fresh = {k: v for k, v in (words or {}).items() if v is not None}
        return Corrected(
            noun=self.noun,
            corrects=corrects,
            data_=data,
            sealed_fields=sorted(words or {}),
            fresh=fresh,
            **why,
        )

    def retract(self, *, retracts: int | None = None, **why: Any) -> Retracted:
        """Take back one earlier event, or the whole thing."""
        self._must_exist()
        if retracts is not None:
            self.fact(retracts)
            if retracts == min(self.facts):
                raise RuleBrokenError(
                    "retract-the-whole",
                    "The first event of a thing is retracted with the whole thing.",
                )
        return Retracted(noun=self.noun, retracts=retracts, **why)

    def dispute(
        self,
        *,
        disputes: int,
        data: dict[str, Any],
        words: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Disputed:
        """Put on record that another source says otherwise."""
        self._must_exist()
        fact = self.fact(disputes)
        other = self._restated(disputes, data)
        self._must_hold(other, fact)
        if other.data == fact.event.data:
            raise RuleBrokenError("nothing-disputed", "The data is the same.")
        fresh = {k: v for k, v in (words or {}).items() if v is not None}
        return Disputed(
            noun=self.noun,
            disputes=disputes,
            data_=data,
            sealed_fields=sorted(words or {}),
            fresh=fresh,
            **more,
        )

    def settle_dispute(
        self, *, settles: int, prevails: int, **why: Any
    ) -> DisputeSettled:
        """Decide which side of a dispute prevails."""
        self._must_exist()
        holders = [f for f in self.facts.values() if settles in f.disputes]
        if not holders:
            raise RuleBrokenError(
                "no-such-dispute", f"Version {settles} is not an open dispute."
            )
        self.fact(holders[0].version)
        if prevails not in (settles, holders[0].version):
            raise RuleBrokenError(
                "not-a-side", "What prevails is the original or the dispute."
            )
        return DisputeSettled(noun=self.noun, settles=settles, prevails=prevails, **why)

    def add_source(
        self,
        *,
        adds_to: int,
        sources: Sequence[Source],
        source_titles: Sequence[str | None] | None = None,
    ) -> Sourced:
        """Add a source to an earlier event."""
        self._must_exist()
        self.fact(adds_to)
        return Sourced(
            noun=self.noun,
            adds_to=adds_to,
            sources=sources,
            source_titles=source_titles,
        )

    # What each noun adds.

    def _must_hold(self, event: Event, fact: Fact) -> None:
        """Check the rules of the noun for data that takes the place of a fact's."""

    def _must_exist(self) -> None:
        if not self.version:
            raise RuleBrokenError("not-on-record", f"{self.stream} is not on record.")
        if self.is_retracted:
            raise RuleBrokenError("is-retracted", f"{self.stream} is retracted.")

    def _must_be_new(self) -> None:
        if self.is_retracted:
            raise RuleBrokenError(
                "id-is-taken",
                f"{self.stream} was retracted; recorded anew, it takes a new id.",
            )
        if self.version:
            raise RuleBrokenError(
                "already-recorded", f"{self.stream} is already on record."
            )

    def _restated(self, version: int, data: Mapping[str, Any]) -> Event:
        old = self.fact(version).event
        new = self._rebuilt(version, data, old.sources)
        for name in old.identity:
            if getattr(old, name) != getattr(new, name):
                raise RuleBrokenError(
                    "part-of-the-id",
                    f"{name} is part of the id: retract, and record anew.",
                )
        return new

    def _rebuilt(
        self, version: int, data: Mapping[str, Any], sources: Sequence[Source]
    ) -> Event:
        return type(self.facts[version].event)(sources=sources, **data)

    def _with(self, version: int, **changes: Any) -> Self:
        fact = replace(self.facts[version], **changes)
        return replace(self, facts={**self.facts, version: fact})

    def _settled(self, event: DisputeSettled) -> Self:
        holder = next(f for f in self.facts.values() if event.settles in f.disputes)
        disputes = dict(holder.disputes)
        other = disputes.pop(event.settles)
        prevailing = other if event.prevails == event.settles else holder.event
        return self._with(holder.version, event=prevailing, disputes=disputes)

    def _sourced(self, version: int, event: Sourced) -> Self:
        old = self.facts[version].event
        return self._with(
            version, event=replace(old, sources=[*old.sources, *event.sources])
        )


def must_not_precede(
    late: str | None, early: str | None, late_name: str, early_name: str
) -> None:
    """Break a rule if something is certainly dated before what it is about."""
    if dates.is_before(late, early):
        raise RuleBrokenError(
            "before-its-cause",
            f"{late_name} ({late}) is certainly before {early_name} ({early}).",
        )


def duplicates(values: Iterable[str]) -> list[str]:
    """Return the values that occur more than once, sorted."""
    return sorted(each for each, count in Counter(values).items() if count > 1)
