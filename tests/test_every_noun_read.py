"""What holds for things of every noun when they are read: lists, items, time."""

import csv
import io
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from projections import things
from schemas.dates import day_after
from service.domain.base import RuleBrokenError
from tests.examples import HISTORIES, SOURCE
from tests.histories import Book, recorded
from tests.records import SmallRecord
from tests.test_every_noun import WHY, any_event
from tests.test_replay import all_digests, at_once, digests, in_memory, logged

PLURALS = {"body": "bodies", "monitoring": "monitoring"}

each_noun = pytest.mark.parametrize("noun", HISTORIES)


def path(noun, *parts):
    return "/".join(["/v1", PLURALS.get(noun, f"{noun}s"), *parts])


def id_of(noun):
    return HISTORIES[noun][0].id


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    small = SmallRecord(tmp_path_factory.mktemp("examples"))
    for thing, *events in HISTORIES.values():
        small.put(thing, *events)
    yield small
    small.record.close()


@pytest.fixture(scope="module")
def client(examples):
    return examples.client()


@each_noun
def test_an_item_is_flat_and_the_same_as_in_its_list(client, noun):
    answer = client.get(path(noun)).json
    [listed] = answer["items"]
    item = client.get(path(noun, id_of(noun))).json
    assert item.pop("meta")["position"] == answer["meta"]["position"]
    assert item == listed


@each_noun
def test_a_list_and_an_item_are_had_as_csv(client, noun):
    listed = client.get(f"{path(noun)}.csv")
    item = client.get(f"{path(noun, id_of(noun))}.csv")
    assert listed.text == item.text
    header, row = csv.reader(io.StringIO(listed.text))
    assert header == [*client.get(path(noun)).json["items"][0]]
    assert (row[0], len(row)) == (id_of(noun), len(header))
    assert not {"None", "[]", "{}"} & set(row)


@each_noun
def test_head_answers_without_a_body(client, noun):
    for each in (path(noun), path(noun, id_of(noun)), f"{path(noun)}.csv"):
        assert (client.head(each).status_code, client.head(each).data) == (200, b"")


@each_noun
def test_its_versions_are_its_events(client, noun):
    events = HISTORIES[noun][1:]
    listed = client.get(path(noun, id_of(noun), "versions")).json["items"]
    assert [each["type"] for each in listed] == [event.type for event in events]


@each_noun
def test_it_is_not_known_before_it_was_recorded(client, noun):
    first = client.get(path(noun, id_of(noun), "versions")).json["items"][0]
    before = f"at_position={first['position'] - 1}"
    answer = client.get(f"{path(noun, id_of(noun))}?{before}")
    assert answer.status_code == 404
    assert answer.json["known_since"] == first["position"]
    assert client.get(f"{path(noun)}?{before}").json["items"] == []
    assert client.get(f"{path(noun)}?at_position={first['position']}").json["items"]


@each_noun
def test_it_is_in_force_from_its_first_day_until_its_last(client, noun):
    item = client.get(path(noun, id_of(noun))).json
    first, end = item["valid_from"], item["valid_to"]
    assert client.get(f"{path(noun)}?as_of={first}").json["total"] == 1
    assert client.get(f"{path(noun)}?as_of=1800-01-01").json["total"] == 0
    if end:
        assert client.get(f"{path(noun)}?as_of={end}").json["total"] == 0
        answer = client.get(f"{path(noun, id_of(noun))}?as_of={day_after(end)}")
        assert answer.status_code == 404


@each_noun
def test_it_has_a_source_and_its_dates_are_told_in_words(client, noun):
    item = client.get(path(noun, id_of(noun))).json
    assert item["source_url"] == "https://example.org/notice"
    for name in (each for each in item if each.endswith("_on_text")):
        known = item[name.removesuffix("_text")]
        assert (item[name] is None) == (known is None)


@each_noun
def test_an_unknown_one_is_not_found_and_similar_ones_are_named(client, noun):
    answer = client.get(path(noun, f"{id_of(noun)}x"))
    assert answer.status_code == 404
    assert answer.json["did_you_mean"] == [id_of(noun)]


@each_noun
def test_a_retracted_one_is_seen_at_the_positions_before_alone(tmp_path, noun):
    small, (thing, *events) = SmallRecord(tmp_path), HISTORIES[noun]
    small.put(thing, *events)
    found = small.record.load(type(thing), thing.id)
    small.put(thing, found.retract(**WHY))
    client = small.client()
    assert client.get(path(noun)).json["items"] == []
    assert client.get(path(noun, thing.id)).status_code == 404
    assert client.get(f"{path(noun)}?at_position={len(events)}").json["total"] == 1
    small.record.close()


def test_the_status_counts_things_of_every_noun(client):
    counts = client.get("/v1/status").json["counts"]
    nouns = (*HISTORIES, "redaction", "report", "source")
    assert counts == {noun: client.get(path(noun)).json["total"] for noun in nouns}
    assert counts == dict.fromkeys(things.TABLES, 1) | {"redaction": 0, "report": 0}


# Every path leads to the same rows.


def drafts(seed, steps=80):
    """Return a history of things of every noun, with changes that the rules allow."""
    random = Random(seed)
    book = Book(random, [type(thing) for thing, *_ in HISTORIES.values()])
    for thing, *events in HISTORIES.values():
        for event in events:
            book.put(book.find(type(thing), thing.id), sourced(event))
    for _ in range(steps):
        with suppress(RuleBrokenError):
            thing = book.any()
            book.put(thing, sourced(any_event(random, thing)))
    return book.drafts


def sourced(event):
    return replace(event, sources=event.sources or [SOURCE])


@pytest.mark.parametrize("seed", range(4))
def test_live_and_batched_models_give_the_same_digests(seed):
    events = recorded(drafts(seed))
    with in_memory() as live, in_memory() as batched, in_memory() as whole:
        when_head = []
        for event in events:
            live.apply([event])
            when_head.append(digests(live, event.position))
        for start in range(0, len(events), 7):
            batched.apply(events[start : start + 7])
        at_once(whole, events)
        for model in (live, batched, whole):
            assert all_digests(model, len(events)) == when_head


def test_a_log_gives_the_same_digests_on_sqlite_and_postgresql(tmp_path, database_url):
    history = drafts(7)
    found = [
        *logged(tmp_path / "sqlite", None, history),
        *logged(tmp_path / "postgresql", database_url, history),
    ]
    assert all(each == found[0] for each in found)
