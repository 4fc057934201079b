"""The page for those who import: each of its commands is run as it stands there."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from html import unescape
from pathlib import Path

import pytest

from tests import server
from tests.editing import editor, opened
from tests.test_check_us import write_program

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "importing.md").read_text()
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
# For machines without curl: what the page asks of it.
CURL = f"""#!{sys.executable}
import sys, urllib.request
given, headers, body, url = sys.argv[1:], {{}}, None, None
while given:
    each = given.pop(0)
    if each == "-H":
        name, _, value = given.pop(0).partition(": ")
        headers[name] = value
    elif each == "--data-binary":
        body = open(given.pop(0)[1:], "rb").read()
    elif each == "-X":
        given.pop(0)
    elif each != "-s":
        url = each
request = urllib.request.Request(url, body, headers)
sys.stdout.buffer.write(urllib.request.urlopen(request).read())
"""


@pytest.fixture(scope="module")
def served(founded, tmp_path_factory):
    """Serve a copy of the founding record; give its address and a key."""
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(founded, data)
    with opened(data) as record:
        key = editor(record).key
    with server.serving(data) as address:
        yield address, key


def test_every_command_of_the_page_does_what_it_says(served, tmp_path):
    address, key = served
    programs = tmp_path / "bin"
    programs.mkdir()
    write_program(programs / "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    if shutil.which("curl") is None:
        write_program(programs / "curl", CURL)
    script = "set -eu\n" + "\n".join(COMMANDS)
    script = script.replace("http://127.0.0.1:8000", address)
    script = script.replace("cpk_the_key_that_you_were_given", key)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "import.json").read_text())["is_dry_run"]
    assert "\n2,already known," in done.stdout
    for location in re.findall(r'"id":"(im-[0-9a-z]{8})"', done.stdout):
        told = ended(address, key, location)
        assert (told["state"], told["refused"]) == ("done", 0), told
        assert told["lines_done"] == told["recorded"] + told["already_known"] > 0
    assert done.stdout.count('"state":"waiting"') >= 3


def ended(address, key, id):
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{address}/v1/imports/{id}", headers=headers)
    while True:
        with urllib.request.urlopen(request, timeout=server.PATIENCE) as answer:
            told = json.load(answer)
        if told["ended_at"]:
            return told


def test_the_page_is_served_with_the_address_of_the_record(served):
    address, _ = served
    with urllib.request.urlopen(f"{address}/docs/importing") as answer:
        page = unescape(answer.read().decode())
    assert f"RECORD={address}" in page and "127.0.0.1:8000" not in page
    for command in COMMANDS[1:]:
        assert command in page
