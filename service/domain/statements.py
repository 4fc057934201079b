"""Statements: what somebody said publicly."""

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
class StatementPublished(
    Event,
    type="statement.published",
    sealed=("title", "text", "speaker"),
    identity=("body",),
):
    """A body, or somebody in its office, said something publicly."""

    kind: str
    body: str
    term: str | None
    about: Sequence[str]
    published_on: str | None
    published_on_basis: str | None
    dated_on: str | None
    dated_on_basis: str | None
    responds_to: Sequence[str]
    section_55: bool | None
    title: str | None = None
    text: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, kw_only=True)
class StatementWithdrawn(Event, type="statement.withdrawn", sealed=("note",)):
    """A statement was withdrawn by who made it."""

    withdrawn_on: str | None
    withdrawn_on_basis: str | None
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Statement(Aggregate):
    """One public statement."""

    noun = "statement"

    def publish(self, **data: Any) -> StatementPublished:
        """Put a statement on record."""
        self._must_be_new()
        return StatementPublished(**data)

    def withdraw(self, **data: Any) -> StatementWithdrawn:
        """Put on record that the statement was withdrawn."""
        self._must_exist()
        if self.live(StatementWithdrawn):
            raise RuleBrokenError("withdrawn", f"{self.id} is withdrawn.")
        event = StatementWithdrawn(**data)
        self._must_follow(event)
        return event

    def _must_follow(self, event: StatementWithdrawn) -> None:
        for said in self.live(StatementPublished):
            day = said.published_on or said.dated_on
            must_not_precede(event.withdrawn_on, day, "The withdrawal", "the statement")

    def _must_hold(self, event: Event, fact: Fact) -> None:
        if isinstance(event, StatementWithdrawn):
            self._must_follow(event)
