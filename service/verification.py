"""Verification: a record is read, rebuilt and compared; nothing it says is believed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError

from projections.read_model import CODE_VERSION
from schemas.events import RecordedEvent
from service.log.errors import StoreError
from service.log.findings import Findings
from service.log.keyring import Keyring, parse_keys
from service.log.merkle import TILE_BITS, TILE_WIDTH, Node
from service.log.notes import NoteError, VerifierKey, unverified_checkpoint
from service.log.reader import SignedSize
from service.log.verify import CHECKS, Audit, Saved
from service.replay import open_model
from service.sources import Published, Source

BATCH = 3 * TILE_WIDTH  # A list of the API has at most 1,000 items.
READING = {"reading": "the whole record can be read"}
REPLAYED = {
    "digests": "projections made anew have the digests that are published",
    "rows": "the rows of projections are those that are made anew",
}
OnPosition = Callable[[int, int], None]  # The position reached, and the last.


def verify(
    source: Source,
    *,
    keys: Sequence[VerifierKey] = (),
    saved: Sequence[Saved] = (),
    replays: bool = True,
    on_position: OnPosition = lambda position, last: None,
) -> "Verified":
    """Check everything that can be checked of a record; never raises for its faults.

    Without keys, those that the source itself gives are taken on trust.
    """
    verified = Verified(source, replays=replays)
    with TemporaryDirectory(prefix="copperplate-verify-") as folder:
        replay = Replay(Path(folder) / "replay.db", verified.findings)
        try:
            verified.run(keys, saved, replay if replays else None, on_position)
        except (StoreError, NoteError, OSError) as error:
            at = getattr(error, "position", None)
            verified.findings.fault("reading", str(error), at)
        except DBAPIError as error:
            cause = str(error.orig).strip().partition("\n")[0]
            verified.findings.fault("reading", f"the read model: {cause}")
        finally:
            replay.close()
    return verified


class Verified:
    """The outcome: the findings, the keys, and the checkpoint that was checked."""

    def __init__(self, source: Source, *, replays: bool) -> None:
        checks = {**READING, **CHECKS, **source.checks, **REPLAYED}
        self.findings = Findings.of(checks)
        self.source = source
        self.keys: list[VerifierKey] = []
        self.is_key_given = False
        self.note = b""
        self.size = 0

    def run(
        self,
        keys: Sequence[VerifierKey],
        saved: Sequence[Saved],
        replay: "Replay | None",
        on_position: OnPosition,
    ) -> None:
        """Read the record once, from the first leaf to the last checkpoint."""
        findings, source = self.findings, self.source
        findings.wait_for(*findings.checks)
        # Asked first: a checkpoint that is kept beside the log may only be older.
        kept = [*saved, *source.saved()]
        self.note = source.checkpoint()
        self.is_key_given = bool(keys)
        self.keys = list(keys) or parse_keys(source.verifier_keys())
        settled = self.size = unverified_checkpoint(self.note).size
        audit = Audit(findings, Keyring(self.keys), kept)
        reading = _Reading(source, findings, audit, replay, on_position)
        is_whole = reading.up_to(self.size)
        while is_whole and audit.has_missing and self._has_grown():
            is_whole = reading.up_to(self.size)
        findings.reached("signature", "tree", "saved", "openings", "redactions")
        audit.finish(self.note, settled)
        findings.reached("leaves", "order", "keys", "editors", "checkpoints")
        if audit.was_unsigned:
            for batch in _checkpoints(source, -1, self.size):
                audit.still_unsigned(batch)
        if not kept:
            findings.skip("saved", "no saved checkpoint was given (--since)")
        if not is_whole:
            findings.skip_rest("the log could not be read to its end")
            return
        findings.reached("reading", "hashes", *(source.checks.keys() - {"words"}))
        _compare_nodes(source, findings, audit)
        source.compare_whole(findings)
        if replay is None:
            findings.skip_rest("left out (--quick)")
        elif not replay.is_whole:
            findings.skip_rest("an event could not be applied")
        else:
            findings.reached("digests", "rows", *(source.checks.keys() & {"words"}))
            replay.compare(source, self.size)

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as data."""
        return {
            "source": self.source.name,
            "size": self.size,
            "checkpoint": self.note.decode("utf-8", "replace"),
            "keys": [str(key) for key in self.keys],
            "keys_taken_on_trust": not self.is_key_given,
            **self.findings.to_dict(),
        }

    def to_text(self) -> str:
        """Return the outcome for a person."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f"{self.source.name}: {self.size:,} events"
        if self.note:
            origin, _, root = self.note.decode("utf-8", "replace").split("\n")[:3]
            yield f"origin {origin}, root {root}"
        for key in self.keys:
            yield f"key {key}"
        if self.keys and not self.is_key_given:
            yield "The source itself gave the key: it was taken on trust. Keep it, and"
            yield "give it with --key from now on."
        yield from self.findings.lines()

    def _has_grown(self) -> bool:
        """Look whether a redaction explains what is missing: the log may have grown."""
        note = self.source.checkpoint()
        size = unverified_checkpoint(note).size
        if size <= self.size:
            return False
        self.note, self.size = note, size
        return True


class _Reading:
    """The one pass over a source, a batch at a time."""

    def __init__(
        self,
        source: Source,
        findings: Findings,
        audit: Audit,
        replay: "Replay | None",
        on_position: OnPosition,
    ) -> None:
        self._source, self._findings, self._audit = source, findings, audit
        self._replay, self._on_position = replay, on_position
        self._checkpoints_after = -1

    def up_to(self, size: int) -> bool:
        """Check the leaves up to a size; tell whether all of them could be read."""
        is_whole = True
        while is_whole and (
            self._audit.size < size or self._checkpoints_after < self._audit.size
        ):
            is_whole = self._batch(min(BATCH, size - self._audit.size))
            self._on_position(self._audit.size, size)
        return is_whole

    def _batch(self, limit: int) -> bool:
        source, after = self._source, self._audit.size
        leaves = source.leaves(after, limit)
        end = after + len(leaves)
        openings = [
            each for each in source.openings(after, limit) if each.position <= end
        ]
        signed: list[SignedSize] = []
        for batch in _checkpoints(source, self._checkpoints_after, end):
            signed += batch
        self._checkpoints_after = end
        hashes, events = self._audit.feed(leaves, openings, signed)
        self._compare_hashes(after, hashes)
        source.compare(self._findings, after, leaves, hashes, events)
        if self._replay:
            self._replay.apply(events)
        if len(leaves) < limit:
            self._findings.fault("order", "it is signed, but not there", end + 1)
        return len(leaves) == limit

    def _compare_hashes(self, after: int, hashes: list[bytes]) -> None:
        for start in range(0, len(hashes), TILE_WIDTH):
            wanted = hashes[start : start + TILE_WIDTH]
            found = self._source.hashes(0, after + start, len(wanted))
            self._findings.count("hashes", len(wanted))
            pairs = enumerate(zip_longest(wanted, found), after + start + 1)
            for number, (made, stored) in pairs:
                if made != stored:
                    what = "the stored hash is not that of the leaf"
                    self._findings.fault("hashes", what, number)


class Replay:
    """The projections made anew from leaves, in a database of their own."""

    def __init__(self, path: Path, findings: Findings) -> None:
        self.is_whole = True
        self._findings = findings
        self._model = open_model(path)
        self._model.create_tables()

    def apply(self, events: Sequence[RecordedEvent | None]) -> None:
        """Apply events, unless one before could not be applied."""
        good = [event for event in events if event]
        if not self.is_whole or len(good) < len(events):
            self.is_whole = False
            return
        try:
            self._model.apply(good)
        # Leaves of strangers may hold what no handler of ours is prepared for.
        except Exception as error:
            self.is_whole = False
            span = f"positions {good[0].position:,} to {good[-1].position:,}"
            what = f"{span}: cannot be applied: {type(error).__name__}: {error}"
            self._findings.fault("digests", what.partition("\n")[0][:200])

    def compare(self, source: Source, size: int) -> None:
        """Compare digests, rows and words with those of the source."""
        published = {str(each.get("id")): each for each in source.published(size)}
        if not published:
            self._findings.skip("digests", "there is no read model")
            self._findings.skip("rows", "there is no read model")
            self._findings.skip_if_there("words", "there is no read model")
            return
        others = {each.get("code_version") for each in published.values()}
        if others != {CODE_VERSION}:
            self._skip_versions(others)
            return
        for name in self._model.names():
            self._compare_digest(name, published.get(name), size)
            if source.has_rows:
                self._compare_rows(name, published.get(name), source, size)
        self._compare_words(source, published, size)
        if not source.has_rows:
            self._findings.skip("rows", "there are none in a file of events")
        if not self._findings.checks["digests"].count:
            self._findings.skip("digests", "none is published up to here")

    def close(self) -> None:
        """Close the database."""
        self._model.engine.dispose()

    def _skip_versions(self, others: set[Any]) -> None:
        versions = ", ".join(sorted(ascii(each)[:20] for each in others))
        why = f"made by version {versions} of the projections, ours is {CODE_VERSION}"
        for check in ("digests", "rows"):
            self._findings.skip(check, why)
        self._findings.skip_if_there("words", why)

    def _compare_digest(
        self, name: str, published: Published | None, size: int
    ) -> None:
        kept = published or {}
        digest, at = kept.get("digest"), kept.get("digest_position")
        if type(at) is not int or not 0 <= at <= size or digest is None:
            return
        self._findings.count("digests")
        if self._model.digest(name, at) != digest:
            what = f"{name}: another digest is published for position {at:,}"
            self._findings.fault("digests", what)

    def _compare_rows(
        self, name: str, published: Published | None, source: Source, size: int
    ) -> None:
        position = (published or {}).get("position")
        if type(position) is not int or position < 0:
            self._findings.fault("rows", f"{name}: it is not there")
            return
        at = min(position, size)
        if at < size:
            self._findings.skip("rows", f"after {at:,}: the source is behind its log")
        ours = (line.removesuffix(b"\n") for line in self._model.lines(name, at))
        pairs = zip_longest(ours, source.lines(name, at))
        for made, found in pairs:
            self._findings.count("rows")
            if made != found:
                what = f"{name}: {_difference(made, found)}"
                self._findings.fault("rows", what, _position(made or found))
                return

    def _compare_words(
        self, source: Source, published: dict[str, Published], size: int
    ) -> None:
        found = source.words()
        if found is None:
            return
        position = next(iter(published.values()))["position"]
        if position < size:
            self._findings.skip("words", "the read model is behind the log")
            return
        for commitment, made, held in _joined(self._model.words(), found):
            self._findings.count("words")
            # What was recorded or redacted since the log was read does not count.
            is_late = position > size and (made is None or held is None)
            if made != held and not is_late:
                what = f"the words under the commitment {commitment} are others"
                self._findings.fault("words", what)


def _joined(
    ours: Iterable[tuple[str, str]], theirs: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str | None, str | None]]:
    """Join two ordered lists of pairs by their first members."""
    left, right = iter(ours), iter(theirs)
    one, other = next(left, None), next(right, None)
    while one or other:
        if other is None or (one and one[0] < other[0]):
            assert one
            yield one[0], one[1], None
            one = next(left, None)
        elif one is None or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(right, None)
        else:
            yield one[0], one[1], other[1]
            one, other = next(left, None), next(right, None)


def _checkpoints(source: Source, after: int, up_to: int) -> Iterator[list[SignedSize]]:
    while after < up_to and (found := source.checkpoints(after, 1000, up_to)):
        yield found
        after = found[-1].size


def _compare_nodes(source: Source, findings: Findings, audit: Audit) -> None:
    by_level: dict[int, list[Node]] = {}
    for node in audit.nodes if source.has_tiles else ():
        by_level.setdefault(node.level, []).append(node)
    for level, nodes in by_level.items():
        for start in range(0, len(nodes), TILE_WIDTH):
            wanted = nodes[start : start + TILE_WIDTH]
            found = source.hashes(level, start, len(wanted))
            findings.count("hashes", len(wanted))
            for node, each in zip_longest(wanted, found):
                if node.hash != each:
                    last = (node.n + 1) << level * TILE_BITS
                    what = f"a hash of level {level} is not that of the leaves up to it"
                    findings.fault("hashes", what, last)


def _difference(made: bytes | None, found: bytes | None) -> str:
    """Say in what the first row that differs does so."""
    if made is None:
        return f"{_named(found)} is there, and should not be"
    if found is None:
        return f"{_named(made)} is missing"
    if _named(made) != _named(found):
        return f"{_named(made)} is missing, or {_named(found)} should not be there"
    try:
        ours, theirs = orjson.loads(made), orjson.loads(found)
        names = [name for name in ours if ours[name] != theirs.get(name)]
    except (orjson.JSONDecodeError, AttributeError):
        names = []
    return f"{_named(made)} differs in {', '.join(names) or 'its form'}"


def _named(line: bytes | None) -> str:
    try:
        row = orjson.loads(line or b"")
        key = [row.get(name) for name in ("id", "part", "valid_from", "position_from")]
        given = [str(each) for each in key if each not in (None, "")]
        text = " ".join(given) or f"position {row['position']}"
    except (orjson.JSONDecodeError, AttributeError, KeyError):
        text = "a row of another form"
    return ascii(text)[1:-1][:150]


def _position(line: bytes | None) -> int | None:
    try:
        found = orjson.loads(line or b"").get("position")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return found if type(found) is int else None
