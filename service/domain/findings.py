"""Findings: causes of concern, areas for improvement, recommendations, and more."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from service.domain.base import (
    Aggregate,
    Event,
    Fact,
    RuleBrokenError,
    must_not_precede,
)
from service.domain.ports import PublishedInspection

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class FindingRaised(
    Event,
    type="finding.raised",
    sealed=("title", "text"),
    identity=("inspection", "outside_id"),
):
    """The inspectorate found something; no bodies means all forces."""

    inspection: str | None
    bodies: Sequence[str]
    kind: str
    accelerated: bool | None
    raised_on: str | None
    raised_on_basis: str | None
    outside_id: str | None
    title: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class FindingStatusReported(
    Event, type="finding.status-reported", sealed=("status_word", "note")
):
    """Somebody said how far a finding has been answered."""

    status: str | None
    reported_on: str | None
    reported_on_basis: str | None
    reported_by: str | None
    status_word: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class FindingCommented(Event, type="finding.commented", sealed=("text",)):
    """Somebody commented on a finding."""

    commented_on: str | None
    commented_on_basis: str | None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class FindingClosed(Event, type="finding.closed", sealed=("note",)):
    """A finding was closed."""

    on: str | None
    on_basis: str | None
    decided_by: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class FindingReopened(Event, type="finding.reopened", sealed=("note",)):
    """A closed finding was opened again."""

    on: str | None
    on_basis: str | None
    decided_by: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class FindingSuperseded(Event, type="finding.superseded", sealed=("note",)):
    """Other findings took the place of a finding."""

    on: str | None
    on_basis: str | None
    by: Sequence[str]
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Finding(Aggregate):
    """One finding of the inspectorate, from its raising to its closing."""

    noun = "finding"

    @property
    def is_closed(self) -> bool:
        """Whether the finding takes no more ordinary events."""
        steps = self.live(FindingClosed, FindingReopened, FindingSuperseded)
        return bool(steps) and not isinstance(steps[-1], FindingReopened)

    def raise_(
        self, inspection: PublishedInspection | None, /, **data: Any
    ) -> FindingRaised:
        """Put a finding on record; without an inspection, nobody checks its bodies."""
        self._must_be_new()
        event = FindingRaised(**data)
        if inspection and event.bodies:
            for body in event.bodies:
                inspection.must_have_subject(body)
        return event

    def report_status(self, **data: Any) -> FindingStatusReported:
        """Put on record how far the finding is said to have been answered."""
        self._must_be_open()
        event = FindingStatusReported(**data)
        self._must_follow(event.reported_on, "The status")
        return event

    def comment(self, **data: Any) -> FindingCommented:
        """Put a comment on record; also a closed finding may be commented on."""
        self._must_exist()
        event = FindingCommented(**data)
        self._must_follow(event.commented_on, "The comment")
        return event

    def close(self, **data: Any) -> FindingClosed:
        """Put on record that the finding was closed."""
        self._must_be_open()
        event = FindingClosed(**data)
        self._must_follow(event.on, "The closing")
        return event

    def reopen(self, **data: Any) -> FindingReopened:
        """Put on record that the closed finding was opened again."""
        self._must_exist()
        if not self.is_closed:
            raise RuleBrokenError("not-closed", f"{self.id} is open.")
        event = FindingReopened(**data)
        self._must_follow(event.on, "The reopening")
        for end in self.live(FindingClosed, FindingSuperseded)[-1:]:
            must_not_precede(event.on, end.on, "The reopening", "the closing")
        return event

    def supersede(self, **data: Any) -> FindingSuperseded:
        """Put on record that other findings took its place."""
        self._must_be_open()
        event = FindingSuperseded(**data)
        self._must_not_supersede_itself(event)
        self._must_follow(event.on, "The superseding")
        return event

    def _must_be_open(self) -> None:
        self._must_exist()
        if self.is_closed:
            raise RuleBrokenError("finding-closed", f"{self.id} is closed.")

    def _must_follow(self, day: str | None, name: str) -> None:
        for raised in self.live(FindingRaised):
            must_not_precede(day, raised.raised_on, name, "the raising of the finding")

    def _must_not_supersede_itself(self, event: FindingSuperseded) -> None:
        if self.stream in event.by:
            raise RuleBrokenError(
                "superseded-by-itself", f"{self.id} does not take its own place."
            )

    def _must_hold(self, event: Event, fact: Fact) -> None:
        after = self._with(fact.version, event=event)
        match event:
            case FindingRaised():
                after._must_be_followed()
            case FindingStatusReported(reported_on=day):
                self._must_follow(day, "The status")
            case FindingCommented(commented_on=day):
                self._must_follow(day, "The comment")
            case FindingSuperseded(on=day):
                self._must_not_supersede_itself(event)
                self._must_follow(day, "The superseding")
                after._must_be_in_order()
            case FindingClosed(on=day) | FindingReopened(on=day):
                self._must_follow(day, "The decision")
                after._must_be_in_order()

    def _must_be_followed(self) -> None:
        """Check that nothing on record comes certainly before the raising."""
        for said in self.live(FindingStatusReported):
            self._must_follow(said.reported_on, "A status")
        for comment in self.live(FindingCommented):
            self._must_follow(comment.commented_on, "A comment")
        for step in self.live(FindingClosed, FindingReopened, FindingSuperseded):
            self._must_follow(step.on, "A decision")

    def _must_be_in_order(self) -> None:
        """Check that no reopening comes certainly before the closing it undoes."""
        steps = self.live(FindingClosed, FindingReopened, FindingSuperseded)
        for end, step in pairwise(steps):
            if isinstance(step, FindingReopened):
                must_not_precede(step.on, end.on, "A reopening", "the closing")
