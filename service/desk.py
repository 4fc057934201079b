"""The desk: what an editor says becomes the next event of a thing, or is refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from schemas.events import RecordedEvent
from service import redaction
from service.commands import COMMANDS, Data, bring_about, context_of, kind_of
from service.corrections import differing, must_change, restate
from service.domain.base import Aggregate, Event
from service.log.errors import ConflictError
from service.naming import must_fit, new_id
from service.record import NotOnRecordError, Record, fold
from service.references import missing
from service.signing import Signing

ATTEMPTS = 64  # How often an event is made anew: each time others were recorded.
A = TypeVar("A", bound=Aggregate)
Idempotency = tuple[str, bytes]


class UnknownReferenceError(Exception):
    """What was said names things that are not on record: `faults` (pointer, why)."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{at}: {why}" for at, why in faults))


class StaleVersionError(Exception):
    """The thing is no longer at the version that the editor saw."""

    def __init__(self, stream: str, version: int) -> None:
        self.stream, self.version = stream, version
        super().__init__(f"{stream} is at version {version}")


class Loaded:
    """The things that were read to make one event, each as it stood then.

    With `remembers` they may be as another request has read them.
    """

    def __init__(self, record: Record, *, remembers: bool = False) -> None:
        self._record = record
        self._remembers = remembers
        self._things: dict[str, Aggregate] = {}
        self._events: dict[str, list[RecordedEvent]] = {}

    def find(self, kind: type[A], id: str) -> A:
        """Return a thing as it stands, or one to which nothing has happened."""
        new = kind(id)
        found = self._things.get(new.stream)
        if found is None:
            found = self._remembered(new.stream) or self._read(new)
            self._things[new.stream] = found
        assert isinstance(found, kind)  # A stream is named after its kind.
        return found

    def fresh(self, kind: type[A], id: str) -> A:
        """Return the same, as it stands now whatever is remembered."""
        new = kind(id)
        if new.stream not in self._events:
            self._things[new.stream] = self._read(new)
        return self.find(kind, id)

    def load(self, kind: type[A], id: str) -> A:
        """Return a thing that is on record as it stands, or raise NotOnRecordError."""
        found = self.fresh(kind, id)
        if not found.version:
            raise NotOnRecordError(found.stream)
        return found

    def _remembered(self, stream: str) -> Aggregate | None:
        return self._record.remembered.find(stream) if self._remembers else None

    def _read(self, new: Aggregate) -> Aggregate:
        events = self._events[new.stream] = self._record.store.read_stream(new.stream)
        if events:
            self._record.remembered.keep(thing := fold(new, events))
        return thing if events else new

    def events(self, thing: Aggregate) -> list[RecordedEvent]:
        """Return the events of a thing that was loaded."""
        return self._events[thing.stream]

    def others(self, thing: Aggregate) -> list[Aggregate]:
        """Return what else was read: the event rests on it."""
        return [each for each in self._things.values() if each.stream != thing.stream]


Made = tuple[Aggregate, Event]
Make = Callable[[Loaded], Made]


