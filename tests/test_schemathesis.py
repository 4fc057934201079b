import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.contract import SPEC
from tests.editing import editor
from tests.recording import prepare
from tests.records import SmallRecord
from tests.server import serving

ROOT = Path(__file__).parents[1]
# More when the tests are soaked: what is tried is the same in each run.
EXAMPLES = int(os.environ.get("COPPERPLATE_SCHEMATHESIS_EXAMPLES", "2"))
IS_SOAKED = EXAMPLES > 2
COMMAND = (sys.executable, "-m", "schemathesis.cli", "run")
# What may happen to things of every noun is tried on those of one.
ALIKE = "^/v1/(?!ratings/).+/(correction|retraction|dispute|settlement|source)$"
# The versions of things of every noun, too.
VERSIONS_ALIKE = "^/v1/(?!ratings/)[^/]+/{id}/(versions|versions/{version}|diff)$"
# It does not end, and 503 is right where no files for bulk are made yet. What both take
# is tried by the test of what is hostile.
NO_ANSWER = "^/v1/(events/stream|bulk)$"
NOTHING = "^$"
LEFT_OUT = NOTHING if IS_SOAKED else ALIKE
READ_LEFT_OUT = NO_ANSWER if IS_SOAKED else f"{NO_ANSWER}|{VERSIONS_ALIKE}"
# Of these more is tried with a key: each method, and with tokens of subscriptions.
DESK = "^/v1/(imports|reports|subscriptions)"
MOST = ("--max-examples", str(EXAMPLES))
READING = ("--exclude-method", "POST", "--exclude-method", "DELETE")
READING += ("--exclude-path-regex", READ_LEFT_OUT, *MOST)
WRITING = ("--include-method", "POST", "--exclude-path-regex")
FUZZING = ("--phases", "fuzzing", *MOST)
# One address of each kind; of every value of every member there are many.
KINDS = (
    "/v1/ratings",
    "/v1/plans/{id}/updates",
    "/v1/ratings/{id}/correction",
    "/v1/ratings/{id}/settlement",
    "/v1/events/{position}/redaction",
)
OTHERS = f"^(?!({'|'.join(map(re.escape, KINDS))})$)"
# What is included by one option is included whatever the others say.
COVERAGE = ("--phases", "coverage", "--exclude-method", "GET")
COVERAGE += ("--exclude-path-regex", f"{DESK}|{NO_ANSWER}" if IS_SOAKED else OTHERS)


TOLD = {"about": "body-west-mercia", "kind": "wrong-fact", "text": "It is wrong."}


def quick(tmp_path):
    """Write the contract without what takes long to make values for; say where.

    What is then made and refused for that is let pass by the hooks.
    """
    path = tmp_path / "quick.yaml"
    path.write_text(yaml.safe_dump(without_patterns(SPEC)))
    return str(path)


def without_patterns(node):
    if isinstance(node, list):
        return [without_patterns(each) for each in node]
    if not isinstance(node, dict):
        return node
    is_slow = "u0000" in str(node.get("pattern", ""))
    slow = {"pattern"} if is_slow else set()
    slow |= {"anyOf"} if "$ref" in node else set()
    return {k: without_patterns(v) for k, v in node.items() if k not in slow}


def ask(address, path, key=None, data=None, **headers):
    """Return the JSON that is answered at a path."""
    given = {"Authorization": f"Bearer {key}"} if key else {}
    asked = urllib.request.Request(address + path, data, {**given, **headers})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


def known(address, key, tokens):
    """Return what the hooks are to know of a record, besides its contract."""
    lists = [re.fullmatch("(/v1/[a-z-]+)/{id}", path) for path in SPEC["paths"]]
    ids = {}
    for path in (each[1] for each in lists if each and each[1] in SPEC["paths"]):
        if "get" in SPEC["paths"][path] and (key or path != "/v1/imports"):
            items = ask(address, f"{path}?limit=3", key)["items"]
            ids |= {path: [each["id"] for each in items]} if items else {}
    head = ask(address, "/v1/status")["head"]
    return {"head": head, "ids": ids, "key": tokens and key, "tokens": tokens}


