"""Keys of the log: on its own record, so that a checker can follow a rotation."""

from dataclasses import dataclass

from service.domain.base import Aggregate, Event, RuleBrokenError

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class LogKeyAdded(Event, type="log-key.added"):
    """A new key signs the log, beside the one that it will replace."""

    verifier_key: str


@dataclass(frozen=True, kw_only=True)
class LogKeyRetired(Event, type="log-key.retired"):
    """A key signs the log no longer; it signs the checkpoint of this event at last."""

    verifier_key: str


# Rules: what may happen next.


@dataclass(frozen=True)
class LogKey(Aggregate):
    """One key of the log; that of its beginning was never added."""

    noun = "log-key"

    @property
    def is_added(self) -> bool:
        """Whether it is on record that the key was added."""
        return bool(self.live(LogKeyAdded))

    @property
    def is_retired(self) -> bool:
        """Whether it is on record that the key was retired."""
        return bool(self.live(LogKeyRetired))

    def add(self, *, verifier_key: str) -> LogKeyAdded:
        """Put on record that the key signs from now on."""
        self._must_be_new()
        return LogKeyAdded(verifier_key=verifier_key)

    def retire(self, *, verifier_key: str) -> LogKeyRetired:
        """Put on record that the key signs no longer."""
        if self.is_retired:
            raise RuleBrokenError("key-retired", f"{self.stream} is retired.")
        return LogKeyRetired(verifier_key=verifier_key)
