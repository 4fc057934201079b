"""Signing a request before it is sent: the record takes and shows what was signed."""

import json
import stat
from dataclasses import replace

import pytest
from click.testing import CliRunner

from service.cli import main
from service.log.key_file import load_key
from service.log.notes import encode_base64
from tests.editing import ALL_SCOPES
from tests.examples import AWARDED, HISTORIES, RATING, REGISTERED
from tests.recording import Editor, path_of, prepare, sent
from tests.records import SmallRecord, small

__all__ = ["small"]


@pytest.fixture
def key(tmp_path):
    """Give the file of a key that `signing-key` has made."""
    assert run("signing-key", tmp_path / "own.key").exit_code == 0
    return tmp_path / "own.key"


def run(*words, body=None):
    given = None if body is None else json.dumps(body)
    return CliRunner().invoke(main, list(map(str, words)), input=given)


def signer(small: SmallRecord, key) -> Editor:
    """Return an editor whose public key is registered."""
    public_key = str(load_key(key).verifier)
    return Editor(small, *ALL_SCOPES, public_key=public_key)


def signed(editor, key, type, id, body, version=1):
    words = ["--key", key, "--key-id", editor.key_id, "--id", id]
    result = run("sign", type, *words, "--version", version, body=body)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_key_is_made_once_for_its_owner_only(key):
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    again = run("signing-key", key)
    assert again.exit_code == 1 and "is there already" in again.output
    assert key.read_bytes() == before
    assert "PRIVATE" not in again.output


@pytest.mark.parametrize("noun", HISTORIES)
def test_events_of_every_type_can_be_signed(small, key, noun):
    editor = signer(prepare(small, noun), key)
    thing, *events = HISTORIES[noun]
    for version, event in enumerate(events, 1):
        body = sent(event, thing.id)
        whole = signed(editor, key, event.type, thing.id, body, version)
        answer = editor.post(path_of(event.type, thing.id), whole)
        assert answer.status_code == 201, answer.text
        assert answer.json["signature"] == whole["signature"]
        assert whole["signature"]["key"] == editor.key_id


def test_a_retraction_is_signed(small, key):
    editor = signer(prepare(small), key)
    why = {"reason": "entry-error", "reason_text": "It was another force."}
    events = small.record.store.read_stream(RATING.stream)
    said = ("rating.retracted", RATING.id, why, events[-1].version + 1)
    whole = signed(editor, key, *said)
    answer = editor.post(f"/v1/ratings/{RATING.id}/retraction", whole)
    assert answer.status_code == 201, answer.text
    assert answer.json["signature"] == whole["signature"]


@pytest.mark.parametrize(
    "verb, type, body",
    [
        (
            "correction",
            "rating.corrected",
            {
                "corrects": 1,
                "reason": "source-corrected",
                "data": {"grade": "good", "note": "A note."},
                "reason_text": "The page was wrong.",
            },
        ),
        (
            "dispute",
            "rating.disputed",
            {
                "disputes": 1,
                "data": {"grade": "good", "note": "Another note."},
                "sources": [{"url": "https://example.org/b", "title": "B"}],
            },
        ),
    ],
)
def test_a_correction_and_a_dispute_are_signed_over_the_versions(
    small, key, tmp_path, verb, type, body
):
    editor = signer(prepare(small), key)
    address = f"/v1/ratings/{RATING.id}"
    versions = tmp_path / "versions.json"
    versions.write_bytes(editor.client.get(f"{address}/versions?limit=1000").data)
    words = ["--key", key, "--key-id", editor.key_id, "--id", RATING.id]
    result = run("sign", type, *words, "--versions", versions, body=body)
    assert result.exit_code == 0, result.output
    whole = json.loads(result.stdout)
    answer = editor.post(f"{address}/{verb}", whole)
    assert answer.status_code == 201, answer.text
    assert answer.json["signature"] == whole["signature"]
    assert set(whole["salts"]) >= {"note"}


