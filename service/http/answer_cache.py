"""The cache of rendered answers, before the app: a hot read never enters it.

An answer is kept under its address and the few headers that it depends on. Whether it
is still the present one its ETag tells, which the touch index gives with no query. What
this process does not hold, another may have put into Redis.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from projections.touch_index import TouchIndex
from schemas import dates
from service.http.cache_keys import Key, Keys
from service.http.codings import uncoded
from service.http.kept_answers import FOUND, Kept, Shared
from service.http.timing import note
from service.http.validators import ENVIRON, Validator
from service.reached import Point
from service.record import Record

SIZE = 64 * 2**20  # Bytes of all answers that are kept.
LARGEST = SIZE // 4  # Bytes of one.
PATHS = 10_000  # Paths of which the answers are not kept, noted at most.
HOUR = 3600


@dataclass(frozen=True, slots=True)
class State:
    """What answers are made of: a point of the record, and a day.

    It is that day from a time to a time, in seconds since 1970.
    """

    point: Point
    day: str
    begins: float
    ends: float


class AnswerCache:
    """A WSGI app that gives again what the app behind it has answered."""

    def __init__(self, app: WSGIApplication, record: Record, size: int = SIZE) -> None:
        self._app, self._record, self._size = app, record, size
        self._keys = Keys(record.settings.public_url)
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._held, self._much = 0, size // 2  # With less none is dropped soon.
        self._lock = Lock()
        self._not_kept: set[str] = set()
        self._making: dict[Key, tuple[Lock, int]] = {}
        self._origin: tuple[int, int] | None = None
        self._last: State | None = None

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer from what is kept, or let the app answer."""
        key = self._keys.find(environ)
        state = self._state() if key else None
        if key is None or state is None:
            return self._app(environ, start_response)
        if found := self._find(key, state, environ):
            self._keys.remember(environ, key)
            return _give(found, environ, start_response)
        if key.path in self._not_kept:
            return self._make(key, environ, start_response)
        with self._alone(key):
            # Another may have made it meanwhile.
            if found := self._find(key, state, environ):
                return _give(found, environ, start_response)
            return self._make(key, environ, start_response)

    def at_hand(self, environ: WSGIEnvironment) -> Kept | None:
        """Return the answer to a GET if it needs no look at anything but the clocks.

        That is, if it was found right for what still is the state of the record.
        """
        key, state = self._keys.known(environ), self._last
        if key is None or state is None:
            return None
        kept = self._kept.get(key)
        if kept is None or kept.state is not state:
            return None
        record = self._record
        if record.reached.heard_point() is not state.point:
            return None
        if not state.begins <= record.seconds() < state.ends:
            return None
        if self._held > self._much:
            self._note_use(key)
        return kept

    def forget(self, point: Point) -> None:
        """Drop all that is kept if words were erased, or the tables made anew."""
        origin = (point.generation, point.epoch)
        if origin != self._origin:
            with self._lock:
                self._kept.clear()
                self._keys.forget()
                self._held, self._origin = 0, origin

    def _state(self) -> State | None:
        """Return what answers are made of now; None if that is not certain."""
        point = self._record.reached.heard_point()
        if point is None:
            return None
        now, last = self._record.seconds(), self._last
        if last and last.point is point and last.begins <= now < last.ends:
            return last
        self.forget(point)
        hour = now - now % HOUR  # Midnight in London is the beginning of some hour.
        day = dates.london_day(datetime.fromtimestamp(now, UTC))
        self._last = State(point, day, hour, hour + HOUR)
        return self._last

    def _find(self, key: Key, state: State, environ: WSGIEnvironment) -> Kept | None:
        """Return what is kept under a key, if it answers the request."""
        found = self._kept.get(key)
        if found is None or not self._is_present(found, state):
            return None
        if found.body is None and not found.is_held(environ):
            return None
        if self._held > self._much:
            self._note_use(key)
        return found

    def _note_use(self, key: Key) -> None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)

    def _is_present(self, kept: Kept, state: State) -> bool:
        if kept.state is state:
            return True
        index = self._index(state.point)
        if index is None or kept.validator.etag(index, state.day) != kept.etag:
            return False
        kept.stand_at(state, state.point.position)
        return True

    def _index(self, point: Point) -> TouchIndex | None:
        """Return the touch index as of a point, None if others are further."""
        known = self._record.known()
        if known is None:
            self._record.read_model.touch_index()
            known = self._record.known()
        return known[1] if known and known[0] == point else None

    def _make(
        self, key: Key, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Let the app answer, and keep what it says."""
        told, shared = _Told(), Shared(self._record.redis, key)
        environ[FOUND] = shared.find
        parts = self._app(environ, told)
        validator = environ.get(ENVIRON)
        if shared.found:
            _joined(parts)
            shared.found.stand_at(None, told.position)
            self._keep(key, shared.found)
            note(environ, "cache;desc=shared")
            return _give_whole(shared.found, environ, start_response)
        may_be_kept = validator is not None and told.may_be_kept(environ)
        if may_be_kept:
            note(environ, "cache;desc=miss")
        start_response(told.status, told.headers)
        if validator is None or not may_be_kept:
            self._note_not_kept(key.path)
            return parts
        kept = told.kept(validator, _joined(parts))
        self._keep(key, kept)
        shared.put(kept)
        return [kept.body or b""]

    def _note_not_kept(self, path: str) -> None:
        """Let nobody wait for another's answer that is not kept, such as a stream."""
        if len(self._not_kept) >= PATHS:
            self._not_kept.clear()
        self._not_kept.add(path)

    def _keep(self, key: Key, kept: Kept) -> None:
        with self._lock:
            self._drop(key)
            self._not_kept.discard(key.path)
            self._kept[key] = kept
            self._held += kept.size
            while self._held > self._size:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        if kept := self._kept.pop(key, None):
            self._held -= kept.size

    @contextmanager
    def _alone(self, key: Key) -> Iterator[None]:
        """Let one request at a time make an answer; the others wait for it."""
        with self._lock:
            lock, waiting = self._making.get(key, (Lock(), 0))
            self._making[key] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, waiting = self._making.pop(key)
                if waiting > 1:
                    self._making[key] = (lock, waiting - 1)


class _Told:
    """What an app says at the start of an answer."""

    status = ""
    headers: list[tuple[str, str]]

    def __call__(
        self, status: str, headers: list[tuple[str, str]], _error: Any = None
    ) -> Any:
        self.status, self.headers = status, headers

    @property
    def position(self) -> str:
        """The last position of the record, as the answer states it."""
        return dict(self.headers).get("Record-Position", "")

    def may_be_kept(self, environ: WSGIEnvironment) -> bool:
        """Whether it is a whole answer of a size that is known and not too large."""
        if self.status.startswith("304"):
            return True
        length = dict(self.headers).get("Content-Length", "")
        is_whole = self.status.startswith("200") and environ["REQUEST_METHOD"] == "GET"
        return is_whole and length.isdigit() and int(length) <= LARGEST

    def kept(self, validator: Validator, body: bytes) -> Kept:
        """Return the answer as it is to be kept."""
        own = [each for each in self.headers if each[0] != "Record-Position"]
        tag = dict(own)["ETag"].strip('"')
        is_whole = self.status.startswith("200")
        return Kept(validator, uncoded(tag), tag, own, body if is_whole else None)


def _give(
    kept: Kept, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    note(environ, "cache;desc=hit")
    return _give_whole(kept, environ, start_response)


def _give_whole(
    kept: Kept, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    if "HTTP_IF_NONE_MATCH" in environ and kept.is_held(environ):
        start_response("304 NOT MODIFIED", kept.given_unchanged)
        return []
    start_response("200 OK", kept.given)
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    return [] if is_head or kept.body is None else [kept.body]


def _joined(parts: Iterable[bytes]) -> bytes:
    try:
        return b"".join(parts)
    finally:
        if close := getattr(parts, "close", None):
            close()
