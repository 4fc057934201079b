"""Proofs: that what is read is what was signed, and that the log has only grown.

The formats are those of C2SP (signed-note, tlog-checkpoint) and RFC 6962; it needs the
package `cryptography`, which `copperplate-client[proofs]` brings.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from copperplate_client.events import Event, canonical
from copperplate_client.problems import CopperplateError
from copperplate_client.transport import Transport

_SIZE = re.compile("0|[1-9][0-9]{0,15}", re.ASCII)


class ProofError(CopperplateError):
    """Something is not what was signed; nothing that came with it may be believed."""


@dataclass(frozen=True)
class Checkpoint:
    """The size and the root of the log, as one of the keys has signed them."""

    size: int
    root: bytes
    note: str


def open_checkpoint(note: str, keys: Iterable[str]) -> Checkpoint:
    """Return what a checkpoint states, if one of the verifier keys has signed it."""
    text, _, lines = note.rpartition("\n\n")
    signatures = [line.split(" ") for line in lines.splitlines()]
    if not any(_is_signed(f"{text}\n", signatures, key) for key in keys):
        raise ProofError("None of the keys has signed the checkpoint.")
    origin, size, root = text.split("\n")[:3]
    if not _SIZE.fullmatch(size) or origin not in {k.split("+")[0] for k in keys}:
        raise ProofError("The checkpoint is malformed, or that of another log.")
    return Checkpoint(int(size), _bytes(root), note)


def root_of(leaf: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof gives (RFC 9162, 2.1.3.2)."""
    place, last, root = index, size - 1, leaf
    for each in hashes:
        if last == 0:
            raise ProofError("The inclusion proof is too long.")
        if place & 1 or place == last:
            root = _node(each, root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            root = _node(root, each)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("The inclusion proof is too short.")
    return root


def must_have_grown(old: Checkpoint, new: Checkpoint, hashes: Sequence[bytes]) -> None:
    """Raise ProofError unless the new log begins with the old (RFC 9162, 2.1.4.2)."""
    if old.size > new.size:
        raise ProofError(f"ROLLBACK: {old.size} events were signed, now {new.size}.")
    if old.size in (0, new.size):
        is_same = old.size == 0 or old.root == new.root
        if not is_same or hashes:
            raise ProofError(f"REWRITE: another root than before at {old.size}.")
        return
    if _roots(old, new, hashes) != (old.root, new.root):
        raise ProofError(f"REWRITE: the log of {old.size} events was changed since.")


def _roots(
    old: Checkpoint, new: Checkpoint, hashes: Sequence[bytes]
) -> tuple[bytes, bytes]:
    place, last, rest = old.size - 1, new.size - 1, list(hashes)
    while place & 1:
        place, last = place >> 1, last >> 1
    if not rest:
        raise ProofError("The consistency proof is too short.")
    first = rest.pop(0) if old.size & (old.size - 1) else old.root
    one = other = first
    for each in rest:
        if last == 0:
            raise ProofError("The consistency proof is too long.")
        if place & 1 or place == last:
            one, other = _node(each, one), _node(each, other)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            other = _node(other, each)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("The consistency proof is too short.")
    return one, other


@dataclass
class Checker:
    """Checks events against the log, by the keys that the reader trusts."""

    transport: Transport
    keys: Sequence[str]
    last: Checkpoint | None = None

    def advance(self) -> Checkpoint:
        """Return the latest checkpoint, once it is known to go on from the last."""
        note = self.transport.get("/log/checkpoint").body.decode()
        found = open_checkpoint(note, self.keys)
        if self.last:
            must_have_grown(self.last, found, self._grown(self.last, found))
        self.last = found
        return found

    def check(self, events: Sequence[Event]) -> None:
        """Raise ProofError unless all are in the log, with the words sealed in them."""
        if not events:
            return
        if self.last is None or self.last.size < events[-1].position:
            self.advance()
        openings = self._openings(events)
        for event in events:
            self._must_be_included(event)
            _must_open(event, openings.get(event.position, {}))

    def _must_be_included(self, event: Event) -> None:
        assert self.last
        size, leaf = self.last.size, _hash(b"\0", event.leaf)
        if event.position > size:
            raise ProofError(f"Position {event.position} is not signed yet.")
        path = f"/v1/log/proofs/inclusion/{event.position}"
        proof = self.transport.get_json(path, {"size": size})
        hashes = [_bytes(each) for each in proof["hashes"]]
        if root_of(leaf, event.position - 1, size, hashes) != self.last.root:
            raise ProofError(f"Position {event.position} is not what was signed.")

    def _grown(self, old: Checkpoint, new: Checkpoint) -> list[bytes]:
        if old.size >= new.size or old.size == 0:
            return []
        between = {"from": old.size, "to": new.size}
        proof = self.transport.get_json("/v1/log/proofs/consistency", between)
        return [_bytes(each) for each in proof["hashes"]]

    def _openings(self, events: Sequence[Event]) -> dict[int, dict[str, Any]]:
        """Return what opens the words of events, by position and name."""
        first, last = events[0].position, events[-1].position
        found: dict[int, dict[str, Any]] = {}
        for after in range(first - 1, last, 1000):
            asked = {"after": after, "limit": min(1000, last - after)}
            for each in self.transport.get_json("/v1/openings", asked)["items"]:
                found.setdefault(each["position"], {})[each["name"]] = each
        return found


def _must_open(event: Event, openings: dict[str, Any]) -> None:
    """Raise ProofError unless each sealed field is opened rightly, or redacted."""
    for name, sealed in event.sealed.items():
        if name not in event.opened:
            if name not in event.redacted:
                raise ProofError(f"Position {event.position}: {name} is withheld.")
            continue
        salt = _bytes(openings.get(name, {}).get("salt", ""))
        if _commitment(name, salt, event.opened[name]) != sealed:
            raise ProofError(f"Position {event.position}: {name} was changed.")


def _commitment(name: str, salt: bytes, value: Any) -> str:
    parts = salt, len(name.encode()).to_bytes(2, "big"), name.encode()
    found = _hash(b"copperplate/field/v1\n", *parts, canonical(value))
    return base64.b64encode(found).decode()


def _is_signed(text: str, signatures: list[list[str]], key: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, key_hash, encoded = key.split("+", 2)
    public = _bytes(encoded)
    key_id = _hash(name.encode(), b"\n", public)[:4]
    if public[:1] != b"\x01" or key_id.hex() != key_hash:
        raise ProofError(f"{key} is no Ed25519 verifier key.")
    for line in signatures:
        raw = _bytes(line[2]) if len(line) == 3 and line[1] == name else b""
        if raw[:4] == key_id:
            try:
                signer = Ed25519PublicKey.from_public_bytes(public[1:])
                signer.verify(raw[4:], text.encode())
            except (InvalidSignature, ValueError) as error:
                raise ProofError("The signature of the checkpoint is wrong.") from error
            return True
    return False


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError(f"{text[:80]!r} is not base64.") from error


def _node(left: bytes, right: bytes) -> bytes:
    return _hash(b"\1", left, right)


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
