"""Redis is killed, paused, filled and emptied: no answer changes, no event is lost."""

import json
import shutil
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from service.config import Settings
from service.record import Record
from tests import server
from tests.records import app_over
from tests.redis_server import running
from tests.writers import draft

ADDRESSES = (
    "/v1/bodies/west-mercia/profile", "/v1/ratings.csv?programme=peel-2023-25",
    "/v1/ratings?body=west-mercia", "/v1/bodies?at_position=100&limit=3", "/v1/nope",
    "/v1/events?after=1700&limit=5", "/v1/search?q=crime", "/log/checkpoint",
    "/v1/bodies/west-mercia/changes.txt?since=2020-01-01", "/v1/status",
)  # fmt: skip


@pytest.fixture(scope="module")
def redis():
    with running() as redis:
        yield redis


@pytest.fixture(scope="module")
def data(founded, tmp_path_factory):
    data = tmp_path_factory.mktemp("shared") / "data"
    shutil.copytree(founded, data)
    return data


@pytest.fixture(scope="module")
def records(data, redis):
    """Give two records of one log that share a Redis, and one that has none."""
    shared = Settings(data=data, redis_url=redis.url, rate_limit=1_000_000)
    each = [Record.open(settings) for settings in (shared, shared, Settings(data=data))]
    yield each
    for record in each:
        record.close()


@pytest.fixture(scope="module")
def clients(records):
    return [app_over(record).test_client() for record in records]


def asked(client):
    """Return what is answered at each address, as far as it is for everybody."""
    found = (client.get(address) for address in ADDRESSES)
    return [(each.status_code, each.headers.get("ETag"), each.data) for each in found]


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


@pytest.mark.parametrize("fault", ["kill", "pause", "fill", "flush"])
def test_no_answer_changes_and_no_event_is_lost(records, clients, redis, fault):
    one, other, alone = clients
    first = records[0]
    failures, before = first.redis.failures, asked(alone)
    assert asked(one) == before
    break_it(redis, fault)
    try:
        assert asked(one) == asked(other) == before
        [added] = first.store.append([draft(f"report-{fault}", type="report.filed")])
        first.catch_up()
        newest = f"/v1/events/{added.position}"
        assert one.get(newest).data == other.get(newest).data == alone.get(newest).data
        assert first.redis.failures - failures <= 2 * len(ADDRESSES)
    finally:
        mend_it(redis, fault)
    assert asked(one) == asked(other) == asked(alone)


def get(address):
    """Return the status, the body and the headers of an answer."""
    try:
        answer = urllib.request.urlopen(address, timeout=server.PATIENCE)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read(), answer.headers


def test_a_server_goes_on_while_redis_is_paused_and_killed(data, redis):
    settings = {"redis_url": redis.url, "rate_limit": 600}
    with server.serving(data, "--workers", "2", **settings) as address:
        pinned = f"{address}/v1/bodies?at_position=1700"
        status, before, headers = get(pinned)
        assert (status, headers["RateLimit-Policy"]) == (200, '"burst";q=100;w=10')
        for _ in range(12):  # One of the two workers has counted six.
            get(f"{address}/v1/codelists")
        assert redis.ask("KEYS", "copperplate:localhost/log*:limits:127.0.0.1")
        redis.pause()
        assert [get(pinned)[1] for _ in range(4)] == [before] * 4
        redis.kill()
        with closing(Record.open(Settings(data=data))) as record:
            [added] = record.store.append([draft("report-late", type="report.filed")])
            record.catch_up()
        for _ in range(8):
            newest = json.loads(get(f"{address}/v1/events/{added.position}")[1])
            assert newest["stream"] == "report-late"
        assert get(pinned)[1] == before
        # Which of the two workers answers is chance; one at least has counted.
        told = [json.loads(get(f"{address}/v1/status/process")[1]) for _ in range(20)]
        assert {said["redis"] for said in told} <= {"answering", "resting"}
        assert max(said["limited_addresses"] for said in told) == 1
        redis.start()
