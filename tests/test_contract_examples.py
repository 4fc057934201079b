"""Each operation of the contract shows what is sent and answered, from the record."""

import shutil
import subprocess

import pytest
from jsonschema_rs import Draft202012Validator

from service.app import create_app
from service.http.examples import known
from tests.contract import SPEC
from tests.records import record
from tests.shown import NOT_SHOWN, SCHEMA, Maker
from tests.test_check_us import DOCS

__all__ = ["record"]

OPERATIONS = [
    operation for path in SPEC["paths"].values() for operation in path.values()
]
SPECTRAL = shutil.which("spectral")


def resolved(node):
    """Return what a reference into the components stands for."""
    if "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        return SPEC["components"][kind][name]
    return node


def contents(operation):
    """Give the media types that are sent, and answered where all is well."""
    if "requestBody" in operation:
        yield resolved(operation["requestBody"])["content"]
    for code in ("200", "201", "202"):
        if code in operation["responses"]:
            yield resolved(operation["responses"][code])["content"]


def shown(content):
    """Return the example of each media type that has one."""
    return {
        media: resolved(each["examples"]["record"])["value"]
        for media, each in content.items()
        if "examples" in each
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each["operationId"])
def test_what_is_sent_and_answered_is_shown_and_right(operation):
    for content in contents(operation):
        found = shown(content)
        is_page = any(each.startswith(NOT_SHOWN) for each in content)
        # The contract has no schema that would say more of it than it does; what a
        # schema refers to would be looked for in the contract.
        is_contract = operation["operationId"] in ("documents_contract_json", SCHEMA)
        assert found or is_page or is_contract, list(content)
        for media, value in found.items():
            schema = {**content[media]["schema"], "components": SPEC["components"]}
            if media.endswith("json"):
                Draft202012Validator(schema).validate(value)
            else:
                assert isinstance(value, str) and value


def test_every_example_that_is_kept_is_shown():
    assert set(SPEC["components"]["examples"]) == set(known())


def test_what_is_read_has_the_shape_that_is_shown(record):
    maker = Maker(record)
    maker.client = create_app(record).test_client()
    maker.read()
    assert len(maker.shown) > 60
    for name, now in maker.shown.items():
        [medium] = now
        assert shape(known()[name][medium]) == shape(now[medium]), name


def shape(value):
    """Return the members of an answer, of its meta and of its items."""
    if not isinstance(value, dict):
        return type(value)
    below = {"meta": value.get("meta"), "items": (value.get("items") or [None])[0]}
    return set(value), {k: set(v) for k, v in below.items() if isinstance(v, dict)}


def test_the_words_of_examples_are_those_on_record(record):
    client = create_app(record).test_client()
    rating = known()["ratings_item"]["application/json"]
    now = client.get(f"/v1/ratings/{rating['id']}").json
    drawn = {"meta", "recorded_at", "position"}
    assert {k: v for k, v in rating.items() if k not in drawn} == {
        k: v for k, v in now.items() if k not in drawn
    }


@pytest.mark.skipif(
    SPECTRAL is None,
    reason="NOT LINTED: Spectral is not here. `make check-openapi` fetches it.",
)
def test_spectral_finds_no_error():
    done = subprocess.run(
        [SPECTRAL, "lint", "openapi.yaml", "--fail-severity", "error"],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
