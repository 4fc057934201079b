"""What is at hand is what the long way gives, and never old."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.app import create_app
from service.config import Settings
from service.context import CACHE
from service.http.at_hand import at_hand
from service.http.cache_keys import Keys
from service.http.limited import counter, limit
from service.http.rate_limit import RateLimiter
from service.http.timing import of_hit, timed
from tests.records import SmallRecord
from tests.redacting import forms
from tests.redacting import redact as redacted
from tests.test_answer_cache import NOTE, environ, hearing
from tests.test_rate_limit import NOBODY, Hand

KENT = "/v1/bodies/kent"
FAR = "599 the long way"


class Ways:
    """The two ways to a kept answer: what is at hand, and the longer one."""

    def __init__(self, record, a_minute=0):
        cache = create_app(record).extensions[CACHE]
        if a_minute:
            mine, yours = (RateLimiter(a_minute, NOBODY, Hand()) for _ in range(2))
            self._long = timed(limit(cache, mine, record))
            self._short = at_hand(far, cache, counter(yours, record))
        else:
            self._long, self._short = timed(cache), at_hand(far, cache, None)

    def long(self, path, **headers):
        return asked(self._long, path, headers)

    def short(self, path, **headers):
        """Return what is at hand, None if it is to go the long way."""
        answer = asked(self._short, path, headers)
        return None if answer[0] == FAR else answer


def far(_environ, start_response):
    start_response(FAR, [])
    return []


def asked(app, path, headers):
    """Return the status, all headers but the time it took, in order, and the body."""
    method = headers.pop("method", "GET")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    said = EnvironBuilder(path, method=method, headers=named).get_environ()
    parts, status, told = run_wsgi_app(app, said)
    whole = [each for each in told if each[0] != "Server-Timing"]
    assert status == FAR or told["Server-Timing"].startswith("total;dur=")
    return status, whole, b"".join(parts)


@pytest.fixture
def small(tmp_path):
    small = SmallRecord(tmp_path, settings=Settings(data=tmp_path, origin="c.example"))
    small.register("kent", note=NOTE)
    hearing(small.record)
    yield small
    small.record.close()


@pytest.fixture
def ways(small):
    return Ways(small.record)


def warm(ways, path, **headers):
    """Ask the long way until the answer is at hand; return it."""
    first = ways.long(path, **headers)
    ways.long(path, **headers)
    assert ways.short(path, **headers) is not None, path
    return first


@pytest.mark.parametrize(
    "path",
    [
        KENT, f"{KENT}/profile", f"{KENT}?at_position=1", "/v1/bodies.csv",
        "/v1/bodies?kind=police-force", "/v1/ratings?body=kent", "/v1/events/1",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Accept": "*/*"}, {"Accept": "text/html,image/webp,*/*;q=0.8"},
        {"Accept_Encoding": "gzip"}, {"Accept_Encoding": "zstd, br"},
        {"User_Agent": "a"}, {"Origin": "https://x.example"},
    ],
)  # fmt: skip
def test_what_is_at_hand_is_what_the_long_way_gives(ways, path, headers):
    warm(ways, path, **headers)
    answer = ways.long(path, **headers)
    assert answer[0] == "200 OK" and answer[2]
    assert ways.short(path, **headers) == answer
    tag = dict(answer[1])["ETag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*", '"other"', "", "rubbish"):
        held = {**headers, "If_None_Match": given}
        assert ways.short(path, **held) == ways.long(path, **held)


@pytest.mark.parametrize(
    "headers",
    [
        {"method": "HEAD"}, {"method": "POST"}, {"method": "OPTIONS"},
        {"Authorization": "Bearer nobody"}, {"Range": "bytes=0-1"},
        {"Prefer": "wait=0"}, {"Accept_Datetime": "Mon, 02 Mar 2026 11:00:00 GMT"},
        {"Accept": "text/csv"}, {"Accept_Encoding": "gzip"}, {"Host": "d.example"},
    ],
)  # fmt: skip
def test_what_is_asked_otherwise_goes_the_long_way(ways, headers):
    warm(ways, KENT)
    assert ways.short(KENT, **headers) is None


def test_what_was_never_sent_is_at_hand_for_those_alone_who_hold_it(small, ways):
    tag = dict(ways.long(KENT)[1])["ETag"]
    other = Ways(small.record)
    warm(other, KENT, If_None_Match=tag)
    assert other.short(KENT) is None
    assert other.short(KENT, If_None_Match='"other"') is None


def test_an_event_sends_all_the_long_way_once(small, ways):
    warm(ways, KENT)
    small.register("gwent")
    assert ways.short(KENT) is None
    answer = warm(ways, KENT)
    assert dict(answer[1])["Record-Position"] == "2"
    assert ways.short(KENT) == answer
    small.rename("kent", "Kent Police")
    assert ways.short(KENT) is None
    assert b"Kent Police" in warm(ways, KENT)[2]


def test_nothing_is_at_hand_of_yesterday(small, ways):
    small.clock.now = datetime(2026, 7, 1, 22, 59, 59, 999_999, tzinfo=UTC)
    warm(ways, KENT)
    small.clock.now = datetime(2026, 7, 1, 23, tzinfo=UTC)
    assert ways.short(KENT) is None
    small.clock.now = datetime(2026, 7, 1, 22, 59, 59, 999_999, tzinfo=UTC)
    assert ways.short(KENT) is not None


def test_nothing_is_at_hand_after_a_redaction_or_a_rebuild(small, ways):
    paths = (KENT, f"{KENT}?at_position=1", "/v1/bodies.csv", "/v1/events/1")
    for path in paths:
        warm(ways, path)
    redacted(small.record, 1, "note")
    assert not any(map(ways.short, paths))
    for path in paths:
        assert not any(each in warm(ways, path)[2] for each in forms(NOTE))
    small.record.rebuild()
    assert not any(map(ways.short, paths))


def test_who_has_not_heard_of_late_has_nothing_at_hand(small, ways):
    warm(ways, KENT)
    small.record.reached._heard = None
    assert ways.short(KENT) is None


def test_the_use_of_what_is_at_hand_is_noted(small):
    app = create_app(small.record)
    cache = app.extensions[CACHE]
    cache._much = 0
    client = app.test_client()
    for path in (KENT, "/v1/bodies"):
        for _ in range(3):
            client.get(path)
    assert next(iter(cache._kept)).path == KENT
    client.get(KENT)
    assert next(iter(cache._kept)).path == "/v1/bodies"


def test_what_is_at_hand_is_counted_as_all_else(small):
    ways = Ways(small.record, a_minute=60)
    tag = dict(warm(ways, KENT)[1])["ETag"]  # Two are counted there, and one here.
    pinned = f"{KENT}?at_position=1"
    warm(ways, pinned)
    ways.short(KENT)
    for path, headers, left in (
        (KENT, {}, 7), (KENT, {"If_None_Match": tag}, 7), (pinned, {}, 7),
        (KENT, {"If_None_Match": '"other"'}, 6), (KENT, {}, 5),
    ):  # fmt: skip
        short, long = ways.short(path, **headers), ways.long(path, **headers)
        assert short == long
        assert dict(short[1])["RateLimit"].startswith(f'"burst";r={left};')
    assert all(ways.short(KENT) for _ in range(5))
    assert ways.short(KENT) is None
    assert ways.short(KENT, If_None_Match=tag) is None
    assert [ways.long(KENT)[0] for _ in range(6)] == ["200 OK"] * 5 + [
        "429 TOO MANY REQUESTS"
    ]


def test_the_app_gives_what_is_at_hand_and_refuses_who_sends_too_much(small):
    limited = replace(small.record, settings=Settings(small.record.settings.data,
                                                      rate_limit=60))  # fmt: skip
    client = create_app(hearing(limited)).test_client()
    assert [client.get(KENT).status_code for _ in range(12)] == [200] * 10 + [429] * 2


def test_only_so_many_ways_to_ask_are_remembered():
    keys = Keys(None, most=10)
    for number in range(95):
        said = environ("/v1/bodies", HTTP_ACCEPT_ENCODING=f"gzip;q=0.{number + 1}")
        keys.remember(said, keys.find(said))
        assert keys.known(said) and len(keys._known) <= 10
    keys.forget()
    assert not keys.known(said)


def test_a_request_without_a_host_is_not_remembered():
    keys = Keys(None)
    said = {**environ("/v1/bodies"), "SERVER_NAME": "c.example", "SERVER_PORT": "80"}
    del said["HTTP_HOST"]
    keys.remember(said, keys.find(said))
    assert keys.known(said) is None


def test_however_long_it_took_it_is_told():
    for seconds in (0.0, 0.001, 0.0049, 0.2, 7.0):
        name, said = of_hit(perf_counter() - seconds)
        told, hit = said.split(", ")
        assert (name, hit) == ("Server-Timing", "cache;desc=hit")
        assert re.fullmatch(r"total;dur=\d+\.\d\d", told)
        assert float(told.partition("=")[2]) >= round(seconds * 1000, 2) - 0.01
