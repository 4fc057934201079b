"""The cache of rendered answers: the same bytes as without it, and never old ones."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from threading import Barrier, Thread

import pytest

from service.app import create_app
from service.config import Settings
from service.context import CACHE
from service.domain.bodies import Body
from service.http.answer_cache import AnswerCache
from service.http.cache_keys import Keys
from service.reached import Reached
from service.record import Record
from service.shared_redis import ANSWERS
from tests.examples import REGISTERED
from tests.records import SOURCE, Clock, small
from tests.redacting import erase, forms
from tests.redacting import redact as redacted
from tests.redis_server import running
from tests.told_at_random import told_at_random

__all__ = ["small"]

KENT = "/v1/bodies/kent"
NOTE = "Bartholomew Featherstonehaugh wrote this"


class Still:
    """A clock that does not go on: what was heard is believed for ever."""

    def __call__(self):
        return 0.0


def hearing(record):
    """Let a record believe what it hears, as a worker does that asks all the time."""
    record.reached.close()
    record.__dict__["reached"] = Reached(record.settings.data / "head", Still())
    record.reached.hear(record.look())
    return record


@pytest.fixture
def client(small):
    small.register("kent", note=NOTE)
    hearing(small.record)
    return small.client()


def is_kept(answer):
    return "cache;desc=hit" in answer.headers["Server-Timing"]


def of_answer(answer):
    """Return all of an answer but what is of the request."""
    own = {"Server-Timing", "Record-Position", "RateLimit", "RateLimit-Policy"}
    headers = sorted(each for each in answer.headers if each[0] not in own)
    return answer.status_code, headers, answer.data


def held(client):
    """Return all bytes that the cache holds."""
    kept = client.application.extensions[CACHE]._kept.values()
    return b"".join(each.body or b"" for each in kept)


def test_an_answer_is_given_again_as_it_was(client):
    first, again = client.get(KENT), client.get(KENT)
    assert (is_kept(first), is_kept(again)) == (False, True)
    assert of_answer(first) == of_answer(again)
    head = client.head(KENT)
    assert is_kept(head) and of_answer(head)[1] == of_answer(first)[1]
    assert head.data == b""


def test_a_kept_answer_says_how_far_the_record_has_come(client, small):
    client.get(KENT)
    small.register("gwent")
    again = client.get(KENT)
    assert is_kept(again)
    assert again.headers["Record-Position"] == "2"
    assert again.json["meta"]["position"] == 1


def test_who_holds_an_answer_is_told_so_by_the_cache(client):
    tag = client.get(KENT).headers["ETag"]
    for given in (tag, f"W/{tag}", "*", f'"other", {tag}'):
        answer = client.get(KENT, headers={"If-None-Match": given})
        assert (answer.status_code, answer.data, is_kept(answer)) == (304, b"", True)
        assert answer.headers["ETag"] == tag
    assert client.get(KENT, headers={"If-None-Match": '"other"'}).status_code == 200


def test_what_was_never_sent_is_answered_from_the_cache_too(client, small):
    tag = client.get(KENT).headers["ETag"]
    other = create_app(small.record).test_client()
    first, again = (other.get(KENT, headers={"If-None-Match": tag}) for _ in range(2))
    assert (first.status_code, is_kept(first)) == (304, False)
    assert (again.status_code, is_kept(again)) == (304, True)
    whole = other.get(KENT)
    assert (whole.status_code, is_kept(whole)) == (200, False)


def test_an_event_on_the_thing_is_seen_at_once(client, small):
    client.get(KENT)
    small.rename("kent", "Kent Police")
    answer = client.get(KENT)
    assert not is_kept(answer)
    assert answer.json["name"] == "Kent Police"


def test_a_rebuild_empties_the_cache(client, small):
    client.get(KENT)
    small.record.rebuild()
    assert not is_kept(client.get(KENT))
    assert is_kept(client.get(KENT))


def test_midnight_in_london_ends_what_has_a_day(client, small):
    small.clock.now = datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC)
    client.get(KENT)
    assert is_kept(client.get(KENT))
    small.clock.now = datetime(2026, 7, 1, 23, tzinfo=UTC)
    assert not is_kept(client.get(KENT))
    assert "2026-07-02" in client.get(KENT).headers["ETag"]


def test_who_has_not_heard_of_late_gives_nothing_kept(small):
    small.register("kent")
    client = small.client()
    assert not any(is_kept(client.get(KENT)) for _ in range(3))


def test_a_redaction_leaves_no_old_answer(client, small):
    pinned = f"{KENT}?at_position=1"
    for address in (KENT, pinned, "/v1/bodies.csv", "/v1/events/1"):
        client.get(address)
        assert is_kept(client.get(address))
    assert any(each in held(client) for each in forms(NOTE))
    redacted(small.record, 1, "note")
    client.application.extensions[CACHE].forget(small.record.look())
    assert held(client) == b""
    for address in (KENT, pinned, "/v1/bodies.csv", "/v1/events/1"):
        for _ in range(2):
            assert not any(each in client.get(address).data for each in forms(NOTE))
    assert not any(each in held(client) for each in forms(NOTE))


def test_answers_for_one_reader_are_not_kept(client):
    client.get(KENT)
    for headers in (
        {"Authorization": "Bearer nobody"},
        {"Accept-Datetime": "Mon, 02 Mar 2026 11:00:00 GMT"},
        {"Prefer": "wait=0"},
        {"Range": "bytes=0-1"},
    ):
        assert not is_kept(client.get(KENT, headers=headers))
    assert not any(is_kept(client.get("/v1/status")) for _ in range(2))
    assert not any(is_kept(client.get("/v1/bodies/nowhere")) for _ in range(2))


def test_what_a_client_likes_tells_answers_apart(client):
    for likes, kind in (
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv;q=0.1, application/json;q=0.9", "application/json"),
        ("image/png", None),
    ):
        for _ in range(2):
            answer = client.get("/v1/bodies", headers={"Accept": likes})
            assert answer.status_code == (200 if kind else 406)
            assert kind is None or answer.mimetype == kind


def test_codings_are_kept_apart(client):
    plain = client.get("/v1/bodies/kent/profile")
    zipped = [
        client.get("/v1/bodies/kent/profile", headers={"Accept-Encoding": "gzip, br"})
        for _ in range(2)
    ]
    assert [is_kept(each) for each in zipped] == [False, True]
    assert of_answer(zipped[0]) == of_answer(zipped[1])
    assert zipped[0].headers["Content-Encoding"] == "gzip" != plain.data
    tag = zipped[0].headers["ETag"]
    assert tag != plain.headers["ETag"]
    for _ in range(2):
        answer = client.get(
            "/v1/bodies/kent/profile",
            headers={"If-None-Match": tag, "Accept-Encoding": "gzip"},
        )
        assert (answer.status_code, answer.headers["ETag"]) == (304, tag)


def environ(path, query="", **headers):
    known = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query}
    return known | {"HTTP_HOST": "c.example", "wsgi.url_scheme": "https"} | headers


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ({"query": "body=kent"}, {"query": "body=%6Bent"}, True),
        ({"query": "q=a+b"}, {"query": "q=a%20b"}, True),
        ({"query": "body=kent"}, {"query": "body=kent&"}, True),
        ({"query": "body=kent"}, {"query": "body=gwent"}, False),
        ({"query": "a=b%26c=d"}, {"query": "a=b&c=d"}, False),
        ({"query": "a%3Db=c"}, {"query": "a=b%3Dc"}, False),
        ({}, {"HTTP_ACCEPT": "*/*"}, True),
        ({}, {"HTTP_ACCEPT": "text/csv"}, False),
        (
            {"HTTP_ACCEPT": "text/html, image/avif, */*;q=0.8"},
            {"HTTP_ACCEPT": "text/html,image/webp,*/*;q=0.8"},
            True,
        ),
        ({}, {"HTTP_HOST": "d.example"}, False),
        ({}, {"HTTP_USER_AGENT": "another"}, True),
        ({}, {"HTTP_COOKIE": "another"}, True),
    ],
)
def test_a_key_has_what_an_answer_depends_on_and_nothing_else(one, other, is_alike):
    asked = [environ("/v1/ratings", **each) for each in (one, other)]
    keys = [Keys(None).find(each) for each in asked]
    assert (keys[0] == keys[1]) == is_alike
    assert None not in keys
    for each, key in zip(asked, keys, strict=True):
        again = Keys(None)
        again.remember(each, key)
        assert again.known(each) is again.find(each) is key
        assert again.known(asked[0]) in (None, keys[0])


@pytest.mark.parametrize(
    "said",
    [
        {"query": "after=3&wait=5"}, {"query": "min_position=4"}, {"query": "w%61it=5"},
        {"query": "known_at=2026-01-01"}, {"query": "q=" + "x" * 5000},
        {"HTTP_ACCEPT": "x" * 5000}, {"REQUEST_METHOD": "POST"},
    ],
)  # fmt: skip
def test_what_is_waited_for_or_too_long_has_no_key(said):
    assert Keys(None).find(environ("/v1/events", said.pop("query", "")) | said) is None


def test_the_cache_holds_no_more_than_it_may(small):
    hearing(small.record)
    for number in range(20):
        small.register(f"force-{number}")
    app = create_app(small.record)
    app.wsgi_app = cache = AnswerCache(app.wsgi_app, small.record, size=30_000)
    client = app.test_client()
    for number in range(20):
        client.get(f"/v1/bodies/force-{number}")
        assert cache._held == sum(each.size for each in cache._kept.values()) <= 30_000
    assert 2 < len(cache._kept) < 20


def test_many_who_ask_at_once_have_it_made_once(client):
    begin, answers = Barrier(8), []

    def ask():
        begin.wait()
        answers.append(client.application.test_client().get("/v1/bodies/kent/profile"))

    threads = [Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(map(is_kept, answers)) == [False] + [True] * 7
    assert len({each.data for each in answers}) == 1


def test_answers_are_the_same_with_the_cache_and_without(tmp_path):
    events = told_at_random(Random(7), 40)
    record = Record.open(
        Settings(data=tmp_path, public_url="https://c.example"), Clock()
    )
    with closing(record):
        record.read_model.apply(events)
        plain = create_app(record).test_client()
        addresses = [
            "/v1/bodies", "/v1/bodies.csv", "/v1/ratings?limit=2", "/v1/findings",
            "/v1/bodies/durham/profile", "/v1/bodies/durham/timeline", "/v1/statements",
            "/v1/ratings.csv?excel=true", "/v1/events?limit=3", "/v1/codelists",
            "/v1/bodies/nowhere", "/v1/bodies?bdoy=1", "/v1/bodies?as_of=2020-01-01",
            "/v1/corrections", "/v1/coverage.csv", "/v1/bodies/durham?at_position=4",
        ]  # fmt: skip
        expected = [of_answer(plain.get(each)) for each in addresses]
        hearing(record)
        kept = create_app(record).test_client()
        for _ in range(3):
            assert [of_answer(kept.get(each)) for each in addresses] == expected


# With Redis.


@pytest.fixture
def sharing(tmp_path):
    """Give two processes' views of one record, which share a Redis, and the Redis."""
    with running() as server:
        first = SharedRecord(tmp_path, server.url)
        second = SharedRecord(tmp_path, server.url)
        yield first, second, server
        first.record.close()
        second.record.close()


