"""A file of events as a record that is verified."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from schemas.events import RecordedEvent
from service.bulk.reading import BadFileError, Line, last_line, lines_of
from service.log.findings import Findings
from service.log.notes import unverified_checkpoint
from service.log.reader import SignedSize, StoredOpening
from service.log.verify import Saved, named_fields
from service.sources import Published, shown_fault

MAX_BATCH = 128 * 2**20  # Bytes of leaves and words that are held at once.
_DERIVED = {
    "proof": "/v1/log/proofs/inclusion/{}",
    "openings": "/v1/events/{}/openings",
}


class _Claim(NamedTuple):
    """That a field of the event at a position was redacted, and why, as it is shown."""

    position: int
    why: Any


class EventsFile:
    """The record in an events.jsonl.gz: read once, from the first line to the last."""

    checks = {
        "hashes": "the hashes beside the events are those of their leaves",
        "events": "the events are shown as the leaves and openings say",
    }
    has_tiles = has_rows = False

    def __init__(self, path: Path) -> None:
        self.name = str(path.absolute())
        self._path = path
        self._head: Line | None = None
        self._lines = lines_of(path)
        self._after, self._held = 0, list[Line]()
        self._claims: dict[tuple[str, int, str], _Claim] = {}

    def saved(self) -> list[Saved]:
        """Return nothing: a file keeps no checkpoint that we would trust."""
        return []

    def checkpoint(self) -> bytes:
        """Return the checkpoint of the last line."""
        return str(self._signed()["checkpoint"]).encode()

    def verifier_keys(self) -> list[str]:
        """Return the keys that the last line names."""
        if not (keys := self._signed()["keys"]):
            raise BadFileError(self._path, "its end names no key: give --key")
        return list(keys)

    def leaves(self, after: int, limit: int) -> list[bytes]:
        """Return the leaves of the lines after a position."""
        return [line.leaf for line in self._batch(after, limit)]

    def openings(self, after: int, limit: int) -> list[StoredOpening]:
        """Return what opens the words of the same lines."""
        lines = self._batch(after, limit)
        return [each for line in lines for each in line.openings]

    def checkpoints(
        self, after: int = -1, limit: int = 1000, up_to: int | None = None
    ) -> list[SignedSize]:
        """Return at most `limit` checkpoints beyond a size."""
        # Asked for from the first once more, they are read once more.
        is_held = max(after, 0) >= self._after
        lines = iter(self._held) if is_held else lines_of(self._path)
        last = self._end if up_to is None else up_to
        found = (
            SignedSize(line.position, line.signed["checkpoint"].encode())
            for line in lines
            if line.signed and after < line.position <= last
        )
        return list(islice(found, limit))

    def hashes(self, level: int, start: int, width: int) -> list[bytes]:
        """Return the hashes beside the events; there are none of other levels."""
        del level
        lines = self._held[start - self._after : start - self._after + width]
        return [_hash(line.shown) for line in lines]

    def compare(
        self,
        findings: Findings,
        after: int,
        leaves: Sequence[bytes],
        hashes: Sequence[bytes],
        events: Sequence[RecordedEvent | None],
    ) -> None:
        """Compare what else is said of these events with their leaves."""
        del after, leaves, hashes
        for line, event in zip(self._held, events, strict=False):
            findings.count("events")
            if event is None:
                continue
            if fault := self._fault(event, line.shown):
                findings.fault("events", fault, event.position)
            if event.type == "field.redacted":
                self._settle(findings, event)

    def compare_whole(self, findings: Findings) -> None:
        """Look whether all that is said to be redacted was."""
        for (_, _, name), claim in self._claims.items():
            what = f"{name} is said to be redacted, and no redaction says so"
            findings.fault("events", what, claim.position)

    def published(self, up_to: int) -> list[Published]:
        """Return the digests that the last line states."""
        return [{**each, "position": up_to} for each in self._signed()["digests"]]

    def lines(self, projection: str, at: int) -> Iterator[bytes]:
        """Give nothing: a file has no rows of projections."""
        del projection, at
        return iter(())

    def words(self) -> Iterator[tuple[str, str]] | None:
        """Return None: the words stand with their events."""
        return None

    def close(self) -> None:
        """Nothing is left open."""

    @property
    def _end(self) -> int:
        return self._after + len(self._held)

    def _signed(self) -> dict[str, Any]:
        if self._head is None:
            self._head = last_line(self._path)
        if self._head.signed is None:
            what = "it does not end with a signed checkpoint: it is cut off"
            raise BadFileError(self._path, what, self._head.position)
        size = unverified_checkpoint(self._head.signed["checkpoint"].encode()).size
        if size != self._head.position:
            what = f"its end is signed for {size:,} events: it is not the whole file"
            raise BadFileError(self._path, what, self._head.position)
        return self._head.signed

    def _batch(self, after: int, limit: int) -> list[Line]:
        """Return the lines after a position: those that are held, or the next."""
        if after != self._after or not self._held:
            self._after, self._held = after, list(self._bounded(limit))
        return self._held

    def _bounded(self, limit: int) -> Iterator[Line]:
        size = 0
        for line in islice(self._lines, limit):
            size += len(line.leaf) + sum(len(each.value) for each in line.openings)
            if size > MAX_BATCH:
                what = "the lines are too long for events"
                raise BadFileError(self._path, what, line.position)
            yield line

    def _fault(self, event: RecordedEvent, shown: dict[str, Any]) -> str | None:
        redacted, closed = shown.get("redacted"), event.sealed.keys() - event.opened
        if not isinstance(redacted, dict) or redacted.keys() != closed:
            return "redacted is shown otherwise than the log has it"
        for name, why in redacted.items():
            key = (event.stream, event.version, name)
            self._claims[key] = _Claim(event.position, why)
        for name, form in _DERIVED.items():
            if shown.get(name) != form.format(event.position):
                return f"{name} is shown otherwise than the log has it"
        return shown_fault(event, shown)

    def _settle(self, findings: Findings, event: RecordedEvent) -> None:
        """Hold what is said of redacted fields against the redaction."""
        data = event.data
        why = {name: data.get(name) for name in ("basis", "reference")}
        why |= {"position": event.position, "recorded_at": event.recorded_at}
        for key in named_fields(data):
            claim = self._claims.pop(key, None)
            if claim and claim.why != why:
                what = (
                    f"why {key[2]} was redacted is shown otherwise than the log has it"
                )
                findings.fault("events", what, claim.position)


def _hash(shown: dict[str, Any]) -> bytes:
    try:
        return bytes.fromhex(str(shown.get("leaf_hash")))
    except ValueError:
        return b""
