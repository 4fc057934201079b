"""Groups: several appends in one transaction, each on its own terms.

What is refused to one is no matter of the others: it is left out, and told why.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from schemas.events import RecordedEvent
from service.log.drafts import Prepared
from service.log.editor_keys import Beside, forget_names, keys_with, must_stand
from service.log.erasing import Named, erase_openings
from service.log.errors import ConflictError, StoreError
from service.log.idempotency import (
    Idempotency,
    forget,
    forget_erased,
    keep,
    kept_under,
    recorded_as,
)
from service.log.rows import stored_head
from service.log.sessions import Session

Outcome = list[RecordedEvent] | StoreError
Expected = list[tuple[str, int]]  # Streams, and the version that each is to have.


class Append(NamedTuple):
    """What is to be recorded together, or not at all, and on which terms.

    These are as `EventStore.append` has them.
    """

    prepared: Sequence[Prepared]
    read_set: Mapping[str, int] = MappingProxyType({})
    idempotency: Idempotency | None = None
    erase: Sequence[Named] = ()
    beside: Beside | None = None
    key_id: str | None = None

    @property
    def is_alone(self) -> bool:
        """Whether it does more than to add events: all of that must be undone then."""
        return bool(self.erase or self.beside)

    @property
    def key(self) -> str | None:
        """The key of its idempotency, if it has one."""
        return self.idempotency[0] if self.idempotency else None

    def expected(self) -> Expected:
        """Return the streams that it rests on, and the version each is to have."""
        # Reversed, so that the first of the batch is what counts for its stream.
        before = {each.stream: each.version - 1 for each in reversed(self.prepared)}
        return [*before.items(), *self.read_set.items()]


def go_together(appends: Sequence[Append], another: Append) -> bool:
    """Whether another append may join others.

    One under a key that another of them has is to find what that one recorded.
    """
    if another.is_alone or any(each.is_alone for each in appends):
        return False
    return another.key is None or all(each.key != another.key for each in appends)


class Group:
    """Appends in one transaction, which are looked at in turn.

    The error of one that comes alone is raised.
    """

    def __init__(
        self, session: Session, appends: Sequence[Append], now: datetime
    ) -> None:
        self._session, self._appends, self._now = session, appends, now
        # Asked for all of them at once.
        self._kept = kept_under(session, [e.key for e in appends if e.key])
        self._keys = keys_with(session, {e.key_id for e in appends if e.key_id})
        self._expected = [each.expected() for each in appends]
        streams = [stream for expected in self._expected for stream, _ in expected]
        self.stored = stored_head(session, streams)
        self._versions = dict(self.stored.versions)
        self._outcomes = list(map(self._look, appends, self._expected))

    def prepared(self) -> list[Prepared]:
        """Return what is to be recorded, of those that are let in."""
        pairs = zip(self._appends, self._outcomes, strict=True)
        return [
            each for append, known in pairs if not known for each in append.prepared
        ]

    def outcomes(self, events: Iterable[RecordedEvent]) -> list[Outcome]:
        """Return what became of each, and keep that; `events` are what was prepared."""
        rest, requests, outcomes = iter(events), [], list(self._outcomes)
        for number, append in enumerate(self._appends):
            if outcomes[number] is None:
                own = outcomes[number] = [next(rest) for _ in append.prepared]
                if append.idempotency:
                    requests.append((append.idempotency, own))
        keep(self._session, requests)
        return [each for each in outcomes if each is not None]

    def _look(self, append: Append, expected: Expected) -> Outcome | None:
        """Return what an append has recorded before, or why it is refused, if so."""
        try:
            if before := self._recorded_before(append):
                return before
            self._let_in(append, expected)
        except StoreError as error:
            if len(self._appends) == 1:
                raise
            return error
        return None

    def _recorded_before(self, append: Append) -> list[RecordedEvent]:
        if not append.idempotency or append.key not in self._kept:
            return []
        kept = self._kept[append.key]
        before = recorded_as(self._session, kept, append.idempotency, self._now)
        if not before:
            forget(self._session, append.key)
        return before

    def _let_in(self, append: Append, expected: Expected) -> None:
        for stream, version in expected:
            if self._versions.get(stream, 0) != version:
                raise ConflictError(stream)
        erase_openings(self._session, append.erase)
        forget_erased(self._session, (position for position, _ in append.erase))
        forget_names(self._session, append.erase)
        if append.beside:
            append.beside(self._session)
        if append.key_id:
            must_stand(append.key_id, self._keys.get(append.key_id))
        self._versions.update((each.stream, each.version) for each in append.prepared)
