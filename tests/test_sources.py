"""Sources: who cites them, what is kept of them, and what each look came to."""

import csv
import io
from datetime import timedelta

import pytest

from projections.sources import hash_of, id_of
from schemas.catalogue import DATA_SCHEMAS
from service.domain.sources import Source
from tests.archived import NOTICE, cite, look, register, server, small
from tests.examples import breaks, given
from tests.liar import answer
from tests.test_replay import digests, in_memory

__all__ = ["server", "small"]

FIRST, SECOND = "a" * 64, "b" * 64
HASH = hash_of(NOTICE)
WHEN = {"url_hash": HASH, "checked_at": "2026-03-02T12:00:00.000000Z"}
SOURCE = Source(HASH[:16])


# The rules.


def test_the_first_bytes_are_archived_the_same_unchanged_and_others_changed():
    archived = SOURCE.find(sha256=FIRST, **WHEN)
    same = given(SOURCE, archived)
    assert (archived.type, archived.outcome) == ("source.archived", "archived")
    assert same.find(sha256=FIRST, **WHEN).outcome == "unchanged"
    changed = same.find(sha256=SECOND, **WHEN)
    assert (changed.type, changed.outcome) == ("source.checked", "changed")
    assert given(same, changed).find(sha256=SECOND, **WHEN).outcome == "unchanged"
    assert given(same, changed).find(sha256=FIRST, **WHEN).outcome == "changed"


@pytest.mark.parametrize("outcome", ["gone", "unreachable", "refused"])
def test_a_look_in_vain_is_no_copy(outcome):
    missed = SOURCE.miss(outcome=outcome, **WHEN)
    assert (missed.type, missed.sha256) == ("source.checked", None)
    assert given(SOURCE, missed).find(sha256=FIRST, **WHEN).outcome == "archived"


@pytest.mark.parametrize("outcome", ["archived", "unchanged", "withdrawn", "lost"])
def test_no_other_outcome_is_a_look_in_vain(outcome):
    with breaks("not-a-miss"):
        SOURCE.miss(outcome=outcome, **WHEN)


def test_only_a_copy_that_was_had_is_withdrawn_and_only_once():
    had = given(SOURCE, SOURCE.find(sha256=FIRST, **WHEN))
    at = {"checked_at": WHEN["checked_at"]}
    with breaks("no-such-copy"):
        had.withdraw(sha256=SECOND, **at)
    withdrawn = had.withdraw(sha256=FIRST, **at)
    assert withdrawn.outcome == "withdrawn" and withdrawn.url_hash == HASH
    with breaks("already-withdrawn"):
        given(had, withdrawn).withdraw(sha256=FIRST, **at)


def test_another_address_is_another_source():
    with breaks("another-address"):
        SOURCE.find(sha256=FIRST, **WHEN | {"url_hash": FIRST})
    alike = HASH[:16] + "0" * 48  # Of another address that has the same id.
    with breaks("another-address"):
        had = given(SOURCE, SOURCE.find(sha256=FIRST, **WHEN))
        had.miss(outcome="gone", **WHEN | {"url_hash": alike})


def test_what_was_seen_is_not_corrected_or_retracted():
    had = given(SOURCE, SOURCE.find(sha256=FIRST, **WHEN))
    why = {"reason": "other", "asked_by": "editor"}
    with breaks("check-is-final"):
        had.retract(**why)
    with breaks("check-is-final"):
        had.correct(corrects=1, data={}, **why)


@pytest.mark.parametrize(
    ("type", "changes"),
    [
        ("source.archived", {"outcome": "changed"}),
        ("source.archived", {"sha256": None}),
        ("source.archived", {"sha256": "A" * 64}),
        ("source.checked", {"outcome": "archived"}),
        ("source.checked", {"outcome": "gone"}),
        ("source.checked", {"sha256": None}),
        ("source.checked", {"checked_at": "2026-03-02"}),
        ("source.checked", {"url_hash": "x"}),
    ],
)
def test_the_contract_refuses_other_data(type, changes):
    outcome = "archived" if type == "source.archived" else "changed"
    data = {**WHEN, "sha256": FIRST, "outcome": outcome}
    assert DATA_SCHEMAS[type]().validate(data) == {}
    assert DATA_SCHEMAS[type]().validate(data | changes)


# What is read.


def test_a_source_that_is_only_cited_says_that_nobody_has_looked(small):
    register(small, "avon")
    [item] = small.client().get("/v1/sources").json["items"]
    assert item["id"] == id_of(NOTICE) and item["url_hash"] == HASH
    assert (item["url"], item["publisher"]) == (NOTICE, "Example")
    assert (item["outcome"], item["outcome_label"]) == ("not-checked", "Not checked")
    assert (item["citations"], item["first_cited_position"]) == (1, 1)
    assert item["version"] == 0
    for name in ("sha256", "copy", "archived_at", "checked_at", "checked_days_ago"):
        assert item[name] is None
    answer = small.client().get(f"/v1/sources/{item['id']}/versions")
    assert answer.json["items"] == []


