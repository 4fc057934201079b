"""Which keys a checker may trust: keys of the log come and go on its own record."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from service.log.notes import NoteError, VerifierKey

ADDED, RETIRED = "log-key.added", "log-key.retired"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What one event of the log says of one of its keys."""

    key: VerifierKey
    is_added: bool


def stream_of(key: VerifierKey) -> str:
    """Return the stream of the events about a key."""
    return f"log-key-{key.id.hex()}"


def key_change(leaf: Mapping[str, Any]) -> KeyChange | None:
    """Return what a leaf says of a key, None if it says nothing, or raise NoteError."""
    if leaf["type"] not in (ADDED, RETIRED):
        return None
    text = leaf["data"].get("verifier_key")
    if not isinstance(text, str):
        raise NoteError("the event names no verifier key")
    key = VerifierKey.parse(text)
    if leaf["stream"] != stream_of(key):
        raise NoteError("the event is of another key than its stream")
    return KeyChange(key, leaf["type"] == ADDED)


def trusted_after(
    keys: Collection[VerifierKey], change: KeyChange
) -> frozenset[VerifierKey]:
    """Return the keys to be trusted once a change is in a tree that these keys signed.

    A key that was added signs every checkpoint from that of its event on. A key that
    was retired signed that of its retirement, and none that is larger. Until the tree
    that holds the change is signed by a key that was trusted before, nothing changes.
    """
    names = {key.name for key in keys}
    if change.is_added and change.key.name in names:
        return frozenset({*keys, change.key})
    if not change.is_added and change.key in keys:
        return frozenset(keys) - {change.key}
    return frozenset(keys)
