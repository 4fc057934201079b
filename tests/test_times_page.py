"""The page about times: each of its commands is run as it stands there."""

import re
import shutil
import subprocess

import pytest

from service.app import create_app
from tests.records import record
from tests.test_check_us import DOCS
from tests.threaded import serving

__all__ = ["record"]

COMMANDS = re.findall(r"```sh\n(.+?)```", (DOCS / "times.md").read_text(), re.S)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")


@needs_curl
def test_every_command_of_the_page_does_what_it_says(record):
    with serving(create_app(record)) as address:
        script = "\n".join(COMMANDS).replace("http://127.0.0.1:8000", address)
        done = subprocess.run(
            ["bash", "-euc", script], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert f"Content-Location: {address}/v1/bodies/west-mercia?at_position=" in (
        done.stdout
    )
    assert "Memento-Datetime: " in done.stdout
    assert 'rel="first memento"; datetime="' in done.stdout
    assert done.stdout.count('"as_of":"2022-07-01"') == 1


def test_the_page_is_served_with_the_address_of_the_record(record):
    page = create_app(record).test_client().get("/docs/times").text
    assert "RECORD=http://localhost" in page and "127.0.0.1:8000" not in page
