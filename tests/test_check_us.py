"""The page for auditors: each of its commands is run as it stands there."""

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

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "check-us.md").read_text()
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
# For machines without curl: what the page asks of it.
CURL = f"""#!{sys.executable}
import sys, urllib.request
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[-1]).read())
"""


@pytest.fixture(scope="module")
def served(founded, tmp_path_factory):
    """Serve a copy of the founding record."""
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(founded, data)
    with server.serving(data) as address:
        yield address


def path_of(folder):
    """Return where commands are found: those of this checkout first."""
    programs = folder / "bin"
    programs.mkdir()
    copperplate = f'#!/bin/sh\nexec {sys.executable} -m service.cli "$@"\n'
    write_program(programs / "copperplate", copperplate)
    write_program(programs / "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    if shutil.which("curl") is None:
        write_program(programs / "curl", CURL)
    return f"{programs}:{os.environ['PATH']}"


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)


def test_every_command_of_the_page_does_what_it_says(served, tmp_path):
    script = "set -eu\n" + "\n".join(COMMANDS).replace("http://127.0.0.1:8000", served)
    environment = os.environ | {
        "PATH": path_of(tmp_path),
        "PYTHONPATH": str(DOCS.parent),
    }
    done = subprocess.run(
        ["bash", "-x", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASS") >= 3
    assert (tmp_path / "copperplate.checkpoint").read_text().split("\n")[1] == "1764"
    assert (tmp_path / "event-1.tlog-proof").read_text().startswith("c2sp.org/tlog-")
    assert (tmp_path / "then.db").stat().st_size > 0


def test_the_page_is_served_with_the_address_of_the_record(served):
    with urllib.request.urlopen(f"{served}/docs/check-us") as answer:
        page = unescape(answer.read().decode())
        policy = answer.headers["Content-Security-Policy"]
    assert f"RECORD={served}" in page and "127.0.0.1:8000" not in page
    assert policy.startswith("default-src 'none'")
    for command in COMMANDS[1:]:
        assert command in page


def test_the_checker_is_served_to_the_byte(served):
    with urllib.request.urlopen(f"{served}/docs/check_log.py") as answer:
        assert answer.read() == (DOCS / "check_log.py").read_bytes()
