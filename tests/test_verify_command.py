"""`copperplate verify` and `copperplate replay`, as they are run."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from projections.database import open_engine
from projections.digests import table
from service.cli import main
from service.replay import open_model
from tests.server import serving

HEAD = 1764


@pytest.fixture
def data(founded, tmp_path):
    return Path(shutil.copytree(founded, tmp_path / "data"))


def run(*words):
    result = CliRunner().invoke(main, [*map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


def change_a_digest(data, position):
    engine = open_engine(f"sqlite:///{data / 'desk.db'}")
    with engine.begin() as connection:
        named = (table.c.projection == "bodies") & (table.c.position == position)
        connection.execute(table.update().where(named).values(digest="0" * 64))
    engine.dispose()


# Verify.


def test_the_founding_record_passes_in_its_folder(data, tmp_path):
    before = {path.name: path.read_bytes() for path in data.glob("*")}
    status, printed, complained = run("verify", data, "--save", tmp_path / "saved")
    assert (status, printed.splitlines()[-1]) == (0, "PASS")
    assert "was taken on trust" in printed and "Verifying" in complained
    assert (tmp_path / "saved").read_text().splitlines()[1] == str(HEAD)
    after = {path.name: path.read_bytes() for path in data.glob("*")}
    assert {name: after[name] for name in before} == before
    key = run("key", "show", "--data", data)[1].strip()
    words = ["verify", "--data", data, "--key", key, "--since", tmp_path / "saved"]
    status, printed, _ = run(*words)
    assert status == 0 and "was taken on trust" not in printed
    assert "not checked" not in printed


def test_the_founding_record_passes_over_http(data):
    with serving(data) as url:
        status, printed, _ = run("verify", url, "--json")
    found = json.loads(printed)
    assert status == 0 and found["passed"] and found["size"] == HEAD
    counts = {each["name"]: each["count"] for each in found["checks"]}
    assert counts["leaves"] == counts["events"] == HEAD and counts["rows"] > HEAD


def test_a_fault_is_printed_with_its_position_and_nothing_is_saved(data, tmp_path):
    with closing(sqlite3.connect(data / "events.db")) as connection, connection:
        connection.execute("UPDATE openings SET value = '\"x\"' WHERE position = 1700")
    status, printed, _ = run("verify", data, "--quick", "--save", tmp_path / "saved")
    assert status == 1 and "is no bytes" in printed
    with closing(sqlite3.connect(data / "events.db")) as connection, connection:
        connection.execute("UPDATE openings SET value = x'00' WHERE position = 1700")
    status, printed, _ = run("verify", data, "--quick", "--save", tmp_path / "saved")
    assert status == 1
    assert printed.splitlines()[-1].startswith("FAIL: position 1,700: ")
    assert not (tmp_path / "saved").exists()


def test_what_is_quick_says_what_it_leaves_out(data):
    status, printed, _ = run("verify", data, "--quick")
    left_out = [each for each in printed.splitlines() if "left out (--quick)" in each]
    assert status == 0 and len(left_out) == 3


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["none"], 1, "There is no record in none."),
        (["http://"], 1, "not an address"),
        ([".", "--data", "."], 2, "Give TARGET or --data, not both."),
        ([".", "--key", "nonsense"], 2, "the key nonsense: not "),
        ([".", "--key", "x+\n\x1b[31m"], 2, "the key x+\\n\\x1b[31m: not "),
        ([".", "--since", "none"], 2, "does not exist"),
        ([".", "--since", __file__], 2, "test_verify_command.py: "),
    ],
)
def test_what_cannot_be_verified_is_said_on_one_line(words, status, says):
    found, printed, complained = run("verify", *words)
    [error] = [each for each in complained.splitlines() if each.startswith("Error")]
    assert found == status and says in error and not printed


# Replay.


@pytest.mark.parametrize("at", [1024, HEAD])
def test_the_founding_record_replayed_has_the_digests_that_were_published(
    data, tmp_path, at
):
    out = tmp_path / "replay.db"
    status, printed, _ = run("replay", "--at", at, "--out", out, "--data", data)
    first, *digests = printed.splitlines()
    assert status == 0 and first.endswith(f"what was read at position {at:,}.")
    assert all(each.endswith("  as published") for each in digests)
    model = open_model(out)
    assert model.position == at and len(digests) == len(model.names())
    model.engine.dispose()
    assert sorted(path.name for path in tmp_path.glob("*replay*")) == ["replay.db"]


def test_a_position_without_published_digests_is_replayed_too(data, tmp_path):
    out = tmp_path / "replay.db"
    status, printed, _ = run("replay", "--at", 7, "--out", out, "--data", data)
    digests = printed.splitlines()[1:]
    assert status == 0 and all(each.endswith("not published") for each in digests)


def test_a_digest_that_differs_ends_replay_and_rebuild_with_1(data, tmp_path):
    change_a_digest(data, HEAD)
    words = ["--out", tmp_path / "replay.db", "--data", data]
    for status, printed, _ in (run("replay", *words), run("rebuild", "--data", data)):
        [line] = [each for each in printed.splitlines() if "DIFFERS" in each]
        assert status == 1 and line.startswith("bodies ")


def test_a_file_is_not_replaced_unless_asked(data, tmp_path):
    out = tmp_path / "replay.db"
    out.write_text("mine")
    words = ["replay", "--at", 3, "--out", out, "--data", data]
    assert run(*words)[0] == 1 and out.read_text() == "mine"
    assert run(*words, "--force")[0] == 0 and out.read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--at", HEAD + 1], 2, "The last position is 1,764."),
        (["--at", "-1"], 2, "-1"),
        (["--out", "none/x.db"], 1, "There is no folder none."),
    ],
)
def test_what_cannot_be_replayed_is_said(data, tmp_path, words, status, says):
    given = ["replay", "--out", tmp_path / "x.db", *words, "--data", data]
    found, _, complained = run(*given)
    assert found == status and says in complained
    assert not (tmp_path / "x.db").exists()
