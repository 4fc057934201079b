"""Memento (RFC 7089): the time asked for by a header, and where other times are had."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.http import http_date, parse_options_header

from projections.things import TABLES
from tests.examples import HISTORIES
from tests.records import NOON, SmallRecord, client, record, small

__all__ = ["client", "record", "small"]

THING = "/v1/bodies/someshire"
FORM = "Mon, 02 Mar 2026 12:00:00 GMT"
LINK = re.compile(r'<([^>]*)>((?:; *[a-z]+="[^"]*")*)')


def asked(client, address, time, **headers):
    when = time if isinstance(time, str) else http_date(time)
    return client.get(address, headers={"Accept-Datetime": when, **headers})


def links(text):
    """Return the links of a header or of a TimeMap: target, relations, other words."""
    found = []
    for target, words in LINK.findall(text):
        _, said = parse_options_header(f"x{words}")
        found.append((target, said.pop("rel").split(), said))
    return found


def linked(answer, relation):
    every = links(", ".join(answer.headers.getlist("Link")))
    return [target for target, relations, _ in every if relation in relations]


def slug(answer):
    return answer.json["type"].rpartition("/")[2]


def path(address):
    return address.removeprefix("http://localhost")


@pytest.fixture(params=["sqlite", "postgresql"])
def named(request, tmp_path):
    """Give a record of a body that had three names, each from a noon on."""
    is_small = request.param == "sqlite"
    url = None if is_small else request.getfixturevalue("database_url")
    small = SmallRecord(tmp_path, url)
    small.clock.now = NOON + timedelta(microseconds=250)
    small.register("someshire", "First")
    for days, name in enumerate(("Second", "Third"), 1):
        small.clock.now = NOON + timedelta(days=days, microseconds=250)
        small.rename("someshire", name)
        small.register(f"other-{days}")
    small.clock.now = NOON + timedelta(days=9)
    yield small
    small.record.close()


def test_a_time_is_negotiated_as_known_at_is(named):
    client = named.client()
    for days, name in enumerate(("First", "Second", "Third")):
        time = NOON + timedelta(days=days)
        answer = asked(client, THING, time)
        assert answer.json["name"] == name
        # What a memento says of itself leads to it again.
        assert answer.headers["Memento-Datetime"] == http_date(time)
        at = answer.headers["Content-Location"]
        assert at == answer.json["meta"]["permalink"]
        assert client.get(path(at)).data == answer.data
        assert client.get(path(at)).headers["Memento-Datetime"] == http_date(time)
        known = client.get(f"{THING}?known_at={time + timedelta(days=0.5):%FT%TZ}")
        assert known.data == answer.data
        assert linked(answer, "original") == linked(answer, "timegate")
        assert path(linked(answer, "original")[0]) == THING
        assert path(linked(answer, "timemap")[0]) == f"{THING}/timemap"
        assert at in linked(answer, "memento")
        assert linked(answer, "prev") == [f"http://localhost{THING}?at_position={n}"
                                          for n in [(), (1,), (2,)][days]]  # fmt: skip
        assert linked(answer, "first") == [f"http://localhost{THING}?at_position=1"]


def test_a_list_keeps_its_filters_its_form_and_its_day(named):
    client, time = named.client(), NOON + timedelta(days=1)
    address = "/v1/bodies.csv?kind=police-force"
    answer = asked(client, address, time)
    assert answer.text.count("\r\n") == 3
    assert path(answer.headers["Content-Location"]) == f"{address}&at_position=3"
    assert path(linked(answer, "original")[0]) == address
    assert not linked(answer, "timemap")
    assert client.get(path(answer.headers["Content-Location"])).data == answer.data


def test_a_walk_goes_on_at_the_time_at_which_it_was_begun(named):
    client, time = named.client(), NOON + timedelta(days=1)
    first = asked(client, "/v1/bodies?limit=1", time).json
    assert (first["total"], first["items"][0]["id"]) == (2, "other-1")
    for headers in ({}, {"Accept-Datetime": http_date(time)}):
        rest = client.get(path(first["next"]), headers=headers).json
        assert [each["name"] for each in rest["items"]] == ["Second"]
        assert rest["meta"]["position"] == first["meta"]["position"]


def test_each_second_and_each_time_has_an_answer_of_its_own(named):
    client = named.client()
    before = asked(client, THING, NOON - timedelta(seconds=1))
    assert (before.status_code, slug(before)) == (404, "not-known-then")
    plain = client.get(THING)
    assert plain.json["name"] == "Third"
    assert "Memento-Datetime" not in plain.headers
    assert linked(plain, "timegate")
    for answer in (before, plain):
        assert {each.lower() for each in answer.vary} >= {"accept", "accept-datetime"}
    nothing = asked(client, "/v1/bodies", NOON - timedelta(days=1))
    assert nothing.json["total"] == 0
    assert "Memento-Datetime" not in nothing.headers


def test_now_is_the_present_state_and_later_is_refused(small):
    small.register("someshire")
    small.clock.now = NOON + timedelta(seconds=1, microseconds=250)
    small.register("other")
    now = small.clock.now = NOON + timedelta(seconds=1, microseconds=500)
    assert asked(small.client(), "/v1/bodies", now).json["total"] == 2
    later = asked(small.client(), "/v1/bodies", now + timedelta(seconds=1))
    assert (later.status_code, slug(later)) == (400, "known-at-in-future")


@pytest.mark.parametrize(
    "time",
    ["", " ", "yesterday", "2026-03-02", "2026-03-02T12:00:00Z", "\u00e9" * 29,
     FORM.lower(), FORM.replace("Mon", "Tue"), FORM.replace("GMT", "UTC"), FORM + ",",
     FORM.replace(" GMT", "+000"), FORM.replace("02 Mar", "30 Feb"), "x" * 5_000,
     FORM.replace("12:", "24:"), FORM.replace("2026", "0000"), f"{FORM}, {FORM}",
     "Monday, 02-Mar-26 12:00:00 GMT", "Mon Mar  2 12:00:00 2026",
     FORM[:-3] + "\x00GMT"],
)  # fmt: skip
def test_a_time_in_another_form_is_named_among_all_faults(small, time):
    answer = asked(small.client(), "/v1/bodies?limit=0", time)
    assert (answer.status_code, slug(answer)) == (400, "invalid-parameter")
    named = [each["parameter"] for each in answer.json["errors"]]
    assert named == ["Accept-Datetime", "limit"]


@pytest.mark.parametrize("other", ["known_at=2026-03-01", "at_position=0"])
def test_a_time_is_asked_for_in_one_way_only(small, other):
    answer = asked(small.client(), f"/v1/bodies?{other}", NOON)
    assert (answer.status_code, slug(answer)) == (400, "conflicting-time-parameters")
    assert "Accept-Datetime" in answer.json["detail"]


def test_every_time_of_the_calendar_is_answered(client):
    for year in (1000, 1582, 1970, 2025):
        answer = asked(client, "/v1/bodies", datetime(year, 1, 1, tzinfo=UTC))
        assert answer.status_code == 200, answer.text


def test_a_timemap_leads_to_every_version(named):
    client = named.client()
    answer = client.get(f"{THING}/timemap")
    assert answer.mimetype == "application/link-format"
    (about, *_), (own, _, said), *found = links(answer.text)
    assert (path(about), path(own)) == (THING, f"{THING}/timemap")
    days = [http_date(NOON + timedelta(days=each)) for each in range(3)]
    assert (said["from"], said["until"]) == (days[0], days[2])
    assert [each["datetime"] for _, _, each in found] == days
    edges = [each for _, each, _ in found]
    assert edges == [["first", "memento"], ["memento"], ["last", "memento"]]
    names = [client.get(path(target)).json["name"] for target, _, _ in found]
    assert names == ["First", "Second", "Third"]


@pytest.mark.parametrize("noun", HISTORIES)
def test_of_every_noun_each_link_of_a_timemap_is_good(small, noun):
    thing, *events = HISTORIES[noun]
    for event in events:
        small.put(thing, event)
    small.put(thing, small.record.find(type(thing), thing.id).retract(
        reason="not-a-fact", asked_by="editor", reason_text=None))  # fmt: skip
    client, address = small.client(), f"/v1/{TABLES[noun].name}/{thing.id}"
    found = links(client.get(f"{address}/timemap").text)[2:]
    # What was taken back is not to be had after it.
    assert len(found) == len(events)
    for target, _, said in found:
        answer = client.get(path(target))
        assert answer.status_code == 200, target
        assert answer.headers["Memento-Datetime"] == said["datetime"]


def test_a_thing_that_is_not_on_record_has_no_timemap(small):
    small.register("someshire", "Someshire Constabulary")
    client = small.client()
    for id in ("someshyre", "A", "x" * 500):
        answer = client.get(f"/v1/bodies/{id}/timemap")
        assert (answer.status_code, slug(answer)) == (404, "not-found")
    moved = client.get("/v1/bodies/someshire-constabulary/timemap")
    assert (moved.status_code, moved.location) == (301, f"{THING}/timemap")
    assert client.get(f"{THING}/timemap?x=1").status_code == 400
