"""Commitments: promises that can be checked."""

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
class CommitmentMade(
    Event, type="commitment.made", sealed=("text",), identity=("body",)
):
    """A body, or somebody in its office, promised something."""

    kind: str
    body: str
    term: str | None
    made_on: str | None
    made_on_basis: str | None
    amount_pence: int | None
    currency: str | None
    due_on: str | None
    due_on_basis: str | None
    about: Sequence[str]
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class CommitmentReported(
    Event, type="commitment.reported", sealed=("status_word", "text")
):
    """Somebody said what became of a promise."""

    status: str | None
    reported_on: str | None
    reported_on_basis: str | None
    reported_by: str | None
    status_word: str | None = None
    text: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Commitment(Aggregate):
    """One promise, and what was said of it later."""

    noun = "commitment"

    def make(self, **data: Any) -> CommitmentMade:
        """Put a promise on record."""
        self._must_be_new()
        event = CommitmentMade(**data)
        _must_have_a_currency(event)
        return event

    def report(self, **data: Any) -> CommitmentReported:
        """Put on record what became of the promise."""
        self._must_exist()
        event = CommitmentReported(**data)
        self._must_follow(event)
        return event

    def _must_follow(self, event: CommitmentReported) -> None:
        for made in self.live(CommitmentMade):
            _must_be_reported_after(made, event)

    def _must_hold(self, event: Event, fact: Fact) -> None:
        match event:
            case CommitmentMade():
                _must_have_a_currency(event)
                for reported in self.live(CommitmentReported):
                    _must_be_reported_after(event, reported)
            case CommitmentReported():
                self._must_follow(event)


def _must_be_reported_after(made: CommitmentMade, reported: CommitmentReported) -> None:
    must_not_precede(reported.reported_on, made.made_on, "The report", "the promise")


def _must_have_a_currency(event: CommitmentMade) -> None:
    if (event.amount_pence is None) != (event.currency is None):
        raise RuleBrokenError(
            "amount-without-currency", "An amount and its currency go together."
        )
