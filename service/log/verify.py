"""Verifying: a log is checked as its leaves stream by; nothing it says is believed.

Pure but for the hashing: who reads the log, and from where, is the caller's matter.
"""

import base64
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.canonical import GrammarError, canonical
from schemas.events import RecordedEvent
from service.log.findings import Findings
from service.log.keyring import Keyring
from service.log.leaf import LeafError, decode, signing_input, title_faults
from service.log.merkle import Edge, Node, leaf_hash
from service.log.notes import (
    Checkpoint,
    NoteError,
    decode_base64,
    refuse_weak,
    unverified_checkpoint,
)
from service.log.reader import SignedSize, StoredOpening
from service.log.sealing import SealingError, commit

CHECKS = {
    "signature": "the latest checkpoint is signed by a trusted key",
    "leaves": "leaves are canonical and in the grammar",
    "order": "positions, versions and times go on without a gap",
    "tree": "the leaves give the root that was signed",
    "hashes": "the tiles of hashes are those of the leaves",
    "checkpoints": "every published checkpoint is signed and of this tree",
    "saved": "the log goes on from the saved checkpoint",
    "openings": "every commitment is opened or redacted, never both",
    "redactions": "redactions name fields of events on record",
    "keys": "changes of the log's keys name usable keys",
    "editors": "what editors signed is what they signed",
}
_REWRITE = "REWRITE: the log has another root there"


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint that was kept outside the log; `name` says where.

    Without a note nobody's signature is asked for.
    """

    name: str
    checkpoint: Checkpoint
    note: bytes | None = None


class Audit:
    """Everything that can be checked of a log in one pass over its leaves."""

    def __init__(
        self, findings: Findings, keyring: Keyring, saved: Sequence[Saved] = ()
    ) -> None:
        self.edge = Edge()
        self.nodes: list[Node] = []
        self._findings, self._keyring, self._saved = findings, keyring, saved
        self._recorded_at = ""
        self._good = 0
        self._was_unsigned = False
        self._versions: dict[str, int] = {}
        self._fields = _Fields(findings)
        self._editors = _Editors(findings)

    @property
    def size(self) -> int:
        """How many leaves have been checked."""
        return self.edge.size

    def feed(
        self,
        leaves: Sequence[bytes],
        openings: Iterable[StoredOpening],
        checkpoints: Sequence[SignedSize],
    ) -> tuple[list[bytes], list[RecordedEvent | None]]:
        """Check the next leaves; return their hashes, and the events of the good ones.

        `openings` are those of these leaves, `checkpoints` those of sizes up to them.
        """
        opened = _by_position(openings)
        hashes = [leaf_hash(raw) for raw in leaves]
        events = [
            self._event(position, raw, each, opened.pop(position, []))
            for position, (raw, each) in enumerate(
                zip(leaves, hashes, strict=True), self.size + 1
            )
        ]
        for position in opened:
            self._findings.fault("openings", "it opens no event", position)
        self._grow(hashes, checkpoints)
        return hashes, events

    def finish(self, note: bytes, settled: int) -> None:
        """Check the latest checkpoint, and what only the end can tell.

        What was redacted after position `settled` may have been opened before.
        """
        self._fields.finish(settled)
        self._finish_tree(note)
        for each in self._saved:
            self._check_saved(each)

    def still_unsigned(self, checkpoints: Iterable[SignedSize]) -> None:
        """Check once more the signatures that no key known at their time explained."""
        for each in checkpoints:
            try:
                self._keyring.open(each.note, each.size)
            except NoteError as error:
                self._findings.fault("checkpoints", f"at size {each.size:,}: {error}")

    @property
    def was_unsigned(self) -> bool:
        """Whether a checkpoint was signed by no key that was trusted at its time."""
        return self._was_unsigned

    @property
    def has_missing(self) -> bool:
        """Whether some commitment is neither opened nor, so far, redacted."""
        return self._fields.has_missing

    def _event(
        self,
        position: int,
        raw: bytes,
        hash: bytes,
        openings: list[StoredOpening],
    ) -> RecordedEvent | None:
        findings = self._findings
        findings.count("leaves")
        try:
            leaf = decode(raw)
        except LeafError as error:
            findings.fault("leaves", _short(str(error)), position)
            return None
        self._check_order(position, leaf)
        opened = self._fields.open(position, leaf, openings)
        self._fields.redact(position, leaf, self._versions)
        self._editors.check(position, leaf)
        self._read_keys(position, leaf)
        del leaf["v"]
        return RecordedEvent(
            position=position, leaf_hash=hash.hex(), opened=opened, **leaf
        )

    def _check_order(self, position: int, leaf: Mapping[str, Any]) -> None:
        self._findings.count("order")
        stream, version, recorded_at = (
            leaf["stream"],
            leaf["version"],
            leaf["recorded_at"],
        )
        before = self._versions.get(stream, 0)
        if version != before + 1:
            what = f"version {version} of {stream} does not follow version {before}"
            self._findings.fault("order", what, position)
        self._versions[stream] = max(version, before)
        if recorded_at < self._recorded_at:
            what = f"recorded at {recorded_at}, before the event that it follows"
            self._findings.fault("order", what, position)
        self._recorded_at = max(recorded_at, self._recorded_at)

    def _read_keys(self, position: int, leaf: Mapping[str, Any]) -> None:
        try:
            if self._keyring.read(position, leaf):
                self._findings.count("keys")
        except NoteError as error:
            self._findings.fault("keys", f"{leaf['type']}: {error}", position)

    def _grow(self, hashes: Sequence[bytes], checkpoints: Sequence[SignedSize]) -> None:
        """Extend the tree, and compare its roots at the sizes that anybody signed."""
        start, end = self.size, self.size + len(hashes)
        notes = {each.size: each.note for each in checkpoints}
        saved = {each.checkpoint.size for each in self._saved}
        stops = {size for size in (*notes, *saved) if start <= size <= end}
        for stop in sorted({*stops, end}):
            self.edge, nodes = self.edge.append(
                hashes[self.size - start : stop - start]
            )
            self.nodes += nodes
            if stop in notes:
                self._check_published(notes[stop])
            if stop in saved:
                self._check_roots()

    def _check_published(self, note: bytes) -> None:
        findings = self._findings
        findings.count("checkpoints")
        at = f"at size {self.size:,}"
        try:
            found = unverified_checkpoint(note)
        except NoteError as error:
            findings.fault("checkpoints", f"{at}: {error}")
            return
        if (found.size, found.root) != (self.size, self.edge.root()):
            what = f"{at}: not the root of the leaves; they differ after {self._good:,}"
            findings.fault("checkpoints", what)
            return
        self._good = self.size
        try:
            self._keyring.open(note, self.size)
            self._keyring.trust(self.size)
        except NoteError:
            # A key of which the log tells only later may have signed it.
            self._was_unsigned = True

    def _check_roots(self) -> None:
        for each in self._saved:
            if each.checkpoint.size == self.size:
                self._findings.count("saved")
                if each.checkpoint.root != self.edge.root():
                    at = f"{each.name}, size {self.size:,}"
                    self._findings.fault("saved", f"{at}: {_REWRITE}")

    def _finish_tree(self, note: bytes) -> None:
        findings = self._findings
        findings.count("tree", self.size)
        findings.count("signature")
        try:
            found = unverified_checkpoint(note)
        except NoteError as error:
            findings.fault("signature", str(error))
            return
        if (found.size, found.root) != (self.size, self.edge.root()):
            what = f"the {self.size:,} leaves give another root than the checkpoint"
            findings.fault("tree", f"{what}: they were changed after {self._good:,}")
        try:
            self._keyring.open(note, found.size)
        except NoteError as error:
            findings.fault("signature", str(error))
            return
        self._keyring.trust(self.size)

    def _check_saved(self, each: Saved) -> None:
        size = each.checkpoint.size
        if size > self.size:
            what = f"ROLLBACK: {size:,} events were signed, the log has {self.size:,}"
            self._findings.fault("saved", f"{each.name}: {what}")
        if each.note is None:
            return
        try:
            self._keyring.open(each.note, size)
        except NoteError as error:
            self._findings.fault("saved", f"{each.name}: {error}")


class _Fields:
    """The sealed fields: which of them are opened, missing or redacted."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._missing: dict[tuple[str, int, str], int] = {}
        self._redacted: set[tuple[str, int, str]] = set()
        self._contradictions: list[tuple[int, str]] = []

    @property
    def has_missing(self) -> bool:
        return bool(self._missing)

    def open(
        self, position: int, leaf: Mapping[str, Any], openings: list[StoredOpening]
    ) -> dict[str, Any]:
        """Return the values of the fields that are opened as they were sealed."""
        sealed, values = leaf["sealed"], {}
        self._findings.count("openings", len(sealed))
        for each in openings:
            try:
                values[each.name] = _value(each, sealed.get(each.name))
            except (SealingError, GrammarError) as error:
                self._findings.fault("openings", _short(str(error)), position)
        opened = {each.name for each in openings}
        for name in sealed:
            if name not in opened:
                self._missing[leaf["stream"], leaf["version"], name] = position
        for fault in title_faults(leaf["sources"], values.get("source_titles")):
            self._findings.fault("openings", fault, position)
        return values

    def redact(
        self, position: int, leaf: Mapping[str, Any], versions: Mapping[str, int]
    ) -> None:
        """Note which fields an event redacts, if it is a redaction."""
        if leaf["type"] != "field.redacted":
            return
        self._findings.count("redactions")
        named = named_fields(leaf["data"])
        if not named:
            self._findings.fault("redactions", "it names no field", position)
        for stream, version, name in named:
            if versions.get(stream, 0) < version:
                what = f"it names {stream} {version}, which is not on record"
                self._findings.fault("redactions", what, position)
            elif self._missing.pop((stream, version, name), None) is not None:
                self._redacted.add((stream, version, name))
            elif (stream, version, name) not in self._redacted:
                what = (
                    f"{name} of {stream} {version} is still opened, or never was sealed"
                )
                self._contradictions.append((position, what))

    def finish(self, settled: int) -> None:
        for position, what in self._contradictions:
            if position <= settled:
                self._findings.fault("redactions", what, position)
        for (_, _, name), position in self._missing.items():
            what = f"{name} is withheld: neither opened nor redacted"
            self._findings.fault("openings", what, position)


