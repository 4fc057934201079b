"""Sending: one message to one address of the public Internet, and what came of it.

Addresses come from strangers, and are asked as those of sources are: only machines of
the public Internet, at the very addresses that were checked. No redirect is followed.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from service.fetching import connect_publicly
from service.log.web import Connect, WebError, asking

SECONDS = 15.0  # In which a receiver must answer: connecting, TLS and all.
MOST = 1024  # Bytes of an answer that are looked at.


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: a status, or why there is none."""

    status: int | None
    error: str | None
    seconds: float
    said: bytes = b""
    retry_after: int | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Sender:
    """How messages are sent; `connect` is given by programs alone, by no setting."""

    connect: Connect = connect_publicly
    agent: str = "Copperplate-webhooks"
    seconds: float = SECONDS

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send a message once; what goes wrong is an outcome, too."""
        begun = time.monotonic()
        sent = {"User-Agent": self.agent, **headers}
        try:
            with asking(
                url, body, seconds=self.seconds, headers=sent, connect=self.connect
            ) as answer:
                status, said = answer.status, answer.read(MOST)
                retry_after = _seconds(answer.getheader("Retry-After"))
        except WebError as error:
            return Outcome(None, str(error)[:200], time.monotonic() - begun)
        is_taken = 200 <= status < 300
        why = None if is_taken else f"it answers with status {status}"
        return Outcome(status, why, time.monotonic() - begun, said, retry_after)


def _seconds(text: str | None) -> int | None:
    """Return the seconds of Retry-After; a date there is passed by."""
    given = (text or "").strip()
    is_number = given.isascii() and given.isdigit() and len(given) <= 6
    return int(given) if is_number else None
