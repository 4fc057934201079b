"""The command line: what it prints, its exit status, and errors on one line."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.config import Settings
from service.founding import founding_files
from service.record import Record
from tests.importing import STREAM, grades

ROOT = Path(__file__).parent.parent
READING = [["status"], ["rebuild"], ["key", "show"], ["follow"]]
ALL = [*READING, ["import", str(founding_files()[0])]]


@pytest.fixture
def data(founded, tmp_path):
    return Path(shutil.copytree(founded, tmp_path / "data"))


def start(*words, database_url=None, settings=None, **more):
    environment = {k: v for k, v in os.environ.items() if "COPPERPLATE" not in k}
    if database_url:
        environment["COPPERPLATE_DATABASE_URL"] = database_url
    for name, value in (settings or {}).items():
        environment[f"COPPERPLATE_{name.upper()}"] = str(value)
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", *map(str, words)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def run(*words, **more):
    """Run a command; return its exit status and what it printed and complained of."""
    process = start(*words, **more)
    printed, complained = process.communicate(timeout=60)
    return process.returncode, printed, complained


def must_fail(says, *words, **more):
    """Check that a command fails with one line that says why, and no traceback."""
    status, printed, complained = run(*words, **more)
    errors = [line for line in complained.splitlines() if line.startswith("Error: ")]
    assert (status, len(errors)) == (1, 1), complained
    assert says in errors[0] and "Traceback" not in complained and not printed


# What goes wrong.


@pytest.mark.parametrize("words", READING[:3], ids=" ".join)
def test_a_folder_without_a_record_is_told_from_one_with(words, tmp_path):
    must_fail("There is no record in", *words, "--data", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for words in ALL:
        result = CliRunner().invoke(main, [*words, "--data", str(tmp_path / "file")])
        assert result.exit_code == 2 and "is a file." in result.output


@pytest.mark.parametrize("words", ALL, ids=lambda words: words[0])
def test_a_database_that_is_none_is_refused_by_its_name(words, data):
    (data / "events.db").write_bytes(os.urandom(20_000))
    must_fail("events.db: file is not a database", *words, "--data", data)


def test_a_database_that_is_cut_off_is_refused(data):
    os.truncate(data / "events.db", 50_000)
    must_fail("events.db: database disk image is malformed", "status", "--data", data)


def test_a_broken_read_model_is_made_anew_as_its_error_says(data):
    (data / "read-1.db").write_bytes(os.urandom(5_000))
    must_fail("delete read-*.db in the data folder", "rebuild", "--data", data)
    for path in data.glob("read-*.db*"):
        path.unlink()
    status, printed, _ = run("rebuild", "--data", data)
    first, *digests = printed.splitlines()
    assert (status, first) == (0, "Rebuilt up to position 1,764.")
    assert digests and all(each.endswith("  as published") for each in digests)


@pytest.mark.parametrize("words", [*ALL, ["serve"]], ids=lambda words: words[0])
def test_a_database_server_that_is_away_is_said_on_one_line(words, tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        url = f"postgresql://clerk:secret-word@127.0.0.1:{port}/record"
        if words == ["serve"]:
            words = ["serve", "--port", free_port()]
        status, _, complained = run(*words, "--data", tmp_path, database_url=url)
    [error] = [line for line in complained.splitlines() if "Error" in line]
    assert status == 1 and "connection" in error
    assert "Traceback" not in complained and "secret-word" not in complained


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_port_in_use_is_refused_before_anything_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        words = ["serve", "--port", port, "--data", tmp_path / "data"]
        must_fail(f"Cannot listen on 127.0.0.1:{port}: ", *words)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [["frobnicate"], ["serve", "--port", "70000"]])
def test_a_misused_command_exits_with_2(words):
    status, _, complained = run(*words)
    assert status == 2 and "Error: " in complained


# Imports.


def test_an_import_prints_what_became_of_each_file(data, tmp_path):
    path = tmp_path / "grades.csv"
    path.write_text(grades({}, {"grade": "x"}))
    status, printed, _ = run("import", path, "--data", data)
    first, second, last = printed.splitlines()
    assert first == "grades.csv (peel_grades): 1 recorded, 1 refused"
    assert second.startswith("  line 3: refused: grade: 'x' is no grade of")
    assert (last, status) == ("2 events recorded.", 1)


def test_an_import_in_which_nothing_is_refused_exits_with_0(data, tmp_path):
    path = tmp_path / "grades.csv"
    path.write_text(grades())
    status, printed, _ = run("import", path, "--verbose", "--data", data)
    assert (
        status == 0
        and f"line 2: recorded: inspection-peel-2023-25.kent, {STREAM}" in (printed)
    )


def test_a_dry_run_exits_as_the_import_would_and_records_nothing(data, tmp_path):
    path = tmp_path / "grades.csv"
    path.write_text(grades({}, {"grade": "x"}))
    status, printed, _ = run("import", path, "--dry-run", "--data", data)
    assert (status, printed.splitlines()[-1]) == (1, "2 events would be recorded.")
    assert json.loads(run("status", "--json", "--data", data)[1])["events"] == 1764


def test_an_import_reports_as_json(data, tmp_path):
    path = tmp_path / "grades.csv"
    path.write_text(grades({"note": "Caf\u00e9"}, columns=("colour", *HEADER)))
    _, printed, _ = run("import", path, "--json", "--data", data)
    report = json.loads(printed)
    assert (report["events"], report["is_dry_run"]) == (2, False)
    [file] = report["files"]
    assert (file["shape"], file["ignored"]) == ("peel_grades", ["colour"])
    assert file["counts"]["recorded"] == 1 and file["lines"][0]["line"] == 2


HEADER = tuple(grades().partition("\n")[0].split(","))


def test_a_folder_is_imported_in_the_order_in_which_facts_rest_on_facts(tmp_path):
    for path in founding_files():
        shutil.copy(path, tmp_path)
    Record.open(Settings(data=tmp_path / "data")).close()
    words = ["import", tmp_path, "--disputed", "--fill", "--data", tmp_path / "data"]
    status, printed, complained = run(*words)
    assert (status, printed.splitlines()[-1]) == (0, "1,764 events recorded."), (
        complained
    )


def test_an_import_into_a_folder_without_a_record_makes_none(tmp_path):
    path, typo = tmp_path / "grades.csv", tmp_path / "typo"
    path.write_text(grades())
    must_fail("There is no record in", "import", path, "--data", typo)
    assert not typo.exists()


def test_a_file_that_is_not_there_is_refused(data):
    status, _, complained = run("import", data / "none.csv", "--data", data)
    assert status == 2 and "does not exist" in complained


LARGE = """
import sys
from service.cli import main
try:
    main(sys.argv[1:])
