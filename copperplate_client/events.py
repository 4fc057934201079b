"""Events: what the log holds, and the bytes that it holds of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from copperplate_client.problems import BadAnswerError


@dataclass(frozen=True)
class Event:
    """One event of the log; `sealed` holds commitments, `opened` the words to them."""

    position: int
    type: str
    stream: str
    version: int
    recorded_at: str
    by: str
    change: str
    data: dict[str, Any]
    sealed: dict[str, str]
    opened: dict[str, Any]
    redacted: dict[str, Any]
    sources: list[dict[str, Any]]
    leaf_hash: str
    signature: dict[str, str] | None = None

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> "Event":
        """Return the event that the service shows; members added later are left out."""
        try:
            return cls(**{each.name: members[each.name] for each in fields(cls)})
        except KeyError as error:
            raise BadAnswerError(f"An event without {error}.") from error

    @property
    def leaf(self) -> bytes:
        """The bytes that were hashed (RFC 8785): ASCII keys, and no floats."""
        names = ("type", "stream", "version", "recorded_at", "by", "change")
        members = {name: getattr(self, name) for name in names}
        members |= {"v": 1, "data": self.data, "sealed": self.sealed}
        members["sources"] = self.sources
        if self.signature is not None:
            members["signature"] = self.signature
        return canonical(members)


def canonical(value: Any) -> bytes:
    """Return the canonical form of what the log may hold (RFC 8785)."""
    form = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return form.encode()
