"""Who sends too much waits, and nobody else does."""

import re
from contextlib import closing
from dataclasses import replace

import pytest

from service import editors
from service.app import create_app
from service.config import Settings
from service.http.limited import limit
from service.http.queries import LONGEST
from service.http.rate_limit import RateLimiter
from service.http.timing import timed
from service.shared_redis import SharedRedis
from tests.contract_client import ContractClient
from tests.records import SmallRecord
from tests.redis_server import running

ONE, OTHER = "203.0.113.1", "203.0.113.2"
NOBODY = SharedRedis(None, "log")


class Hand:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self):
        return self.now


def charged(limiter, address, count):
    """Send as many requests as are let through, at most `count`; return how many."""
    for number in range(count):
        if limiter.wait(limiter.used(address)):
            return number
        limiter.charge(address)
    return count


# The limiter.


def test_a_hundred_come_at_once_and_six_hundred_in_each_minute():
    clock = Hand()
    limiter = RateLimiter(600, NOBODY, clock)
    assert limiter.policy == '"burst";q=100;w=10'
    assert charged(limiter, ONE, 500) == 100
    for _ in range(60):
        clock.now += 1
        assert charged(limiter, ONE, 500) == 10
    clock.now += 3600
    assert charged(limiter, ONE, 500) == 100


def test_one_address_takes_nothing_from_another():
    limiter = RateLimiter(600, NOBODY, Hand())
    assert charged(limiter, ONE, 500) == 100
    assert charged(limiter, OTHER, 500) == 100


def test_what_is_left_and_how_long_to_wait_is_told():
    clock = Hand()
    limiter = RateLimiter(600, NOBODY, clock)
    assert limiter.left(limiter.used(ONE)) == '"burst";r=100;t=0'
    assert limiter.left(limiter.charge(ONE)) == '"burst";r=99;t=1'
    charged(limiter, ONE, 500)
    assert limiter.left(limiter.used(ONE)) == '"burst";r=0;t=10'
    assert limiter.wait(limiter.used(ONE)) == 1
    clock.now += 1
    assert limiter.wait(limiter.used(ONE)) == 0
    assert limiter.left(limiter.used(ONE)) == '"burst";r=10;t=9'


@pytest.mark.parametrize("a_minute", [1, 2, 6, 7, 59, 600, 6000, 999_999_999])
def test_any_rate_is_kept_to(a_minute):
    clock = Hand()
    limiter = RateLimiter(a_minute, NOBODY, clock)
    at_once = charged(limiter, ONE, 2000)
    assert at_once == min(limiter.burst, 2000)
    if at_once < 2000:
        clock.now += limiter.wait(limiter.used(ONE))
        assert limiter.wait(limiter.used(ONE)) == 0
        charged(limiter, ONE, 2000)
        clock.now += 60
        assert charged(limiter, ONE, 2000) == min(limiter.burst, a_minute)


def test_only_so_many_addresses_are_remembered():
    clock = Hand()
    limiter = RateLimiter(600, NOBODY, clock, most=100)
    for number in range(1000):
        limiter.charge(f"10.0.0.{number}")
        assert limiter.addresses <= 100
    assert limiter.used("10.0.0.999")  # Who came last is remembered.
    clock.now += 60
    for number in range(100):
        limiter.charge(f"10.0.1.{number}")
    assert limiter.addresses <= 100


# With Redis.


@pytest.fixture
def server():
    with running() as server:
        yield server


def test_processes_that_share_a_redis_limit_an_address_together(server):
    clock = Hand()
    with (
        closing(SharedRedis(server.url, "log")) as mine,
        closing(SharedRedis(server.url, "log")) as yours,
    ):
        limiters = [RateLimiter(6, each, clock) for each in (mine, yours)]
        assert [each.burst for each in limiters] == [1, 1]
        limiters[0].charge(ONE)
        assert limiters[1].charge(ONE) > 9  # What the other has counted is in it.
        assert limiters[1].wait(limiters[1].used(ONE)) > 8
        assert limiters[1].charge(OTHER) <= 10


def test_what_is_told_to_redis_is_forgotten_with_the_burst(server):
    with closing(SharedRedis(server.url, "log")) as redis:
        limiter = RateLimiter(600, redis, Hand())
        for _ in range(4):
            limiter.charge(ONE)
        assert server.ask("DBSIZE") == 0  # It is told of five at a time.
        limiter.charge(ONE)
        [key] = server.ask("KEYS", "*")
        assert key == b"copperplate:log:limits:" + ONE.encode()
        assert 0 < server.ask("PTTL", key) <= 500
        for _ in range(200):
            limiter.charge(ONE)
        assert server.ask("PTTL", key) <= 10_000


@pytest.mark.parametrize("fault", ["kill", "pause", "flush", "fill"])
def test_each_counts_for_itself_while_redis_fails(server, fault):
    with closing(SharedRedis(server.url, "log", clock := Hand())) as redis:
        limiter = RateLimiter(600, redis, clock)
        assert charged(limiter, ONE, 50) == 50
        if fault == "flush":
            server.ask("FLUSHALL")
        elif fault == "fill":
            server.ask("CONFIG", "SET", "maxmemory", "1")
        else:
            getattr(server, fault)()
        assert charged(limiter, ONE, 500) == 50
        assert (redis.failures > 0) == (fault != "flush")
        if fault == "pause":
            server.resume()


# The gate.


@pytest.fixture(scope="module")
def kent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kent")
    settings = Settings(data=folder, trusted_proxies=1)
    small = SmallRecord(folder, settings=settings)
    small.register("kent", "Kent Police")
    small.register("durham", "Durham Constabulary")
    yield small
    small.record.close()


