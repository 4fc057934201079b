"""Errors: what the service says of a request it refuses (RFC 9457), and of itself."""

import json
from collections.abc import Mapping
from typing import Any


class CopperplateError(Exception):
    """Anything that this package raises."""


class UnreachableError(CopperplateError):
    """The service did not answer, however often it was asked."""


class BadAnswerError(CopperplateError):
    """What was answered is not what such a service answers."""


class ProblemError(CopperplateError):
    """The service refused, and says why in `detail`; `members` holds all it said."""

    def __init__(self, status: int, members: Mapping[str, Any]) -> None:
        self.status, self.members = status, dict(members)
        self.type = str(members.get("type", "about:blank"))
        self.title = str(members.get("title", ""))
        self.detail = str(members.get("detail", ""))
        super().__init__(f"{status} {self.slug}: {self.detail or self.title}")

    @property
    def slug(self) -> str:
        """The type of the problem in short: `unknown-parameter`."""
        return self.type.rpartition("/")[2]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """Every fault of the request; each names its parameter, or its pointer."""
        return list(self.members.get("errors", ()))

    @property
    def did_you_mean(self) -> list[str]:
        """What was perhaps meant."""
        return list(self.members.get("did_you_mean", ()))


class InvalidRequestError(ProblemError):
    """Something of the request is malformed, unknown or in conflict (400)."""


class NotFoundError(ProblemError):
    """There is no such thing on record (404)."""


class NotKnownThenError(NotFoundError):
    """The record did not know of the thing at the time asked for (404)."""

    @property
    def known_since(self) -> int:
        """The position from which on it is known."""
        return int(self.members["known_since"])


class RateLimitedError(ProblemError):
    """There were too many requests, and waiting did not help (429)."""


class UnavailableError(ProblemError):
    """The service cannot answer now, and trying again did not help (503 and others)."""


KINDS: dict[int, type[ProblemError]] = {
    400: InvalidRequestError,
    404: NotFoundError,
    429: RateLimitedError,
}


def problem_of(status: int, body: bytes) -> ProblemError:
    """Return the error of an answer that tells of a problem."""
    try:
        members = json.loads(body)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        members = {"detail": body[:200].decode("utf-8", "replace")}
    if "known_since" in members:
        return NotKnownThenError(status, members)
    unavailable = UnavailableError if status >= 500 else ProblemError
    return KINDS.get(status, unavailable)(status, members)
