"""Permits: how many readers may wait at once, in all and from one address.

Each holds a thread for as long as it waits. Without a limit they would stop the server.
"""

from collections import Counter
from threading import Lock

LONG_ANSWERS = 40  # Threads of a process for those who are sent one part by part.
LONG_ANSWERS_EACH = 20  # Of them for one address.
RETRY_AFTER = 5  # Seconds.


class TooManyReadersError(Exception):
    """As many readers wait as may; the message says whose."""


class Permit:
    """The right of one reader to wait, until it is released or forgotten."""

    def __init__(self, permits: "Permits", address: str) -> None:
        self._permits, self._address = permits, address
        self._is_held = True

    def release(self) -> None:
        """Let somebody else wait; a second time it does nothing."""
        if self._is_held:
            self._is_held = False
            self._permits.give_back(self._address)

    def __enter__(self) -> "Permit":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def __del__(self) -> None:
        # Of an answer that was never sent nobody says that it has ended.
        self.release()


class Permits:
    """The permits of one process."""

    def __init__(self, most: int, most_of_an_address: int) -> None:
        self._most, self._most_of_an_address = most, most_of_an_address
        self._held: Counter[str] = Counter()
        self._lock = Lock()

    @property
    def held(self) -> int:
        """How many readers wait."""
        with self._lock:
            return self._held.total()

    def take(self, address: str) -> Permit:
        """Return a permit for a reader, or raise TooManyReadersError."""
        with self._lock:
            if self._held.total() >= self._most:
                raise TooManyReadersError(f"{self._most} readers wait here already.")
            if self._held[address] >= self._most_of_an_address:
                why = (
                    f"{self._most_of_an_address} readers wait at your address already."
                )
                raise TooManyReadersError(why)
            self._held[address] += 1
        return Permit(self, address)

    def give_back(self, address: str) -> None:
        """Take back the permit of a reader at an address."""
        with self._lock:
            self._held[address] -= 1
            if not self._held[address]:
                del self._held[address]
