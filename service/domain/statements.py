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
        for said in self.live(StatementPublished):
            _must_be_withdrawn_after(said, event)
        return event

    def _must_hold(self, event: Event, fact: Fact) -> None:
        after = self._with(fact.version, event=event)
        for said in after.live(StatementPublished):
            for withdrawn in after.live(StatementWithdrawn):
                _must_be_withdrawn_after(said, withdrawn)


def _must_be_withdrawn_after(
    said: StatementPublished, withdrawn: StatementWithdrawn
) -> None:
    for day in (said.published_on, said.dated_on):
        must_not_precede(withdrawn.withdrawn_on, day, "The withdrawal", "the statement")
