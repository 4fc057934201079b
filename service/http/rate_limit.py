"""Rate limits: how many requests one address may send, counted as a leaking bucket.

What an address has used is one number: when its bucket will have leaked empty (the
generic cell rate algorithm). It is counted in this process; with a Redis, a few
requests are told to it at once, so that other processes know of them and few answers
wait for it. Where Redis fails, each process counts for itself.
"""

from collections.abc import Callable
from functools import lru_cache
from math import ceil, inf
from threading import Lock
from time import monotonic

from service.shared_redis import SharedRedis

MOST_ADDRESSES = 32_768  # That are remembered at once: a few MiB.
BURSTS_A_MINUTE = 6  # So that 600 requests a minute come 100 at once at most.
SHARES = 20  # A burst is told to Redis in so many parts.
_INSTANT = 1e-6  # Seconds that rounding may add.
_ADD = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
empty_at = math.min(empty_at + ARGV[1], now + ARGV[2])
local used = empty_at - now
local kept = string.format('%.6f', empty_at)
redis.call('SET', KEYS[1], kept, 'PX', math.ceil(used * 1000))
return string.format('%.6f', used)
"""

Header = tuple[str, str]


class _Bucket:
    __slots__ = ("empty_at", "untold")

    def __init__(self) -> None:
        self.empty_at = 0.0
        self.untold = 0


@lru_cache(maxsize=4096)
def _left(count: int, seconds: int) -> Header:
    return "RateLimit", f'"burst";r={count};t={seconds}'


class RateLimiter:
    """Counts the requests of each address.

    What is `used` of an address is told in seconds, until it has none used.
    """

    def __init__(
        self,
        a_minute: int,
        redis: SharedRedis,
        clock: Callable[[], float] = monotonic,
        most: int = MOST_ADDRESSES,
    ) -> None:
        self.burst = ceil(a_minute / BURSTS_A_MINUTE)
        self._cost = 60 / a_minute
        self._whole = self.burst * self._cost
        self._policy = ("RateLimit-Policy", self.policy)
        self._fullest = self._whole - self._cost + _INSTANT
        is_shared = redis.state != "absent"
        self._share = max(1, self.burst // SHARES) if is_shared else inf
        self._redis = redis
        self._clock = clock
        self._most = most
        self._buckets: dict[str, _Bucket] = {}
        self._lock = Lock()
        self.refused = 0

    @property
    def policy(self) -> str:
        """What is allowed, as the header `RateLimit-Policy` has it."""
        return f'"burst";q={self.burst};w={ceil(self._whole)}'

    @property
    def addresses(self) -> int:
        """How many addresses are remembered."""
        return len(self._buckets)

    def take(self, address: str, *, is_free: bool) -> tuple[Header, Header] | None:
        """Count a request if it may come now, and return its headers; else None."""
        bucket, now = self._buckets.get(address), self._clock()
        used = bucket.empty_at - now if bucket else 0.0
        if used > self._fullest:
            return None
        if not is_free:
            used = self._charge(address, now)
        elif used < 0.0:
            used = 0.0
        count = int((self._whole - used + _INSTANT) / self._cost)
        return self._policy, _left(count, ceil(used))

    def used(self, address: str) -> float:
        """Return what an address has used."""
        bucket = self._buckets.get(address)
        used = bucket.empty_at - self._clock() if bucket else 0.0
        return used if used > 0.0 else 0.0

    def charge(self, address: str) -> float:
        """Count a request of an address; return what it has used then."""
        return self._charge(address, self._clock())

    def _charge(self, address: str, now: float) -> float:
        with self._lock:
            bucket = self._buckets.get(address) or self._new(address)
            used = bucket.empty_at - now
            used = used + self._cost if used > 0.0 else self._cost
            if used > self._whole:
                used = self._whole
            bucket.empty_at = now + used
            count = bucket.untold = bucket.untold + 1
            if count < self._share:
                return used
            bucket.untold = 0
        self._tell(address, bucket, count)
        return bucket.empty_at - now

    def wait(self, used: float) -> int:
        """Return after how many seconds one more request may come, 0 if it may now."""
        return max(ceil(used + self._cost - self._whole - _INSTANT), 0)

    def left(self, used: float) -> str:
        """Return what is left of the burst, as the header `RateLimit` has it."""
        return self.headers(used)[1][1]

    def headers(self, used: float) -> tuple[Header, Header]:
        """Return the headers that say what is allowed, and what is left of it."""
        count = int((self._whole - used + _INSTANT) / self._cost)
        return self._policy, _left(count, ceil(used))

    def _tell(self, address: str, bucket: _Bucket, count: int) -> None:
        """Tell Redis of some requests; the larger count is what holds."""
        arguments = (count * self._cost, self._whole)
        used = self._redis.run(_ADD, [f"limits:{address}"], arguments)
        if used is not None:
            bucket.empty_at = max(bucket.empty_at, self._clock() + float(used))

    def _new(self, address: str) -> _Bucket:
        if len(self._buckets) >= self._most:
            self._forget()
        bucket = self._buckets[address] = _Bucket()
        return bucket

    def _forget(self) -> None:
        """Forget who has nothing used; if that is few, also who came first."""
        now = self._clock()
        kept = {k: v for k, v in self._buckets.items() if v.empty_at > now}
        for address in list(kept)[: len(kept) - self._most // 2]:
            del kept[address]
        self._buckets = kept
