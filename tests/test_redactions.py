"""Redactions: their rules, and what answers say of words that are gone."""

import csv
import io
import json
from dataclasses import replace

import pytest

from service import redaction
from service.domain.redactions import FieldRedacted, Redaction
from service.founding import founding_files
from service.imports.importer import Importer
from service.imports.report import REDACTED
from service.imports.work import Options
from tests.examples import (
    CLAIMED,
    COMMITMENT,
    KEPT,
    OPENED,
    PLAN,
    PLEDGED,
    PROMISED,
    SAID,
    STATEMENT,
    WITHDRAWN,
    breaks,
    given,
)
from tests.importing import Desk
from tests.records import small
from tests.redacting import erase, redact

__all__ = ["small"]

TARGET = {"stream": "statement-pcc-west-mercia.2024-07-09.1", "version": 1}
WHY = {"basis": "court-order", "reference": "KB-2026-17"}
SEALED = ("speaker", "text", "title")
ITEM = f"/v1/statements/{STATEMENT.id}"


def test_a_redaction_names_its_fields_once_and_in_order():
    done = Redaction("abcd2345").redact(
        target=TARGET, sealed=SEALED, redacted={}, fields=["title", "text"], **WHY
    )
    assert done == FieldRedacted(target=TARGET, fields=["text", "title"], **WHY)


@pytest.mark.parametrize(
    ("fields", "redacted", "rule", "says"),
    [
        ([], {}, "no-fields", None),
        (["minutes"], {}, "no-such-field", "speaker, text, title"),
        (["text"], {"text": 17}, "already-redacted", "position 17"),
    ],
)
def test_only_words_that_are_held_can_be_redacted(fields, redacted, rule, says):
    with breaks(rule, says):
        Redaction("abcd2345").redact(
            target=TARGET, sealed=SEALED, redacted=redacted, fields=fields, **WHY
        )


def test_nothing_happens_to_a_redaction_later():
    done = given(
        Redaction("abcd2345"), FieldRedacted(target=TARGET, fields=["text"], **WHY)
    )
    with breaks("redaction-is-final"):
        done.retract(reason="not-a-fact", asked_by="editor")
    with breaks("redaction-is-final"):
        done.correct(corrects=1, data={}, reason="other", asked_by="editor")
    with breaks("redaction-is-final"):
        done.add_source(adds_to=1, sources=[])


@pytest.fixture
def told(small):
    """Give a record in which somebody has said something, and taken it back."""
    small.oversee("west-mercia", "pcc-west-mercia", "PCC")
    small.put(STATEMENT, SAID)
    small.position = small.record.store.size()
    small.put(STATEMENT, WITHDRAWN)
    return small


def test_an_item_says_which_members_were_redacted_and_why(told):
    client, before = told.client(), told.record.store.size()
    assert client.get(ITEM).json["redacted"] == []
    done = redact(told.record, told.position)
    item = client.get(ITEM).json
    why = {"position": done.position, "recorded_at": done.recorded_at, **WHY}
    assert item["redacted"] == [
        {"member": "speaker", **why},
        {"member": "text", **why},
    ]
    assert (item["text"], item["speaker"]) == (None, None)
    assert item["title"] == SAID.title
    pinned = client.get(f"{ITEM}?at_position={before}").json
    assert (pinned["text"], pinned["redacted"]) == (None, item["redacted"])
    assert client.get("/v1/statements").json["items"][0]["redacted"] == item["redacted"]


def test_words_of_reports_are_named_as_the_item_shows_them(told):
    told.put(PLAN, OPENED, PROMISED, CLAIMED)
    claim = told.record.store.size()
    told.put(COMMITMENT, PLEDGED, KEPT)
    report = told.record.store.size()
    redact(told.record, claim, "status_word")
    redact(told.record, report, "status_word", "text")
    client = told.client()
    action = client.get(f"/v1/plans/{PLAN.id}/actions").json["items"][0]
    assert (action["claimed_word"], members(action)) == (None, ["claimed_word"])
    commitment = client.get(f"/v1/commitments/{COMMITMENT.id}").json
    assert members(commitment) == ["report_text", "status_word"]
    assert commitment["text"] == PLEDGED.text


