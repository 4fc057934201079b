"""Archiving: keeping copies of sources, and looking at their addresses again."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError

from projections import sources
from projections.moment import Moment
from schemas import dates
from schemas.codelists import CheckOutcome
from schemas.events import RecordedEvent
from schemas.redactions import REFERENCE_LENGTH
from schemas.sources import SourceSchema
from service.archive import CHUNK, Incoming, Withdrawal
from service.domain.base import Event as DomainEvent
from service.domain.sources import Source
from service.fetching import MOST_BYTES, Fetching, NotFetchedError
from service.log.errors import ConflictError
from service.record import Record

TRIES = 3  # To record something while somebody else looks at the same address.
DELAY = 2.0  # Seconds between two requests to one host.
BAD = {CheckOutcome.GONE, CheckOutcome.UNREACHABLE, CheckOutcome.REFUSED}


class NotArchivableError(Exception):
    """What was named cannot be archived or withdrawn; the message says why."""


@dataclass(frozen=True)
class Result:
    """What came of one address; `is_kept` is false if its copy was withdrawn."""

    url: str
    source: str
    outcome: str
    position: int | None
    sha256: str | None = None
    size: int | None = None
    is_kept: bool = False
    detail: str | None = None

    @property
    def is_bad(self) -> bool:
        """Whether the address gave nothing that could be kept."""
        return self.outcome in BAD

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def to_text(self) -> str:
        """Say it on one line."""
        what = self.detail or f"{self.size:,} bytes, {self.sha256}"
        is_gone = self.sha256 is not None and not self.is_kept
        end = "; the copy is withdrawn" if is_gone else ""
        return f"{self.outcome}: {self.url}: {what}{end}"


def archive_url(record: Record, url: str, fetching: Fetching, *, by: str) -> Result:
    """Fetch an address, keep what it gives, and put on record what came of it."""
    url = checked_url(url)
    try:
        return _receive(record, url, fetching.parts(url), by)
    except NotFetchedError as error:
        return _miss(record, url, error, by)


def archive_file(record: Record, path: Path, url: str, *, by: str) -> Result:
    """Keep a file as the copy of what an address gives, and put it on record."""
    url = checked_url(url)
    if not path.is_file():
        raise NotArchivableError(f"{path} is not a file.")
    if not 0 < path.stat().st_size <= MOST_BYTES:
        raise NotArchivableError(f"{path} is empty, or longer than {MOST_BYTES:,}.")
    return _receive(record, url, _parts_of(path), by)


def cited(record: Record, older_than: int | None = None) -> list[str]:
    """Return the addresses that are cited, that which waits for longest first.

    With a number of days only those that were not looked at for so long.
    """
    model = record.read_model
    moment = Moment(model.position, model.position, dates.london_day(record.clock()))
    known = sources.list_checks(model, moment)
    return [url for url, looked in known if is_due(record, looked, older_than)]


def last_check(record: Record, url: str) -> str | None:
    """Return when an address was last looked at, or None."""
    return record.find(Source, sources.id_of(url)).checked_at


def is_due(record: Record, checked_at: str | None, older_than: int | None) -> bool:
    """Whether an address was not looked at for so many days; None is always."""
    if checked_at is None or older_than is None:
        return True
    limit = record.clock() - timedelta(days=older_than)
    return checked_at <= _instant(limit)


def withdraw(record: Record, sha256: str, reference: str, *, by: str) -> int:
    """Remove a copy for good and put it on record; return how many sources had it."""
    if not 0 < len(reference) <= REFERENCE_LENGTH or not reference.isprintable():
        raise NotArchivableError(
            f"A reference has 1 to {REFERENCE_LENGTH} printable characters."
        )
    found = sources_of(record, sha256)
    if not found and not _is_kept(record, sha256):
        raise NotArchivableError(f"There is no copy {sha256!a}.")
    now = _instant(record.clock())
    record.archive.withdraw(Withdrawal(sha256, now, reference))
    for id in found:
        _note_withdrawal(record, id, sha256, by)
    return len(found)


def sources_of(record: Record, sha256: str) -> list[str]:
    """Return the ids of the sources that ever had a copy."""
    return sources.sources_with(record.read_model, sha256)


def politely(
    urls: Iterable[str],
    delay: float = DELAY,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], object] = lambda seconds: Event().wait(seconds),
) -> Iterator[str]:
    """Give addresses one by one, those of one host with a pause between them."""
    asked: dict[str, float] = {}
    for url in _in_turns(urls):
        host = _host(url)
        if host in asked and (left := asked[host] + delay - clock()) > 0:
            wait(left)
        yield url
        asked[host] = clock()


def checked_url(url: str) -> str:
    """Return an address that a source may have, or raise NotArchivableError."""
    try:
        SourceSchema(only=["url"]).load({"url": url})
    except ValidationError as error:
        said = " ".join(error.messages_dict["url"])
        raise NotArchivableError(f"{url[:200]!a}: {said}") from error
    return url


def _receive(record: Record, url: str, parts: Iterable[bytes], by: str) -> Result:
    with record.archive.incoming() as incoming:
        for part in parts:
            incoming.write(part)
        return _keep(record, url, incoming, by)


def _keep(record: Record, url: str, incoming: Incoming, by: str) -> Result:
    # Kept before it is recorded: what the log names can be had.
    is_kept, id = incoming.keep(), sources.id_of(url)
    found = {"url_hash": sources.hash_of(url), "sha256": incoming.sha256}
    done = _record(record, id, lambda source, at: source.find(**found, **at), by)
    if not is_kept:
        _note_withdrawal(record, id, incoming.sha256, by)
    return Result(
        url,
        id,
        done.data["outcome"],
        done.position,
        incoming.sha256,
        incoming.size,
        is_kept,
    )


def _miss(record: Record, url: str, error: NotFetchedError, by: str) -> Result:
    id, outcome = sources.id_of(url), str(error.outcome)
    missed = {"url_hash": sources.hash_of(url), "outcome": outcome}
    done = _record(record, id, lambda source, at: source.miss(**missed, **at), by)
    return Result(url, id, outcome, done.position, detail=str(error))


def _note_withdrawal(record: Record, id: str, sha256: str, by: str) -> None:
    source = record.find(Source, id)
    if sha256 in source.copies and sha256 not in source.withdrawn:
        _record(record, id, lambda each, at: each.withdraw(sha256=sha256, **at), by)


def _record(
    record: Record,
    id: str,
    command: Callable[[Source, dict[str, str]], DomainEvent],
    by: str,
) -> RecordedEvent:
    for left in reversed(range(TRIES)):
        source = record.find(Source, id)
        event = command(source, {"checked_at": _instant(record.clock())})
        try:
            return record.record(source, event, by=by)
        except ConflictError:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


def _parts_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            yield part


def _is_kept(record: Record, sha256: str) -> bool:
    try:
        return record.archive.path(sha256).exists()
    except ValueError:
        return False


def _in_turns(urls: Iterable[str]) -> Iterator[str]:
    """Give the addresses of all hosts in turns, so that few must wait."""
    hosts: dict[str, list[str]] = {}
    for url in urls:
        hosts.setdefault(_host(url), []).append(url)
    queues: Sequence[list[str]] = list(hosts.values())
    for turn in range(max(map(len, queues), default=0)):
        yield from (queue[turn] for queue in queues if turn < len(queue))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
