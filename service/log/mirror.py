"""The mirror: another log is staged, verified, and only then kept."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from service.log.disputes import Disputes, is_consistent
from service.log.errors import RefusedError, UntrustedError, WithheldError
from service.log.mirror_store import MirrorStore
from service.log.notes import Checkpoint, unverified_checkpoint
from service.log.reader import StoredOpening
from service.log.remote import RemoteError, RemoteLog
from service.log.staged import (
    Field,
    Keys,
    RootError,
    Staged,
    Tip,
    Verified,
    open_signed,
    verify,
)
from service.log.unopened import Unopened

BATCH = 4096  # Events that are staged at once, if a checkpoint lies among them.
MAX_STAGED_BYTES = 512 * 2**20
_PART = 1024

OnKept = Callable[[int], None]
Check = Callable[[int, Mapping[str, Any]], None]


class Mirror:
    """Copies a log that is served elsewhere into the store of a mirror.

    `check` is given each leaf and its position, and raises RefusedError if it is not
    to be kept.
    """

    def __init__(
        self,
        folder: Path,
        store: MirrorStore,
        source: RemoteLog,
        check: Check = lambda position, leaf: None,
    ) -> None:
        self._store, self._check = store, check
        self._source = source
        self._unopened = Unopened(folder / "unopened")
        self._disputes = Disputes(folder, store, source)

    def advance(self, on_kept: OnKept = lambda size: None) -> int:
        """Keep all that the source has published; return the size reached.

        `on_kept` is told the size after each batch. Raises RefusedError or RemoteError.
        """
        while True:
            note = self._source.checkpoint()
            head = unverified_checkpoint(note)
            tip = self._compared(note, head)
            while self._store.is_empty() or tip.edge.size < head.size:
                tip = self._keep_next(tip, note)
                on_kept(tip.edge.size)
            self._must_be_ours(note, tip)
            self._store.keep_cosignatures(note)
            if not (withheld := self._withheld()):
                return head.size
            # A redaction may have come after the checkpoint that was fetched.
            if self._source.checkpoint() == note:
                raise _withheld_error(withheld)

    def _compared(self, note: bytes, head: Checkpoint) -> Tip:
        """Return where we stand, unless the log is smaller than that, or another."""
        tip = self._store.tip()
        size = tip.edge.size
        open_signed(note, tip.keys)  # Signed wrongly, it need not be gone into.
        if head.size <= size and not self._store.is_empty():
            self._must_be_ours(note, tip)
        elif size:
            for each in self._source.checkpoints(size - 1, 1, up_to=size):
                if open_signed(each.note, tip.keys):
                    self._must_be_ours(each.note, tip)
        return tip

    def _must_be_ours(self, note: bytes, tip: Tip) -> None:
        """Refuse a checkpoint of at most our size that is not one of our log."""
        signed = self._opened(note, tip.keys)
        if signed.size < tip.edge.size:
            raise self._disputes.rollback(note, tip.edge.size)
        if signed.root != tip.edge.root():
            raise self._disputes.fork(note, tip.edge.size)

    def _keep_next(self, tip: Tip, head: bytes) -> Tip:
        """Stage, verify and keep what follows, up to a checkpoint."""
        staged = self._stage(tip, unverified_checkpoint(head).size)
        try:
            verified = verify(staged, tip, self._store.versions)
        except RootError as error:
            raise self._disputes.other_root(staged, tip, error.signed) from error
        if not verified.is_signed:
            self._must_be_part_of(head, verified)
        for position, each in enumerate(verified.prepared, verified.after + 1):
            self._check(position, each.leaf)
        self._unopened.add(verified.unopened)
        self._store.keep(verified)
        return verified.tip

    def _stage(self, tip: Tip, up_to: int) -> Staged:
        after = tip.edge.size
        beyond = -1 if self._store.is_empty() else after
        listed = self._source.checkpoints(beyond, up_to=up_to)
        if not listed:
            raise RemoteError(
                f"{self._source.url}: no checkpoint beyond {after:,} events is listed "
                f"yet, though {up_to:,} are signed"
            )
        near = [each for each in listed if each.size <= after + BATCH] or listed[:1]
        leaves = self._leaves(after, near[-1].size)
        openings = self._source.openings(after, len(leaves))
        return Staged(after, leaves, openings, near)

    def _leaves(self, after: int, end: int) -> list[bytes]:
        leaves: list[bytes] = []
        size = 0
        while after + len(leaves) < end:
            start = after + len(leaves)
            part = self._source.leaves(start, min(_PART, end - start))
            leaves += part
            size += sum(map(len, part))
            if size > MAX_STAGED_BYTES or not part:
                raise RefusedError(
                    f"{self._source.url}: no checkpoint between {after:,} and {end:,} "
                    "events: too much to be staged at once"
                )
        return leaves

    def _must_be_part_of(self, head: bytes, verified: Verified) -> None:
        """Refuse what a trusted key signed neither itself nor as a part of its head."""
        signed = self._opened(head, verified.trusted)
        if not is_consistent(self._source, verified.tip.edge, signed):
            raise UntrustedError(
                f"{self._source.url}: the signed log of {signed.size:,} events does "
                f"not begin with the {verified.tip.edge.size:,} that were fetched"
            )

    def _opened(self, note: bytes, keys: Keys) -> Checkpoint:
        if signed := open_signed(note, keys):
            return signed
        raise UntrustedError(
            f"{self._source.url}: no trusted key signed its checkpoint; trusted: "
            + ", ".join(map(str, keys))
        )

    def _withheld(self) -> list[Field]:
        """Return the fields that are neither opened nor redacted, asked for again."""
        if not (fields := self._unopened.read()):
            return []
        wanted = self._store.still_unopened(fields)
        self._store.open_later(self._found_now(wanted))
        withheld = self._store.still_unopened(wanted)
        self._unopened.replace(withheld)
        return withheld

    def _found_now(self, wanted: list[Field]) -> list[StoredOpening]:
        found: list[StoredOpening] = []
        reached = 0
        for position, _ in wanted:
            if position > reached:
                found += self._source.openings(position - 1, _PART)
                reached = position - 1 + _PART
        return [each for each in found if Field(*each[:2]) in set(wanted)]


def _withheld_error(fields: list[Field]) -> WithheldError:
    first, *others = fields
    more = f" (and {len(others):,} more)" if others else ""
    return WithheldError(
        f"withheld: {first.name} at position {first.position:,}{more} is neither "
        "opened nor redacted"
    )
