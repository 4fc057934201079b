"""The page on bulk files: each of its commands is run as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from tests import server
from tests.test_check_us import DOCS, path_of, write_program

TEXT = (DOCS / "bulk.md").read_text()
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
# For machines without these programs: the same by the libraries that are there.
STAND_INS = {
    "sqlite3": "import sqlite3, sys\n"
    "print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())",
    "unzip": "import sys, zipfile\n"
    "zipfile.ZipFile(sys.argv[3]).extractall(sys.argv[5])",
    "curl": "import sys, urllib.request\n"
    "body = urllib.request.urlopen(sys.argv[-1]).read()\n"
    "names = [n for n, o in zip(sys.argv[1:], sys.argv) if o == '-o']\n"
    "(open(names[0], 'wb') if names else sys.stdout.buffer).write(body)",
}


@pytest.fixture
def served(founded, tmp_path):
    """Serve a copy of the founding record, with its bulk files."""
    data = tmp_path / "data"
    shutil.copytree(founded, data)
    done = CliRunner().invoke(main, ["bulk", "--data", str(data)])
    assert done.exit_code == 0, done.output
    with server.serving(data) as address:
        yield address


def programs(folder):
    """Return where commands are found."""
    path = path_of(folder)
    for name in ("datasette", "frictionless"):
        at = Path(sys.executable).with_name(name)
        write_program(folder / "bin" / name, f'#!/bin/sh\nexec {at} "$@"\n')
    for name, script in STAND_INS.items():
        if shutil.which(name) is None:
            write_program(folder / "bin" / name, f"#!{sys.executable}\n{script}\n")
    return path


def test_every_command_of_the_page_does_what_it_says(served, tmp_path):
    script = "\n".join(COMMANDS).replace("http://127.0.0.1:8000", served)
    environment = {"PATH": programs(tmp_path), "PYTHONPATH": str(DOCS.parent)}
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        ["bash", "-x", "-c", f"set -eu\n{script}"],
        cwd=tmp_path / "here",
        env=os.environ | environment | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    said = done.stdout
    assert said.count(": OK\n") == 5 and "PASS\n" in said
    assert "Good" in said and '"title"' not in said[:100]
    assert "rating.awarded" in said and "peel-" in said
    assert '"total": 0' in said or '"total":0' in said
    assert '"rows"' in said and "VALID" in said.upper() and "INVALID" not in said


def test_the_page_has_commands():
    assert len(COMMANDS) >= 9