@pytest.fixture
def client(kent):
    """Give a client of an app that limits by a clock which stands still."""
    app = create_app(kent.record)
    app.test_client_class = ContractClient
    limiter = RateLimiter(600, kent.record.redis, Hand())
    app.wsgi_app = timed(limit(app.wsgi_app, limiter, kent.record))
    return app.test_client()


def send(client, path, address=ONE, **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    headers.setdefault("X-Forwarded-For", address)
    return client.get(path, headers=headers)


def left(answer):
    return int(re.fullmatch(r'"burst";r=(\d+);t=\d+', answer.headers["RateLimit"])[1])


def exhaust(client, address=ONE):
    """Send requests until one is refused; return the refusal."""
    for _ in range(2000):
        answer = send(client, "/problems/not-found", address)
        if answer.status_code == 429:
            return answer
    raise AssertionError("nobody is limited")


def test_who_sends_too_much_is_told_to_wait_and_others_are_not(client):
    refused = exhaust(client)
    assert refused.json["type"] == "/problems/rate-limited"
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.headers["RateLimit-Policy"] == '"burst";q=100;w=10'
    assert left(refused) == 0
    exposed = refused.headers["Access-Control-Expose-Headers"]
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= {*exposed.split(", ")}
    head = client.head("/v1/bodies", headers={"X-Forwarded-For": ONE})
    assert (head.status_code, head.data) == (429, b"")
    assert send(client, "/v1/bodies", OTHER).status_code == 200
    assert send(client, "/healthz").status_code == 200


def test_every_answer_tells_what_is_left_and_errors_count(client):
    paths = ("/v1/bodies", "/v1/bodies?x=1", "/nope", "/v1/status", "/docs/limits")
    assert [left(send(client, path)) for path in paths] == [99, 98, 97, 96, 95]


def test_pinned_answers_are_free(client):
    first = send(client, "/v1/bodies?limit=1")
    pinned = [first.json["meta"]["permalink"], first.json["next"]]
    pinned += ["/v1/bodies/kent.csv?at_position=1", "/log/tile/0/000.p/1"]
    pinned += ["/v1/bodies/kent/versions/1"]
    for path in pinned:
        assert left(send(client, path, OTHER)) == 100, path
        assert send(client, path, OTHER).status_code == 200
    assert left(send(client, "/v1/bodies", OTHER)) == 99


def test_what_has_not_changed_is_free(client):
    etag = send(client, "/v1/bodies").headers["ETag"]
    for _ in range(3):
        answer = send(client, "/v1/bodies", If_None_Match=etag)
        assert (answer.status_code, left(answer)) == (304, 99)
    assert left(send(client, "/v1/bodies", If_None_Match='"other"')) == 98


def test_a_key_lifts_the_limit_and_rubbish_does_not(client, kent):
    added = editors.add(kent.record, "Jo", ["record"])
    exhaust(client)
    key = f"Bearer {added.key}"
    answer = send(client, "/v1/bodies", Authorization=key)
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers
    other = added.key[:-4] + "AAAA"
    for rubbish in (
        f"Bearer {other}", "Bearer", "Bearer ", "Basic Og==", "\xff\x00", key.upper(),
        "Bearer " + "x" * 100_000, f"Bearer {added.key} {added.key}", "bearer \u00e9",
    ):  # fmt: skip
        assert send(client, "/v1/bodies", Authorization=rubbish).status_code == 429
    editors.revoke(kent.record, added.key_id, "leaked")
    assert send(client, "/v1/bodies", Authorization=key).status_code == 429


@pytest.mark.parametrize(
    "passed",
    ["", ",", "," * 60_000, "x" * 60_000, "9.9.9.9, " * 800 + ONE, "\xff, \x00", "::",
     "unknown", "1.2.3.4:80", "[2001:db8::1]:443", "2001:db8::1%" + "a" * 500],
)  # fmt: skip
def test_whatever_is_said_to_be_forwarded_is_answered(client, passed):
    answer = send(client, "/v1/bodies", X_Forwarded_For=passed)
    assert answer.status_code == (400 if len(passed) > LONGEST else 200)
    assert left(answer) == 99


def test_nobody_escapes_by_what_stands_before_the_trusted_part(client):
    exhaust(client)
    answer = send(client, "/v1/bodies", X_Forwarded_For=f"198.51.100.7, {ONE}")
    assert answer.status_code == 429


def test_a_request_without_a_host_is_counted_and_answered(client):
    answer = client.get("/v1/bodies", headers={"Host": ""})
    assert answer.status_code == 400
    assert left(answer) == 99


def test_the_app_limits_if_it_is_to_and_else_says_nothing_of_it(kent):
    for number in (60, 0):
        settings = replace(kent.record.settings, rate_limit=number)
        app = create_app(replace(kent.record, settings=settings))
        said = app.test_client().get("/v1/bodies").headers
        assert said.get("RateLimit-Policy") == ('"burst";q=10;w=10' if number else None)
        assert ("RateLimit" in said) == bool(number)


def test_the_setting_is_a_number_on_by_default_and_handed_to_workers():
    def asked(text):
        return Settings.from_environment({"COPPERPLATE_RATE_LIMIT": text})

    assert Settings.from_environment({}).rate_limit == 600
    assert asked("0").rate_limit == 0
    assert Settings.from_environment(asked("0").to_environment()).rate_limit == 0
    assert Settings.from_environment(asked("90").to_environment()).rate_limit == 90
    for wrong in ("-1", "many", "1.5", "٣", "9" * 5000):
        with pytest.raises(ValueError, match="requests a minute"):
            asked(wrong)