@dataclass(frozen=True)
class Desk:
    """What one editor may do in one request.

    `expected` is the version of the thing that the editor saw, if it was said;
    `idempotency` as the event store takes it; `signing` what the editor has signed;
    `key_id` the key that must stand when the event is recorded.
    """

    record: Record
    by: str
    expected: int | None = None
    idempotency: Idempotency | None = None
    signing: Signing | None = None
    key_id: str | None = None

    def put(self, type_name: str, id: str | None, **said: Any) -> RecordedEvent:
        """Record an event of a type; without an id, of a thing that gets one."""

        def make(loaded: Loaded) -> Made:
            thing = self._thing(loaded, type_name, id, said)
            self._must_stand(loaded, said)
            return thing, bring_about(loaded.find, type_name, thing, sourced(said))

        return self._quickly(make) or self._record(make)

    def correct(
        self, kind: type[Aggregate], id: str, *, corrects: int, data: Data, **why: Any
    ) -> RecordedEvent:
        """Record that an event was wrong; `data` are its members, all or some."""

        def make(loaded: Loaded) -> Made:
            thing = self._known(loaded, kind, id)
            whole, stated = self._restated(loaded, thing, corrects, data)
            words = differing(stated, loaded.events(thing), corrects)
            must_change(thing, corrects, whole, words)
            context = self._context(loaded, thing, corrects, whole)
            more = {**context, **sourced(why)}
            return thing, thing.correct(
                corrects=corrects, data=whole, words=words, **more
            )

        return self._record(make)

    def dispute(
        self, kind: type[Aggregate], id: str, *, disputes: int, data: Data, **why: Any
    ) -> RecordedEvent:
        """Record that another source says otherwise."""

        def make(loaded: Loaded) -> Made:
            thing = self._known(loaded, kind, id)
            whole, words = self._restated(loaded, thing, disputes, data)
            context = self._context(loaded, thing, disputes, whole)
            more = {**context, **sourced(why)}
            return thing, thing.dispute(
                disputes=disputes, data=whole, words=words, **more
            )

        return self._record(make)

    def tell(
        self, kind: type[Aggregate], id: str, method: str, **said: Any
    ) -> RecordedEvent:
        """Record what may happen to things of every noun, by its command."""

        def make(loaded: Loaded) -> Made:
            thing = self._known(loaded, kind, id)
            event: Event = getattr(thing, method)(**sourced(said))
            return thing, event

        return self._record(make)

    def redact(
        self, position: int, *, fields: Sequence[str], basis: str, reference: str | None
    ) -> RecordedEvent:
        """Erase sealed words of the event at a position, and record that."""
        if before := self._recorded_before():
            return before[0]
        planned = redaction.plan(self.record, position, fields, looks_elsewhere=False)
        if self.expected is not None:
            events = self.record.store.read_stream(planned.event.stream)
            self._must_be_expected(planned.event.stream, events[-1].version)
        return redaction.redact(
            self.record,
            planned,
            basis=basis,
            reference=reference,
            by=self.by,
            idempotency=self.idempotency,
            key_id=self.key_id,
        )

    def _quickly(self, make: Make) -> RecordedEvent | None:
        """Record an event that rests on what is remembered, None if it is refused.

        That something else was recorded meanwhile, or this very request before, is seen
        when it is appended. What is refused is looked at afresh, whatever the cause.
        """
        if self.idempotency is None:
            return None
        loaded, thing = Loaded(self.record, remembers=True), None
        try:
            thing, event = make(loaded)
            return self._append(loaded, thing, event)
        except Exception as error:
            if thing and is_lost(thing, error):
                raise
        return None

    def _record(self, make: Make) -> RecordedEvent:
        for _ in range(ATTEMPTS):
            with self.record.store.one_connection():
                if before := self._recorded_before():
                    return before[0]
                loaded = Loaded(self.record)
                thing, event = make(loaded)
            try:
                return self._append(loaded, thing, event)
            except ConflictError as error:
                lost = error
                if is_lost(thing, error):
                    raise
        raise lost

    def _append(self, loaded: Loaded, thing: Aggregate, event: Event) -> RecordedEvent:
        return self.record.record(
            thing,
            event,
            by=self.by,
            read=loaded.others(thing),
            idempotency=self.idempotency,
            signing=self.signing,
            key_id=self.key_id,
        )

    def _recorded_before(self) -> list[RecordedEvent]:
        if self.idempotency is None:
            return []
        return self.record.store.recorded_before(*self.idempotency)

    def _thing(
        self, loaded: Loaded, type_name: str, id: str | None, said: Data
    ) -> Aggregate:
        kind = kind_of(type_name)
        if not COMMANDS[type_name].begins:
            assert id is not None  # It stands in the address.
            return self._known(loaded, kind, id)
        self._must_stand(loaded, said)
        if id is None:
            id = new_id(loaded.find, type_name, said)
        must_fit(type_name, id, said)
        return self._seen(loaded.fresh(kind, id))

    def _known(self, loaded: Loaded, kind: type[A], id: str) -> A:
        return self._seen(loaded.load(kind, id))

    def _seen(self, thing: A) -> A:
        self._must_be_expected(thing.stream, thing.version)
        return thing

    def _must_be_expected(self, stream: str, version: int) -> None:
        if self.expected is not None and version != self.expected:
            raise StaleVersionError(stream, version)

    def _must_stand(self, loaded: Loaded, data: Data) -> None:
        if faults := missing(loaded.find, data):
            raise UnknownReferenceError(faults)

    def _restated(
        self, loaded: Loaded, thing: Aggregate, version: int, stated: Data
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        whole, words = restate(thing, version, stated)
        known = thing.fact(version).event.data
        fresh = {name: each for name, each in whole.items() if each != known[name]}
        if faults := missing(loaded.find, fresh):
            raise UnknownReferenceError([(f"/data{at}", why) for at, why in faults])
        return whole, words

    def _context(
        self, loaded: Loaded, thing: Aggregate, version: int, data: Data
    ) -> dict[str, Any]:
        return context_of(loaded.find, thing.fact(version).event.type, data)


def is_lost(thing: Aggregate, error: Exception) -> bool:
    """Whether an error tells that a thing on record has changed since it was loaded."""
    is_race = isinstance(error, ConflictError) and error.stream == thing.stream
    return is_race and bool(thing.version)


def sourced(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return members with the titles of their sources apart, since these are sealed."""
    stated = said.get("sources", [])
    titles = [each.get("title") for each in stated]
    sources = [{k: v for k, v in each.items() if k != "title"} for each in stated]
    more = {"source_titles": titles} if any(titles) else {}
    return {**said, "sources": sources, **more}
