"""The contract of requests that record: bodies, versions, keys and answers."""

import json
import uuid

import pytest
from flask import Blueprint
from jsonschema import Draft202012Validator
from marshmallow import fields, validate, validates_schema

from schemas.events import RecordedEventSchema
from schemas.fields import Closed, Text
from schemas.sources import SourceSchema
from service.api import catalogue
from service.app import create_app
from service.context import record as the_record
from service.domain.bodies import Body
from service.http.access import editor, open_to_anyone, requires
from service.http.contract import accepts, returns
from service.http.openapi import build_spec
from service.http.writing import expected_version, idempotency
from tests.editing import editor as add_editor
from tests.editing import opened
from tests.records import SOURCE


class InnerSchema(Closed):
    """What stands within."""

    name = Text(5, required=True)
    level = fields.String(validate=validate.OneOf(["low", "high"]))


class TrialSchema(Closed):
    """What is sent."""

    id = Text(required=True)
    name = Text(load_default=None, allow_none=True)
    count = fields.Integer(strict=True, validate=validate.Range(min=1, max=9))
    inner = fields.List(fields.Nested(InnerSchema), validate=validate.Length(max=3))
    one = fields.Nested(InnerSchema)
    words = fields.Dict(keys=fields.String(), values=fields.String())
    sources = fields.List(fields.Nested(SourceSchema))

    @validates_schema(skip_on_field_errors=True)
    def _check(self, data, **_):
        if data["id"] == "whole":
            raise validate.ValidationError("It is wrong as a whole.")


trial = Blueprint("trial", __name__, url_prefix="/v1/trial")
BODY = {
    "kind": "police-force",
    "started_on": None,
    "started_on_basis": None,
    "outside_ids": dict.fromkeys(("ons", "police_uk", "hmicfrs")),
    "sources": [SOURCE],
}


@trial.post("")
@requires("record", noun="bodies")
@accepts(body=TrialSchema)
@returns(RecordedEventSchema)
def register(id, **said):
    """Register a body."""
    key, store = idempotency(), the_record().store
    [event] = store.recorded_before(*key) or [None]
    if event is None:
        body = the_record().find(Body, id)
        happened = body.register(name=said["name"] or "Someforce", **BODY)
        by = editor().id
        event = the_record().record(body, happened, by=by, idempotency=key)
    shown = dict.fromkeys(RecordedEventSchema().fields)
    members = ("position", "type", "stream", "version", "by", "change", "data")
    return shown | {name: getattr(event, name) for name in members}


@trial.post("/<id>/echo")
@requires("correct")
@accepts(body=InnerSchema)
@returns(RecordedEventSchema, noun="body")
def echo(**said):
    """Tell what was understood."""
    shown = dict.fromkeys(RecordedEventSchema().fields)
    return shown | {"position": expected_version(), "data": said["name"]}


@trial.post("/open")
@open_to_anyone(reason="a trial")
@accepts(body=InnerSchema)
@returns(RecordedEventSchema)
def tell(**said):
    """Take what anybody says."""
    return {**dict.fromkeys(RecordedEventSchema().fields), "data": said}


@pytest.fixture
def record(tmp_path):
    with opened(tmp_path / "data") as record:
        yield record


@pytest.fixture
def app(record):
    return create_app(record, [*catalogue.ALL, trial])


@pytest.fixture
def send(app, record):
    """Give what sends a body as an editor, with a fresh idempotency key."""
    client, keys = app.test_client(), {"first": add_editor(record).key}

    def send(body=None, path="/v1/trial", *, by="first", key="", raw=None, **headers):
        if by not in keys:
            keys[by] = add_editor(record).key
        given = {"Idempotency-Key": key or str(uuid.uuid4())} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        if by:
            given["Authorization"] = f"Bearer {keys[by]}"
        given = {name: value for name, value in given.items() if value is not None}
        data = json.dumps(body).encode() if raw is None else raw
        kind = "application/json"
        return client.post(path, data=data, content_type=kind, headers=given)

    return send


def faults(answer, slug="invalid-body") -> dict[str, str]:
    assert (answer.status_code, answer.json["type"]) == (400, f"/problems/{slug}")
    assert answer.headers["Cache-Control"] == "no-store"
    errors = answer.json["errors"]
    places = [each.get("pointer", each.get("parameter")) for each in errors]
    assert len(set(places)) == len(places)
    return dict(zip(places, (each["detail"] for each in errors), strict=True))


