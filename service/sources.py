"""Where a record is verified: a data folder or database, or a service elsewhere."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson

from projections.digests import Digests
from projections.generations import Generations
from projections.history import MEMBERS, event_item
from projections.listing import Opened
from projections.read_model import CODE_VERSION
from schemas.canonical import dump
from schemas.dates import utc_now
from schemas.events import RecordedEvent
from service.log.errors import StoreError
from service.log.event_store import EventStore
from service.log.findings import Findings
from service.log.keys import KeyFileError, Signed
from service.log.mirror_store import MirrorStore
from service.log.notes import unverified_checkpoint
from service.log.pin import Pin
from service.log.reader import SignedSize, StoredOpening
from service.log.recorders import PerProcess, connector
from service.log.remote import RemoteLog
from service.log.tables import TableReader, row_fault
from service.log.verify import Saved

Published = dict[str, Any]
_SHOWN = [each for each in MEMBERS if each != "redacted"]


class Source(Protocol):
    """A record that is to be verified: its log, and what is made of it.

    Not every source has the tiles of hashes above those of leaves, and the rows of
    projections beside their digests.
    """

    name: str
    checks: dict[str, str]
    has_tiles: bool
    has_rows: bool

    def saved(self) -> list[Saved]:
        """Return the checkpoints that are kept beside the log; ask before reading."""

    def checkpoint(self) -> bytes:
        """Return the latest signed checkpoint."""

    def verifier_keys(self) -> list[str]:
        """Return the keys that the record itself gives."""

    def leaves(self, after: int, limit: int) -> list[bytes]:
        """Return the leaves of at most `limit` positions after one."""

    def openings(self, after: int, limit: int) -> list[StoredOpening]:
        """Return the openings of at most `limit` positions after one."""

    def checkpoints(
        self, after: int = -1, limit: int = 1000, up_to: int | None = None
    ) -> list[SignedSize]:
        """Return at most `limit` checkpoints beyond a size."""

    def hashes(self, level: int, start: int, width: int) -> list[bytes]:
        """Return hashes of a level of tiles."""

    def compare(
        self,
        findings: Findings,
        after: int,
        leaves: Sequence[bytes],
        hashes: Sequence[bytes],
        events: Sequence[RecordedEvent | None],
    ) -> None:
        """Compare what else is said of these events with their leaves."""

    def compare_whole(self, findings: Findings) -> None:
        """Compare what can only be compared at the end."""

    def published(self, up_to: int) -> list[Published]:
        """Return the digests that are published, by projection."""

    def lines(self, projection: str, at: int) -> Iterator[bytes]:
        """Give the rows of a projection as of a position, a line each."""

    def words(self) -> Iterator[tuple[str, str]] | None:
        """Give the words that are held, by commitment; None if they are not shown."""

    def close(self) -> None:
        """Close every connection."""


class StoredRecord(TableReader):
    """A record in a data folder, or in a PostgreSQL database; nothing is changed."""

    checks = {
        "tables": "the tables of the log agree with its leaves",
        "words": "the words that are read are those that were sealed",
    }
    has_tiles = has_rows = True

    def __init__(self, folder: Path, database_url: str | None) -> None:
        if not database_url and not (folder / "events.db").exists():
            raise FileNotFoundError(f"There is no record in {folder}.")
        self.name = str(folder.absolute())
        self._folder, self._url = folder, database_url
        super().__init__(PerProcess(connector(folder / "events.db", database_url)))
        self._generations = Generations(folder, database_url)

    def saved(self) -> list[Saved]:
        """Return what the folder last signed, as far as it is kept."""
        try:
            found = Signed(self._folder / "signed").read()
        except KeyFileError as error:
            raise StoreError(str(error)) from error
        return [Saved(f"{self._folder / 'signed'}", found)] if found else []

    def verifier_keys(self) -> list[str]:
        """Return the keys of the folder, under the name that the log has."""
        origin = unverified_checkpoint(self.checkpoint()).origin
        kind = MirrorStore if Pin.read(self._folder) else EventStore
        store = kind(self._folder, self._database, origin, utc_now)
        return store.verifier_keys()

    def leaves(self, after: int, limit: int) -> list[bytes]:
        """Return the leaves up to the first that is missing."""
        found = []
        for position, row in enumerate(self.rows(after, limit), after + 1):
            if row.position != position or row.state is None:
                break
            found.append(row.state)
        return found

    def openings(self, after: int, limit: int) -> list[StoredOpening]:
        """Return the openings of at most `limit` positions after one."""
        try:
            return super().openings(after, limit)
        except TypeError as error:
            what = f"an opening after position {after} is no bytes"
            raise StoreError(what) from error

    def compare(
        self,
        findings: Findings,
        after: int,
        leaves: Sequence[bytes],
        hashes: Sequence[bytes],
        events: Sequence[RecordedEvent | None],
    ) -> None:
        """Compare the rows of the log with the leaves."""
        rows = self.rows(after, len(leaves))
        for row, raw, hash, event in zip(rows, leaves, hashes, events, strict=False):
            findings.count("tables")
            fault = row_fault(row, orjson.loads(raw), hash) if event else None
            if row.state != raw:
                fault = "the event has changed since it was read"
            if fault:
                findings.fault("tables", fault, row.position)

    def compare_whole(self, findings: Findings) -> None:
        """Look for rows that belong to no event."""
        for each in self.strays():
            findings.fault("tables", each)

    def published(self, up_to: int) -> list[Published]:
        """Return the latest digests that this folder keeps."""
        if not self._url and not any(self._folder.glob("read-*.db")):
            return []
        model = self._generations.current()
        kept: dict[str, Any] = {}
        if self._url or (self._folder / "desk.db").exists():
            digests = Digests(self._folder, self._url)
            kept = {each["projection"]: each for each in digests.latest(up_to)}
            digests.close()
        made_by = CODE_VERSION if not model.is_outdated else None
        return [
            {
                "id": name,
                "position": model.position,
                "code_version": made_by,
                "digest": kept.get(name, {}).get("digest"),
                "digest_position": kept.get(name, {}).get("position"),
            }
            for name in model.names()
        ]

    def lines(self, projection: str, at: int) -> Iterator[bytes]:
        """Give the rows of the read model that is current."""
        lines = self._generations.current().lines(projection, at)
        return (line.removesuffix(b"\n") for line in lines)

    def words(self) -> Iterator[tuple[str, str]] | None:
        """Give the words of the read model that is current."""
        return self._generations.current().words()

    def close(self) -> None:
        """Close every connection."""
        super().close()
        self._generations.close()


class ServedRecord(RemoteLog):
    """A record that another service serves."""

    checks = {"events": "/v1/events shows what the leaves and openings say"}
    has_tiles = has_rows = True

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.name = self.url

    def saved(self) -> list[Saved]:
        """Return nothing: a service keeps no checkpoint that we would trust."""
        return []

    def compare(
        self,
        findings: Findings,
        after: int,
        leaves: Sequence[bytes],
        hashes: Sequence[bytes],
        events: Sequence[RecordedEvent | None],
    ) -> None:
        """Compare what the service shows of the events."""
        del hashes
        if not leaves:
            return
        page = self.json("/v1/events", after=after, limit=len(leaves))
        items = page.get("items")
        shown = items if isinstance(items, list) else []
        for number, event in enumerate(events):
            if number >= len(shown):
                what = f"shows only {after + number:,} of the events that were signed"
                findings.skip("events", what)
                return
            findings.count("events")
            if event and (fault := shown_fault(event, shown[number])):
                findings.fault("events", fault, event.position)

    def compare_whole(self, findings: Findings) -> None:
        """Nothing is left to compare."""

    def published(self, up_to: int) -> list[Published]:
        """Return what the service publishes of each projection."""
        del up_to
        return list(self.items("/v1/projections", limit=1000))

    def lines(self, projection: str, at: int) -> Iterator[bytes]:
        """Give the rows that the service has."""
        path = f"/v1/projections/{projection}/rows"
        return self.stream_lines(path, at_position=at)

    def words(self) -> Iterator[tuple[str, str]] | None:
        """Return None: a service shows words with its events."""
        return None


def shown_fault(event: RecordedEvent, shown: Any) -> str | None:
    """Return in what an event is shown otherwise than the log has it, or None."""
    if not isinstance(shown, dict):
        return "it is shown otherwise than the log has it"
    opened = {event.sealed[name]: value for name, value in event.opened.items()}
    item = event_item(event, Opened(opened, {}))
    for name in _SHOWN:
        if dump(item[name]) != dump(shown.get(name)):
            return f"{name} is shown otherwise than the log has it"
    return None
