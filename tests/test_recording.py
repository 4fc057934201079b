"""Events of every type, put on record over HTTP, and all that may be refused."""

import pytest

from service.api.correcting import PLURALS, VERBS
from service.api.recording import ROUTES
from service.commands import COMMANDS
from service.domain.catalogue import NOUNS
from service.log.event_store import EventStore
from service.log.merkle import leaf_hash
from service.log.notes import decode_base64
from service.log.proofs import verify_inclusion
from tests.examples import AWARDED, HISTORIES, INSPECTION, PLAN, RATING, STATEMENT
from tests.recording import Editor, all_nouns, path_of, prepare, prepared, sent
from tests.records import NOON, small
from tests.test_every_noun import MEMBERS

__all__ = ["all_nouns", "prepared", "small"]

WHY = {"reason": "entry-error"}
URL = {"url": "https://example.org/other"}
GRADE = f"/v1/ratings/{RATING.id}/correction"


def test_there_is_one_address_for_each_type_of_event():
    assert sorted(each.event for each in ROUTES) == sorted(COMMANDS)
    assert {*PLURALS} == {*NOUNS}
    paths = [each.path for each in ROUTES]
    assert len(paths) == len({*paths})
    for each in ROUTES:
        assert each.nouns == PLURALS[each.event.partition(".")[0]]


@pytest.mark.parametrize("noun", HISTORIES)
def test_every_event_of_a_noun_is_recorded_as_it_is_sent(small, noun):
    editor = Editor(prepare(small, noun))
    thing, *events = HISTORIES[noun]
    for version, event in enumerate(events, 1):
        answer = editor.post(path_of(event.type, thing.id), sent(event, thing.id))
        assert answer.status_code == 201, answer.text
        said = answer.json
        assert (said["type"], said["stream"]) == (event.type, thing.stream)
        assert (said["version"], answer.headers["ETag"]) == (version, f'"{version}"')
        assert said["data"] == event.data
        assert said["opened"] == {**event.words, "source_titles": ["A notice"]}
        assert (said["by"], said["change"]) == (editor.id, "new")
        must_be_public(small, editor, answer)


def must_be_public(small, editor, answer):
    """Check that an answer is the event as everybody sees it, and proves it."""
    said = answer.json
    inclusion = said.pop("inclusion")
    public = editor.client.get(answer.headers["Location"]).json
    public.pop("meta")
    assert said == public
    store: EventStore = small.record.store
    assert inclusion["size"] == inclusion["position"] == said["position"]
    assert said["position"] == store.size()
    assert inclusion["checkpoint"].encode() == store.checkpoint()
    [leaf] = store.leaves(said["position"] - 1, 1)
    verify_inclusion(
        leaf_hash(leaf),
        inclusion["index"],
        inclusion["size"],
        [decode_base64(each) for each in inclusion["hashes"]],
        decode_base64(inclusion["root"]),
    )


@pytest.mark.parametrize("noun", HISTORIES)
def test_things_of_every_noun_are_corrected_disputed_sourced_and_retracted(
    all_nouns, noun
):
    editor, thing = Editor(all_nouns), HISTORIES[noun][0]
    member, one, other = MEMBERS[noun]
    if noun == "session":
        one, other = "hmicfrs", "west-mercia"
    at = f"/v1/{PLURALS[noun]}/{thing.id}"
    first = all_nouns.record.load(type(thing), thing.id).version + 1
    steps = [
        ("correction", {"corrects": 1, "data": {member: one}, **WHY}),
        ("dispute", {"disputes": 1, "data": {member: other}, "sources": [URL]}),
        ("settlement", {"settles": first + 1, "prevails": 1, "reason": "other"}),
        ("source", {"adds_to": 1, "sources": [URL]}),
        ("retraction", {"reason_text": "It was not so.", **WHY}),
    ]
    types = ["corrected", "disputed", "dispute-settled", "sourced", "retracted"]
    changes = ["correction", "new", "new", "new", "retraction"]
    for number, (verb, body) in enumerate(steps):
        answer = editor.post(f"{at}/{verb}", body)
        assert answer.status_code == 201, answer.text
        assert answer.json["type"] == f"{noun}.{types[number]}"
        assert answer.json["version"] == first + number
        assert answer.json["change"] == changes[number]
        must_be_public(all_nouns, editor, answer)
    assert editor.client.get(at).status_code == 404


