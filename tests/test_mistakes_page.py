"""The page about mistakes: both of its commands are run as they stand there."""

import json
import os
import re
import shutil
import subprocess
import urllib.request

import pytest

from tests import server
from tests.editing import editor, opened
from tests.test_check_us import DOCS

TEXT = (DOCS / "mistakes.md").read_text()
REPORT, RESOLVE = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
WRONG = {
    "corrects": 1,
    "reason": "source-corrected",
    "asked_by": "public",
    "data": {"name": "The Police of West Mercia"},
}


@pytest.fixture(scope="module")
def desk(founded, tmp_path_factory):
    """Give the address of a record, and the key of an editor."""
    data = tmp_path_factory.mktemp("desk") / "data"
    shutil.copytree(founded, data)
    with opened(data) as record:
        key = editor(record).key
    with server.serving(data) as address:
        yield address, key


def run(command, address, key=""):
    """Run a command of the page on a record, and return what it was answered."""
    command = command.replace("http://127.0.0.1:8000", address).replace(
        "curl", "curl -s"
    )
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "KEY": key},
        capture_output=True,
        text=True,
        check=True,
        timeout=server.PATIENCE,
    )
    return json.loads(done.stdout)


def correct(address, key):
    """Put a correction on record; return its position."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": "correction",
    }
    path, body = "/v1/bodies/west-mercia/correction", json.dumps(WRONG).encode()
    request = urllib.request.Request(address + path, body, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["position"]


def test_both_commands_of_the_page_do_what_they_say(desk):
    address, key = desk
    report = run(REPORT, address)
    assert report["state"] == "open"
    assert report["about_stream"] == "body-west-mercia"
    asked = RESOLVE.replace("7q2m9xkd", report["id"])
    asked = asked.replace("1791", str(correct(address, key)))
    resolved = run(asked, address, key)
    assert (resolved["id"], resolved["state"]) == (report["id"], "resolved")
    assert resolved["correction_stream"] == "body-west-mercia"


def test_the_page_is_served_with_the_address_of_the_record(desk):
    address, _ = desk
    with urllib.request.urlopen(f"{address}/docs/mistakes") as answer:
        page = answer.read().decode()
    assert f"{address}/v1/reports" in page
