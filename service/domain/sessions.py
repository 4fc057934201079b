"""Sessions: formal meetings that hold a force to account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.domain.base import Aggregate, Event

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class SessionHeld(Event, type="session.held", sealed=("title", "attendees", "minutes")):
    """A session was held."""

    held_on: str | None
    held_on_basis: str | None
    convened_by: str
    bodies: Sequence[str]
    about: Sequence[str]
    title: str | None = None
    attendees: Sequence[str] | None = None
    minutes: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Session(Aggregate):
    """One session; its announcement and its minutes are two sources of one."""

    noun = "session"

    def hold(self, **data: Any) -> SessionHeld:
        """Put a session on record."""
        self._must_be_new()
        return SessionHeld(**data)
