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


class StoreUnreadableError(StoreError):
    """The database cannot be used; the message gives the cause on one line."""
