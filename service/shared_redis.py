"""Redis, if there is one: what processes and machines share, and can all do without.

It holds copies and counts, and rings a bell; nothing is lost with it. A Redis that
fails is left alone for a second and its failures are counted; no exception tells of it.

Keys are under the name of the log and its key, so that several records can have one
Redis. What is put here is held outside the data folder: who puts words here puts the
epoch of redactions into the key, and forgets them when something is redacted.
"""

import logging
import re
from collections.abc import Callable, Sequence
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from redis import Redis

ANSWERS = "answers:"  # Begins the keys of rendered answers.
TIMEOUT = 0.1  # Seconds that a request waits for Redis at most.
REST = 1.0  # Seconds for which a Redis that failed is left alone.
LOOK = 0.5  # Seconds after which a listener sees that it is to end.
CONNECTIONS = 1024  # More than there are threads: to have none left is no failure.
_logger = logging.getLogger(__name__)


class SharedRedis:
    """A Redis under one name of a log; without an address it does nothing."""

    def __init__(
        self, url: str | None, name: str, clock: Callable[[], float] = monotonic
    ) -> None:
        self._client = _client(url) if url else None
        self._prefix = f"copperplate:{name}:"
        self._clock = clock
        self._rests_until = 0.0
        self.failures = 0
        self.skipped = 0

    @property
    def state(self) -> str:
        """Whether Redis is `absent`, `answering`, or `resting` after a failure."""
        if self._client is None:
            return "absent"
        return "resting" if self._clock() < self._rests_until else "answering"

    def get(self, key: str) -> bytes | None:
        """Return what was put under a key, None if there is nothing to be had."""
        found = self._ask(lambda client: client.get(self._prefix + key))
        return cast("bytes | None", found)

    def put(self, key: str, value: bytes, seconds: int) -> bool:
        """Keep bytes for so many seconds; return whether they are kept."""
        name = self._prefix + key
        return bool(self._ask(lambda client: client.set(name, value, ex=seconds)))

    def run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Run a Lua script in one step; return what it returns, None on failure."""
        names = [self._prefix + key for key in keys]
        return self._ask(
            lambda client: client.register_script(script)(names, arguments)
        )

    def forget(self, beginning: str) -> bool:
        """Delete all keys that begin so; return False if it must be tried again."""
        if self._client is None:
            return True
        pattern = f"{_literally(self._prefix + beginning)}*"
        return self._ask(lambda client: _delete(client, pattern)) is not None

    def ring(self) -> None:
        """Tell those who listen, in any process, that the log has grown."""
        self._ask(lambda client: client.publish(f"{self._prefix}bell", b""))

    def listen(self, hear: Callable[[], None], ended: Event) -> None:
        """Call a function at each ring until the event is set; it takes a thread.

        It is called as well when Redis is back, since rings may have been missed. A
        missed one must lose nothing: who listens looks at the log now and then too.
        """
        while self._client is not None and not ended.is_set():
            try:
                self._hear(self._client, hear, ended)
            except Exception as error:  # A connection that is closed under it, too.
                if not ended.is_set():
                    self._fail(error)
            ended.wait(REST)

    def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            self._client.close()

    def _hear(self, client: Any, hear: Callable[[], None], ended: Event) -> None:
        with client.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe(f"{self._prefix}bell")
            hear()
            while not ended.is_set():
                if listener.get_message(timeout=LOOK):
                    hear()

    def _ask(self, work: Callable[[Any], Any]) -> Any:
        """Return what Redis answers, None if there is none, or it rests or fails."""
        if self._client is None or not self._may_try():
            return None
        try:
            found = work(self._client)
        except Exception as error:  # Whatever it answers, no request fails by it.
            self._fail(error)
            return None
        self._rests_until = 0.0
        return found

    def _may_try(self) -> bool:
        """Whether Redis is up, or has rested: then one tries, and the others wait."""
        now = self._clock()
        if now < self._rests_until:
            self.skipped += 1
            return False
        if self._rests_until:
            self._rests_until = now + REST
        return True

    def _fail(self, error: Exception) -> None:
        """Count a failure; a Redis that is away, not just full, is left alone."""
        from redis.exceptions import ConnectionError, TimeoutError

        self.failures += 1
        if isinstance(error, ConnectionError | TimeoutError | OSError):
            if not self._rests_until:
                _logger.warning("Redis does not answer: %s", error)
            self._rests_until = self._clock() + REST


def _client(url: str) -> "Redis":
    # Late, since most records have no Redis, and a process starts sooner without.
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        max_connections=CONNECTIONS,
    )


def _literally(text: str) -> str:
    """Return a pattern that matches only the text itself."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", text)


def _delete(client: Any, pattern: str) -> int:
    keys = client.scan_iter(match=pattern, count=1000)
    return sum(client.unlink(key) for key in keys)
