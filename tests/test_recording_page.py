"""The page for editors: each of its commands is run as it stands there, with curl."""

import json
import re
import subprocess
import urllib.request
from html import unescape
from pathlib import Path

import pytest

from service.config import Settings
from service.record import Record
from tests import server
from tests.editing import editor

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "recording.md").read_text()
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
STATEMENT = "pcc-west-mercia.2024-05-14.1"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """Serve a record with nothing in it; give its address and a key."""
    data = tmp_path_factory.mktemp("empty") / "data"
    record = Record.open(Settings(data=data))
    key = editor(record).key
    record.close()
    with server.serving(data, "--empty") as address:
        yield address, key


def run(address, key):
    script = "set -eu\n" + "\n".join(COMMANDS)
    script = script.replace("http://127.0.0.1:8000", address)
    return subprocess.run(
        ["bash", "-c", script.replace("cpk_your_key", key)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def read(address, path):
    with urllib.request.urlopen(f"{address}{path}") as answer:
        return json.load(answer)


def test_every_command_of_the_page_does_what_it_says(empty):
    address, key = empty
    done = run(address, key)
    assert done.returncode == 0, done.stdout + done.stderr
    before = read(address, "/v1/status")["log_size"]
    [rating] = read(address, "/v1/ratings?body=west-mercia&current=true")["items"]
    assert (rating["grade"], rating["scale"]) == ("inadequate", "scale-5-2021")
    statement = read(address, f"/v1/statements/{STATEMENT}")
    assert (statement["dated_on"], statement["change"]) == ("2024-05", "correction")
    plan = read(address, "/v1/plans/west-mercia.soc-delivery/actions")["items"][0]
    assert (plan["claimed_status"], plan["claimed_word"]) == (
        "in-progress",
        "well on the way",
    )
    assert key not in done.stdout + done.stderr
    # Its requests are told by themselves: run again it records nothing.
    again = run(address, key)
    assert again.returncode == 0, again.stdout + again.stderr
    assert read(address, "/v1/status")["log_size"] == before


def test_the_page_is_served_with_the_address_of_the_record(empty):
    address, _ = empty
    with urllib.request.urlopen(f"{address}/docs/recording") as answer:
        page = unescape(answer.read().decode())
        policy = answer.headers["Content-Security-Policy"]
    assert f"RECORD={address}" in page and "127.0.0.1:8000" not in page
    assert policy.startswith("default-src 'none'")
    for command in COMMANDS[1:]:
        assert command in page
