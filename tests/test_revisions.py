"""Revisions: one version of a thing, and what changed of it between two positions."""

import itertools

import pytest

from projections import diffs
from projections.things import TABLES
from service.domain.redactions import Redaction
from service.domain.statements import Statement
from tests.examples import HISTORIES, SAID, STATEMENT, WITHDRAWN
from tests.records import small
from tests.redacting import erase, redact

__all__ = ["small"]

ITEM = f"/v1/statements/{STATEMENT.id}"


def applied(item, patch):
    """Apply a JSON Patch, as far as RFC 6902 has what these patches hold."""
    item = item and dict(item)
    for each in patch:
        assert each["op"] == "replace"
        if each["path"] == "":
            item = each["value"]
        else:
            name = each["path"].removeprefix("/")
            assert name in item and "/" not in name and "~" not in name
            item[name] = each["value"]
    return item


def shown(client, address, position):
    """Return an item as it stood at a position, without its meta, or None."""
    answer = client.get(f"{address}?at_position={position}")
    if answer.status_code == 404:
        return None
    item = answer.json
    del item["meta"]
    return item


@pytest.mark.parametrize("noun", HISTORIES)
def test_a_patch_makes_what_stood_at_one_position_of_what_stood_at_another(small, noun):
    thing, *events = HISTORIES[noun]
    for event in events:
        small.put(thing, event)
    address, client = f"/v1/{TABLES[noun].name}/{thing.id}", small.client()
    for number in range(1, len(events) + 1):
        version = client.get(f"{address}/versions/{number}").json
        assert (version["version"], version["type"]) == (
            number,
            events[number - 1].type,
        )
    stood = {at: shown(client, address, at) for at in range(len(events) + 1)}
    for first, last in itertools.permutations(stood, 2):
        answer = client.get(f"{address}/diff?from={first}&to={last}")
        assert answer.status_code == 200, answer.text
        found = answer.json
        assert applied(stood[first], found["patch"]) == stood[last]
        assert found["events"] == list(
            range(min(first, last) + 1, max(first, last) + 1)
        )
        assert found["sentences"]


def test_what_changed_is_said_in_plain_english(small):
    small.put(STATEMENT, SAID, WITHDRAWN)
    answer = small.client().get(f"{ITEM}/diff?from=1&to=2").json
    said = "Withdrawn on is now August 2024; before, nothing was stated."
    assert said in answer["sentences"]
    aggregate = small.record.load(Statement, STATEMENT.id)
    right = aggregate.correct(
        corrects=1,
        data=SAID.data | {"kind": "letter", "section_55": False, "about": []},
        words={"title": "A letter"},
        reason="entry-error",
        asked_by="editor",
    )
    small.record.record(aggregate, right, by="system")
    answer = small.client().get(f"{ITEM}/diff?from=2&to=3").json
    assert {
        "Kind was Section 55 response and is now Letter.",
        "Section 55 was yes and is now no.",
        "Title was “Response to the report” and is now “A letter”.",
        "About was “body-west-mercia”; now, nothing is stated.",
    } <= set(answer["sentences"])
    assert answer["events"] == [3]
    answer = small.client().get(f"{ITEM}/diff?from=0&to=1").json
    assert answer["sentences"] == ["It came on record."]
    assert answer["patch"][0]["path"] == ""


def test_nothing_that_was_redacted_is_in_a_difference(small):
    small.put(STATEMENT, SAID)
    small.register("durham")
    redact(small.record, 1)
    erase(small.record)
    answer = small.client().get(f"{ITEM}/diff?from=0&to=2")
    assert SAID.text not in answer.text and SAID.speaker not in answer.text
    [item] = [each["value"] for each in answer.json["patch"]]
    assert item["text"] is None
    [redaction] = small.client().get("/v1/redactions").json["items"]
    address = f"/v1/redactions/{Redaction(redaction['id']).id}"
    assert small.client().get(f"{address}/versions/1").status_code == 200
    assert small.client().get(f"{address}/diff?from=0&to=3").status_code == 200


@pytest.mark.parametrize(
    ("address", "status", "problem"),
    [
        (f"{ITEM}/diff?from=1", 400, "invalid-parameter"),
        (f"{ITEM}/diff?from=x&to=1", 400, "invalid-parameter"),
        (f"{ITEM}/diff?from=-1&to=1", 400, "invalid-parameter"),
        (f"{ITEM}/diff?from=1&to=99", 400, "position-beyond-head"),
        (f"{ITEM}/diff?from=1&to=1&form=json", 400, "unknown-parameter"),
        (f"{ITEM}/diff?from=0&to=1", 404, "not-known-then"),
        ("/v1/statements/nothing/diff?from=0&to=1", 404, "not-found"),
        (f"{ITEM}/versions/2", 404, "not-found"),
        (f"{ITEM}/versions/9999999999999999", 404, "not-found"),
        (f"{ITEM}/versions/1?at_position=1", 404, "not-known-then"),
        ("/v1/statements/nothing/versions/1", 404, "not-found"),
        (f"{ITEM}/versions/0", 404, "not-found"),
        (f"{ITEM}/versions/01", 404, "not-found"),
    ],
)
def test_what_cannot_be_compared_is_refused(small, address, status, problem):
    small.register("durham")
    small.put(STATEMENT, SAID)
    answer = small.client().get(address)
    assert answer.status_code == status, answer.text
    assert answer.json["type"] == f"/problems/{problem}"


def test_a_diff_by_a_former_name_is_led_on(small):
    small.register("hampshire", "Hampshire Constabulary")
    small.rename("hampshire", "Another name")
    answer = small.client().get("/v1/bodies/another-name/diff?from=1&to=2")
    assert answer.headers["Location"] == "/v1/bodies/hampshire/diff?from=1&to=2"
    answer = small.client().get("/v1/bodies/hampshire/diff?from=1&to=2")
    name = "Name was “Hampshire Constabulary” and is now “Another name”."
    assert name in answer.json["sentences"]


def test_a_long_text_is_cut_short_in_a_sentence():
    before, after = {"text": "a"}, {"text": "word " * 100}
    [sentence] = diffs.sentences(before, after)
    assert len(sentence) < 300 and sentence.endswith(" …”.")
