"""The recipes: each is run with its tool, or its address is read as the tool would."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from service.app import create_app
from service.bulk import making
from tests.records import record
from tests.test_check_us import DOCS, path_of
from tests.threaded import serving

__all__ = ["record"]

TEXT = (DOCS / "recipes.md").read_text()
BLOCKS = re.findall(r"```(sh|python|r)\n(.+?)```", TEXT, re.S)
FILES = sorted(
    set(re.findall(r"http://127\.0\.0\.1:8000(/v1/[^\s`\"]+\.csv[^\s`\")]*)", TEXT))
)
EXAMPLE = "http://127.0.0.1:8000"
needs_tools = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")),
    reason="NOT RUN: no curl, or no jq",
)


@pytest.fixture(scope="module")
def address(record):
    making.make(record)
    with serving(create_app(record)) as address:
        yield address


@needs_tools
def test_every_recipe_that_can_be_run_does_what_it_says(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = "set -eu\n" + "\n".join(each for kind, each in BLOCKS if kind == "sh")
    python = "\n".join(each for kind, each in BLOCKS if kind == "python")
    (tmp_path / "recipes.py").write_text(python.replace(EXAMPLE, address))
    environment = {
        **os.environ,
        # Datasette lies beside Python, also where nobody has activated anything.
        "PATH": f"{path_of(tmp_path)}:{Path(sys.executable).parent}",
        "PYTHONPATH": str(DOCS.parent),
    }
    for command in (
        ["bash", "-c", script.replace(EXAMPLE, address)],
        [sys.executable, "recipes.py"],
    ):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout
        if command[0] == "bash":
            assert "Good" in said and '"grade"' in said
    assert "requires-improvement" in said and "a copy of" in said


@pytest.mark.skipif(
    shutil.which("Rscript") is None,
    reason="NOT RUN: no Rscript, which the package r-base-core has",
)
def test_the_recipe_for_r_counts_what_is_on_record(address, record, tmp_path):
    [script] = [each for kind, each in BLOCKS if kind == "r"]
    (tmp_path / "recipe.R").write_text(
        script.replace(EXAMPLE, address) + "cat(nrow(ratings), ncol(ratings))\n"
        'cat("", Encoding(ratings$body_name[1]), class(ratings$body_ons))\n'
    )
    done = subprocess.run(
        ["Rscript", "--vanilla", "recipe.R"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    path = "/v1/ratings.csv?programme=peel-2023-25"
    text = create_app(record).test_client().get(path).text
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert f"{len(rows)} {len(header)}" in done.stdout
    grades = Counter(each[header.index("grade")] for each in rows)
    said = done.stdout.split()
    assert all(
        grade in said and str(grades[grade]) in said for grade in grades if grade
    )
    assert said[-1] == "character"


@pytest.mark.parametrize("path", FILES)
def test_what_a_spreadsheet_is_given_is_read_whole(address, path):
    with urllib.request.urlopen(address + path) as answer:
        text = answer.read().decode()
    assert text.startswith("\ufeff") == ("excel=true" in path)
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert len(rows) > 20
    assert {len(each) for each in rows} == {len(header)}


def test_the_page_names_each_tool_and_is_served(record):
    page = create_app(record).test_client().get("/docs/recipes").text
    for tool in (
        "Sheets",
        "Excel",
        "Datawrapper",
        "pandas",
        "DuckDB",
        "jq",
        "Datasette",
        "read.csv",
    ):
        assert tool in page
    assert len(FILES) >= 3
