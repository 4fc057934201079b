"""The head of the log: where the next event goes, proved before every append."""

from functools import partial
from typing import NamedTuple

import orjson

from service.log.errors import LogDamagedError, SigningRefusedError
from service.log.key_file import KeyFile, Signers, stream_of
from service.log.keyring import RETIRED
from service.log.keys import KeyFileError, Signed
from service.log.merkle import Edge, Span, unfinished_tiles
from service.log.notes import (
    Checkpoint,
    NoteError,
    open_checkpoint,
    unverified_checkpoint,
)
from service.log.proofs import root
from service.log.rows import Stored, stored_head
from service.log.sessions import Session
from service.log.witnessed import Witnessed

_RIGHT_KEY = (
    "put back the key that signed this log; where it was rotated elsewhere, copy the "
    "file from there"
)
_RECOVERY = (
    "put back a newer backup of the database, or make the data folder anew from a "
    "mirror (`copperplate mirror URL FOLDER`); if those events are lost for good, "
    "begin a new log in an empty folder under another origin, and say so in public"
)


class Head(NamedTuple):
    """The edge after the last event, its instant, and the note that signs it.

    `signers` are those of the keys `held` that sign what comes next.
    """

    edge: Edge
    recorded_at: str
    note: bytes
    checkpoint: Checkpoint
    held: Signers
    signers: Signers


def current_head(
    session: Session,
    stored: Stored,
    cached: Head | None,
    key_file: KeyFile,
    signed: Signed,
    witnessed: Witnessed,
) -> Head:
    """Return the head, proved equal to the latest checkpoint and to what was signed.

    `cached` is the head that this process made last: as long as it stands, what the
    folder holds need not be asked again. Call it under the writer lock. Raises
    LogDamagedError or SigningRefusedError.
    """
    if stored.note is None:
        raise SigningRefusedError("the log was never signed: open it anew")
    head = cached
    if head is None or stored.note != head.note or head.held is not key_file.known:
        head = _load(session, stored.note, held_keys(key_file))
        refuse_fork(session, head.checkpoint, signed)
    size = head.edge.size
    if stored.size != size:
        raise LogDamagedError(
            f"{size} events were signed, but the last is {stored.size}"
        )
    refuse_contradiction(session, size, witnessed)
    return head


def refuse_fork(session: Session, latest: Checkpoint | None, signed: Signed) -> None:
    """Raise SigningRefusedError unless the log goes on from what was last signed."""
    try:
        largest = signed.read()
    except KeyFileError as error:
        raise SigningRefusedError(
            f"{error}; compare the log with a mirror, then remove the file"
        ) from error
    if largest is None or largest == latest:
        return
    size = latest.size if latest else 0
    if largest.size > size:
        raise SigningRefusedError(
            f"the log holds {size} events, but {largest.size} were signed: {_RECOVERY}"
        )
    rows = session.rows("SELECT note FROM checkpoints WHERE size = ?", (largest.size,))
    if not rows or unverified_checkpoint(bytes(rows[0][0])) != largest:
        raise SigningRefusedError(
            f"the log is another than the one that was signed at {largest.size} "
            f"events: {_RECOVERY}"
        )


def refuse_contradiction(session: Session, size: int, witnessed: Witnessed) -> None:
    """Raise SigningRefusedError if others have seen what the log cannot go on from."""
    try:
        sightings = witnessed.sightings()
    except KeyFileError as error:
        raise SigningRefusedError(
            f"{error}; run `copperplate witness`, which writes the file anew"
        ) from error
    for each in sightings:
        if why := each.contradiction(size, partial(_root, session)):
            raise SigningRefusedError(f"{why}: {_RECOVERY}")


def held_keys(key_file: KeyFile) -> Signers:
    """Return the keys of the key file, or raise SigningRefusedError."""
    try:
        return key_file.signers()
    except KeyFileError as error:
        raise SigningRefusedError(f"{error}: {_RIGHT_KEY}") from error


def signing_keys(session: Session, held: Signers) -> Signers:
    """Return those keys that were not retired, or raise SigningRefusedError."""
    streams = [stream_of(each.verifier) for each in held]
    marks = ", ".join("?" for _ in streams)
    retired = session.rows(
        f"""
        SELECT originator_id
        FROM stored_events
        WHERE topic = ? AND originator_id IN ({marks})""",
        (RETIRED, *streams),
    )
    signers = tuple(
        each
        for each, stream in zip(held, streams, strict=True)
        if (stream,) not in retired
    )
    if not signers:
        raise SigningRefusedError(f"the key of this folder was retired: {_RIGHT_KEY}")
    return signers


def latest_note(session: Session) -> bytes | None:
    """Return the note of the largest checkpoint, None if nothing was ever signed."""
    return stored_head(session).note


def stored_edge(session: Session, size: int) -> Edge:
    """Return the edge of a size as it is stored, or raise LogDamagedError."""
    spans = unfinished_tiles(size)
    try:
        return Edge.resume(size, [_row(session, span) for span in spans])
    except ValueError as error:
        raise LogDamagedError(f"the stored hashes: {error}") from error


def last_instant(session: Session) -> str:
    """Return when the last event was recorded, "" before the first."""
    rows = session.rows(f"""
        SELECT e.state
        FROM log l
        JOIN stored_events e ON {session.joined}
        ORDER BY l.position DESC
        LIMIT 1""")
    return str(orjson.loads(rows[0][0])["recorded_at"]) if rows else ""


def _open(note: bytes, signers: Signers) -> Checkpoint:
    keys = [each.verifier for each in signers]
    try:
        return open_checkpoint(note, keys)
    except NoteError as error:
        names = " or ".join(map(str, keys))
        raise SigningRefusedError(
            f"the last checkpoint is not signed by {names}: {error}; {_RIGHT_KEY}"
        ) from error


def _load(session: Session, note: bytes, held: Signers) -> Head:
    signers = signing_keys(session, held)
    checkpoint = _open(note, signers)
    edge = stored_edge(session, checkpoint.size)
    if edge.root() != checkpoint.root:
        raise LogDamagedError("the stored hashes do not give the root that was signed")
    return Head(edge, last_instant(session), note, checkpoint, held, signers)


def _row(session: Session, span: Span) -> list[bytes]:
    if span.level == 0:
        sql = """
            SELECT leaf_hash
            FROM log
            WHERE position > ? AND position <= ?
            ORDER BY position"""
        rows = session.rows(sql, (span.start, span.start + span.width))
    else:
        sql = """
            SELECT hash
            FROM nodes
            WHERE level = ? AND n >= ? AND n < ?
            ORDER BY n"""
        rows = session.rows(sql, (span.level, span.start, span.start + span.width))
    return [each for (each,) in rows]


def _root(session: Session, size: int) -> bytes:
    return root(lambda *span: _row(session, Span(*span)), size)