def run(address, *words, spec="openapi.yaml", key=None, tokens=()):
    """Try the operations of the contract; return what was found.

    Where there are tokens too, the hooks say who sends each request.
    """
    said = json.dumps(known(address, key, tokens))
    if tokens:
        words += ("--exclude-checks", "ignored_auth")
    elif key:
        words += ("-H", f"Authorization: Bearer {key}")
    found = subprocess.run(
        [*COMMAND, spec, "--url", address, "--no-color", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KNOWN": said},
        capture_output=True,
        text=True,
        timeout=3600 if IS_SOAKED else 600,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def tried(method, left_out):
    """Return how many operations are tried of a method, but for those left out."""
    paths = SPEC["paths"].items()
    return sum(method in each and not re.search(left_out, path) for path, each in paths)


@pytest.fixture
def desk(tmp_path):
    """Serve a small record; give its address, the key to it, and tokens."""
    small = prepare(SmallRecord(tmp_path / "data"))
    key = editor(small.record).key
    small.clock.now = datetime.now(UTC)  # What is old would be forgotten.
    tokens = [subscription(small, number) for number in range(7)]
    small.client().post("/v1/reports", json=TOLD)
    small.record.close()
    # Each request says where it comes from, since of one address few are taken.
    with serving(tmp_path / "data", "--empty", trusted_proxies=1) as address:
        yield address, key, tokens


def subscription(small, number):
    """Make a subscription of a receiver that is nowhere; return its id and token."""
    made = small.client().post(
        "/v1/subscriptions",
        json={"url": f"https://receiver-{number}.invalid/"},
        environ_base={"REMOTE_ADDR": f"192.0.2.{number}"},
    )
    id = made.json["id"]
    if number % 2:
        at = small.clock.now.isoformat()
        small.record.subscriptions.change(id, state="active", confirmed_at=at)
    return id, made.json["token"]


def test_nothing_outside_the_contract_is_found_on_a_real_server(founded, tmp_path):
    shutil.copytree(founded, tmp_path / "data")
    with serving(tmp_path / "data") as address:
        said = run(address, *READING)
    assert f"Tested: {tried('get', READ_LEFT_OUT)}" in said


def test_nothing_is_found_where_something_is_recorded_with_a_key(desk, tmp_path):
    (address, key, _), spec = desk, quick(tmp_path)
    left_out = f"{LEFT_OUT}|{DESK}"
    said = run(address, *WRITING, left_out, *FUZZING, spec=spec, key=key)
    assert f"Selected: {tried('post', left_out)}/" in said
    assert "Tested: " in run(address, *COVERAGE, spec=spec, key=key)


def test_nothing_is_found_at_the_desk_with_a_key_and_tokens(desk, tmp_path):
    (address, key, tokens), spec = desk, quick(tmp_path)
    words = ("--include-path-regex", DESK, *FUZZING)
    said = run(address, *words, spec=spec, key=key, tokens=tokens)
    others = f"^(?!{DESK[1:]})"
    count = sum(tried(method, others) for method in ("get", "post", "delete"))
    assert f"Selected: {count}/" in said


def test_nothing_is_found_where_something_is_recorded_without_a_key(desk, tmp_path):
    address, _, _ = desk
    said = run(address, *WRITING, LEFT_OUT, *FUZZING, spec=quick(tmp_path))
    assert f"Selected: {tried('post', LEFT_OUT)}/" in said


@pytest.mark.skipif(not IS_SOAKED, reason="Tried when the tests are soaked.")
def test_nothing_is_found_where_an_editor_reads(desk):
    address, key, _ = desk
    # The key is in each request, also in those that would lack it.
    run(address, *READING, "--exclude-checks", "missing_required_header", key=key)
