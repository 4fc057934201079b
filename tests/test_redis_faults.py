"""Redis is killed, paused, filled and emptied: no answer changes, no event is lost."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date
from ipaddress import IPv4Address
from itertools import chain, count
from threading import Event

import pytest

from service.app import create_app
from service.config import Settings
from service.record import Record
from service.shared_redis import REST, SharedRedis
from tests import redis_proxy, server
from tests.recording import prepare
from tests.records import SmallRecord
from tests.redis_server import running
from tests.test_answer_cache import hearing
from tests.writers import draft

ADDRESSES = (
    "/v1/bodies/west-mercia/profile", "/v1/ratings.csv?programme=peel-2023-25",
    "/v1/ratings?body=west-mercia", "/v1/bodies?at_position=10&limit=3", "/v1/nope",
    "/v1/events?after=5&limit=5", "/v1/search?q=crime", "/log/checkpoint",
    "/v1/bodies/west-mercia/changes.txt?since=2020-01-01", "/v1/status",
)  # fmt: skip
PUBLIC = "https://copperplate.example"
FAULTS = ["kill", "pause", "fill", "flush"]
pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", "postgresql"], indirect=True, scope="module"
)


@pytest.fixture(scope="module")
def redis(database):
    with running() as redis:
        yield redis


@pytest.fixture(scope="module")
def proxy(redis):
    with redis_proxy.before(redis) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def settings(database, tmp_path_factory):
    """Give the settings of a record that holds an event of every type."""
    data = tmp_path_factory.mktemp("shared") / "data"
    prepare(SmallRecord(data, database)).record.close()
    return Settings(data=data, database_url=database, public_url=PUBLIC)


class Hand:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self):
        return self.now


class Sharing:
    """A process that shares a Redis, and of which each request tells Redis something.

    Its limit is so low that none is counted without it; each has an address of its own.
    """

    sent = count(10 << 24)

    def __init__(self, settings, url):
        self.clock = Hand()
        self.redis = SharedRedis(url, "cut", self.clock)
        opened = Record.open(replace(settings, rate_limit=60))
        self.record = hearing(replace(opened, redis=self.redis))
        self.client = create_app(self.record).test_client()

    def get(self, address):
        """Ask when Redis has rested from the failure before."""
        self.clock.now += 2 * REST
        sender = {"REMOTE_ADDR": str(IPv4Address(next(self.sent)))}
        return told(self.client.get(address, environ_overrides=sender))

    def close(self):
        self.redis.close()
        self.record.close()


@pytest.fixture(scope="module")
def alone(settings):
    """Give a client of the record that has no Redis."""
    with closing(Record.open(settings)) as record:
        yield create_app(record).test_client()


@pytest.fixture(scope="module")
def sharing(settings, redis, proxy):
    """Give two processes that share a Redis, and one whose Redis can be cut off."""
    urls = (redis.url, redis.url, proxy.url)
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Sharing(settings, url))) for url in urls]


DAYS = count(date(2015, 1, 1).toordinal())


def fresh():
    """Return an address for which nobody has asked yet."""
    return f"/v1/bodies?as_of={date.fromordinal(next(DAYS))}"


def told(answer):
    return answer.status_code, answer.headers.get("ETag"), answer.data


def break_it(redis, fault):
    if fault == "fill":
        redis.ask("CONFIG", "SET", "maxmemory", "1")
    elif fault == "flush":
        redis.ask("FLUSHALL")
    else:
        getattr(redis, fault)()


def mend_it(redis, fault):
    if fault == "fill":
        redis.ask("CONFIG", "SET", "maxmemory", "0")
    elif fault == "kill":
        redis.start()
    elif fault == "pause":
        redis.resume()


@pytest.mark.parametrize("fault", FAULTS)
def test_no_answer_changes_and_no_event_is_lost(sharing, alone, redis, fault):
    one, other, _ = sharing
    shared, unmade = (*ADDRESSES, fresh()), fresh()
    before = [told(alone.get(each)) for each in shared]
    assert [one.get(each) for each in shared] == before
    failures = one.redis.failures + other.redis.failures
    break_it(redis, fault)
    try:
        assert [one.get(each) for each in shared] == before
        assert [other.get(each) for each in shared] == before
        assert one.get(unmade) == other.get(unmade) == told(alone.get(unmade))
        failed = one.redis.failures + other.redis.failures - failures
        assert (failed > 0) == (fault != "flush")
        [added] = one.record.store.append(
            [draft(f"report-{fault}", type="report.filed")]
        )
        one.record.catch_up()
        newest = f"/v1/events/{added.position}"
        assert one.get(newest) == other.get(newest) == told(alone.get(newest))
    finally:
        mend_it(redis, fault)
    after = [told(alone.get(each)) for each in shared]
    assert [one.get(each) for each in shared] == after
    assert [other.get(each) for each in shared] == after


# In the middle of one request.


def swept(proxy, step, ways, **more):
    """Cut off after each so many bytes, until all of a request comes through."""
    for way in ways:
        for number in count(0, step):
            proxy.cut(**{way: number}, **more)
            yield
            if not proxy.cuts:
                break


WAYS = ("asked", "answered")


def test_what_nobody_has_made_is_answered_wherever_redis_is_cut_off(
    sharing, proxy, redis, alone
):
    _, _, cut = sharing
    before = cut.redis.failures
    for _ in chain(swept(proxy, 4, WAYS[1:]), swept(proxy, 97, WAYS[:1])):
        redis.ask("SCRIPT", "FLUSH")  # So that the count takes three commands.
        address = fresh()
        assert cut.get(address) == told(alone.get(address))
    assert cut.redis.failures - before > 40


def test_what_another_has_made_is_answered_wherever_redis_is_cut_off(
    sharing, proxy, alone
):
    whole, _, cut = sharing
    before = cut.redis.failures
    for _ in swept(proxy, 97, WAYS):
        address = fresh()
        assert whole.get(address) == cut.get(address) == told(alone.get(address))
    assert cut.redis.failures - before > 20


def test_a_redis_that_goes_silent_in_the_middle_holds_no_answer_back(
    sharing, proxy, alone
):
    whole, _, cut = sharing
    for _ in swept(proxy, 600, WAYS, hang=True):
        address = fresh()
        assert whole.get(address) == cut.get(address) == told(alone.get(address))


def test_no_event_is_lost_wherever_redis_is_cut_off(sharing, proxy, alone):
    _, _, cut = sharing
    for number, _ in enumerate(swept(proxy, 97, WAYS)):
        cut.clock.now += 2 * REST
        [added] = cut.record.store.append(
            [draft(f"report-{number}", type="report.filed")]
        )
        cut.record.catch_up()
        newest = f"/v1/events/{added.position}"
        assert cut.get(newest) == told(alone.get(newest))
        assert cut.get(newest)[0] == 200


# With a real server.


def get(address):
    """Return the status, the body and the headers of an answer."""
    try:
        answer = urllib.request.urlopen(address, timeout=server.PATIENCE)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read(), answer.headers


@pytest.fixture(scope="module")
def served(settings, proxy):
    """Give the address of two workers that share a Redis."""
    url = settings.database_url
    shared = {"redis_url": proxy.url, "public_url": PUBLIC, "rate_limit": 600}
    proxy.mend()
    with server.serving(
        settings.data, "--empty", "--workers", "2", database_url=url, **shared
    ) as address:
        yield address


def test_a_server_goes_on_while_redis_is_paused_and_killed(served, settings, redis):
    pinned = f"{served}/v1/bodies?at_position=10"
    status, before, headers = get(pinned)
    assert (status, headers["RateLimit-Policy"]) == (200, '"burst";q=100;w=10')
    for _ in range(12):  # One of the two workers has counted six.
        get(f"{served}/v1/codelists")
    assert redis.ask("KEYS", "copperplate:localhost/log*:limits:127.0.0.1")
    redis.pause()
    assert [get(pinned)[1] for _ in range(4)] == [before] * 4
    redis.kill()
    with closing(Record.open(settings)) as record:
        [added] = record.store.append([draft("report-late", type="report.filed")])
        record.catch_up()
    for _ in range(8):
        newest = json.loads(get(f"{served}/v1/events/{added.position}")[1])
        assert newest["stream"] == "report-late"
    assert get(pinned)[1] == before
    # Which of the two workers answers is chance; one at least has counted.
    told = [json.loads(get(f"{served}/v1/status/process")[1]) for _ in range(20)]
    assert {said["redis"] for said in told} <= {"answering", "resting"}
    assert max(said["limited_addresses"] for said in told) == 1
    redis.start()


def test_two_workers_whose_redis_dies_in_mid_request_answer_alike(
    served, redis, proxy, alone
):
    def given(paths):
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda path: get(served + path)[1], paths))

    for number, cut in enumerate(({"answered": 14}, {"answered": 200}, {"asked": 400})):
        Event().wait(REST)  # Else a worker might not ask Redis at all.
        paths = [
            f"/v1/bodies?at_position={20 + number}&limit={n}" for n in range(1, 13)
        ]
        made = [alone.get(path).data for path in paths]
        assert given(paths[:4]) == made[:4]  # Some are held by Redis when it dies.
        proxy.cut(**cut, then=redis.kill)
        assert given(paths * 2) == made * 2
        assert proxy.cuts
        assert redis.process.poll() is not None
        proxy.mend()
        redis.start()
        assert given(paths * 2) == made * 2