def members(item):
    return [each["member"] for each in item["redacted"]]


def test_a_profile_says_of_the_title_of_a_plan_that_it_was_redacted(told):
    told.put(PLAN, OPENED)
    opened, path = told.record.store.size(), "/v1/bodies/west-mercia/profile"
    [plan] = told.client().get(path).json["plans"]
    assert (plan["title"], plan["redacted"]) == (OPENED.title, [])
    done = redact(told.record, opened, "title")
    [plan] = told.client().get(path).json["plans"]
    why = {"position": done.position, "recorded_at": done.recorded_at, **WHY}
    assert plan["title"] is None
    assert plan["redacted"] == [{"member": "title", **why}]


def test_a_list_as_csv_keeps_its_columns_and_says_it_at_the_end(told):
    redact(told.record, told.position, "text")
    answer = told.client().get("/v1/statements.csv").text
    [row] = csv.DictReader(io.StringIO(answer))
    assert list(row)[-1] == "redacted"
    assert [each["member"] for each in json.loads(row["redacted"])] == ["text"]


def test_an_event_says_which_of_its_fields_were_redacted(told):
    done = redact(told.record, told.position, "text")
    event = told.client().get(f"/v1/events/{told.position}").json
    assert sorted(event["opened"]) == ["speaker", "title"]
    assert sorted(event["sealed"]) == ["speaker", "text", "title"]
    why = {"position": done.position, "recorded_at": done.recorded_at, **WHY}
    assert event["redacted"] == {"text": why}


def test_openings_that_are_all_redacted_are_gone(told):
    client, path = told.client(), f"/v1/events/{told.position}/openings"
    redact(told.record, told.position, "text")
    assert [e["name"] for e in client.get(path).json["openings"]] == [
        "speaker",
        "title",
    ]
    last = redact(told.record, told.position, "speaker", "title")
    answer = client.get(path)
    assert (answer.status_code, answer.json["type"]) == (410, "/problems/redacted")
    assert answer.json["redactions"][-1] == last.position


def test_a_sentence_says_redacted_where_it_would_have_quoted(told):
    told.put(PLAN, OPENED)
    plan = told.record.store.size()
    redact(told.record, told.position, "title", "speaker")
    redact(told.record, plan, "title")
    client = told.client()
    for path in ("pcc-west-mercia/changes", "west-mercia/timeline"):
        answer = client.get(f"/v1/bodies/{path}")
        assert answer.status_code == 200
        assert "[redacted]" in answer.text and SAID.title not in answer.text
    assert client.get("/v1/bodies/west-mercia/profile").status_code in (200, 404)
    assert OPENED.title not in client.get("/v1/bodies/west-mercia/changes").text


def test_redactions_are_listed_with_how_far_the_erasure_is(told):
    client = told.client()
    done = redact(told.record, told.position, "text")
    [item] = client.get("/v1/redactions").json["items"]
    assert item["erasure"] == "pending"
    assert (item["target_position"], item["fields"]) == (told.position, ["text"])
    assert (item["position"], item["change"]) == (done.position, "redaction")
    assert erase(told.record) == []
    item = client.get(f"/v1/redactions/{done.id}").json
    assert (item["erasure"], item["basis_label"]) == ("done", "Court order")
    totals = [
        client.get(f"/v1/redactions?{query}").json["total"]
        for query in (f"stream={STATEMENT.stream}", "basis=safeguarding")
    ]
    assert totals == [1, 0]
    assert client.get(f"/v1/redactions/{done.id}/versions").json["total"] == 1
    assert client.get("/v1/redactions.csv").status_code == 200


