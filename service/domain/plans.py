"""Plans: what a force has promised to do, what it claims, and what is assessed."""

from collections.abc import Sequence
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
class PlanOpened(
    Event, type="plan.opened", sealed=("title", "summary"), identity=("body",)
):
    """A force has an improvement plan."""

    body: str
    addresses: Sequence[str]
    opened_on: str | None
    opened_on_basis: str | None
    title: str | None = None
    summary: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanActionAdded(
    Event, type="plan.action-added", sealed=("text",), identity=("action",)
):
    """A plan promises an action."""

    action: str
    due_on: str | None
    due_on_basis: str | None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanProgressReported(
    Event, type="plan.progress-reported", sealed=("status_word", "text")
):
    """Somebody claims progress; without an action, of the whole plan."""

    action: str | None
    status: str | None
    reported_on: str | None
    reported_on_basis: str | None
    reported_by: str | None
    status_word: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanProgressAssessed(
    Event, type="plan.progress-assessed", sealed=("status_word", "text")
):
    """The inspectorate assessed progress; without an action, of the whole plan."""

    action: str | None
    status: str | None
    assessed_on: str | None
    assessed_on_basis: str | None
    inspection: str | None
    status_word: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlanClosed(Event, type="plan.closed", sealed=("note",)):
    """A plan was closed."""

    closed_on: str | None
    closed_on_basis: str | None
    outcome: str | None
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Plan(Aggregate):
    """One improvement plan; what is claimed stays apart from what is assessed."""

    noun = "plan"

    def open(self, **data: Any) -> PlanOpened:
        """Put a plan on record; it may be older than what it answers."""
        self._must_be_new()
        return PlanOpened(**data)

    def add_action(self, **data: Any) -> PlanActionAdded:
        """Add an action to the plan."""
        self._must_be_open()
        event = PlanActionAdded(**data)
        if event.action in self.actions:
            raise RuleBrokenError(
                "already-recorded", f"{self.id} already has action {event.action}."
            )
        return event

    def report_progress(self, **data: Any) -> PlanProgressReported:
        """Put on record what progress is claimed."""
        self._must_be_open()
        event = PlanProgressReported(**data)
        self._must_have_action(event.action)
        self._must_follow(event)
        return event

    def assess_progress(self, **data: Any) -> PlanProgressAssessed:
        """Put on record what progress the inspectorate saw."""
        self._must_be_open()
        event = PlanProgressAssessed(**data)
        self._must_have_action(event.action)
        self._must_follow(event)
        return event

    def close(self, **data: Any) -> PlanClosed:
        """Put on record that the plan was closed; `complete` alone closes nothing."""
        self._must_be_open()
        event = PlanClosed(**data)
        self._must_follow(event)
        return event

    @property
    def actions(self) -> list[str]:
        """The ids of the actions of the plan."""
        return [each.action for each in self.live(PlanActionAdded)]

    def _must_be_open(self) -> None:
        self._must_exist()
        if self.live(PlanClosed):
            raise RuleBrokenError("plan-closed", f"{self.id} is closed.")

    def _must_have_action(self, action: str | None) -> None:
        if action is not None and action not in self.actions:
            raise RuleBrokenError(
                "unknown-action", f"{self.id} has no action {action!r}."
            )

    def _must_follow(self, event: Event) -> None:
        for opened in self.live(PlanOpened):
            _must_follow_opening(event, opened)

    def _must_hold(self, event: Event, fact: Fact) -> None:
        match event:
            case PlanOpened():
                for later in self.live(*FOLLOWING):
                    _must_follow_opening(later, event)
            case PlanProgressReported() | PlanProgressAssessed():
                self._must_have_action(event.action)
                self._must_follow(event)
            case PlanClosed():
                self._must_follow(event)


# What happens to an open plan, and the member that says when.
FOLLOWING: dict[type[Event], str] = {
    PlanProgressReported: "reported_on",
    PlanProgressAssessed: "assessed_on",
    PlanClosed: "closed_on",
}


def _must_follow_opening(event: Event, opened: PlanOpened) -> None:
    day = getattr(event, FOLLOWING[type(event)])
    must_not_precede(day, opened.opened_on, "It", "the opening of the plan")
