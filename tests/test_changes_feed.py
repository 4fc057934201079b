"""What was recorded of all nouns: as a list, and as feeds that readers follow."""

import feedparser
import pytest

from service.domain.bodies import Body
from tests.records import SOURCE, client, record, small

__all__ = ["client", "record", "small"]

URL = "/v1/changes"


def parsed(client, address):
    answer = client.get(address)
    assert answer.mimetype == "application/atom+xml"
    found = feedparser.parse(answer.data)
    assert not found.bozo, found.get("bozo_exception")
    return found


def positions(feed):
    return [int(each.link.rpartition("/")[2]) for each in feed.entries]


def link(feed, relation):
    found = [each.href for each in feed.feed.links if each.rel == relation]
    return found[0] if found else None


def items(client, query=""):
    return client.get(f"{URL}?limit=1000{query}").json["items"]


def test_changes_are_in_the_order_of_the_log_each_with_a_sentence(client):
    first = client.get(f"{URL}?limit=1000").json
    rest = client.get(first["next"]).json["items"]
    found = [each["position"] for each in (*first["items"], *rest)]
    assert found == sorted(set(found))
    assert len(found) == first["total"] > 1000
    assert all(each["sentence"].startswith("Recorded ") for each in rest)
    text = client.get(f"{URL}.txt").text.splitlines()
    assert len(text) == first["total"]


def test_changes_of_a_body_are_those_that_its_own_list_has(client):
    own = client.get("/v1/bodies/west-mercia/changes?limit=1000").json["items"]
    assert items(client, "&body=west-mercia") == own
    of_type = [each for each in own if each["type"] == "rating.awarded"]
    assert items(client, "&body=west-mercia&type=rating.awarded") == of_type


def test_changes_are_chosen_by_type_by_position_and_by_day(client):
    named = items(client, "&type=term.started")
    assert {each["type"] for each in named} == {"term.started"}
    last = named[-1]["position"]
    assert items(client, f"&type=term.started&after={last - 1}") == named[-1:]
    assert items(client, "&since=2199-01-01") == []
    assert items(client, "&type=never.was") == []
    assert items(client, "&change=new") == []


@pytest.mark.parametrize(
    "address", [f"{URL}.atom", "/v1/bodies/west-mercia/changes.atom"]
)
def test_a_feed_and_its_archives_hold_each_change_once(client, address):
    page = address.removesuffix(".atom")
    total = client.get(f"{page}?limit=1").json["total"]
    feed, found, archives = parsed(client, address), [], 0
    assert len(feed.entries) == (total if total < 100 else 100 + total % 100)
    assert "fh_archive" not in feed.feed
    while True:
        found += positions(feed)
        older = link(feed, "prev-archive")
        if older is None:
            break
        feed, archives = parsed(client, older), archives + 1
        assert "fh_archive" in feed.feed
        assert link(feed, "current") == f"http://localhost{address}"
        assert len(feed.entries) == 100
    assert found == sorted(set(found), reverse=True)
    assert len(found) == total
    assert archives == max(0, total // 100 - 1)


def test_an_archive_stays_as_it_is_when_more_is_recorded(small):
    for number in range(201):
        small.register(f"force-{number}")
    older = link(parsed(small.client(), f"{URL}.atom"), "prev-archive")
    before = positions(parsed(small.client(), older))
    small.register("another")
    feed = parsed(small.client(), f"{URL}.atom")
    assert link(feed, "prev-archive") == older
    assert positions(feed)[0] == 202
    assert positions(parsed(small.client(), older)) == before == list(range(100, 0, -1))


def test_an_entry_shows_its_position_and_a_correction_says_so(small):
    event = small.register("someshire", "Someshire")
    body = small.record.load(Body, "someshire")
    data = {**event.data, "name": "Someshire Police"}
    corrected = body.correct(
        corrects=1, data=data, reason="entry-error", asked_by="editor",
        reason_text=None, sources=[SOURCE],
    )  # fmt: skip
    done = small.record.record(body, corrected, by="system")
    for address in (f"{URL}.atom", "/v1/bodies/someshire/changes.atom"):
        last, first = parsed(small.client(), address).entries
        assert last.title.startswith("Correction: ")
        assert not first.title.startswith("Correction: ")
        assert f"(Position {done.position} of the log.)" in last.summary
        assert last.link.endswith(f"/v1/events/{done.position}")
    [entry] = parsed(small.client(), "/v1/corrections.atom").entries
    assert f"(Position {done.position} of the log.)" in entry.summary


def test_the_feed_of_an_unknown_body_is_not_found(client):
    assert client.get("/v1/bodies/nowhere/changes.atom").status_code == 404
    assert client.get(f"{URL}.atom?bdoy=x").status_code == 400


@pytest.mark.parametrize("address", [f"{URL}.atom", "/v1/bodies/kent/changes.atom"])
def test_a_feed_of_a_type_that_there_is_not_is_refused(client, address):
    assert client.get(f"{address}?type=key.added").status_code == 200
    refused = client.get(f"{address}?type=rating.awared")
    assert refused.status_code == 400
    [error] = refused.json["errors"]
    assert error["did_you_mean"][0] == "rating.awarded"
    for malformed in ("x", "a" * 81, "a.b\x00", "A.b"):
        assert client.get(f"{address}?type={malformed}").status_code == 400
    assert client.get(f"{URL}?type=x").status_code == 400


def test_a_name_is_no_markup_in_a_feed(small):
    small.register("someshire", "</title><script>&amp;]]>")
    [entry] = parsed(small.client(), f"{URL}.atom").entries
    assert "&lt;script&gt;" in entry.title or "<script>" in entry.title
    assert b"<script>" not in small.client().get(f"{URL}.atom").data
