"""Terms: one person in one office for one span."""

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
class TermStarted(
    Event,
    type="term.started",
    sealed=("person_name", "note"),
    identity=("body", "office"),
):
    """A person took up an office."""

    body: str
    office: str
    elected_on: str | None
    elected_on_basis: str | None
    started_on: str | None
    started_on_basis: str | None
    party: str | None
    person_name: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class TermEnded(Event, type="term.ended", sealed=("note",)):
    """A person left an office."""

    ended_on: str | None
    ended_on_basis: str | None
    reason: str | None
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Term(Aggregate):
    """One person in one office; persons are never joined by name."""

    noun = "term"

    def start(self, **data: Any) -> TermStarted:
        """Put on record that a person took up an office."""
        self._must_be_new()
        event = TermStarted(**data)
        self._must_be_sound(event)
        return event

    def end(self, **data: Any) -> TermEnded:
        """Put on record that the person left the office."""
        self._must_exist()
        if self.live(TermEnded):
            raise RuleBrokenError("term-ended", f"{self.id} has already ended.")
        event = TermEnded(**data)
        self._must_follow(event)
        return event

    def _must_hold(self, event: Event, fact: Fact) -> None:
        match event:
            case TermStarted():
                self._must_be_sound(event)
            case TermEnded():
                self._must_follow(event)

    def _must_be_sound(self, event: TermStarted) -> None:
        must_not_precede(
            event.started_on, event.elected_on, "The start", "the election"
        )
        for end in self.live(TermEnded):
            _must_end_after(event, end)

    def _must_follow(self, event: TermEnded) -> None:
        for start in self.live(TermStarted):
            _must_end_after(start, event)


def _must_end_after(start: TermStarted, end: TermEnded) -> None:
    must_not_precede(end.ended_on, start.started_on, "The end", "the start")
    must_not_precede(end.ended_on, start.elected_on, "The end", "the election")
