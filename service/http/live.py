"""Live: readers wait until the record grows, and one thread of the process looks.

What it finds it reads once for all who follow the record. Processes of one machine tell
one another how far the record has come; Redis rings a bell for those of others, and the
database is asked each second, so that whatever fails nobody waits for longer.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Event, Lock, Semaphore, Thread

from sqlalchemy.exc import SQLAlchemyError

from projections.feed import Entry, Stretch, Wanted, following
from projections.tables import REDACTED
from service.http.permits import Permits
from service.record import Record

GLANCE = 0.02  # Seconds between two glances at what other processes tell.
POLL = 1.0  # Seconds between two looks at the database.
PAGE = 100  # Events read at once.
RECENT = 256  # Events kept for those who follow.
AT_ONCE = 2  # Followers that may read older events at one time.
ALL = Wanted()
_logger = logging.getLogger(__name__)


class Live:
    """What the readers of one process wait for; it looks only while somebody waits."""

    def __init__(self, record: Record, permits: Permits) -> None:
        self._record, self.permits = record, permits
        self._lock = Lock()
        self._readers = 0
        self._watch: Watch | None = None
        self._behind = Semaphore(AT_ONCE)
        self._ended = Event()

    @property
    def is_ended(self) -> bool:
        """Whether the server is ending, so that nobody waits any more."""
        return self._ended.is_set()

    def end(self) -> None:
        """Let all who wait go."""
        self._ended.set()
        with self._lock:
            watch = self._watch
        if watch:
            watch.wake()

    def wait_for(self, position: int, seconds: float) -> bool:
        """Wait until the record has reached a position; return whether it has."""
        if self._record.read_model.position >= position:
            return True
        with self.watching() as watch:
            return watch.reaches(position, seconds)

    def wait_for_any(self, wanted: Wanted, after: int, seconds: float) -> None:
        """Wait until an event after a position is wanted, or so many seconds."""
        deadline = time.monotonic() + seconds
        with self.watching() as watch:
            while not self.is_ended:
                found = self.read(watch, wanted, after)
                left = deadline - time.monotonic()
                if found.entries or left <= 0:
                    return
                after = found.last
                watch.reaches(after + 1, left)

    def read(self, watch: "Watch", wanted: Wanted, after: int) -> Stretch:
        """Return the events after a position that are wanted, as far as was read."""
        recent = watch.following(after)
        if recent is None:
            with self._behind:
                return following(self._record.read_model, after, wanted, PAGE)
        entries = [each for each in recent if wanted.takes(each)]
        return Stretch(entries, recent[-1].event.position if recent else after)

    @contextmanager
    def watching(self) -> Iterator["Watch"]:
        """Have somebody look as long as the block lasts."""
        with self._lock:
            if self._watch is None:
                self._watch = Watch(self._record, self._ended)
            watch = self._watch
            self._readers += 1
        try:
            yield watch
        finally:
            with self._lock:
                self._readers -= 1
                if is_last := not self._readers:
                    self._watch = None
            if is_last:
                watch.end()


class Watch:
    """A thread that looks how far the record goes, and reads what is new.

    What it keeps holds no words that were redacted before it last looked.
    """

    def __init__(self, record: Record, all_ended: Event) -> None:
        self._record, self._all_ended = record, all_ended
        self._grown = Condition()
        self._ended, self._rung = Event(), Event()
        self._epoch = self._told_epoch()
        self._head = self._since = record.read_model.position
        self._recent: tuple[Entry, ...] = ()
        self._thread = Thread(target=self._look_on, name="live", daemon=True)
        self._thread.start()
        bell = (self._rung.set, self._ended)
        Thread(target=record.redis.listen, args=bell, daemon=True).start()

    def reaches(self, position: int, seconds: float) -> bool:
        """Wait until the record has reached a position; return whether it has."""

        def is_over() -> bool:
            return self._head >= position or self._all_ended.is_set()

        with self._grown:
            self._grown.wait_for(is_over, seconds)
            return self._head >= position

    def following(self, after: int) -> Sequence[Entry] | None:
        """Return the events after a position, or None if they are not all kept."""
        with self._grown:
            recent, since = self._recent, self._since
            is_sound = self._epoch == self._told_epoch()
        return recent[after - since :] if is_sound and after >= since else None

    def wake(self) -> None:
        """Let all who wait look whether it has ended."""
        with self._grown:
            self._grown.notify_all()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look_on(self) -> None:
        looked = time.monotonic()
        while not self._ended.wait(GLANCE):
            if not (self._is_told_of_more() or time.monotonic() - looked > POLL):
                continue
            looked = time.monotonic()
            try:
                self._look()
            except (SQLAlchemyError, OSError) as error:
                _logger.warning("followers wait: %s", error)
                self._ended.wait(POLL)

    def _is_told_of_more(self) -> bool:
        point = self._record.reached.point()
        is_rung = self._rung.is_set()
        self._rung.clear()
        return is_rung or (point is not None and point.position > self._head)

    def _told_epoch(self) -> int | None:
        """Return the position of the last redaction, as processes tell one another."""
        point = self._record.reached.point()
        return point and point.epoch

    def _look(self) -> None:
        epoch, model = self._told_epoch(), self._record.read_model
        while (head := model.position) > self._head:
            if head - self._head > RECENT:
                self._keep((), since=head)
            else:
                found = following(model, self._head, ALL, PAGE)
                self._keep(found.entries, since=self._head)
        with self._grown:
            self._epoch = epoch

    def _keep(self, fresh: Sequence[Entry], *, since: int) -> None:
        """Keep what was read, and tell all who wait."""
        is_redacted = any(each.event.type == REDACTED for each in fresh)
        is_gap = since != self._head
        kept = () if is_redacted or is_gap else self._recent
        recent = (*kept, *fresh)[-RECENT:]
        with self._grown:
            self._recent = recent
            self._head = fresh[-1].event.position if fresh else since
            self._since = self._head - len(recent)
            self._grown.notify_all()
