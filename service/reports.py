"""Reports: anybody tells of a problem, and editors say what came of it.

The words are kept before the log says that a report was received, so that no report is
on record without them. A crash between the two is repaired by whoever sends the same
again, and by the expiry, which also deletes the words when their time has come.
"""

import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from projections.read_model import Row
from projections.report_texts import TOLD, Arrival
from projections.reports import resolved_before
from schemas.dates import instant
from schemas.events import RecordedEvent
from service.domain.catalogue import NOUNS
from service.domain.redactions import Redaction
from service.domain.reports import Correction, Report
from service.log.errors import ConflictError, StorageFullError, StoreError
from service.record import Record

KEPT = timedelta(days=90)  # After a report was resolved.
LATE = timedelta(minutes=1)  # After which a report that is not on record is put there.
EXPIRE_EVERY = 600.0  # Seconds between two looks at what is to be deleted.
PATIENCE = 5.0  # Seconds to wait for those who read what is to be overwritten.
REPORTABLE = {*NOUNS, Redaction.noun}
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_logger = logging.getLogger(__name__)


class UnknownEventError(Exception):
    """What a report or its resolution names is not on record: `member` names it."""

    def __init__(self, member: str, why: str) -> None:
        self.member = member
        super().__init__(why)


def receive(
    record: Record, told: Mapping[str, Any], address: str
) -> tuple[RecordedEvent, bool]:
    """Take a report from an address; return its event, and whether it is a new one.

    Raises UnknownEventError or TooManyReportsError.
    """
    stream, version = _about(record, told.get("about"), told.get("position"))
    words = {name: told.get(name) for name in TOLD}
    arrival = Arrival(
        _new_id(), stream, version, told["kind"], **{**words, "text": told["text"]}
    )
    is_open = partial(_is_open, record)
    try:
        id = record.report_texts.take(arrival, address, record.clock(), is_open)
    except NoRoomError as error:
        raise StorageFullError(str(error)) from error
    return _put_on_record(record, id), id == arrival.id


def resolve(
    record: Record,
    id: str,
    *,
    outcome: str,
    by: str,
    position: int | None = None,
    correction: Mapping[str, Any] | None = None,
    expected: int | None = None,
    idempotency: tuple[str, bytes] | None = None,
) -> RecordedEvent:
    """Put on record what came of a report.

    `expected` is the version of the report that the editor saw. Raises
    NotOnRecordError, UnknownEventError, RuleBrokenError or ConflictError.
    """
    report = record.load(Report, id)
    if expected not in (None, report.version):
        raise ConflictError(report.stream)
    named = _named(record, position, correction)
    made = _correction(named) if named else None
    event = report.resolve(outcome=outcome, correction=made)
    return record.record(report, event, by=by, idempotency=idempotency)


def told(record: Record, id: str) -> Row | None:
    """Return what was told in a report, None if it is not kept any more."""
    found = record.report_texts.get(id)
    if found is None or found["text"] is None:
        return None
    return {name: found[name] for name in TOLD}


def forget(record: Record, id: str, patience: float = PATIENCE) -> bool:
    """Delete what was told in a report at once; return whether anything was kept.

    What somebody who reads it keeps from being overwritten is so later.
    """
    is_kept = bool(record.report_texts.forget([id]))
    record.report_texts.scrub(patience)
    return is_kept


def expire(record: Record, patience: float = PATIENCE) -> int:
    """Delete what was told in reports resolved 90 days ago; return of how many.

    Reports that a crash kept from the log are put there.
    """
    if record.is_mirror:
        return 0  # Nobody tells it anything.
    now, texts = record.clock(), record.report_texts
    for row in texts.unrecorded(now - LATE):
        _put_on_record(record, row["id"])
    limit = instant((now - KEPT).isoformat())
    count = texts.drop(resolved_before(record.read_model, texts.ids(), limit))
    texts.forget_addresses(now)
    texts.scrub(patience)
    return count


def keep_expiring(record: Record, ended: Event) -> None:
    """Delete what is due now and then, until the event is set."""
    while True:
        try:
            expire(record)
        except (StoreError, NoRoomError, DBAPIError, OSError) as error:
            _logger.warning("what was told is to be deleted later: %s", error)
        if ended.wait(EXPIRE_EVERY):
            return


def _put_on_record(record: Record, id: str) -> RecordedEvent:
    """Return the event of a report, putting it on record if it is not there."""
    report = record.find(Report, id)
    kept = record.report_texts.get(id)
    if not report.version and kept:
        about = {"stream": kept["stream"], "version": kept["version"]}
        try:
            event = report.receive(about=about, kind=kept["kind"])
            record.record(report, event, by="system")
        except ConflictError:
            _logger.info("another process has put %s on record", report.stream)
    record.report_texts.note_recorded(id)
    return record.store.read_stream(report.stream)[0]


def _is_open(record: Record, id: str) -> bool:
    report = record.find(Report, id)
    return report.is_open or not report.version


def _about(
    record: Record, about: str | None, position: int | None
) -> tuple[str, int | None]:
    """Return the stream, and of an event the version, that a report is about."""
    if position is not None:
        event = _at(record, position)
        return _reportable(event.stream, "position"), event.version
    stream = _reportable(about or "", "about")
    if not record.store.read_stream(stream):
        raise UnknownEventError("about", f"{stream} is not on record.")
    return stream, None


def _reportable(stream: str, member: str) -> str:
    noun = stream.partition("-")[0]
    if noun not in REPORTABLE:
        raise UnknownEventError(
            member,
            f"{stream} is none of the things that reports are about: a noun "
            f"({', '.join(sorted(REPORTABLE))}), a hyphen and an id.",
        )
    return stream


def _at(record: Record, position: int) -> RecordedEvent:
    found = record.store.read(after=position - 1, limit=1)
    if not found or found[0].position != position:
        last = record.store.size()
        raise UnknownEventError("position", f"The last position is {last:,}.")
    return found[0]


def _named(
    record: Record, position: int | None, place: Mapping[str, Any] | None
) -> RecordedEvent | None:
    """Return the event that is named by its position, or its place in a stream."""
    if position is not None:
        return _at(record, position)
    if place is None:
        return None
    for event in record.store.read_stream(place["stream"]):
        if event.version == place["version"]:
            return event
    why = f"{place['stream']} has no version {place['version']}."
    raise UnknownEventError("correction", why)


def _correction(event: RecordedEvent) -> Correction:
    target = event.data.get("target") or {"stream": event.stream}
    return Correction(event.stream, event.version, event.type, target["stream"])


def _new_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))