def test_the_digests_are_the_same_before_and_after_and_after_a_rebuild(told):
    model, before = told.record.read_model, told.record.store.size()
    made = {name: model.digest(name, before) for name in model.names()}
    done = redact(told.record, told.position)
    erase(told.record)
    after = {name: model.digest(name, done.position) for name in model.names()}
    told.record.rebuild()
    model = told.record.read_model
    assert {name: model.digest(name, before) for name in model.names()} == made
    assert {n: model.digest(n, done.position) for n in model.names()} == after
    assert "[redacted]" in told.client().get("/v1/bodies/pcc-west-mercia/changes").text


def test_every_commitment_is_opened_or_redacted_but_never_both(told):
    redact(told.record, told.position)
    store = told.record.store
    gone = {(e.target, name) for e in store.redactions() for name in e.sealed}
    for event in store.read():
        closed = {(event.position, n) for n in event.sealed if n not in event.opened}
        named = {each for each in gone if each[0] == event.position}
        assert closed == named


def test_the_editor_is_told_where_else_the_same_words_stand(told):
    told.put(PLAN, replace(OPENED, summary=SAID.text))
    plan = told.record.store.size()
    planned = redaction.plan(told.record, told.position, ["text"])
    assert planned.elsewhere == [(plan, "summary")]
    assert f"position {plan} too, in its field summary" in redaction.describe(planned)


def test_words_that_a_batch_brings_and_redacts_are_never_shown(told):
    # What catches up from the beginning applies both in one transaction.
    redact(told.record, told.position, "text")
    told.record.rebuild()
    item = told.client().get(ITEM).json
    assert (item["text"], [e["member"] for e in item["redacted"]]) == (None, ["text"])


def test_neither_a_file_nor_a_story_brings_back_what_was_redacted(founded, tmp_path):
    desk = Desk(founded, tmp_path)
    stream = "statement-pcc-west-mercia.2024-07-09.1"
    [event, *_] = desk.record.store.read_stream(stream)
    redact(desk.record, event.position, "text", "speaker")
    erase(desk.record)
    size = desk.size
    options = Options(disputes=True, fills=True)
    report = Importer(desk.record, options).run(founding_files())
    assert (desk.size, report.events) == (size, 0)
    lines = [each for file in report.files for each in file.lines]
    assert {each.status for each in lines if stream in each.things} == {REDACTED}
    assert report.is_clean and "already known (redacted)" in report.to_text()
    assert sorted(desk.record.store.read_stream(stream)[0].opened) == []
    desk.record.close()


STORY = {
    "do": "statement.published",
    "id": "kent.2024-05.1",
    "data": {"kind": "interview", "body": "kent", "published_on": "2024-05"},
    "words": {"text": "He said what he said.", "speaker": "A Speaker"},
    "sources": [{"url": "https://example.org/said", "title": "What was said"}],
}


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"published_on": "2024-05-14"}, {"fills": True}),
        ({"kind": "letter"}, {"disputes": True}),
    ],
)
def test_a_correction_or_dispute_does_not_restate_redacted_words(
    changes, options, founded, tmp_path
):
    desk = Desk(founded, tmp_path)
    assert tell(desk, STORY).events == ["statement.published"]
    at = desk.size
    redact(desk.record, at, "text", "source_titles")
    line = tell(desk, {**STORY, "data": STORY["data"] | changes}, **options)
    [*_, added] = desk.record.store.read_stream("statement-kent.2024-05.1")
    assert line.status == "recorded" and added.position == desk.size
    assert added.opened == {"speaker": "A Speaker"}
    assert tell(desk, STORY, disputes=True).status != "recorded"
    desk.record.close()


def tell(desk, story, **options):
    path = desk.write(json.dumps(story), "story-told.jsonl")
    [file] = Importer(desk.record, Options(**options)).run([path]).files
    [line] = file.lines
    return line