def test_a_redaction_erases_the_words_and_says_so(all_nouns):
    editor = Editor(all_nouns)
    [event, *_] = all_nouns.record.store.read_stream(STATEMENT.stream)
    path = f"/v1/events/{event.position}/redaction"
    body = {"fields": ["text"], "basis": "court-order", "reference": "KB-1"}
    answer = editor.post(path, body)
    assert answer.status_code == 201, answer.text
    assert answer.json["type"] == "field.redacted"
    assert answer.json["by"] == editor.id
    must_be_public(all_nouns, editor, answer)
    shown = editor.client.get(f"/v1/events/{event.position}").json
    assert "text" not in shown["opened"] and "text" in shown["redacted"]
    again = editor.post(path, body)
    assert (again.status_code, again.json["rule"]) == (409, "already-redacted")
    gone = editor.post("/v1/events/99999/redaction", body)
    assert gone.status_code == 404


@pytest.mark.parametrize(
    "scopes, verb, status",
    [
        (["record:ratings"], "dispute", 201),
        (["record:ratings"], "source", 201),
        (["record:ratings"], "correction", 403),
        (["correct:ratings"], "correction", 201),
        (["correct:ratings"], "retraction", 201),
        (["correct:ratings"], "dispute", 403),
        (["correct:plans", "record:plans", "redact", "admin"], "correction", 403),
        (["record", "redact", "admin"], "settlement", 403),
    ],
)
def test_each_address_takes_a_key_with_its_scope(all_nouns, scopes, verb, status):
    bodies = {
        "correction": {"corrects": 1, "data": {"grade": "good"}, **WHY},
        "retraction": WHY,
        "dispute": {"disputes": 1, "data": {"grade": "good"}, "sources": [URL]},
        "settlement": {"settles": 2, "prevails": 1, "reason": "other"},
        "source": {"adds_to": 1, "sources": [URL]},
    }
    editor = Editor(all_nouns, *scopes)
    answer = editor.post(f"/v1/ratings/{RATING.id}/{verb}", bodies[verb])
    assert answer.status_code == status, answer.text


def test_a_stranger_records_nothing(all_nouns):
    before = all_nouns.record.store.size()
    client = all_nouns.client()
    for route in ROUTES:
        path = "/v1" + route.path.replace("<id>", "a")
        assert client.post(path, json={}).status_code == 401
    for noun, plural in PLURALS.items():
        for verb in VERBS:
            path = f"/v1/{plural}/{HISTORIES[noun][0].id}/{verb.name}"
            assert client.post(path, json={}).status_code == 401
    assert all_nouns.record.store.size() == before


def test_all_faults_of_a_body_are_told_at_once(all_nouns):
    body = {
        "inspection": "A",
        "grade": None,
        "basis": "guessed",
        "published_on": "May",
        "colour": "red",
        "note": "x" * 50_001,
        "sources": [{"url": "ftp://x"}, {"publisher": "P"}],
    }
    answer = Editor(all_nouns).post("/v1/ratings", body)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/invalid-body")
    assert {each["pointer"] for each in answer.json["errors"]} >= {
        "/inspection",
        "/grade",
        "/basis",
        "/published_on",
        "/colour",
        "/note",
        "/programme",
        "/sources/0/url",
        "/sources/1/url",
    }


def refused(editor, path, body, **headers):
    before = editor.client.get("/v1/status").json["log_size"]
    answer = editor.post(path, body, **headers)
    assert editor.client.get("/v1/status").json["log_size"] == before
    return answer.status_code, answer.json


def test_what_is_named_and_not_on_record_is_told_by_its_place(all_nouns):
    body = sent(AWARDED, "") | {"body": "kent", "inspection": "a.b"}
    status, problem = refused(Editor(all_nouns), "/v1/ratings", body)
    assert status == 400
    assert [(e["pointer"], e["detail"]) for e in problem["errors"]] == [
        ("/inspection", "No inspection a.b is on record."),
        ("/body", "No body kent is on record."),
    ]


def test_a_correction_tells_the_place_of_its_faults_in_data(all_nouns):
    data = {"grade": 3, "colour": "red", "carried_from": "x.y"}
    body = {"corrects": 1, "data": data, **WHY}
    status, problem = refused(Editor(all_nouns), GRADE, body)
    assert status == 400
    assert {e["pointer"] for e in problem["errors"]} == {"/data/grade", "/data/colour"}
    body["data"] = {"basis": "carried-forward", "carried_from": "x.y"}
    status, problem = refused(Editor(all_nouns), GRADE, body)
    assert [e["pointer"] for e in problem["errors"]] == ["/data/carried_from"]


