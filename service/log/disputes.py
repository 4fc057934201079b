"""Disputes: what is said, and kept as evidence, of a log that is not the one it was."""

import hashlib
from pathlib import Path
from typing import Any

from service.log.errors import (
    BadLeafError,
    ForkError,
    RefusedError,
    RollbackError,
    UntrustedError,
)
from service.log.merkle import TILE_WIDTH, Edge
from service.log.mirror_store import MirrorStore
from service.log.notes import (
    Checkpoint,
    NoteError,
    decode_base64,
    unverified_checkpoint,
)
from service.log.proofs import ProofError, verify_consistency
from service.log.reader import SignedSize
from service.log.remote import RemoteError, RemoteLog
from service.log.staged import Staged, Tip, bad_leaf, open_signed


def is_consistent(source: RemoteLog, edge: Edge, head: Checkpoint) -> bool:
    """Whether the source proves that the log of a checkpoint begins with an edge."""
    try:
        hashes = _proof(source, edge.size, head.size)
        verify_consistency(edge.size, head.size, edge.root(), head.root, hashes)
    except (ProofError, RemoteError):
        return False
    return True


class Disputes:
    """Finds out in what a source differs from what a mirror keeps of it."""

    def __init__(self, folder: Path, store: MirrorStore, source: RemoteLog) -> None:
        self._folder = folder
        self._store = store
        self._source = source

    def rollback(self, note: bytes, size: int) -> RollbackError:
        """Return the refusal of a log that is smaller than what was kept."""
        shown = unverified_checkpoint(note).size
        return RollbackError(
            f"rollback: {self._source.url} shows {shown:,} events, but {size:,} are "
            f"kept here; {self._evidence(note)}"
        )

    def fork(self, note: bytes, size: int) -> ForkError:
        """Return the refusal of a log that does not begin with what was kept."""
        return ForkError(
            f"fork: {self._source.url} has signed a log that does not begin with the "
            f"{size:,} events that are kept here; {self._evidence(note)}"
        )

    def other_root(self, staged: Staged, tip: Tip, signed: SignedSize) -> RefusedError:
        """Return why staged leaves do not give the root that was signed."""
        if found := bad_leaf(staged, self._signed_hashes(staged, tip, signed)):
            return found
        head = unverified_checkpoint(signed.note)
        if not open_signed(signed.note, tip.keys):
            return UntrustedError(
                f"{self._source.url}: no trusted key signed its checkpoint of "
                f"{signed.size:,} events, which is not that of its leaves"
            )
        if not tip.edge.size or is_consistent(self._source, tip.edge, head):
            return BadLeafError(
                staged.after + 1,
                "the leaves from here do not give the root that was signed at "
                f"{signed.size:,} events",
            )
        return self.fork(signed.note, tip.edge.size)

    def _signed_hashes(
        self, staged: Staged, tip: Tip, signed: SignedSize
    ) -> list[bytes]:
        """Return the leaf hashes in the source's tiles, [] unless they were signed."""
        hashes: list[bytes] = []
        try:
            while (start := staged.after + len(hashes)) < signed.size:
                width = min(TILE_WIDTH - start % TILE_WIDTH, signed.size - start)
                hashes += self._source.hashes(0, start, width)
        except RemoteError:
            return []
        edge, _ = tip.edge.append(hashes)
        root = unverified_checkpoint(signed.note).root
        return hashes if edge.root() == root else []

    def _evidence(self, note: bytes) -> str:
        """Keep both notes in a file; return words that name it."""
        name = hashlib.sha256(note).hexdigest()[:8]
        path = self._folder / f"evidence-{name}.txt"
        ours = self._store.checkpoint()
        path.write_bytes(
            f"{self._source.url} showed this checkpoint:\n\n".encode()
            + note
            + b"\nThis one of the same log was shown before, and is kept:\n\n"
            + ours
        )
        return f"both checkpoints are in {path}"


def _proof(source: RemoteLog, old: int, new: int) -> list[bytes]:
    if old in (0, new):
        return []
    sizes: dict[str, Any] = {"from": old, "to": new}
    answer = source.json("/v1/log/proofs/consistency", **sizes)
    hashes = answer.get("hashes")
    if type(hashes) is not list or any(type(each) is not str for each in hashes):
        raise ProofError("not a list of hashes")
    try:
        return [decode_base64(each) for each in hashes]
    except NoteError as error:
        raise ProofError(str(error)) from error
