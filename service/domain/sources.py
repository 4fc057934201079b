"""Sources: which copies of them are kept, and what came of looking at them again."""

from dataclasses import dataclass
from typing import Any

from schemas.codelists import CheckOutcome
from service.domain.base import Aggregate, Event, RuleBrokenError

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class SourceArchived(Event, type="source.archived", identity=("url_hash",)):
    """A first copy of what an address gives was kept."""

    url_hash: str
    sha256: str
    checked_at: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class SourceChecked(Event, type="source.checked", identity=("url_hash",)):
    """An address was looked at again, or in vain; or a copy was withdrawn."""

    url_hash: str
    sha256: str | None
    checked_at: str
    outcome: str


# Rules: what may happen next.

MISSES = (CheckOutcome.GONE, CheckOutcome.UNREACHABLE, CheckOutcome.REFUSED)
ID_LENGTH = 16


@dataclass(frozen=True)
class Source(Aggregate):
    """One address that facts may rest on."""

    noun = "source"

    @property
    def copy(self) -> str | None:
        """The hash of the last copy that was had, or None."""
        looks = (e for e in self._events() if e.outcome != CheckOutcome.WITHDRAWN)
        return next((e.sha256 for e in reversed(list(looks)) if e.sha256), None)

    @property
    def copies(self) -> set[str]:
        """The hashes of all copies that were ever had."""
        return {each.sha256 for each in self._events() if each.sha256}

    @property
    def withdrawn(self) -> set[str]:
        """The hashes of the copies that were withdrawn."""
        withdrawn = CheckOutcome.WITHDRAWN
        return {e.sha256 for e in self._events() if e.sha256 and e.outcome == withdrawn}

    @property
    def checked_at(self) -> str | None:
        """When the address was last looked at, or None."""
        looks = [e for e in self._events() if e.outcome != CheckOutcome.WITHDRAWN]
        return looks[-1].checked_at if looks else None

    def find(self, *, url_hash: str, sha256: str, **when: Any) -> Event:
        """Put on record which bytes the address gave: the first, the same or others."""
        self._must_be_of(url_hash)
        found = {"url_hash": url_hash, "sha256": sha256, **when}
        if self.copy is None:
            return SourceArchived(outcome=str(CheckOutcome.ARCHIVED), **found)
        is_same = self.copy == sha256
        outcome = CheckOutcome.UNCHANGED if is_same else CheckOutcome.CHANGED
        return SourceChecked(outcome=str(outcome), **found)

    def miss(self, *, url_hash: str, outcome: str, **when: Any) -> SourceChecked:
        """Put on record that the address gave nothing to keep, and how."""
        self._must_be_of(url_hash)
        if outcome not in MISSES:
            raise RuleBrokenError("not-a-miss", f"{outcome} is no such outcome.")
        return SourceChecked(url_hash=url_hash, sha256=None, outcome=outcome, **when)

    def withdraw(self, *, sha256: str, **when: Any) -> SourceChecked:
        """Put on record that a copy is kept no longer."""
        if sha256 not in self.copies:
            raise RuleBrokenError("no-such-copy", f"{self.stream} has no such copy.")
        if sha256 in self.withdrawn:
            raise RuleBrokenError("already-withdrawn", "The copy is withdrawn already.")
        outcome = str(CheckOutcome.WITHDRAWN)
        url_hash = self._events()[0].url_hash
        return SourceChecked(url_hash=url_hash, sha256=sha256, outcome=outcome, **when)

    def _events(self) -> list[SourceArchived | SourceChecked]:
        return self.live(SourceArchived, SourceChecked)

    def _must_exist(self) -> None:
        """Refuse what may happen to other things: corrections and so on."""
        raise RuleBrokenError(
            "check-is-final", "What was seen at an address stands; look again."
        )

    def _must_be_of(self, url_hash: str) -> None:
        known = {url_hash, *(each.url_hash for each in self._events())}
        if len(known) > 1 or url_hash[:ID_LENGTH] != self.id:
            raise RuleBrokenError(
                "another-address", f"{self.stream} is not that of this address."
            )