def test_versions_that_are_not_all_of_the_thing_sign_nothing(small, key, tmp_path):
    editor = signer(prepare(small), key)
    answer = editor.client.get(f"/v1/ratings/{RATING.id}/versions?limit=1000").json
    body = {"corrects": 1, "reason": "entry-error", "data": {"grade": "good"}}
    path, words = tmp_path / "v.json", ["--key", key, "--key-id", editor.key_id]
    later = {**answer, "items": [{**answer["items"][0], "version": 2}]}
    same = {**body, "data": {"grade": AWARDED.grade}}
    for versions, id, said, says in (
        (answer, "other", body, "not the versions of rating-other"),
        ({**answer, "next": "x"}, RATING.id, body, "not all versions"),
        (later, RATING.id, body, "not all versions"),
        ({**answer, "items": []}, RATING.id, body, "not the versions of"),
        ([], RATING.id, body, "not the versions of a thing"),
        (answer, RATING.id, {**body, "corrects": 99}, "no original"),
        (
            answer,
            RATING.id,
            {**body, "data": {"basis": "x"}},
            "version 1 cannot say that",
        ),
        (answer, RATING.id, same, "says all of this already"),
    ):
        path.write_text(json.dumps(versions))
        more = ["--id", id, "--versions", path]
        result = run("sign", "rating.corrected", *words, *more, body=said)
        assert result.exit_code == 1 and says in result.output, (says, result.output)
    result = run("sign", "rating.corrected", *words, "--id", RATING.id, body=body)
    assert result.exit_code == 1 and "takes --versions" in result.output


def test_a_correction_is_signed_as_the_answer_expects_it(small, key):
    editor = signer(prepare(small), key)
    address = f"/v1/ratings/{RATING.id}/correction"
    salt, sig = encode_base64(bytes(range(32))), encode_base64(bytes(64))
    body = {
        "corrects": 1,
        "reason": "source-corrected",
        "data": {"grade": "good"},
        "reason_text": "The page was wrong.",
        "signature": {"key": editor.key_id, "sig": sig},
        "salts": {"reason_text": salt},
    }
    expected = editor.post(address, body).json["expected"]
    assert '"grade":"good"' in expected and "The page" not in expected
    made = load_key(key).signature(expected.encode())
    body["signature"]["sig"] = encode_base64(made)
    answer = editor.post(address, body)
    assert answer.status_code == 201, answer.text
    assert answer.json["signature"] == body["signature"]


def test_what_differs_from_what_was_signed_is_refused_with_what_was_expected(
    small, key
):
    editor = signer(prepare(small, "rating"), key)
    body = sent(AWARDED, RATING.id)
    whole = signed(editor, key, AWARDED.type, RATING.id, body)
    answer = editor.post("/v1/ratings", {**whole, "grade": "good"})
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/invalid-body")
    [fault] = answer.json["errors"]
    assert fault["pointer"] == "/signature/sig"
    assert '"grade":"good"' in answer.json["expected"]
    assert editor.post("/v1/ratings", whole).status_code == 201


def test_a_signature_that_cannot_be_checked_is_refused(small, key):
    editor, plain = signer(small, key), Editor(small)
    body = sent(REGISTERED, "kent")
    whole = signed(editor, key, REGISTERED.type, "kent", body)
    before = small.record.store.size()
    other = {**whole, "signature": {**whole["signature"], "key": "k-other"}}
    unsigned = {k: v for k, v in whole.items() if k != "signature"} | {"salts": {}}
    for sender, said, pointer in (
        (plain, whole, "/signature"),
        (editor, other, "/signature/key"),
        (editor, {**whole, "signature": {"key": "k-1"}}, "/signature/sig"),
        (editor, {**whole, "signature": "x"}, "/signature"),
        (editor, {**whole, "salts": {"note": "short"}}, "/salts/note"),
        (editor, unsigned, "/salts"),
    ):
        answer = sender.post("/v1/bodies", said)
        assert answer.status_code == 400
        assert [each["pointer"] for each in answer.json["errors"]] == [pointer]
    assert small.record.store.size() == before


def test_a_signed_request_that_is_sent_again_gets_the_same_answer(small, key):
    editor = signer(small, key)
    event = replace(REGISTERED, note="Some words")
    whole = signed(editor, key, event.type, "kent", sent(event, "kent"))
    said = {"Idempotency_Key": "one"}
    first = editor.post("/v1/bodies", whole, **said)
    again = editor.post("/v1/bodies", whole, **said)
    assert first.status_code == again.status_code == 201
    assert first.data == again.data


@pytest.mark.parametrize(
    "type, body, says",
    [
        ("rating.invented", {}, "cannot be signed here"),
        ("rating.corrected", {}, "/corrects: It is missing"),
        ("field.redacted", {}, "cannot be signed here"),
        ("body.registered", {"nmae": "x"}, "/nmae: There is no such member"),
        ("body.registered", [], "no object"),
        ("body.registered", {"name": "\u202e"}, "U+202E"),
    ],
)
def test_what_cannot_be_signed_is_refused_with_all_its_faults(key, type, body, says):
    words = ["--key", key, "--key-id", "k-1", "--id", "kent"]
    result = run("sign", type, *words, body=body)
    assert result.exit_code == 1
    assert says in result.output and "Traceback" not in result.output
