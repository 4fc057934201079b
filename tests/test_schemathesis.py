import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.contract import SPEC
from tests.editing import editor
from tests.recording import prepare
from tests.records import SmallRecord
from tests.server import serving

ROOT = Path(__file__).parents[1]
# All when the tests are soaked: what is tried is the same in each run.
IS_SOAKED = int(os.environ.get("COPPERPLATE_KILL_ROUNDS", "5")) > 5
EXAMPLES = "8" if IS_SOAKED else "3"
COMMAND = (sys.executable, "-m", "schemathesis.cli", "run")
# What may happen to things of every noun is tried on those of one. Imports take any
# bytes, reports and subscriptions name what no schema knows: they have other tests.
ALIKE = (
    "^/v1/(?!ratings/).+/(correction|retraction|dispute|settlement|source)$"
    "|^/v1/(imports|reports|subscriptions)"
)
# The versions of things of every noun, too; a stream of events does not end, and files
# for bulk, which have tests of their own, are made beside the server.
READ_ALIKE = (
    "^/v1/(?!ratings/)[^/]+/{id}/(versions|versions/{version}|diff)$"
    "|^/v1/events/stream$|^/v1/bulk"
)
WRITING = ("--include-method", "POST", "--exclude-path-regex", ALIKE)
FUZZING = (*WRITING, "--phases", "fuzzing", "--max-examples", "3")
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
COVERAGE += ("--exclude-path-regex", OTHERS)


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


def run(address, *words, spec="openapi.yaml"):
    """Try the operations of the contract; return what was found."""
    found = subprocess.run(
        [*COMMAND, spec, "--url", address, "--no-color", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def read():
    """Return how many of the operations that only read are tried."""
    paths = SPEC["paths"].items()
    return sum(
        "get" in each and not re.search(READ_ALIKE, path) for path, each in paths
    )


def tried():
    """Return how many of the operations that record something are tried."""
    paths = SPEC["paths"].items()
    return sum("post" in each and not re.search(ALIKE, path) for path, each in paths)


@pytest.fixture
def desk(tmp_path):
    """Serve a small record; give its address, and the header with a key to it."""
    small = prepare(SmallRecord(tmp_path / "data"))
    key = editor(small.record).key
    small.record.close()
    with serving(tmp_path / "data", "--empty") as address:
        yield address, ("-H", f"Authorization: Bearer {key}")


def test_nothing_outside_the_contract_is_found_on_a_real_server(founded, tmp_path):
    shutil.copytree(founded, tmp_path / "data")
    with serving(tmp_path / "data") as address:
        options = ("--exclude-method", "POST", "--exclude-method", "DELETE")
        options += ("--exclude-path-regex", READ_ALIKE)
        options += ("--max-examples", EXAMPLES)
        said = run(address, *options)
    assert f"Tested: {read()}" in said


def test_nothing_is_found_where_something_is_recorded_with_a_key(desk, tmp_path):
    (address, key), spec = desk, quick(tmp_path)
    said = run(address, *FUZZING, *key, spec=spec)
    assert f"Selected: {tried()}/" in said
    assert f"Tested: {len(KINDS)}" in run(address, *COVERAGE, *key, spec=spec)


def test_nothing_is_found_where_something_is_recorded_without_a_key(desk, tmp_path):
    address, _ = desk
    said = run(address, *FUZZING, spec=quick(tmp_path))
    assert f"Selected: {tried()}/" in said
