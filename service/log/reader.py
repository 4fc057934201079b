"""The log as it is read: events, leaves, hashes, openings and checkpoints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import NamedTuple

from schemas.events import LOG_KEY, RecordedEvent
from service.log.editor_keys import StoredKey, all_keys, find_key
from service.log.erasing import Redacted, redactions_of, standing_in
from service.log.errors import SigningRefusedError
from service.log.head import latest_note
from service.log.notes import unverified_checkpoint
from service.log.recorders import PerProcess
from service.log.rows import read_rows
from service.log.sessions import Session


class StoredOpening(NamedTuple):
    """What opens a commitment of the event at a position; `value` as RFC 8785 bytes."""

    position: int
    name: str
    commitment: str
    salt: bytes
    value: bytes


class SignedSize(NamedTuple):
    """A size that was signed, and the note with which the log alone signed it."""

    size: int
    note: bytes


class Proved(NamedTuple):
    """What proves an event to be in the tree of a size that was signed."""

    size: int
    leaf_hash: bytes
    root: bytes
    hashes: Sequence[bytes]
    note: bytes


class LogReader:
    """A log, read only: each method sees one committed state of it."""

    def __init__(self, database: PerProcess) -> None:
        self._database = database

    def read_stream(self, stream: str) -> list[RecordedEvent]:
        """Return the events of one stream in the order of their versions."""
        with self._reading() as session:
            return read_rows(session, "e.originator_id = ?", (stream,))

    def streams_of(self, noun: str, most: int) -> frozenset[str] | None:
        """Return the streams of the things of a noun, None if more than so many."""
        span = (f"{noun}-", f"{noun}.")  # The character after the hyphen.
        with self._reading() as session:
            rows = session.rows(_STREAMS, (*span, most + 1))
        return frozenset(stream for (stream,) in rows) if len(rows) <= most else None

    def proved(self, position: int) -> Proved | None:
        """Return what proves an event in the tree with which it was signed.

        None unless this process just wrote it. Witnesses have not signed that note yet.
        """
        return None

    def read(self, after: int = 0, limit: int = 1000) -> list[RecordedEvent]:
        """Return at most `limit` events that follow a position, in their order."""
        span = (after, after + limit)
        with self._reading() as session:
            return read_rows(session, "l.position > ? AND l.position <= ?", span)

    def key_events(self) -> list[RecordedEvent]:
        """Return the events about the keys of the log, in their order."""
        span = (f"{LOG_KEY}-", f"{LOG_KEY}.")  # The character after the hyphen.
        where = "e.originator_id >= ? AND e.originator_id < ?"
        with self._reading() as session:
            return read_rows(session, where, span)

    def editor_key(self, id: str) -> StoredKey | None:
        """Return the key of an editor that has this id, as it is at this moment."""
        with self._reading() as session:
            return find_key(session, id)

    def editor_keys(self) -> list[StoredKey]:
        """Return every key that an editor was ever given, the oldest first."""
        with self._reading() as session:
            return all_keys(session)

    def size(self) -> int:
        """Return how many events the log holds: the position of the last."""
        with self._reading() as session:
            [(size,)] = session.rows("SELECT COALESCE(MAX(position), 0) FROM log")
            return int(size)

    def leaves(self, after: int, limit: int) -> list[bytes]:
        """Return the bytes of at most `limit` leaves that follow a position."""
        with self._reading() as session:
            rows = session.rows(
                f"""
                SELECT e.state
                FROM log l
                JOIN stored_events e ON {session.joined}
                WHERE l.position > ? AND l.position <= ?
                ORDER BY l.position""",
                (after, after + limit),
            )
        return [bytes(state) for (state,) in rows]

    def hashes(self, level: int, start: int, width: int) -> list[bytes]:
        """Return hashes `start` … of a level of tiles, as many as there are.

        Level 0 are the hashes of the leaves, level 1 the roots of full tiles of these.
        """
        sql, first = (_LEAF_HASHES, start + 1) if level == 0 else (_NODES, start)
        span = (first, first + width)
        params = span if level == 0 else (level, *span)
        with self._reading() as session:
            return [bytes(each) for (each,) in session.rows(sql, params)]

    def openings(self, after: int, limit: int) -> list[StoredOpening]:
        """Return what opens the commitments of at most `limit` events, in order."""
        with self._reading() as session:
            rows = session.rows(
                """
                SELECT position, name, commitment, salt, value
                FROM openings
                WHERE position > ? AND position <= ?
                ORDER BY position, name""",
                (after, after + limit),
            )
        return [
            StoredOpening(position, name, commitment, bytes(salt), bytes(value))
            for position, name, commitment, salt, value in rows
        ]

    def count_openings(self, after: int, up_to: int) -> int:
        """Return how many openings belong to the events between two positions."""
        sql = "SELECT COUNT(*) FROM openings WHERE position > ? AND position <= ?"
        with self._reading() as session:
            [(count,)] = session.rows(sql, (after, up_to))
        return int(count)

    def redactions(self) -> list[Redacted]:
        """Return all redactions that are on record, in their order."""
        with self._reading() as session:
            return redactions_of(session)

    def standing_in(
        self,
        needles: Sequence[bytes],
        on_position: Callable[[int], None] = lambda position: None,
    ) -> list[tuple[int, str | None]]:
        """Return where any of these bytes stand: position and field, None: the leaf."""
        size = self.size()
        with self._reading() as session:
            return list(standing_in(session, needles, size, on_position))

    def checkpoint(self) -> bytes:
        """Return the latest signed checkpoint (a note of C2SP tlog-checkpoint).

        The cosignatures that witnesses gave it so far are its last lines.
        """
        note = self.own_checkpoint()
        return note + self._cosignatures(unverified_checkpoint(note).size)

    def own_checkpoint(self) -> bytes:
        """Return the latest checkpoint as the log alone signed it."""
        with self._reading() as session:
            note = latest_note(session)
        if note is None:
            raise SigningRefusedError("the log has never been signed")
        return note

    def cosigned_size(self, name: str) -> int:
        """Return the largest size that a witness (the name of its key) cosigned."""
        sql = "SELECT COALESCE(MAX(size), 0) FROM cosignatures WHERE name = ?"
        with self._reading() as session:
            [(size,)] = session.rows(sql, (name,))
        return int(size)

    def checkpoint_at(self, size: int) -> bytes | None:
        """Return the checkpoint of a size, None if that size was never signed."""
        with self._reading() as session:
            rows = session.rows("SELECT note FROM checkpoints WHERE size = ?", (size,))
        return bytes(rows[0][0]) + self._cosignatures(size) if rows else None

    def checkpoints(
        self, after: int = -1, limit: int = 1000, up_to: int | None = None
    ) -> list[SignedSize]:
        """Return at most `limit` checkpoints beyond a size, the smallest first."""
        with self._reading() as session:
            rows = session.rows(
                """
                SELECT size, note
                FROM checkpoints
                WHERE size > ? AND size <= ?
                ORDER BY size
                LIMIT ?""",
                (after, _LARGEST if up_to is None else up_to, limit),
            )
        return [SignedSize(size, bytes(note)) for size, note in rows]

    def count_checkpoints(self, after: int, up_to: int) -> int:
        """Return how many checkpoints lie beyond one size and up to another."""
        sql = "SELECT COUNT(*) FROM checkpoints WHERE size > ? AND size <= ?"
        with self._reading() as session:
            [(count,)] = session.rows(sql, (after, up_to))
        return int(count)

    @contextmanager
    def one_connection(self) -> Iterator[None]:
        """Let all that is read inside be read over one connection."""
        with self._database.get().reading() as session:
            outer = _open.get()
            _open.set((self, session))
            try:
                yield
            finally:
                _open.set(outer)

    def close(self) -> None:
        """Close the connections of this process."""
        self._database.close()

    def _reading(self) -> AbstractContextManager[Session]:
        found = _open.get()
        if found and found[0] is self:
            return nullcontext(found[1])
        return self._database.get().reading()

    def _cosignatures(self, size: int) -> bytes:
        sql = "SELECT line FROM cosignatures WHERE size = ? ORDER BY name"
        with self._reading() as session:
            return "".join(line for (line,) in session.rows(sql, (size,))).encode()


_open: ContextVar[tuple[LogReader, Session] | None] = ContextVar("open", default=None)
_LARGEST = 2**53
_STREAMS = """
    SELECT originator_id
    FROM stored_events
    WHERE originator_id >= ? AND originator_id < ? AND originator_version = 1
    LIMIT ?"""
_LEAF_HASHES = """
    SELECT leaf_hash
    FROM log
    WHERE position >= ? AND position < ?
    ORDER BY position"""
_NODES = """
    SELECT hash
    FROM nodes
    WHERE level = ? AND n >= ? AND n < ?
    ORDER BY n"""
