"""The head of the log: where the next event goes, proved before every append."""

from dataclasses import dataclass

import orjson

from service.log.errors import LogDamagedError, SigningRefusedError
from service.log.keys import KeyFileError, Signed
from service.log.merkle import Edge, Span, unfinished_tiles
from service.log.notes import (
    Checkpoint,
    NoteError,
    VerifierKey,
    open_checkpoint,
    unverified_checkpoint,
)
from service.log.recorders import Session

_RECOVERY = (
    "put back a newer backup of the database; if those events are lost for good, "
    "begin a new log in an empty folder under another origin, and say so in public"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The edge after the last event, its instant, and the note that signs it."""

    edge: Edge
    recorded_at: str
    note: bytes
    checkpoint: Checkpoint


def current_head(
    session: Session, cached: Head | None, key: VerifierKey, signed: Signed
) -> Head:
    """Return the head, proved equal to the latest checkpoint and to what was signed.

    Call it under the writer lock. Raises LogDamagedError or SigningRefusedError.
    """
    notes, [(last,)] = session.answers((_LATEST_NOTE, ()), (_LAST_POSITION, ()))
    if not notes:
        raise SigningRefusedError("the log was never signed: open it anew")
    note = bytes(notes[0][0])
    if cached is None or note != cached.note:
        cached = _load(session, note, _open(note, key))
    size, root = cached.edge.size, cached.edge.root()
    checkpoint = cached.checkpoint
    if (size, root) != (checkpoint.size, checkpoint.root):
        raise LogDamagedError("the stored hashes do not give the root that was signed")
    if last != size:
        raise LogDamagedError(f"{size} events were signed, but the last is {last}")
    refuse_fork(session, checkpoint, signed)
    return cached


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


def latest_note(session: Session) -> bytes | None:
    """Return the note of the largest checkpoint, None if nothing was ever signed."""
    rows = session.rows(_LATEST_NOTE)
    return bytes(rows[0][0]) if rows else None


_LATEST_NOTE = """
    SELECT note
    FROM checkpoints
    ORDER BY size DESC
    LIMIT 1"""
_LAST_POSITION = "SELECT COALESCE(MAX(position), 0) FROM log"


def _open(note: bytes, key: VerifierKey) -> Checkpoint:
    try:
        return open_checkpoint(note, [key])
    except NoteError as error:
        raise SigningRefusedError(
            f"the last checkpoint is not signed by {key}: {error}; "
            "put back the key that signed this log"
        ) from error


def _load(session: Session, note: bytes, checkpoint: Checkpoint) -> Head:
    spans = unfinished_tiles(checkpoint.size)
    try:
        edge = Edge.resume(checkpoint.size, [_row(session, span) for span in spans])
    except ValueError as error:
        raise LogDamagedError(f"the stored hashes: {error}") from error
    return Head(edge, _last_instant(session), note, checkpoint)


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


def _last_instant(session: Session) -> str:
    rows = session.rows(f"""
        SELECT e.state
        FROM log l
        JOIN stored_events e ON {session.joined}
        ORDER BY l.position DESC
        LIMIT 1""")
    return str(orjson.loads(rows[0][0])["recorded_at"]) if rows else ""