finally:
    lines = open("/proc/self/status").read().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    print(peak)
"""


def test_a_file_of_20_000_rows_is_imported_in_bounded_memory(tmp_path):
    rows = [
        f"b{n % 1500},other,Body {n % 1500},https://a.uk/{n % 1500}"
        for n in range(20_000)
    ]
    (tmp_path / "b.csv").write_text("\n".join(["body_id,kind,name,source_url", *rows]))
    Record.open(Settings(data=tmp_path / "data")).close()
    words = ["import", tmp_path / "b.csv", "--data", tmp_path / "data"]
    command = [sys.executable, "-c", LARGE, *map(str, words)]
    printed = subprocess.check_output(command, cwd=ROOT, text=True, timeout=120)
    first, *_, kibibytes = printed.splitlines()
    assert first == "b.csv (bodies): 1500 recorded, 18500 already known"
    assert int(kibibytes) < 200 * 1024


# What is on record.


def test_status_says_what_is_on_record(data):
    status, printed, _ = run("status", "--json", "--data", data)
    known = json.loads(printed)
    assert (status, known["events"], known["read_model"]) == (0, 1764, 1764)
    assert known["database"] == "SQLite" and known["is_behind"] is False
    assert "events           1764" in run("status", "--data", data)[1]


def test_key_show_prints_the_key_that_signs_the_log(data):
    _, printed, _ = run("key", "show", "--data", data)
    with closing(Record.open(Settings(data=data))) as record:
        assert printed.splitlines() == record.store.verifier_keys()


def test_rows_of_an_older_version_are_made_anew(data):
    with closing(sqlite3.connect(data / "read-1.db")) as model:
        model.execute("UPDATE progress SET code_version = 0")
        model.execute("DELETE FROM ratings")
        model.commit()
    status, _, _ = run("status", "--data", data)
    assert (status, (data / "generation").read_text()) == (0, "read-2.db\n")
    with closing(sqlite3.connect(data / "read-2.db")) as model:
        assert model.execute("SELECT COUNT(*) FROM ratings").fetchone()[0] >= 349


def test_a_rebuild_makes_a_new_generation(data):
    status, printed, _ = run("rebuild", "--data", data)
    assert status == 0 and printed.startswith("Rebuilt up to position 1,764.\n")
    assert (data / "generation").read_text().strip() == "read-2.db"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_follow_keeps_up_until_a_signal_ends_it(data, tmp_path, number):
    with start("follow", "--data", data) as following:
        assert following.stderr.readline() == "Following from position 1,764.\n"
        path = tmp_path / "grades.csv"
        path.write_text(grades())
        run("import", path, "--data", data)
        assert following.stderr.readline() == "Reached position 1,766.\n"
        following.send_signal(number)
        assert following.wait(timeout=60) == 0


def test_openapi_prints_the_contract():
    status, printed, _ = run("openapi")
    assert status == 0 and "openapi: 3" in printed


@pytest.mark.parametrize("words", [*ALL, ["serve"], []], ids=" ".join)
def test_every_command_says_what_it_does(words):
    commands = words[: 2 if words[:1] == ["key"] else 1]
    result = CliRunner().invoke(main, [*commands, "--help"])
    assert result.exit_code == 0 and result.output.startswith("Usage: ")
