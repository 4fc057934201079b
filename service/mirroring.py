"""Mirroring: a copied log, and all that is read of it, compared with its source."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, ProgrammingError

from projections.read_model import CODE_VERSION, UnreadableEventError
from service import erasure
from service.config import Settings
from service.log.errors import (
    BadLeafError,
    RefusedError,
    StoreUnreadableError,
    UntrustedError,
)
from service.log.mirror import Mirror
from service.log.mirror_store import MirrorStore
from service.log.notes import NoteError, VerifierKey
from service.log.pin import Pin
from service.log.reader import LogReader
from service.log.recorders import PerProcess, connector
from service.log.remote import RemoteError, RemoteLog
from service.readable import must_be_readable
from service.record import Record

LONGEST_PAUSE = 60  # Seconds between two looks at a source that cannot be read.
_STATUS = "/v1/status"
_LONGEST_URL = 2000
# What a database says of values that do not fit its tables.
_UNFIT = (DataError, IntegrityError, InterfaceError, ProgrammingError)
OnKept = Callable[[int], None]
Claims = list[dict[str, Any]]


class DigestError(RefusedError):
    """A projection of the source is not what the log gives."""


@dataclass(frozen=True)
class Round:
    """What one look at the source came to."""

    size: int
    compared: int
    not_compared: int

    def to_text(self) -> str:
        """Say it on one line."""
        line = f"{self.size:,} events verified and kept; {self.compared} digests equal"
        if self.not_compared:
            line += (
                f"; {self.not_compared} not compared (none published, or by another "
                "version of the code)"
            )
        return f"{line}."


def pin_down(
    settings: Settings, source: RemoteLog, keys: Sequence[str]
) -> tuple[Pin, bool]:
    """Return the pin of a data folder, and whether its keys were just taken on trust.

    The keys given, or those of the source, are pinned at the first use. Later ones
    that are not pinned are refused.
    """
    folder = settings.data
    known = Pin.read(folder)
    if known is None:
        _refuse_other_log(settings)
    elif others := set(keys) - set(known.keys):
        raise UntrustedError(
            f"{folder} was begun with other keys than {', '.join(sorted(others))}: "
            f"{', '.join(known.keys)}"
        )
    is_trusting = not (known or keys)
    pinned = known.keys if known else tuple(keys or source.verifier_keys())
    pin = Pin(source.url, _origin_of(pinned), pinned, _public_url(source, known))
    pin.write(folder)
    return pin, is_trusting


class Mirroring:
    """One mirror and its source: what was kept is read, and what is read compared."""

    def __init__(self, record: Record, source: RemoteLog) -> None:
        assert isinstance(record.store, MirrorStore)
        self._record, self._source = record, source
        folder, store = record.settings.data, record.store
        self._mirror = Mirror(folder, store, source, must_be_readable)

    def head(self) -> int:
        """Return the size that the source claims now."""
        self._source.checkpoint()
        return self._source.size()

    def advance(self, on_kept: OnKept = lambda size: None) -> Round:
        """Keep, read and compare all that the source has published.

        Raises RefusedError or RemoteError.
        """

        def read(size: int) -> None:
            _read(self._record)
            on_kept(size)

        # Before the checkpoint, so that it covers what is claimed.
        claims = list(self._source.items("/v1/projections"))
        size = self._mirror.advance(read)
        _read(self._record)
        erasure.run_pending(self._record)
        compared = _compare(self._record, claims)
        return Round(size, compared, len(claims) - compared)

    def follow(self, every: float, say: Callable[[str], None]) -> None:
        """Look at the source again and again, until KeyboardInterrupt or a refusal.

        While it cannot be read, the time between two looks grows.
        """
        pause, reached = every, None
        while True:
            Event().wait(pause)
            try:
                before, reached = reached, self.advance()
                pause = every
                if reached != before:
                    say(reached.to_text())
            except RemoteError as error:
                pause = min(2 * pause, max(every, LONGEST_PAUSE))
                say(f"{error}; the next look is in {pause:g} s")


def _read(record: Record) -> None:
    """Apply what was kept, or raise BadLeafError that names what cannot be read."""
    try:
        record.catch_up()
    except UnreadableEventError as error:
        raise BadLeafError(error.position, str(error)) from error
    except _UNFIT:
        _read_singly(record)


def _read_singly(record: Record) -> None:
    """Apply events one by one, so that the one that cannot be written is named."""
    model = record.read_model
    while events := record.store.read(model.position):
        for event in events:
            try:
                model.apply([event])
            except (UnreadableEventError, *_UNFIT) as error:
                cause = f"{event.type} cannot be read"
                raise BadLeafError(event.position, cause) from error
    record.catch_up()


def _compare(record: Record, claims: Claims) -> int:
    """Refuse a digest that differs from our own; return how many were compared."""
    ours = [each for each in claims if each.get("code_version") == CODE_VERSION]
    claimed = [each for each in ours if each.get("digest") is not None]
    model = record.read_model
    for each in claimed:
        position = each.get("digest_position")
        if type(position) is not int or not 0 < position <= model.position:
            raise RemoteError("/v1/projections: a digest without a position")
        record.digests.publish(model, position)
        known = {
            row["projection"]: row["digest"] for row in record.digests.at(position)
        }
        if known.get(name := str(each.get("id"))) != each["digest"]:
            raise DigestError(
                f"another digest: projection {name} at position {position:,} is not "
                "what the log gives"
            )
    return len(claimed)


def _refuse_other_log(settings: Settings) -> None:
    folder = settings.data
    if (folder / "log.key").exists() or (folder / "events.db").exists():
        raise StoreUnreadableError(
            f"{folder} holds a log of its own: choose an empty folder for a mirror"
        )
    if settings.database_url and not _is_empty(settings.database_url):
        raise StoreUnreadableError(
            "the database holds a log of its own: choose an empty one for a mirror"
        )


def _is_empty(database_url: str) -> bool:
    reader = LogReader(PerProcess(connector(Path(), database_url)))
    try:
        return not reader.checkpoints(limit=1)
    except StoreUnreadableError:
        return True  # Not even its tables are there.
    finally:
        reader.close()


def _origin_of(keys: Iterable[str]) -> str:
    try:
        names = {VerifierKey.parse(each).name for each in keys}
    except NoteError as error:
        raise UntrustedError(f"bad verifier key: {error}") from error
    if len(names) != 1:
        raise UntrustedError("the verifier keys are not those of one log")
    return names.pop()


def _public_url(source: RemoteLog, known: Pin | None) -> str:
    """Return the address that the source's answers speak of."""
    try:
        meta = source.json(_STATUS).get("meta")
    except RemoteError:
        if known is None:
            raise
        return known.public_url
    link = meta.get("permalink") if type(meta) is dict else None
    base = str(link).partition(_STATUS)[0]
    is_plain = len(base) <= _LONGEST_URL and base.isascii() and base.isprintable()
    if not is_plain or not base.startswith(("http://", "https://")):
        raise RemoteError(f"{source.url}{_STATUS}: no permalink")
    return base
