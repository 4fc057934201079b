"""Editors: who may record, by which keys, and under which name if they chose one."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.base import Aggregate, Event, RuleBrokenError

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class KeyAdded(Event, type="key.added"):
    """An editor was given a key; the record holds neither it nor a hash of it.

    `public_key` is the base64 of 32 bytes (Ed25519) if the editor signs events.
    """

    editor: str
    key_id: str
    public_key: str | None
    scopes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class KeyRevoked(Event, type="key.revoked"):
    """A key opens nothing any more."""

    key_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EditorNamed(Event, type="editor.named", sealed=("name",)):
    """An editor chose to be known by a name."""

    editor: str
    name: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Editor(Aggregate):
    """Somebody who puts things on record, known to the public by an id."""

    noun = "editor"

    def add_key(
        self, *, key_id: str, public_key: str | None, scopes: Sequence[str]
    ) -> KeyAdded:
        """Give the editor a key for some scopes."""
        if not scopes:
            raise RuleBrokenError("no-scopes", "A key without a scope opens nothing.")
        if any(each.key_id == key_id for each in self.live(KeyAdded)):
            raise RuleBrokenError("already-recorded", f"{key_id} was added before.")
        return KeyAdded(
            editor=self.id,
            key_id=key_id,
            public_key=public_key,
            scopes=sorted(set(scopes)),
        )

    def revoke_key(self, *, key_id: str, reason: str) -> KeyRevoked:
        """Take a key back, for good."""
        if all(each.key_id != key_id for each in self.live(KeyAdded)):
            raise RuleBrokenError("no-such-key", f"{self.id} has no key {key_id}.")
        if any(each.key_id == key_id for each in self.live(KeyRevoked)):
            raise RuleBrokenError("key-revoked", f"{key_id} is revoked already.")
        return KeyRevoked(key_id=key_id, reason=reason)

    def show_name(self, *, name: str) -> EditorNamed:
        """Let the public know the editor by a name."""
        return EditorNamed(editor=self.id, name=name)
