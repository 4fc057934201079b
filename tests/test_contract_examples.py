"""Each operation of the contract shows what is sent and answered, from the record."""

import os
import re
import shlex
import shutil
import signal
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
ROOT = DOCS.parent
[LINT] = re.findall("^\t(npx .+ lint .+)$", (ROOT / "Makefile").read_text(), re.M)
# Where there is no network, that is to be known soon.
HURRIED = {"npm_config_fetch_retries": "0", "npm_config_fetch_timeout": "20000"}
SECONDS = 180  # In which Spectral is fetched, if npm does not hold it, and is run.


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
    drawn = {"meta", "recorded_at", "position", "age_days"}  # Age is of the day asked.
    assert {k: v for k, v in rating.items() if k not in drawn} == {
        k: v for k, v in now.items() if k not in drawn
    }


def ended(command, seconds):
    """Run a command; return its status and what it says, None if it takes too long."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **HURRIED},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # npx starts others.
            return None, f"it takes more than {seconds} seconds"
    return process.returncode, said


def test_spectral_finds_no_error():
    if shutil.which("npx") is None:
        pytest.skip("NOT LINTED: there is no npx here to fetch Spectral with")
    status, said = ended(shlex.split(LINT), SECONDS)
    if status is None or "npm error" in said:
        pytest.skip(f"NOT LINTED: Spectral cannot be had: {said[:300].strip()}")
    assert status == 0, said
    assert "No results with a severity of 'error' found" in said
