"""Gaps: declared holes in the record, so that silence is not taken for a fact."""

from collections.abc import Mapping
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
class GapDeclared(Event, type="gap.declared", sealed=("note",), identity=("kind",)):
    """Something is known not to be on record, and why."""

    kind: str
    about: Mapping[str, str | None]
    since: str | None
    since_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class GapClosed(Event, type="gap.closed", sealed=("note",)):
    """A hole in the record was filled."""

    on: str | None
    on_basis: str | None
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Gap(Aggregate):
    """One hole in the record."""

    noun = "gap"

    def declare(self, **data: Any) -> GapDeclared:
        """Put a hole in the record on record."""
        self._must_be_new()
        return GapDeclared(**data)

    def close(self, **data: Any) -> GapClosed:
        """Put on record that the hole was filled."""
        self._must_exist()
        if self.live(GapClosed):
            raise RuleBrokenError("gap-closed", f"{self.id} is closed.")
        event = GapClosed(**data)
        self._must_follow(event)
        return event

    def _must_follow(self, closed: GapClosed) -> None:
        for declared in self.live(GapDeclared):
            must_not_precede(closed.on, declared.since, "The closing", "the gap")

    def _must_hold(self, event: Event, fact: Fact) -> None:
        after = self._with(fact.version, event=event)
        for closed in after.live(GapClosed):
            after._must_follow(closed)