class _Editors:
    """The keys of editors, as the log names them, and what they signed."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._keys: dict[str, bytes] = {}
        self._owners: dict[str, Any] = {}
        self._revoked: set[str] = set()

    def check(self, position: int, leaf: Mapping[str, Any]) -> None:
        if leaf["type"] == "key.added":
            self._add(position, leaf["data"])
        if leaf["type"] == "key.revoked":
            self._revoked.add(str(leaf["data"].get("key_id")))
        if signature := leaf.get("signature"):
            self._findings.count("editors")
            if fault := self._fault(leaf, signature):
                self._findings.fault("editors", fault, position)

    def _add(self, position: int, data: Mapping[str, Any]) -> None:
        id, public = data.get("key_id"), data.get("public_key")
        if id in self._keys:
            # With another public key in its place, anything could be signed.
            what = f"the key {id} was added before"
            self._findings.fault("editors", what, position)
        elif isinstance(id, str) and isinstance(public, str):
            self._owners[id] = data.get("editor")
            try:
                self._keys[id] = decode_base64(public)
            except NoteError:
                self._keys[id] = b""

    def _fault(
        self, leaf: Mapping[str, Any], signature: Mapping[str, str]
    ) -> str | None:
        key_id = signature["key"]
        public = self._keys.get(key_id)
        if public is None:
            return f"signed with the key {key_id}, which the log does not name"
        if self._owners[key_id] != leaf["by"]:
            return f"signed with the key {key_id}, which is not that of {leaf['by']}"
        if key_id in self._revoked:
            return f"signed with the key {key_id}, which was revoked before"
        try:
            refuse_weak(public)
            key = Ed25519PublicKey.from_public_bytes(public)
            key.verify(base64.b64decode(signature["sig"]), signing_input(leaf))
        except (InvalidSignature, NoteError):
            return f"the signature of the key {key_id} is wrong"
        return None


def _value(opening: StoredOpening, commitment: str | None) -> Any:
    """Return the value of an opening; SealingError unless it fits its commitment."""
    name = ascii(opening.name)[1:-1]
    if commitment is None:
        raise SealingError(f"{name}: it opens no commitment of the event")
    made = commit(opening.name, opening.salt, opening.value)
    if not hmac.compare_digest(base64.b64encode(made), commitment.encode()):
        raise SealingError(f"{name}: the opening does not fit the commitment")
    if opening.commitment != commitment:
        raise SealingError(f"{name}: the opening names another commitment")
    try:
        value = orjson.loads(opening.value)
    except orjson.JSONDecodeError as error:
        raise SealingError(f"{name}: the value is not JSON") from error
    if canonical(value) != opening.value:
        raise SealingError(f"{name}: the value is not canonical")
    return value


def named_fields(data: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """Return the fields that a redaction names, [] unless it has the shape of one."""
    target, fields = data.get("target"), data.get("fields")
    if not isinstance(target, dict) or not isinstance(fields, list):
        return []
    stream, version = target.get("stream"), target.get("version")
    if not isinstance(stream, str) or type(version) is not int or version < 1:
        return []
    return [(stream, version, each) for each in fields if isinstance(each, str)]


def _by_position(openings: Iterable[StoredOpening]) -> dict[int, list[StoredOpening]]:
    found: dict[int, list[StoredOpening]] = defaultdict(list)
    for each in openings:
        found[each.position].append(each)
    return found


def _short(text: str) -> str:
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= 200 else plain[:200] + "…"