@pytest.mark.parametrize(
    "path, body, rule",
    [
        ("/v1/ratings", sent(AWARDED, ""), "already-recorded"),
        (
            GRADE,
            {"corrects": 1, "data": {"grade": "inadequate"}, **WHY},
            "nothing-corrected",
        ),
        (GRADE, {"corrects": 1, "data": {"question": "x"}, **WHY}, "unknown-question"),
        (GRADE, {"corrects": 2, "data": {"grade": "good"}, **WHY}, "no-such-event"),
        (
            f"/v1/plans/{PLAN.id}/actions",
            {"action": "a2", "sources": [URL]},
            "plan-closed",
        ),
    ],
)
def test_a_broken_rule_is_named(all_nouns, path, body, rule):
    status, problem = refused(Editor(all_nouns), path, body)
    assert (status, problem["type"]) == (409, "/problems/rule-broken")
    assert problem["rule"] == rule and problem["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/plans/west-mercia.soc-deliver/actions",
        "/v1/ratings/a.b/correction",
        "/v1/plans/Not-An-Id/actions",
    ],
)
def test_what_is_not_on_record_takes_no_event(all_nouns, path):
    bodies = {
        "actions": {"action": "a2", "sources": [URL]},
        "correction": {"corrects": 1, "data": {"grade": "good"}, **WHY},
    }
    body = bodies[path.rpartition("/")[2]]
    status, problem = refused(Editor(all_nouns), path, body)
    assert (status, problem["type"]) == (404, "/problems/not-found")
    if "deliver" in path:
        assert problem["did_you_mean"] == ["west-mercia.soc-delivery"]


def test_no_id_of_a_thing_is_guessed(all_nouns):
    body = sent(HISTORIES["inspection"][2], "")
    body["subjects"] = ["hmicfrs", "west-mercia"]
    status, problem = refused(
        Editor(all_nouns), "/v1/inspections", {**body, "id": None}
    )
    assert (status, problem["errors"][0]["pointer"]) == (400, "/id")


def test_an_announced_inspection_is_published_under_its_id(small):
    editor = Editor(prepare(small, "inspection"))
    [_, announced, published, *_] = HISTORIES["inspection"]
    path = path_of(announced.type, INSPECTION.id)
    assert editor.post(path, sent(announced, INSPECTION.id)).status_code == 201
    body = {k: v for k, v in sent(published, "").items() if k != "id"}
    answer = editor.post("/v1/inspections", body)
    assert (answer.json["stream"], answer.json["version"]) == (INSPECTION.stream, 2)


def test_the_version_that_the_editor_saw_must_be_the_last(all_nouns):
    editor = Editor(all_nouns)
    good = {"corrects": 1, "data": {"grade": "good"}, **WHY}
    assert editor.post(GRADE, good, If_Match='"1"').headers["ETag"] == '"2"'
    adequate = {"corrects": 1, "data": {"grade": "adequate"}, **WHY}
    status, problem = refused(editor, GRADE, adequate, If_Match='"1"')
    assert (status, problem["type"]) == (412, "/problems/precondition-failed")
    assert problem["version"] == 2
    listed = editor.client.get(f"/v1/ratings/{RATING.id}/versions").json["items"]
    seen = f'"{listed[-1]["version"]}"'
    assert editor.post(GRADE, adequate, If_Match=seen).status_code == 201
    shown = editor.client.get(f"/v1/ratings/{RATING.id}").json
    assert (shown["grade"], shown["version"]) == ("adequate", 3)


def test_the_same_request_again_gets_the_same_answer_and_records_once(all_nouns):
    editor = Editor(all_nouns)
    body = {"corrects": 1, "data": {"grade": "good"}, **WHY}
    once = editor.post(GRADE, body, Idempotency_Key="k", If_Match='"1"')
    before = all_nouns.record.store.size()
    again = editor.post(GRADE, body, Idempotency_Key="k", If_Match='"1"')
    assert (once.status_code, once.data) == (201, again.data)
    assert once.headers["Location"] == again.headers["Location"]
    assert all_nouns.record.store.size() == before
    other = {**body, "data": {"grade": "adequate"}}
    status, problem = refused(editor, GRADE, other, Idempotency_Key="k", If_Match='"1"')
    assert (status, problem["type"]) == (422, "/problems/idempotency-key-reused")


def test_a_clock_that_is_behind_stops_the_writing(all_nouns):
    editor = Editor(all_nouns)
    all_nouns.clock.now = NOON.replace(year=2020)
    body = {"corrects": 1, "data": {"grade": "good"}, **WHY}
    status, problem = refused(editor, GRADE, body)
    assert (status, problem["type"]) == (503, "/problems/clock")
    all_nouns.clock.now = NOON
    assert editor.post(GRADE, body).status_code == 201


def test_an_event_that_no_leaf_can_hold_is_refused(all_nouns):
    url = "https://example.org/" + "x" * 1_900
    body = {"adds_to": 1, "sources": [{"url": url + str(n)} for n in range(64)]}
    status, problem = refused(
        Editor(all_nouns), f"/v1/ratings/{RATING.id}/source", body
    )
    assert (status, problem["type"]) == (400, "/problems/invalid-body")
    assert "65535" in problem["detail"]
