"""Rotating the key of the log: for 30 days the old key and the new one both sign.

Each step can be repeated: what a crash left undone is finished by the next call.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from sqlalchemy.exc import DBAPIError

from schemas.events import RecordedEvent
from service.domain.log_keys import LogKey
from service.log.errors import ConflictError, StoreError
from service.log.head import held_keys
from service.log.keyring import ADDED, RETIRED
from service.log.keys import KeyFileError
from service.log.notes import VerifierKey
from service.record import Record

OVERLAP = timedelta(days=30)
POLL = 60  # Seconds between two looks at whether a key is due to be retired.
_logger = logging.getLogger(__name__)


class RotationError(Exception):
    """The key cannot be rotated, or retired, now."""


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """How long a key signs: None since the beginning, and None until further notice.

    `is_over` tells whether it has been retired; a key that has not is due `until`.
    """

    key: VerifierKey
    since: str | None
    until: str | None
    is_over: bool = False


def rotate(record: Record) -> VerifierKey:
    """Make a new key and put it on record, or raise RotationError; return it.

    A rotation that a crash broke off is finished, and no other begun.
    """
    retire_due(record)
    keys = _held(record)
    added = _added(record)
    _refuse_rotation_elsewhere(record, keys, added)
    if len(keys) > 1 and keys[-1] in added:
        due = _due(added[keys[-1]])
        raise RotationError(
            f"The key is being rotated: both keys sign until {due:%Y-%m-%d}."
        )
    new = record.store.key_file.add(keys[0])
    thing = record.find(LogKey, new.id.hex())
    if not thing.is_added:
        with suppress(ConflictError):
            record.record(thing, thing.add(verifier_key=str(new)), by="system")
            return new
    return rotate(record)  # Another process was first, and this says so.


def retire_due(record: Record) -> VerifierKey | None:
    """Retire the old key if 30 days have passed; return it if it was, else None."""
    keys = _held(record)
    if len(keys) == 1 or not _is_due(record, keys):
        return None
    return _retire(record, keys[0])


def retire_now(record: Record) -> VerifierKey:
    """Retire the old key before its time, as one that was stolen must be; return it.

    Raises RotationError if no other key signs yet.
    """
    keys = _held(record)
    if len(keys) == 1 or keys[-1] not in _added(record):
        raise RotationError(
            "No other key signs the log yet: first run `copperplate key rotate`."
        )
    return _retire(record, keys[0])


def due_at(record: Record) -> datetime | None:
    """Return when the old key is due to be retired, None if no key is rotated."""
    keys = record.store.signing_keys()
    added = _added(record).get(keys[-1]) if len(keys) > 1 else None
    return None if added is None else _due(added)


def key_periods(record: Record) -> list[KeyPeriod]:
    """Return every key that ever signed the log, the oldest first, and how long."""
    added = _added(record)
    retired = _retired(record)
    signing = record.store.signing_keys()
    first = [key for key in (*retired, *signing) if key not in added]
    due = due_at(record)
    periods = []
    for key in dict.fromkeys([*first, *added]):
        since = added[key].recorded_at if key in added else None
        if key in retired:
            periods.append(KeyPeriod(key, since, retired[key].recorded_at, True))
        elif due and key == signing[0]:
            periods.append(KeyPeriod(key, since, f"{due:%Y-%m-%dT%H:%M:%SZ}"))
        else:
            periods.append(KeyPeriod(key, since, None))
    return periods


def keep_retiring(record: Record, ended: Event) -> None:
    """Retire what is due, once a minute, until the event is set."""
    if record.is_mirror:
        return  # It has no key.
    _retire_quietly(record)
    while not ended.wait(POLL):
        _retire_quietly(record)


def _retire_quietly(record: Record) -> None:
    """Retire what is due; a log that cannot be signed now is tried again later."""
    try:
        if key := retire_due(record):
            _logger.warning("the key %s was retired", key)
    except (StoreError, KeyFileError, OSError, DBAPIError) as error:
        _logger.warning("no key could be retired: %s", error)


def _is_due(record: Record, keys: Sequence[VerifierKey]) -> bool:
    if keys[0] in _retired(record):
        return True  # A crash, or another machine, left it in the file.
    added = _added(record).get(keys[-1])
    return added is not None and record.clock() >= _due(added)


def _retire(record: Record, old: VerifierKey) -> VerifierKey:
    thing = record.find(LogKey, old.id.hex())
    if not thing.is_retired:
        event = thing.retire(verifier_key=str(old))
        # Whoever else has done it at the same moment has done it for us.
        with suppress(ConflictError):
            record.record(thing, event, by="system")
    record.store.key_file.drop(old)
    return old


def _held(record: Record) -> list[VerifierKey]:
    return [each.verifier for each in held_keys(record.store.key_file)]


def _added(record: Record) -> dict[VerifierKey, RecordedEvent]:
    return _named(record, ADDED)


def _retired(record: Record) -> dict[VerifierKey, RecordedEvent]:
    return _named(record, RETIRED)


def _named(record: Record, type: str) -> dict[VerifierKey, RecordedEvent]:
    return {
        VerifierKey.parse(event.data["verifier_key"]): event
        for event in record.store.key_events()
        if event.type == type
    }


def _refuse_rotation_elsewhere(
    record: Record, keys: Sequence[VerifierKey], added: dict[VerifierKey, RecordedEvent]
) -> None:
    """Refuse while a key that signs is missing here: two would rotate to two keys."""
    retired = _retired(record)
    for key in added:
        if key not in keys and key not in retired:
            raise RotationError(
                f"The key was rotated elsewhere: copy log.key, which holds {key}, "
                "from the machine where that was done."
            )


def _due(added: RecordedEvent) -> datetime:
    return datetime.fromisoformat(added.recorded_at) + OVERLAP
