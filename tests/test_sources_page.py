"""The page about sources: each of its commands is run as it stands there."""

import os
import re
import shutil
import subprocess
import urllib.request
from html import unescape

import pytest

from tests import server
from tests.test_check_us import DOCS, path_of

TEXT = (DOCS / "sources.md").read_text()
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")


@pytest.fixture(scope="module")
def data(founded, tmp_path_factory):
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(founded, data)
    return data


@pytest.fixture(scope="module")
def served(data):
    with server.serving(data) as address:
        yield address


@needs_curl
def test_every_command_of_the_page_does_what_it_says(served, data, tmp_path):
    script = "set -eu\n" + "\n".join(COMMANDS).replace("http://127.0.0.1:8000", served)
    environment = os.environ | {
        "PATH": path_of(tmp_path),
        "PYTHONPATH": str(DOCS.parent),
        "COPPERPLATE_DATA": str(data),
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
    assert "archived: https://example.org/notice" in done.stdout
    assert "unchanged: https://example.org/notice" in done.stdout
    assert (tmp_path / "copy").read_text() == "What the paper said.\n"
    sources = (tmp_path / "sources.csv").read_text().splitlines()
    due = (tmp_path / "due.txt").read_text().splitlines()
    assert len(sources) - 1 == len(due) > 100
    assert list((data / "archive").glob("??/*")) == []


def test_the_page_is_served_with_the_address_of_the_record(served):
    with urllib.request.urlopen(f"{served}/docs/sources") as answer:
        page = unescape(answer.read().decode())
        policy = answer.headers["Content-Security-Policy"]
    assert f"RECORD={served}" in page and "127.0.0.1:8000" not in page
    assert policy.startswith("default-src 'none'")
    assert "Copperplate: Sources" in page
