"""Monitoring: spells in a phase of monitoring; leaving one closes no finding."""

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
class MonitoringEntered(
    Event, type="monitoring.entered", sealed=("note",), identity=("body", "phase")
):
    """A force was moved into a phase of monitoring."""

    body: str
    phase: str
    entered_on: str | None
    entered_on_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class MonitoringObserved(Event, type="monitoring.observed", sealed=("note",)):
    """A source says that on a day the force was in the phase."""

    observed_on: str | None
    observed_on_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class MonitoringLeft(Event, type="monitoring.left", sealed=("note",)):
    """A force was moved out of a phase of monitoring."""

    left_on: str | None
    left_on_basis: str | None
    to_phase: str | None
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Monitoring(Aggregate):
    """One spell of one force in one phase."""

    noun = "monitoring"

    def enter(self, **data: Any) -> MonitoringEntered:
        """Put a spell on record."""
        self._must_be_new()
        return MonitoringEntered(**data)

    def observe(self, **data: Any) -> MonitoringObserved:
        """Put on record that the force was in the phase on a day."""
        self._must_exist()
        event = MonitoringObserved(**data)
        self._must_be_within(event.observed_on)
        return event

    def leave(self, **data: Any) -> MonitoringLeft:
        """Put the end of the spell on record."""
        self._must_exist()
        if self.live(MonitoringLeft):
            raise RuleBrokenError("already-left", f"{self.id} has already ended.")
        event = MonitoringLeft(**data)
        self._must_end(event)
        return event

    def _must_follow(self, day: str | None) -> None:
        for entered in self.live(MonitoringEntered):
            must_not_precede(day, entered.entered_on, "It", "the start of the spell")

    def _must_be_within(self, observed_on: str | None) -> None:
        self._must_follow(observed_on)
        for left in self.live(MonitoringLeft):
            must_not_precede(
                left.left_on, observed_on, "The end of the spell", "the observation"
            )

    def _must_end(self, left: MonitoringLeft) -> None:
        self._must_follow(left.left_on)
        for seen in self.live(MonitoringObserved):
            must_not_precede(
                left.left_on, seen.observed_on, "The end of the spell", "an observation"
            )

    def _must_hold(self, event: Event, fact: Fact) -> None:
        after = self._with(fact.version, event=event)
        match event:
            case MonitoringEntered():
                after._must_be_followed()
            case MonitoringObserved(observed_on=day):
                self._must_be_within(day)
            case MonitoringLeft():
                self._must_end(event)

    def _must_be_followed(self) -> None:
        """Check that nothing on record comes certainly before the entry."""
        for seen in self.live(MonitoringObserved):
            self._must_follow(seen.observed_on)
        for left in self.live(MonitoringLeft):
            self._must_follow(left.left_on)