def test_a_look_shows_with_its_age_and_its_copy(small, server):
    register(small, "avon")
    server.answers["/notice"] = answer("200 OK", b"first")
    first = look(small, server)
    small.clock.now += timedelta(days=40)
    client = small.client()
    item = client.get(f"/v1/sources/{first.source}").json
    assert (item["outcome"], item["checked_days_ago"]) == ("archived", 40)
    assert item["checked_at"] == item["archived_at"] == "2026-03-02T12:00:00.000000Z"
    assert item["copy"] == f"/v1/archive/{first.sha256}"
    assert client.get(item["copy"]).data == b"first"
    server.answers["/notice"] = answer("200 OK", b"second")
    second = look(small, server)
    item = client.get(f"/v1/sources/{first.source}").json
    assert (item["outcome"], item["checked_days_ago"]) == ("changed", 0)
    assert item["sha256"] == second.sha256 != first.sha256
    del server.answers["/notice"]
    small.clock.now += timedelta(days=1)
    look(small, server)
    item = client.get(f"/v1/sources/{first.source}").json
    assert (item["outcome"], item["sha256"]) == ("gone", second.sha256)
    assert item["archived_at"] < item["checked_at"]
    looks = client.get(f"/v1/sources/{first.source}/versions").json["items"]
    outcomes = [each["data"]["outcome"] for each in looks]
    assert outcomes == ["archived", "changed", "gone"]
    assert all(each["sources"] == [] and each["sealed"] == {} for each in looks)


def test_each_moment_shows_what_was_known_then(small, server):
    register(small, "avon")
    server.answers["/notice"] = answer("200 OK", b"first")
    done = look(small, server)
    client, path = small.client(), f"/v1/sources/{id_of(NOTICE)}"
    before = client.get(f"{path}?at_position=1").json
    assert (before["outcome"], before["sha256"]) == ("not-checked", None)
    assert client.get(f"{path}?at_position={done.position}").json["sha256"]
    unknown = client.get(f"{path}?at_position=0")
    assert (unknown.status_code, unknown.json["known_since"]) == (404, 1)
    assert client.get("/v1/sources?at_position=0").json["items"] == []
    assert client.get("/v1/sources?as_of=2026-03-01").json["items"] == []
    assert client.get("/v1/sources?as_of=2026-03-02").json["total"] == 1
    assert client.get("/v1/sources/" + "0" * 16).status_code == 404


def test_the_events_that_cite_it_are_listed_with_what_they_say_of_it(small):
    register(small, "avon")
    cite(small, "avon", "https://example.org/other")
    cite(small, "avon", NOTICE, publisher="Another", sha256=FIRST)
    client = small.client()
    path = f"/v1/sources/{id_of(NOTICE)}"
    cited = client.get(f"{path}/citations").json
    assert [each["position"] for each in cited["items"]] == [1, 3]
    assert [each["publisher"] for each in cited["items"]] == ["Example", "Another"]
    assert cited["items"][1]["sha256"] == FIRST
    assert cited["items"][1]["stream"] == "body-avon"
    item = client.get(path).json
    assert (item["citations"], item["publisher"]) == (2, "Example")
    first = client.get(f"{path}/citations?limit=1").json
    assert first["total"] == 2
    assert client.get(first["next"]).json["items"] == cited["items"][1:]
    assert client.get("/v1/sources/nothing/citations").status_code == 404


def test_sources_are_filtered(small, server):
    register(small, "avon")
    register(small, "kent")
    other = "https://elsewhere.example/report?a=1"
    cite(small, "kent", other, publisher="Elsewhere")
    server.answers["/notice"] = answer("200 OK", b"first")
    look(small, server)
    client = small.client()

    def urls(query):
        return [e["url"] for e in client.get(f"/v1/sources?{query}").json["items"]]

    assert urls("outcome=archived") == [NOTICE]
    assert urls("outcome=not-checked") == [other]
    assert urls("publisher=Elsewhere") == [other]
    assert urls("cited_by=body-avon") == [NOTICE]
    assert set(urls("cited_by=body-kent")) == {NOTICE, other}
    assert urls("checked_before=2026-03-02") == [other]
    assert set(urls("checked_before=2026-03-03")) == {NOTICE, other}
    assert urls("url=https://elsewhere.example/report?a%3D1") == [other]
    assert client.get("/v1/sources?outcome=lost").status_code == 400
    header, *rows = csv.reader(io.StringIO(client.get("/v1/sources.csv").text))
    assert header[:2] == ["id", "url"] and len(rows) == 2
    assert client.get("/v1/status").json["counts"]["source"] == 2


def test_an_address_that_is_cited_after_it_was_archived_is_named_then(small, server):
    server.answers["/early"] = answer("200 OK", b"first")
    early = "http://example.org/early"
    done = look(small, server, early)
    client, path = small.client(), f"/v1/sources/{done.source}"
    assert client.get(path).json["url"] is None
    register(small, "avon")
    cite(small, "avon", early)
    item = client.get(path).json
    assert (item["url"], item["citations"], item["version"]) == (early, 1, 1)
    assert item["sha256"] == done.sha256


def test_the_rows_are_the_same_by_whatever_path(small, server):
    register(small, "avon")
    server.answers["/notice"] = answer("200 OK", b"first")
    look(small, server)
    cite(small, "avon", "https://example.org/other")
    look(small, server, "https://example.org/other")
    register(small, "kent")
    events, size = small.record.store.read(0, 100), small.record.store.size()
    live = digests(small.record.read_model, size)
    small.record.rebuild()
    assert digests(small.record.read_model, size) == live
    for step in (1, 2, size):
        with in_memory() as model:
            for start in range(0, size, step):
                model.apply(events[start : start + step])
            assert digests(model, size) == live
