"""The record: the event store and what is made of it, joined for one process."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from itertools import chain
from operator import attrgetter
from time import time
from typing import Any, TypeVar

from projections.database import NoRoomError
from projections.digests import Digests
from projections.erasures import Erasures
from projections.generations import Generations
from projections.imports import Imports
from projections.read_model import ReadModel
from projections.report_texts import ReportTexts
from projections.subscriptions import Subscriptions
from projections.touch_index import TouchIndex
from schemas.codelists import Change, Reason
from schemas.dates import utc_now
from schemas.events import RecordedEvent
from service import erasure
from service.archive import Archive
from service.config import Settings
from service.domain.base import Aggregate, Corrected, Event, decode, encode, type_of
from service.domain.redactions import FieldRedacted
from service.log.drafts import prepare
from service.log.event_store import Draft, EventStore
from service.log.grouping import Append, go_together
from service.log.kept import KeptRedactions
from service.log.mirror_store import MirrorStore
from service.log.pin import Pin
from service.reached import Point, Reached
from service.remembered import Remembered
from service.shared_redis import SharedRedis
from service.signing import Signing
from service.together import Together

_logger = logging.getLogger(__name__)
REBUILD_BATCH = 5000  # Events in one transaction.
A = TypeVar("A", bound=Aggregate)
OnBatch = Callable[[int], None]


class NotOnRecordError(LookupError):
    """No event has ever been recorded for this thing."""


@dataclass(frozen=True)
class Record:
    """What a process may do: load and record things, and read what is on record."""

    settings: Settings
    store: EventStore
    generations: Generations
    digests: Digests
    erasures: Erasures
    report_texts: ReportTexts
    imports: Imports
    redis: SharedRedis
    subscriptions: Subscriptions
    clock: Callable[[], datetime] = utc_now

    @classmethod
    def open(
        cls, settings: Settings, clock: Callable[[], datetime] = utc_now
    ) -> "Record":
        """Open the record, making it on first start.

        What was redacted is deleted from copies that were put back. That of a mirror
        is opened to be read, and speaks as its source does.
        """
        folder, url = settings.data, settings.database_url
        kind = EventStore
        if pin := Pin.read(folder):
            kind, settings = MirrorStore, speaking_as(settings, pin)
        store = kind.open(folder, url, origin=settings.origin, clock=clock)
        record = cls(
            settings,
            store,
            Generations(folder, url),
            Digests(folder, url),
            Erasures(folder, url),
            ReportTexts(folder, url),
            Imports(folder, url),
            SharedRedis(settings.redis_url, name_in_redis(store, settings)),
            Subscriptions(folder, url),
            clock,
        )
        for each in (
            record.generations,
            record.digests,
            record.erasures,
            record.imports,
            record.subscriptions,
        ):
            each.create()
        # Made now: where there is no room, it cannot be made later.
        record.reached.point()
        record.report_texts.create()
        erasure.apply_all(record)
        return record

    @property
    def is_mirror(self) -> bool:
        """Whether this is the mirror of a record that is kept elsewhere."""
        return isinstance(self.store, MirrorStore)

    @property
    def read_model(self) -> ReadModel:
        """The read model, of the generation that is current."""
        return self.generations.current()

    @property
    def kept_redactions(self) -> KeptRedactions:
        """The redactions as they are kept beside the database."""
        return KeptRedactions(self.settings.data / "redactions")

    @cached_property
    def remembered(self) -> Remembered:
        """The things that were loaded last in this process."""
        return Remembered()

    @cached_property
    def archive(self) -> Archive:
        """The copies of sources that are kept."""
        return Archive(self.settings.data / "archive")

    @cached_property
    def reached(self) -> Reached:
        """How far the read model has come, as all processes tell one another."""
        return Reached(self.settings.data / "head")

    @cached_property
    def seconds(self) -> Callable[[], float]:
        """The clock in seconds since 1970: that of the machine tells them at once."""
        return time if self.clock is utc_now else lambda: self.clock().timestamp()

    def look(self) -> Point:
        """Return the point that the read model has reached, as the database has it."""
        self.generations.current()
        generation, model = self.generations.opened()
        with model.snapshot() as position:
            return Point(generation, position, model.last_redaction())

    def known(self) -> tuple[Point, TouchIndex] | None:
        """Return the point that is reached and what was touched up to it, unasked.

        None if that is not certain without a query.
        """
        point = self.reached.heard_point()
        if point is None:
            return None
        generation, model = self.generations.opened()
        index = model.touch_index_at(point.position)
        is_current = generation == point.generation and index is not None
        return (point, index) if index and is_current else None

    def _tell(self, position: int) -> None:
        """Tell all processes that a position is reached."""
        generation, model = self.generations.opened()
        point = Point(generation, position, model.last_redaction_at(position))
        self.reached.raise_to(point)
        self.redis.ring()

    def load(self, kind: type[A], id: str) -> A:
        """Return the thing as it stands, ready for a command."""
        aggregate = self.find(kind, id)
        if not aggregate.version:
            raise NotOnRecordError(aggregate.stream)
        return aggregate

    def find(self, kind: type[A], id: str) -> A:
        """Return the thing as it stands, or one to which nothing has happened."""
        return fold(kind(id), self.store.read_stream(kind(id).stream))

    def record(
        self,
        aggregate: Aggregate,
        event: Event,
        *,
        by: str,
        read: Sequence[Aggregate] = (),
        idempotency: tuple[str, bytes] | None = None,
        signing: Signing | None = None,
        key_id: str | None = None,
    ) -> RecordedEvent:
        """Put the event on record and catch up, or raise ConflictError.

        `read` are the other things on whose state the event rests; `idempotency` is
        as the event store has it. What the editor has signed must be the event:
        SignatureError. If the key that is used is revoked meanwhile, nothing is
        recorded: RevokedError.
        """
        read_set = {each.stream: each.version for each in read}
        draft = draft_of(aggregate, event, by=by)
        prepared = prepare([signing.of(draft) if signing else draft])
        [recorded] = self._appending.do(
            Append(prepared, read_set, idempotency, key_id=key_id)
        )
        return recorded

    @property
    def waiting(self) -> int:
        """How many events wait to be recorded by this process, or just are."""
        return self._appending.waiting

    @cached_property
    def _appending(self) -> Together[Append, list[RecordedEvent]]:
        """Where those who record at the same time are served at once."""
        return Together(self._append_each, go_together)

    def _append_each(
        self, appends: Sequence[Append]
    ) -> Sequence[list[RecordedEvent] | Exception]:
        """Append a group, and catch up with all of it before anybody is answered."""
        outcomes = self.store.append_each(appends)
        recorded = [each for each in outcomes if not isinstance(each, Exception)]
        events = sorted(chain.from_iterable(recorded), key=attrgetter("position"))
        try:
            if events:
                self.try_to_catch_up(events)
        except Exception as error:  # What is on record is not to be appended again.
            return [e if isinstance(e, Exception) else error for e in outcomes]
        return outcomes

    def catch_up(
        self, on_batch: OnBatch | None = None, fresh: Sequence[RecordedEvent] = ()
    ) -> int:
        """Apply to the read model what is on record and not yet applied.

        `fresh` are events that were just recorded: they need not be read.
        """
        position = self.generations.catch_up(self.store.read, on_batch, fresh)
        self._tell(position)
        return position

    def try_to_catch_up(self, fresh: Sequence[RecordedEvent] = ()) -> None:
        """Catch up with what was just recorded, if there is room for it."""
        try:
            self.catch_up(fresh=fresh)
        except NoRoomError as error:
            # It is on record all the same, and is applied when there is room.
            _logger.warning("the read model has not caught up: %s", error)

    def rebuild(self, on_batch: OnBatch | None = None) -> int:
        """Make a new generation of the read model and switch to it."""
        read = partial(self.store.read, limit=REBUILD_BATCH)
        before = self.store.size()
        position = self.generations.rebuild(read, on_batch)
        # The new generation may have been given words that were redacted meanwhile.
        late = [e.position for e in self.store.redactions() if e.position > before]
        self.erasures.forget(late)
        self._tell(position)
        return position

    def publish_digests(self) -> None:
        """Make the digests of all projections at the head and at the last 1,024th.

        A mirror makes those that its source has published, when it is compared.
        """
        if self.is_mirror:
            return
        model = self.read_model
        self.digests.publish_due(model)
        if model.position:
            self.digests.publish(model, model.position)

    def close(self) -> None:
        """Close every connection."""
        self.reached.close()
        self.store.close()
        self.generations.close()
        self.digests.close()
        self.erasures.close()
        self.report_texts.close()
        self.imports.close()
        self.subscriptions.close()
        self.redis.close()


def name_in_redis(store: EventStore, settings: Settings) -> str:
    """Return what tells the log from others, also from those of the same origin."""
    keys = store.verifier_keys() if settings.redis_url else []
    return keys[0].rpartition("+")[0] if keys else settings.origin


def speaking_as(settings: Settings, pin: Pin) -> Settings:
    """Return the settings with which a mirror gives the answers of its source."""
    public_url = settings.public_url or pin.public_url
    return replace(settings, origin=pin.origin, public_url=public_url)


def fold(aggregate: A, events: Sequence[RecordedEvent]) -> A:
    """Return the aggregate after these events of its stream."""
    for each in events:
        aggregate = aggregate.evolve(decode(each.type, each.data, each.sources))
    return aggregate


def draft_of(
    aggregate: Aggregate, event: Event, *, by: str, is_backfill: bool = False
) -> Draft:
    """Return the event as the next one of the thing's stream."""
    data, words = encode(event)
    return Draft(
        stream=aggregate.stream,
        version=aggregate.version + 1,
        type=type_of(event),
        by=by,
        change=change_of(event, is_backfill=is_backfill),
        data=data,
        words=words,
        sources=[_source(each) for each in event.sources],
    )


def change_of(event: Event, *, is_backfill: bool) -> str:
    """Return why the event is in the log; what it is outweighs who recorded it."""
    if isinstance(event, Corrected):
        is_ours = event.reason in (Reason.ENTRY_ERROR, Reason.OTHER)
        return str(Change.CORRECTION if is_ours else Change.SOURCE_CORRECTION)
    if type_of(event).endswith(".retracted"):
        return str(Change.RETRACTION)
    if isinstance(event, FieldRedacted):
        return str(Change.REDACTION)
    return str(Change.BACKFILL if is_backfill else Change.NEW)


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "url",
        "publisher",
        "published_on",
        "accessed_on",
        "archived_url",
        "sha256",
        "confidence",
    )
    return {name: source.get(name) for name in names}