class SharedRecord:
    """A record with a Redis, and a client of an app over it."""

    def __init__(self, folder, url):
        settings = Settings(data=folder, redis_url=url, public_url="https://c.example")
        self.record = hearing(Record.open(settings, Clock()))
        self.client = create_app(self.record).test_client()


def fill(record, steps=30):
    record.read_model.apply(told_at_random(Random(3), steps))
    record.reached.hear(record.look())


ADDRESSES = ["/v1/bodies", "/v1/bodies/durham/profile", "/v1/ratings.csv"]


def test_what_one_process_has_made_the_other_gives(sharing):
    first, second, server = sharing
    fill(first.record)
    made = [of_answer(first.client.get(each)) for each in ADDRESSES]
    asked = server.ask("INFO", "stats")["keyspace_hits"]
    given = [of_answer(second.client.get(each)) for each in ADDRESSES]
    assert given == made
    assert server.ask("INFO", "stats")["keyspace_hits"] == asked + len(ADDRESSES)
    assert all(is_kept(second.client.get(each)) for each in ADDRESSES)


@pytest.mark.parametrize("fault", ["killed", "flushed", "rubbish", "paused"])
def test_no_answer_is_another_whatever_happens_to_redis(sharing, fault):
    first, second, server = sharing
    fill(first.record)
    made = [of_answer(first.client.get(each)) for each in ADDRESSES]
    match fault:
        case "killed":
            server.kill()
        case "flushed":
            server.ask("FLUSHALL")
        case "paused":
            server.pause()
        case "rubbish":
            for key in server.ask("KEYS", f"*{ANSWERS}*"):
                told = server.ask("GET", key)
                server.ask("SET", key, told[:-9] + b"forgotten")
    given = [of_answer(second.client.get(each)) for each in ADDRESSES]
    if fault == "paused":
        server.resume()
    assert given == made
    assert all(each[0] == 200 for each in given)


def test_a_redaction_leaves_nothing_in_redis(tmp_path):
    with running() as server:
        shared = SharedRecord(tmp_path, server.url)
        record = shared.record
        event = replace(REGISTERED, note=NOTE, sources=[SOURCE])
        position = record.record(Body("kent"), event, by="system").position
        for each in (KENT, "/v1/bodies"):
            shared.client.get(each)
        assert server.ask("KEYS", f"*{ANSWERS}*")
        redacted(record, position, "note")
        erase(record)
        assert not server.ask("KEYS", f"*{ANSWERS}*")
        assert shared.client.get(KENT).json["note"] is None
        record.close()
