"""The event store: every append is hashed, proved and signed in one transaction."""

import errno
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.events import RecordedEvent
from service.log.drafts import Draft, Prepared, prepare
from service.log.editor_keys import Beside, forget_names
from service.log.erasing import (
    Named,
    Redacted,
    erase_again,
    held_openings,
)
from service.log.errors import (
    AlreadyErasedError,
    ClockError,
    ConflictError,
    DraftError,
    IdempotencyReusedError,
    LogDamagedError,
    SigningRefusedError,
    StorageFullError,
    StoreError,
    StoreUnreadableError,
)
from service.log.grouping import Append, Group, Outcome
from service.log.head import (
    Head,
    current_head,
    held_keys,
    refuse_contradiction,
    refuse_fork,
    signing_keys,
)
from service.log.idempotency import (
    Idempotency,
    forget_erased,
    forget_expired,
    held_secret,
    made_secret,
    recorded_before,
    sealed_under,
)
from service.log.key_file import KeyFile, Signers
from service.log.keyring import RETIRED
from service.log.keys import KeyFileError, Signed, folder_lock
from service.log.leaf import stamp
from service.log.merkle import Edge
from service.log.notes import Checkpoint, VerifierKey, checkpoint_text, sign_note
from service.log.proofs import Growth
from service.log.reader import LogReader, Proved
from service.log.recorders import PerProcess, connector
from service.log.rows import Stored, stored_head, write_rows
from service.log.sessions import Session
from service.log.witnessed import Witnessed

__all__ = [
    "AlreadyErasedError",
    "ClockError",
    "ConflictError",
    "Draft",
    "DraftError",
    "EventStore",
    "IdempotencyReusedError",
    "LogDamagedError",
    "SigningRefusedError",
    "StorageFullError",
    "StoreError",
    "StoreUnreadableError",
]

