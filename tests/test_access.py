"""Who may write over HTTP: strangers get one answer, and no rule is without a guard."""

import logging
from collections.abc import Iterator
from functools import wraps

import pytest
from flask import Blueprint

from service import editors
from service.api import catalogue
from service.app import create_app
from service.http.access import UnguardedError, editor, open_to_anyone, requires
from service.log.pin import Pin
from tests.editing import editor as add_editor
from tests.editing import opened

trial = Blueprint("trial", __name__)


@trial.post("/v1/trial")
@requires("record", noun="ratings")
def record_a_rating():
    return {"by": editor().id}


@trial.delete("/v1/trial")
@requires("admin")
def administrate():
    return {"by": editor().id}


@trial.post("/v1/trial/open")
@open_to_anyone(reason="a trial")
def open_trial():
    return {"by": "anyone"}


@pytest.fixture
def record(tmp_path) -> Iterator:
    with opened(tmp_path / "data") as record:
        yield record


@pytest.fixture
def client(record):
    return create_app(record, [*catalogue.ALL, trial]).test_client()


def send(client, key=None, path="/v1/trial", method="POST", **headers):
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return client.open(path, method=method, headers=headers)


def test_an_editor_with_the_scope_may_write(client, record):
    for scope in ("record", "record:ratings"):
        added = add_editor(record, scope)
        answer = send(client, added.key)
        assert (answer.status_code, answer.json) == (200, {"by": added.editor})


def test_the_name_of_the_scheme_is_read_in_any_case(client, record):
    key = add_editor(record).key
    headers = {"Authorization": f"bearer {key}"}
    assert client.post("/v1/trial", headers=headers).status_code == 200


@pytest.mark.parametrize("scope", ["correct", "record:plans", "admin", "redact"])
def test_an_editor_without_the_scope_is_told_which_it_takes(client, record, scope):
    answer = send(client, add_editor(record, scope).key)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-allowed")
    assert "record or record:ratings" in answer.json["detail"]


def test_a_scope_for_one_noun_does_not_open_what_is_for_all(client, record):
    key = add_editor(record, "record").key
    assert send(client, key, method="DELETE").status_code == 403


def test_every_stranger_gets_the_same_answer(client, record, tmp_path):
    known, gone = add_editor(record), add_editor(record)
    editors.revoke(record, gone.key_id, "lost")
    with opened(tmp_path / "foreign") as foreign:
        other = add_editor(foreign).key
    forged = known.key[:-1] + ("A" if known.key[-1] != "A" else "B")
    strange = [None, "", "x", gone.key, other, forged, known.key[:-1], "é", "k " * 900]
    answers = [send(client, key) for key in strange]
    answers.append(send(client, Authorization=f"Basic {known.key}"))
    answers.append(send(client, Authorization=known.key))
    for answer in answers:
        assert answer.status_code == 401
        assert answer.data == answers[0].data
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Cache-Control"] == "no-store"
    assert answers[0].json["type"] == "/problems/authentication-required"


def test_a_key_that_is_revoked_opens_nothing_from_then_on(client, record):
    added = add_editor(record)
    assert send(client, added.key).status_code == 200
    editors.revoke(record, added.key_id, "left")
    assert send(client, added.key).status_code == 401


def test_what_is_open_to_anyone_takes_no_key(client):
    assert send(client, path="/v1/trial/open").json == {"by": "anyone"}


def test_a_key_never_stands_in_an_address(client, record, caplog):
    key = add_editor(record).key
    encoded = key.replace("c", "%63", 1)
    for path in (f"/v1/trial?key={key}", f"/v1/{key}", f"/v1/events?type={encoded}"):
        for method in ("GET", "POST"):
            answer = send(client, key, path, method)
            assert answer.json["type"] == "/problems/key-in-address"
            assert answer.status_code == 400
            assert key not in answer.text + str(answer.headers) + caplog.text


def test_a_key_is_in_no_log_line_and_no_error(record, caplog):
    failing = Blueprint("failing", __name__)

    @failing.post("/v1/failing")
    @requires("record")
    def fail():
        raise RuntimeError("a trial")

    key = add_editor(record).key
    app = create_app(record, [failing])
    with caplog.at_level(logging.DEBUG):
        answer = send(app.test_client(), key, "/v1/failing")
    assert answer.status_code == 500
    assert "a trial" in caplog.text
    assert key not in caplog.text + answer.text


def test_a_mirror_refuses_every_write_and_says_where_the_source_is(tmp_path):
    with opened(tmp_path / "source") as record:
        [key] = record.store.verifier_keys()
    (folder := tmp_path / "copy").mkdir()
    source = "https://record.example.org"
    Pin(source, "localhost/log", (key,), source).write(folder)
    with opened(folder) as record:
        client = create_app(record, [trial]).test_client()
        for path in ("/v1/trial", "/v1/trial/open"):
            answer = send(client, path=path)
            assert answer.status_code == 403
            assert source in answer.json["detail"]


def unguarded(view):
    blueprint = Blueprint("unguarded", __name__)
    blueprint.post("/v1/unguarded")(view)
    return blueprint


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_app_with_a_rule_that_has_no_guard_is_not_made(method):
    blueprint = Blueprint("unguarded", __name__)
    blueprint.route("/v1/unguarded", methods=["GET", method])(lambda: "")
    with pytest.raises(UnguardedError, match="/v1/unguarded"):
        create_app(None, [blueprint])


def test_no_decorator_may_stand_above_the_guard():
    guarded = requires("record")(lambda: "")

    @wraps(guarded)
    def above():
        return guarded()

    with pytest.raises(UnguardedError, match="above its guard"):
        create_app(None, [unguarded(above)])
    assert create_app(None, [unguarded(guarded)])


def test_a_guard_names_an_action_that_there_is():
    with pytest.raises(ValueError, match="write"):
        requires("write")
