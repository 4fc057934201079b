"""The store of a mirror: a log that others sign, of which nothing is unverified."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from schemas.events import RecordedEvent
from service.log.drafts import Draft, Prepared
from service.log.editor_keys import Beside
from service.log.errors import (
    BadLeafError,
    LogDamagedError,
    ReadOnlyError,
    StoreUnreadableError,
)
from service.log.event_store import EventStore
from service.log.grouping import Append, Outcome
from service.log.head import last_instant, latest_note, stored_edge
from service.log.merkle import Edge
from service.log.notes import (
    VerifierKey,
    cosignatures_of,
    own_part,
    unverified_checkpoint,
)
from service.log.pin import Pin
from service.log.reader import StoredOpening
from service.log.recorders import PerProcess
from service.log.rows import versions_of, write_rows
from service.log.sessions import Row, Session
from service.log.staged import Field, Tip, Verified, check_opening, keys_after


class MirrorStore(EventStore):
    """The log of a data folder that is a mirror; it has no key and signs nothing."""

    def __init__(
        self,
        folder: Path,
        database: PerProcess,
        origin: str,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(folder, database, origin, clock)
        self.pin()

    def pin(self) -> Pin:
        """Return what this is a mirror of."""
        pin = Pin.read(self._folder)
        if pin is None:
            raise StoreUnreadableError(f"{self._folder} is not a mirror")
        return pin

    def append(
        self,
        drafts: Sequence[Draft | Prepared],
        *,
        read_set: Mapping[str, int] | None = None,
        idempotency: tuple[str, bytes] | None = None,
        erase: Sequence[tuple[int, str]] = (),
        beside: Beside | None = None,
        key_id: str | None = None,
    ) -> list[RecordedEvent]:
        """Raise ReadOnlyError: what is recorded is recorded at the source."""
        raise ReadOnlyError(self.pin().url)

    def append_each(self, appends: Sequence[Append]) -> list[Outcome]:
        """Raise the same."""
        raise ReadOnlyError(self.pin().url)

    def signing_keys(self) -> list[VerifierKey]:
        """Return the verifier keys that are trusted now."""
        return list(self.tip().keys)

    def tip(self) -> Tip:
        """Return where the mirror stands."""
        keys = tuple(self.pin().verifiers())
        with self._database.get().reading() as session:
            keys = keys_after(keys, _key_events(session))
            return Tip(_edge(session), last_instant(session), keys)

    def is_empty(self) -> bool:
        """Whether not even the checkpoint of an empty log is kept."""
        return not self.checkpoints(limit=1)

    def versions(self, streams: Iterable[str]) -> dict[str, int]:
        """Return the last version of each of the streams that is kept."""
        with self._database.get().reading() as session:
            return versions_of(session, streams)

    def keep(self, verified: Verified) -> None:
        """Keep what was verified, in one transaction."""
        with self._database.get().writing() as session:
            edge = _edge(session)
            if verified.prepared:
                edge, _ = write_rows(session, edge, verified.prepared, verified.leaves)
            if edge != verified.tip.edge:
                raise LogDamagedError("what was kept is not what was verified")
            for position, each in enumerate(verified.prepared, verified.after + 1):
                if each.leaf["type"] == _REDACTED:
                    _erase(session, position, each.leaf)
            origin = self.pin().origin
            notes = [
                (size, own_part(note, origin)) for size, note in verified.checkpoints
            ]
            session.insert("checkpoints", notes)

    def keep_cosignatures(self, note: bytes) -> None:
        """Keep what others than the log have signed of a checkpoint that is kept.

        Their keys are not ours to know: who asks for a witness checks its line.
        """
        signed = unverified_checkpoint(note)
        for name, line in cosignatures_of(note, signed.origin):
            self.add_cosignature(signed.size, name, line)

    def open_later(self, found: Sequence[StoredOpening]) -> None:
        """Keep openings that were missing, or raise BadOpeningError."""
        with self._database.get().writing() as session:
            for each in found:
                opening = check_opening(_leaf(session, each.position), each)
                row = (each.position, each.name, opening.commitment, *each[3:])
                session.insert("openings", [row])

    def still_unopened(self, fields: Iterable[Field]) -> list[Field]:
        """Return those of the fields that are neither opened nor redacted."""
        with self._database.get().reading() as session:
            redacted = _redacted(session)
            return [
                each
                for each in fields
                if not session.rows(_OPENED, each)
                and (*_name(session, each.position), each.name) not in redacted
            ]

    def _set_up(self) -> None:
        try:
            self._database.get().create()
        finally:
            # Nothing is left open, so that a server may fork its workers.
            self.close()


_OPENED = "SELECT 1 FROM openings WHERE position = ? AND name = ?"
_KEYS_OF_LOG = ("log-key-", "log-key.")  # "." follows "-": all that begin so.
_REDACTED = "field.redacted"
_LEAF_OF = """
    SELECT l.position, e.state
    FROM log l
    JOIN stored_events e ON {joined}
    WHERE e.originator_id = ? AND e.originator_version = ?"""
_DELETE = "DELETE FROM openings WHERE position = ? AND name = ?"
_REDACTIONS = ("redaction-", "redaction.")


def _edge(session: Session) -> Edge:
    note = latest_note(session)
    if note is None:
        return Edge()
    signed = unverified_checkpoint(note)
    edge = stored_edge(session, signed.size)
    if edge.root() != signed.root:
        raise LogDamagedError("the stored hashes do not give the root that was signed")
    return edge


def _key_events(session: Session) -> list[tuple[int, bytes]]:
    return _in_streams(session, _KEYS_OF_LOG)


def _redacted(session: Session) -> set[tuple[str, int, str]]:
    """Return each redacted field as stream, version and name."""
    return {
        (stream, version, name)
        for position, raw in _in_streams(session, _REDACTIONS)
        for stream, version, names in [_target(position, orjson.loads(raw))]
        for name in names
    }


def _erase(session: Session, position: int, leaf: dict[str, Any]) -> None:
    """Delete the openings that a redaction names."""
    stream, version, names = _target(position, leaf)
    rows = session.rows(_LEAF_OF.format(joined=session.joined), (stream, version))
    if not rows or not set(names) <= orjson.loads(rows[0][1])["sealed"].keys():
        raise BadLeafError(position, "it redacts what is not there")
    for name in names:
        session.rows(_DELETE, (rows[0][0], name))


def _target(position: int, leaf: dict[str, Any]) -> tuple[str, int, list[str]]:
    """Return the stream, the version and the fields that a redaction names."""
    try:
        target, names = leaf["data"]["target"], leaf["data"]["fields"]
        found = target["stream"], target["version"], names
    except (KeyError, TypeError) as error:
        raise BadLeafError(position, "a redaction that names nothing") from error
    are_texts = type(names) is list and all(type(each) is str for each in names)
    if not are_texts or type(found[0]) is not str or type(found[1]) is not int:
        raise BadLeafError(position, "a redaction that names nothing")
    return found


def _in_streams(session: Session, between: tuple[str, str]) -> list[tuple[int, bytes]]:
    rows = session.rows(
        f"""
        SELECT l.position, e.state
        FROM log l
        JOIN stored_events e ON {session.joined}
        WHERE e.originator_id >= ? AND e.originator_id < ?
        ORDER BY l.position""",
        between,
    )
    return [(position, bytes(state)) for position, state in rows]


def _name(session: Session, position: int) -> Row:
    sql = "SELECT stream, version FROM log WHERE position = ?"
    [row] = session.rows(sql, (position,))
    return row


def _leaf(session: Session, position: int) -> dict[str, Any]:
    [(state,)] = session.rows(
        f"""
        SELECT e.state
        FROM log l
        JOIN stored_events e ON {session.joined}
        WHERE l.position = ?""",
        (position,),
    )
    return dict(orjson.loads(state))