_TOLERANCE = timedelta(seconds=2)
PROVED = 16  # Appends of which events can be proved, until that was done.
FORGET_EVERY = timedelta(minutes=10)
_logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class EventStore(LogReader):
    """Append-only streams of events in one order, which is a transparency log."""

    def __init__(
        self,
        folder: Path,
        database: PerProcess,
        origin: str,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(database)
        self._folder = folder
        self._clock = clock
        self.key_file = KeyFile(folder / "log.key", origin)
        self.witnessed = Witnessed(folder / "witnessed")
        self._signed = Signed(folder / "signed")
        self._head: Head | None = None
        self._known_secret: bytes | None = None
        self._grown: deque[tuple[Head, Growth]] = deque(maxlen=PROVED)
        self._forgot_at = datetime.min.replace(tzinfo=UTC)

    @classmethod
    def open(
        cls,
        folder: Path,
        database_url: str | None = None,
        *,
        origin: str = "localhost/log",
        clock: Callable[[], datetime] = _now,
    ) -> "EventStore":
        """Open the log of a data folder; make its key and tables on first start.

        The database is `events.db` in the folder, or PostgreSQL if there is a URL.
        Raises StoreUnreadableError or StorageFullError. A log that must not be signed
        is opened to read.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            database = PerProcess(connector(folder / "events.db", database_url))
            store = cls(folder, database, origin, clock)
            with folder_lock(folder):
                store._set_up()
        except OSError as error:
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            kind = StorageFullError if is_full else StoreUnreadableError
            raise kind(f"{folder}: {error.strerror}") from error
        return store

    def append(
        self,
        drafts: Sequence[Draft | Prepared],
        *,
        read_set: Mapping[str, int] | None = None,
        idempotency: Idempotency | None = None,
        erase: Sequence[Named] = (),
        beside: Beside | None = None,
        key_id: str | None = None,
    ) -> list[RecordedEvent]:
        """Record a batch of events, all or none, and return them as recorded.

        `read_set` maps each stream that was read to its version then (0: none yet).
        `idempotency` is (key, fingerprint of the request): the same again returns what
        was recorded at first. `erase` names the openings (position, field) that the
        batch redacts: they go in the same transaction, so that each commitment is
        opened or named by a redaction. `beside` changes what stands beside the log in
        that transaction too. `key_id` is the key of an editor that is to stand then.
        Raises the errors of `service.log.errors`.
        """
        prepared = prepare(drafts)
        if not prepared:
            return []
        terms = (read_set or {}, idempotency, erase, beside, key_id)
        [outcome] = self.append_each([Append(prepared, *terms)])
        assert not isinstance(outcome, StoreError)  # It would have been raised.
        return outcome

    def append_each(self, appends: Sequence[Append]) -> list[Outcome]:
        """Record each of several batches, or say why not, under one signature.

        A group: those that `go_together`. The error of one that comes alone is raised,
        and so is what keeps all of them from being recorded.
        """
        with self._database.get().writing() as session:
            now = self._now()
            group = Group(session, appends, now)
            if not (prepared := group.prepared()):
                return group.outcomes([])
            head, growth, events = self._extend(session, group.stored, prepared, now)
            outcomes = group.outcomes(events)
            if any(each.idempotency for each in appends):
                self._forget_expired(session, now)
        self._keep(head)
        self._grown.append((head, growth))
        if events[-1].type == RETIRED:
            self._head = None  # Made anew, it no longer signs with that key.
        return outcomes

    def proved(self, position: int) -> Proved | None:
        """Return what proves an event that was appended of late, as it was signed."""
        for head, growth in reversed(tuple(self._grown)):
            if growth.first <= position <= growth.size:
                hashes = growth.inclusion(position - 1)
                leaf_hash, root = growth.hash_of(position - 1), head.checkpoint.root
                return Proved(growth.size, leaf_hash, root, hashes, head.note)
        return None

    def erase_again(self, redactions: Sequence[Redacted]) -> list[Redacted]:
        """Delete what these redactions name; return those that found something.

        Only a copy that was put back from before them holds any of it.
        """
        with self._database.get().reading() as session:
            if not held_openings(session, redactions):
                return []
        with self._database.get().writing() as session:
            forget_erased(session, (each.target for each in redactions))
            fields = (
                (each.target, name) for each in redactions for name in each.sealed
            )
            forget_names(session, fields)
            return erase_again(session, redactions)

    def scrub(self, patience: float) -> bool:
        """Overwrite what erased openings have left; False: to be tried again.

        It waits at most so many seconds for those who read.
        """
        return self._database.get().scrub(patience)

    def recorded_before(self, key: str, fingerprint: bytes) -> list[RecordedEvent]:
        """Return what was recorded under an idempotency key, [] if it is new.

        Raises IdempotencyReusedError if the fingerprint differs.
        """
        with self._reading() as session:
            return recorded_before(session, (key, fingerprint), self._now())

    def idempotency_of(
        self, editor: str, key: str, said: Sequence[bytes]
    ) -> Idempotency:
        """Return (key, fingerprint) of a request of an editor, as they are kept.

        `said` is all that must be the same when the request is sent again.
        """
        secret = self._secret()
        kept = sealed_under(secret, (editor.encode(), key.encode()))
        return kept.hex(), sealed_under(secret, said)

    def verifier_keys(self) -> list[str]:
        """Return the verifier keys of the log, as signed notes write them."""
        return [str(key) for key in self.signing_keys()]

    def signing_keys(self) -> list[VerifierKey]:
        """Return the keys that sign now, the oldest first."""
        held = held_keys(self.key_file)
        with self._database.get().reading() as session:
            return [each.verifier for each in signing_keys(session, held)]

    def add_cosignature(self, size: int, name: str, line: str) -> None:
        """Keep the line with which a witness cosigned a size; the first one stays."""
        known = "SELECT 1 FROM cosignatures WHERE size = ? AND name = ?"
        with self._database.get().writing() as session:
            if not session.rows(known, (size, name)):
                session.insert("cosignatures", [(size, name, line)])

    def close(self) -> None:
        """Close the connections of this process."""
        super().close()
        self._signed.close()

    def _set_up(self) -> None:
        database = self._database.get()
        try:
            database.create()
            with database.writing() as session:
                self._sign_first(session)
        except (SigningRefusedError, LogDamagedError) as error:
            _logger.warning("the log is opened to be read only: %s", error)
        finally:
            # Nothing is left open, so that a server may fork its workers.
            self.close()

    def _sign_first(self, session: Session) -> None:
        stored = stored_head(session)
        if stored.note is None:
            refuse_fork(session, None, self._signed)
            refuse_contradiction(session, 0, self.witnessed)
            self.key_file.make()
            _sign(session, Edge(), held_keys(self.key_file))
            stored = stored_head(session)
        self._current_head(session, stored, None)

    def _current_head(
        self, session: Session, stored: Stored, cached: Head | None
    ) -> Head:
        guards = (self.key_file, self._signed, self.witnessed)
        return current_head(session, stored, cached, *guards)

    def _extend(
        self,
        session: Session,
        stored: Stored,
        prepared: list[Prepared],
        now: datetime,
    ) -> tuple[Head, Growth, list[RecordedEvent]]:
        head = self._current_head(session, stored, self._head)
        recorded_at = _instant(head, now)
        leaves = [stamp(each.leaf, recorded_at) for each in prepared]
        edge, events = write_rows(session, head.edge, prepared, leaves)
        signed, note = _sign(session, edge, head.signers)
        growth = Growth(head.edge, [bytes.fromhex(each.leaf_hash) for each in events])
        after = Head(edge, recorded_at, note, signed, head.held, head.signers)
        return after, growth, events

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _secret(self) -> bytes:
        if self._known_secret is None:
            with self._database.get().reading() as session:
                self._known_secret = held_secret(session)
        if self._known_secret is None:
            with self._database.get().writing() as session:
                self._known_secret = made_secret(session)
        return self._known_secret

    def _forget_expired(self, session: Session, now: datetime) -> None:
        """Let go of old requests now and then: to look for them takes a while."""
        if abs(now - self._forgot_at) >= FORGET_EVERY:
            forget_expired(session, now)
            self._forgot_at = now

    def _keep(self, head: Head) -> None:
        self._head = head
        try:
            self._signed.raise_to(head.note, head.checkpoint)
        except (OSError, KeyFileError) as error:
            # The events are committed: an older guard is better than a false alarm.
            _logger.warning("the signed checkpoint was not kept: %s", error)


def _instant(head: Head, now: datetime) -> str:
    text = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if text >= head.recorded_at:
        return text
    last = datetime.fromisoformat(head.recorded_at)
    if last - now > _TOLERANCE:
        raise ClockError(f"the clock says {text}, the last event {last:%FT%TZ}")
    return head.recorded_at


def _sign(session: Session, edge: Edge, signers: Signers) -> tuple[Checkpoint, bytes]:
    signed = Checkpoint(signers[0].verifier.name, edge.size, edge.root())
    text = checkpoint_text(signed.origin, signed.size, signed.root)
    note = sign_note(text, signers)
    session.insert("checkpoints", [(signed.size, note)])
    return signed, note
