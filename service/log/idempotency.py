"""Requests that were answered: one that is sent again records nothing anew.

Kept for 24 hours are HMACs under a secret of the installation, and which events were
recorded: of a request whose words were erased since, nothing can be guessed. The
secret lies in the database, since every machine that writes to it must have the same,
or one request would be recorded twice. Whoever reads it there can read the words too;
what was redacted has no row here any more.
"""

import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from schemas.events import RecordedEvent
from service.log.errors import IdempotencyReusedError
from service.log.rows import read_rows
from service.log.sessions import Row, Session, among

KEPT = timedelta(hours=24)
SECRET = "idempotency"
Idempotency = tuple[str, bytes]


def sealed_under(secret: bytes, parts: Iterable[bytes]) -> bytes:
    """Return the HMAC of some parts, none of which can run over into the next."""
    text = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(secret, text, "sha256")


def held_secret(session: Session) -> bytes | None:
    """Return the secret of the installation, None before there is one."""
    found = session.rows("SELECT value FROM secrets WHERE name = ?", (SECRET,))
    return bytes(found[0][0]) if found else None


def made_secret(session: Session) -> bytes:
    """Return the secret, made if there is none."""
    if found := held_secret(session):
        return found
    made = secrets.token_bytes(32)
    session.insert("secrets", [(SECRET, made)])
    return made


def recorded_before(
    session: Session, idempotency: Idempotency, now: datetime
) -> list[RecordedEvent]:
    """Return what a request has recorded within 24 hours, [] if it is new.

    Raises IdempotencyReusedError if another request came under its key.
    """
    kept = kept_under(session, idempotency[:1]).get(idempotency[0])
    return recorded_as(session, kept, idempotency, now) if kept else []


def kept_under(session: Session, keys: Sequence[str]) -> dict[str, Row]:
    """Return what is kept under keys: fingerprint, first and last event, instant."""
    if not keys:
        return {}
    marks, params = among(keys)
    rows = session.rows(_KEPT.format(marks=marks), params)
    return {row[0]: row[1:] for row in rows}


def recorded_as(
    session: Session, kept: Row, idempotency: Idempotency, now: datetime
) -> list[RecordedEvent]:
    """Return the same as `recorded_before` of what is kept under the key."""
    before, first, last, recorded_at = kept
    if recorded_at <= _oldest(now):
        return []
    if not hmac.compare_digest(bytes(before), idempotency[1]):
        raise IdempotencyReusedError("the idempotency key was used before")
    return read_rows(session, "l.position >= ? AND l.position <= ?", (first, last))


def forget(session: Session, key: str) -> None:
    """Delete what is kept under a key."""
    session.rows("DELETE FROM idempotency WHERE key = ?", (key,))


def keep(
    session: Session, requests: Iterable[tuple[Idempotency, Sequence[RecordedEvent]]]
) -> None:
    """Keep what requests have recorded."""
    rows = [
        (*idempotency, events[0].position, events[-1].position, events[-1].recorded_at)
        for idempotency, events in requests
    ]
    session.insert("idempotency", rows)


def forget_expired(session: Session, now: datetime) -> None:
    """Delete what is older than 24 hours."""
    session.rows("DELETE FROM idempotency WHERE recorded_at <= ?", (_oldest(now),))


def forget_erased(session: Session, positions: Iterable[int]) -> None:
    """Delete the fingerprints of requests whose words are erased."""
    sql = "DELETE FROM idempotency WHERE first <= ? AND last >= ?"
    for position in sorted(set(positions)):
        session.rows(sql, (position, position))


_KEPT = """
    SELECT key, fingerprint, first, last, recorded_at
    FROM idempotency
    WHERE key IN ({marks})"""


def _oldest(now: datetime) -> str:
    return (now - KEPT).isoformat(timespec="microseconds").replace("+00:00", "Z")
