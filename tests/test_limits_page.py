"""The page on limits and headers: its commands are run, and what it says is so."""

import os
import re
import shutil
import subprocess

import pytest

from tests import server
from tests.test_check_us import DOCS

TEXT = (DOCS / "limits.md").read_text()
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")


@pytest.fixture(scope="module")
def served(founded, tmp_path_factory):
    """Serve a record as it is served where no setting says otherwise."""
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(founded, data)
    with server.serving(data, rate_limit="") as address:
        yield address


@needs_curl
def test_every_command_of_the_page_does_what_it_says(served, tmp_path):
    script = "set -eu\n" + "\n".join(COMMANDS).replace("http://127.0.0.1:8000", served)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "unchanged\n" in done.stdout
    assert re.search(r'Copperplate, "Bodies: west-mercia", position \d+,', done.stdout)
    assert re.search(
        r'<.*/v1/ratings\.csv\?.*at_position=\d+>; rel="cite-as"', done.stdout
    )
    said = dict(re.findall(r"(?i)^(ratelimit.*?): (.*)$", done.stdout, re.M))
    policy, left = (said[name] for name in sorted(said, key=str.lower, reverse=True))
    assert f"`RateLimit-Policy: {policy}`" in TEXT
    assert re.fullmatch(r'"burst";r=9\d;t=1', left)
