"""What the event store refuses, and why."""


class StoreError(Exception):
    """The event store could not do what it was asked."""


class DraftError(StoreError):
    """Some drafts are malformed; `faults` are pairs (index in the batch, cause)."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"draft {index}: {why}" for index, why in faults))


class ConflictError(StoreError):
    """Somebody else has added to `stream` since it was read."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        super().__init__(f"{stream} has changed since it was read")


class ClockError(StoreError):
    """The clock is more than 2 seconds behind the last event."""


class SigningRefusedError(StoreError):
    """The log may be read, but signing it could fork what was published."""


class LogDamagedError(StoreError):
    """What is stored is not what was signed, or what was just written."""


class IdempotencyReusedError(StoreError):
    """The idempotency key was used before, for something else."""


class StorageFullError(StoreError):
    """There is no room on the disk of the database: nothing was recorded."""


class AlreadyErasedError(StoreError):
    """An opening that was to be erased is not there: somebody else was faster."""


class RevokedError(StoreError):
    """The key of an editor was revoked before its event could be recorded."""


class StoreUnreadableError(StoreError):
    """The database cannot be used; the message gives the cause on one line."""


class ReadOnlyError(StoreError):
    """The log is a mirror of another: nothing is recorded here."""

    def __init__(self, url: str) -> None:
        super().__init__(f"this is a mirror of {url}; it is read-only")


class RefusedError(StoreError):
    """A mirror keeps nothing of what it was offered; the message says why."""


class UntrustedError(RefusedError):
    """No key that is trusted has signed what is offered."""


class RollbackError(RefusedError):
    """The log is offered smaller than it was."""


class ForkError(RefusedError):
    """The log that is offered does not begin with what was kept of it."""


class BadLeafError(RefusedError):
    """A leaf is not what a log may hold, or not the one that was signed."""

    def __init__(self, position: int, cause: str) -> None:
        super().__init__(f"bad leaf at position {position:,}: {cause}")


class BadOpeningError(RefusedError):
    """An opening does not open the commitment that it is offered for."""

    def __init__(self, position: int, name: str, cause: str) -> None:
        field = ascii(name)[1:-1]
        super().__init__(f"bad opening at position {position:,}, {field}: {cause}")


class WithheldError(RefusedError):
    """A commitment is not opened, and no redaction says that it need not be."""


class PolicyError(StoreError):
    """The file that lists the witnesses is malformed."""
