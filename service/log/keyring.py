"""Keyring: which keys may sign a log, as its own key changes say.

Whoever trusts one key can follow the log to the next: a `log-key.added` that lies
below a checkpoint which a trusted key signed makes the new key trusted. A key that was
retired still vouches for what was signed before.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from service.log.notes import Checkpoint, NoteError, VerifierKey, open_checkpoint

ADDED, RETIRED = "log-key.added", "log-key.retired"


class Keyring:
    """The keys that are trusted, each up to the size at which it was retired."""

    def __init__(self, keys: Iterable[VerifierKey]) -> None:
        self._until: dict[VerifierKey, int | None] = dict.fromkeys(keys)
        self._changes: list[tuple[int, str, VerifierKey]] = []

    def open(self, note: bytes, size: int) -> Checkpoint:
        """Return the checkpoint that a key trusted at a size signed, or NoteError."""
        keys = [key for key, end in self._until.items() if end is None or size <= end]
        return open_checkpoint(note, keys)

    def read(self, position: int, leaf: Mapping[str, Any]) -> bool:
        """Remember a change of keys; tell if the leaf is one.

        Raises NoteError if it names no usable key.
        """
        if leaf["type"] not in (ADDED, RETIRED):
            return False
        key = VerifierKey.parse(str(leaf["data"].get("verifier_key")))
        self._changes.append((position, leaf["type"], key))
        return True

    def trust(self, size: int) -> None:
        """Believe the changes up to a size that a trusted key signed."""
        believed = [each for each in self._changes if each[0] <= size]
        self._changes = self._changes[len(believed) :]
        for position, kind, key in believed:
            if kind == RETIRED:
                self._until[key] = position
            else:
                self._until.setdefault(key, None)


def parse_keys(texts: Iterable[str]) -> list[VerifierKey]:
    """Read verifier keys; NoteError names the one that cannot be used."""
    keys = []
    for text in texts:
        try:
            keys.append(VerifierKey.parse(text))
        except NoteError as error:
            shown = ascii(text)[1:-1][:80]
            raise NoteError(f"the key {shown}: {error}") from error
    return keys
