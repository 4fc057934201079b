"""Bodies: police forces, those who oversee them, and those who inspect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.domain.base import (
    Aggregate,
    Event,
    Fact,
    RuleBrokenError,
    must_not_precede,
)

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class BodyRegistered(Event, type="body.registered", sealed=("note",)):
    """A body was put on record."""

    kind: str
    name: str
    started_on: str | None
    started_on_basis: str | None
    outside_ids: Mapping[str, str | None]
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class BodyRenamed(Event, type="body.renamed", sealed=("note",)):
    """A body took another name."""

    name: str
    started_on: str | None
    started_on_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class BodyLinked(Event, type="body.linked", sealed=("note",)):
    """A body stands in a relation to another."""

    relation: str
    to: str
    started_on: str | None
    started_on_basis: str | None
    ended_on: str | None
    ended_on_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class BodyUnlinked(Event, type="body.unlinked", sealed=("note",)):
    """A relation of a body to another came to its end."""

    relation: str
    to: str
    ended_on: str | None
    ended_on_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class BodyDissolved(Event, type="body.dissolved", sealed=("note",)):
    """A body ceased to exist."""

    ended_on: str | None
    ended_on_basis: str | None
    succeeded_by: Sequence[str]
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Body(Aggregate):
    """Any organisation that inspects, is inspected, oversees or answers."""

    noun = "body"

    @property
    def is_dissolved(self) -> bool:
        """Whether the body has ceased to exist."""
        return bool(self.live(BodyDissolved))

    def register(self, **data: Any) -> BodyRegistered:
        """Put the body on record."""
        self._must_be_new()
        return BodyRegistered(**data)

    def rename(self, **data: Any) -> BodyRenamed:
        """Give the body another name."""
        self._must_stand()
        event = BodyRenamed(**data)
        self._must_follow_the_start(event.started_on, "The new name")
        if event.name == self._name:
            raise RuleBrokenError(
                "same-name", f"{self.id} already has the name {event.name!r}."
            )
        return event

    def link(self, **data: Any) -> BodyLinked:
        """Put the body in a relation to another."""
        self._must_stand()
        event = BodyLinked(**data)
        self._must_be_linkable(event)
        if self._is_linked(event.relation, event.to):
            raise RuleBrokenError(
                "already-linked", f"{self.id} is already {event.relation} {event.to}."
            )
        return event

    def unlink(self, **data: Any) -> BodyUnlinked:
        """End a relation of the body to another."""
        self._must_stand()
        event = BodyUnlinked(**data)
        if not self._is_linked(event.relation, event.to):
            raise RuleBrokenError(
                "not-linked", f"{self.id} is not {event.relation} {event.to}."
            )
        self._must_end_its_link(event, self.version + 1)
        return event

    def dissolve(self, **data: Any) -> BodyDissolved:
        """Put on record that the body has ceased to exist."""
        self._must_stand()
        event = BodyDissolved(**data)
        self._must_follow_the_start(event.ended_on, "The end")
        return event

    @property
    def _name(self) -> str:
        names = self.live(BodyRegistered, BodyRenamed)
        return str(names[-1].name)

    def _is_linked(self, relation: str, to: str) -> bool:
        steps = [
            each
            for each in self.live(BodyLinked, BodyUnlinked)
            if (each.relation, each.to) == (relation, to)
        ]
        return bool(steps) and _is_open(steps[-1])

    def _must_stand(self) -> None:
        self._must_exist()
        if self.is_dissolved:
            raise RuleBrokenError("body-dissolved", f"{self.id} is dissolved.")

    def _must_follow_the_start(self, day: str | None, name: str) -> None:
        for event in self.live(BodyRegistered):
            must_not_precede(day, event.started_on, name, "the start of the body")

    def _must_be_linkable(self, event: BodyLinked) -> None:
        if event.to == self.id:
            raise RuleBrokenError("linked-to-itself", "A body has no link to itself.")
        must_not_precede(event.ended_on, event.started_on, "The end", "its start")

    def _must_end_its_link(self, event: BodyUnlinked, version: int) -> None:
        """Check the end of a link, at this version, against the start of the link."""
        starts = [
            fact.event.started_on
            for fact in self.facts.values()
            if isinstance(fact.event, BodyLinked)
            and (fact.event.relation, fact.event.to) == (event.relation, event.to)
            and fact.version < version
            and not fact.is_retracted
        ]
        if starts:
            must_not_precede(event.ended_on, starts[-1], "The end", "its start")

    def _must_hold(self, event: Event, fact: Fact) -> None:
        after = self._with(fact.version, event=event)
        match event:
            case BodyRegistered():
                after._must_be_followed()
            case BodyLinked():
                self._must_be_linkable(event)
                after._must_end_in_order(event)
            case BodyUnlinked():
                self._must_end_its_link(event, fact.version)
            case BodyRenamed(started_on=day) | BodyDissolved(ended_on=day):
                self._must_follow_the_start(day, "The change")

    def _must_be_followed(self) -> None:
        for renamed in self.live(BodyRenamed):
            self._must_follow_the_start(renamed.started_on, "A later name")
        for dissolved in self.live(BodyDissolved):
            self._must_follow_the_start(dissolved.ended_on, "The end")

    def _must_end_in_order(self, link: BodyLinked) -> None:
        for fact in self.facts.values():
            end = fact.event
            if not isinstance(end, BodyUnlinked) or fact.is_retracted:
                continue
            if (end.relation, end.to) == (link.relation, link.to):
                self._must_end_its_link(end, fact.version)


def _is_open(step: BodyLinked | BodyUnlinked) -> bool:
    return isinstance(step, BodyLinked) and step.ended_on is None