def test_what_is_recorded_is_answered_with_201_and_its_address(send, record):
    answer = send({"id": "kent", "name": "Kent Police"})
    assert answer.status_code == 201
    position = record.store.size()
    assert answer.headers["Location"].endswith(f"/v1/events/{position}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["stream"] == "body-kent"
    assert answer.json["by"].startswith("ed-")


def test_all_faults_of_a_body_are_named_at_once(send, record):
    before = record.store.size()
    answer = send(
        {
            "name": "bad \u202e",
            "count": 10,
            "inner": [{"name": "short"}, {"name": "too long", "level": "lwo"}, 3],
            "one": {"nmae": "x"},
            "words": {"a": 1},
            "conut": 1,
            "sources": [{"url": "ftp://x", "confidence": "sure"}],
        }
    )
    found = faults(answer)
    assert found.keys() == {
        "/name", "/id", "/count", "/inner/1/name", "/inner/1/level", "/inner/2",
        "/one/name", "/one/nmae", "/words/a", "/conut", "/sources/0/url",
        "/sources/0/confidence",
    }  # fmt: skip
    assert found["/id"] == "It is missing."
    assert found["/name"] == "The character U+202E is not allowed."
    assert found["/inner/1/level"] == "Must be one of: low, high."
    assert found["/inner/2"] == "An object is needed."
    assert "1 and" in found["/inner/1/name"] and "5" in found["/inner/1/name"]
    assert "high, medium, inferred" in found["/sources/0/confidence"]
    assert record.store.size() == before


def test_an_unknown_member_is_refused_with_those_that_it_may_mean(send):
    answer = send({"id": "kent", "conut": 1, "one": {"name": "a", "leel": "low"}})
    meant = {e["pointer"]: e["did_you_mean"] for e in answer.json["errors"]}
    assert meant == {"/conut": ["count"], "/one/leel": ["level"]}
    assert "there are level, name" in faults(answer)["/one/leel"]


def test_what_is_wrong_as_a_whole_is_said_of_the_whole(send):
    assert faults(send({"id": "whole"})) == {"": "It is wrong as a whole."}


@pytest.mark.parametrize("body", [None, [], [{}], "id", 3, True])
def test_a_body_that_is_no_object_is_refused(send, body):
    assert faults(send(body)) == {"": "An object is needed."}


def test_faults_of_the_grammar_and_of_the_schema_are_named_together(send):
    raw = b'{"id": "kent", "id": "kent", "count": 1.5, "name": NaN, "one": []}'
    assert faults(send(raw=raw)) == {
        "/id": "Given more than once.",
        "/count": "Only whole numbers, without a point or an exponent.",
        "/name": "NaN is not JSON.",
        "/one": "An object is needed.",
    }


def test_faults_of_the_headers_are_named_with_those_of_the_body(send):
    answer = send({}, Idempotency_Key=None, If_Match="x")
    assert faults(answer).keys() == {"/id", "If-Match", "Idempotency-Key"}


def test_an_unknown_parameter_is_refused(send):
    answer = send({"id": "kent"}, "/v1/trial?dry_run=true")
    assert answer.json["type"] == "/problems/unknown-parameter"


def test_nothing_of_a_strangers_body_is_read(send):
    for body in (b"{", b"x" * 2**21):
        assert send(raw=body, by=None).status_code == 401


def test_an_answer_in_another_form_than_json_is_not_to_be_had(send):
    for path in ("/v1/trial.csv", "/v1/trial"):
        answer = send({"id": "kent"}, path, Accept="text/csv")
        assert answer.json["type"] == "/problems/not-acceptable"


def test_an_id_in_the_address_that_can_be_none_is_not_found(send):
    assert send({"name": "a"}, "/v1/trial/A_B/echo").status_code == 404


@pytest.mark.parametrize("given, version", [('"3"', 3), ("3", 3), (' "12" ', 12)])
def test_if_match_names_the_version_that_was_seen(send, given, version):
    answer = send({"name": "a"}, "/v1/trial/a/echo", If_Match=given)
    assert (answer.status_code, answer.json["position"]) == (201, version)
    assert send({"name": "a"}, "/v1/trial/a/echo").json["position"] is None


@pytest.mark.parametrize(
    "given", ["*", 'W/"3"', '"0"', '"03"', '"a"', '"1", "2"', "", '"-1"', '"9' * 40]
)
def test_an_if_match_that_names_no_version_is_refused(send, given):
    answer = send({"name": "a"}, "/v1/trial/a/echo", If_Match=given)
    assert "such as" in faults(answer, "invalid-parameter")["If-Match"]


@pytest.mark.parametrize("key", [None, "é", "x" * 256, '"' + "x" * 256 + '"', "a\tb"])
def test_an_idempotency_key_is_needed(send, record, key):
    before = record.store.size()
    answer = send({"id": "kent"}, Idempotency_Key=key)
    found = faults(answer, "idempotency-key-required")
    assert "1 to 255 printable ASCII" in found["Idempotency-Key"]
    assert record.store.size() == before


def test_of_anybody_no_idempotency_key_is_asked(send):
    body, nothing = {"name": "a"}, {"Idempotency_Key": None}
    assert send(body, "/v1/trial/open", by=None, **nothing).json["data"] == body


def test_a_request_that_is_sent_again_gets_the_same_answer(send, record):
    first = send({"id": "kent", "name": "Kent"}, key="one")
    size = record.store.size()
    again = send({"id": "kent", "name": "Kent"}, key="one")
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    # Order and white space of JSON, and quotes around the key, make no difference.
    raw = b' {"name":"Kent",\n"id":"kent"}'
    assert send(raw=raw, key='"one"').data == first.data
    assert record.store.size() == size


def test_another_request_under_the_same_key_is_refused(send, record):
    send({"id": "kent"}, key="one")
    size = record.store.size()
    for answer in (
        send({"id": "essex"}, key="one"),
        send({"id": "kent", "name": None}, key="one"),
        send({"id": "kent"}, key="one", If_Match='"1"'),
    ):
        assert answer.status_code == 422
        assert answer.json["type"] == "/problems/idempotency-key-reused"
        assert "one" not in answer.json["detail"].split()
    assert record.store.size() == size


def test_the_same_key_of_another_editor_is_another_key(send, record):
    send({"id": "kent"}, key="one")
    add_editor(record)
    answer = send({"id": "essex"}, key="one", by="second")
    assert answer.status_code == 201


def test_a_request_that_failed_leaves_its_key_free(send):
    assert send({"id": ""}, key="one").status_code == 400
    assert send({"id": "kent"}, key="one").status_code == 201


# The OpenAPI document.


def test_what_is_sent_is_described(app):
    document = build_spec(app).to_dict()
    operation = document["paths"]["/v1/trial"]["post"]
    sent = of(operation["requestBody"], document)
    assert sent["required"]
    described = of(sent["content"]["application/json"]["schema"], document)
    assert described["additionalProperties"] is False
    assert described["required"] == ["id"]
    assert operation["security"] == [{"editorKey": []}]
    assert "`record` or `record:bodies`" in operation["description"]
    parameters = [of(each, document) for each in operation["parameters"]]
    headers = {each["name"]: each["required"] for each in parameters}
    assert headers == {"Idempotency-Key": True, "If-Match": False}
    kinds = {"201", "400", "401", "403", "409", "412", "413", "415", "422", "507"}
    assert kinds <= operation["responses"].keys()
    assert "Location" in of(operation["responses"]["201"], document)["headers"]
    Draft202012Validator.check_schema(described)


def test_what_anybody_may_send_is_described_without_a_key(app):
    document = build_spec(app).to_dict()
    operation = document["paths"]["/v1/trial/open"]["post"]
    assert "security" not in operation
    names = [of(each, document)["name"] for each in operation["parameters"]]
    assert names == ["If-Match"]


def of(node, document):
    """Return what stands in a place, or in the shared one that it refers to."""
    if reference := node.get("$ref"):
        _, _, kind, name = reference.split("/")
        return document["components"][kind][name]
    return node


def test_the_key_of_an_editor_is_described_as_a_bearer_token(app):
    schemes = build_spec(app).to_dict()["components"]["securitySchemes"]
    assert schemes["editorKey"]["scheme"] == "bearer"
