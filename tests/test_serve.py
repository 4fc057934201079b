"""The service as its user starts it: a real server, real signals, real processes."""

import io
import json
import re
import shlex
import signal
import sqlite3
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas
import pytest
from click.testing import CliRunner

from service.cli import main
from service.config import Settings
from service.domain.programmes import Programme
from service.domain.ratings import Rating
from service.record import Record
from tests import server

README = Path(__file__).parents[1].joinpath("README.md").read_text()
SOC = "regional-soc-2022.west-midlands.west-mercia.overall"


def get(address):
    """Return the body and the headers of an answer."""
    with urllib.request.urlopen(address) as answer:
        return answer.read(), answer.headers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a data folder with the founding record in it."""
    data = tmp_path_factory.mktemp("served") / "data"
    with server.serving(data):
        return data


def test_the_lines_of_the_readme_answer_what_it_promises(folder):
    commands = re.findall(r"```sh\ncurl '(.+?)'\n```", README)
    with server.serving(folder) as address:
        found = [
            get(each.replace("http://127.0.0.1:8000", address))[0].decode()
            for each in commands
        ]
    soc, csv, coverage, checkpoint = found
    [rating] = json.loads(soc)["items"]
    assert (rating["grade"], rating["published_on"]) == ("inadequate", "2024-05-14")
    assert rating["inspection"] == "regional-soc-2022.west-midlands"
    assert rating["source_url"].startswith(
        "https://hmicfrs.justiceinspectorates.gov.uk/"
    )
    assert (rating["confidence"], rating["position"] > 0) == ("high", True)
    assert len(csv.splitlines()) == 8
    assert {row["state"] for row in json.loads(coverage)["items"]} == {
        "not-yet-recorded"
    }
    assert checkpoint.startswith("localhost/log\n1764\n")


def test_what_the_readme_says_of_the_first_start_is_what_is_printed(tmp_path):
    process, _, lines = server.start(tmp_path / "data")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=server.PATIENCE)
    printed = "".join(lines)
    said = re.search(r"at its first start:\n\n```\n(.+?)```", README, re.S).group(1)
    for line in said.splitlines()[1:-1]:
        assert line == "…" or line in printed
    assert "1357/1357" in printed.replace(" ", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(folder, number):
    process, address, _ = server.start(folder)
    get(f"{address}/healthz")
    process.send_signal(number)
    _, rest = process.communicate(timeout=server.PATIENCE)
    assert (process.returncode, "Traceback" in rest) == (0, False)


def test_pandas_loads_every_rating_with_no_arguments(folder):
    with server.serving(folder) as address:
        frame = pandas.read_csv(f"{address}/v1/ratings.csv")
    assert len(frame) == 349
    assert frame["grade"].notna().all()
    assert frame.loc[frame["id"] == SOC, "published_on"].tolist() == ["2024-05-14"]


def test_four_workers_give_the_same_bytes(folder):
    paths = ["/v1/ratings", "/v1/bodies/west-mercia/profile", "/v1/coverage.csv"]
    with server.serving(folder, "--workers", "4") as address:
        addresses = [f"{address}{path}" for path in paths * 16]
        with ThreadPoolExecutor(8) as pool:
            bodies = list(pool.map(lambda each: get(each)[0], addresses))
    for number in range(len(paths)):
        assert len(set(bodies[number :: len(paths)])) == 1


def test_postgresql_serves_the_same_facts(folder, tmp_path, database_url):
    with server.serving(folder) as address:
        ours, _ = get(f"{address}/v1/ratings.csv")
    with server.serving(
        tmp_path / "data", "--workers", "2", database_url=database_url
    ) as address:
        theirs, _ = get(f"{address}/v1/ratings.csv")
    timeless = [
        pandas.read_csv(io.BytesIO(each)).drop(columns="recorded_at")
        for each in (ours, theirs)
    ]
    pandas.testing.assert_frame_equal(*timeless)


def test_a_correction_shows_both_versions_and_its_reason(tmp_path):
    data = tmp_path / "data"
    process, address, _ = server.start(data)
    record = Record.open(Settings(data=data))
    rating = record.load(Rating, SOC)
    programme = record.load(Programme, "regional-soc-2022")
    corrected = {**rating.facts[1].event.data, "grade": "requires-improvement"}
    event = rating.correct(
        programme=programme,
        corrects=1,
        data=corrected,
        reason="entry-error",
        asked_by="editor",
        reason_text="Read from the wrong line.",
    )
    record.record(rating, event, by="ed-12345678", read=[programme])
    record.close()

    before, _ = get(f"{address}/v1/ratings/{SOC}?at_position=1764")
    after, headers = get(f"{address}/v1/ratings/{SOC}")
    versions, _ = get(f"{address}/v1/ratings/{SOC}/versions")
    process.terminate()
    process.communicate(timeout=server.PATIENCE)

    first, *_, second = json.loads(versions)["items"]
    assert json.loads(before)["grade"] == first["data"]["grade"] == "inadequate"
    assert json.loads(after)["grade"] == "requires-improvement"
    assert (json.loads(after)["change"], headers["Record-Position"]) == (
        "correction",
        "1765",
    )
    assert second["data"]["reason"] == "entry-error"
    assert second["opened"]["reason_text"] == "Read from the wrong line."


def test_a_second_server_on_the_port_says_so_in_one_line(folder):
    with server.serving(folder) as address:
        port = address.rpartition(":")[2]
        command = server.command(folder, "--port", port)
        second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 1
    [line] = second.stderr.splitlines()
    assert f"Cannot listen on 127.0.0.1:{port}" in line


def test_the_log_survives_kill_9_of_the_server(folder):
    process, address, _ = server.start(folder)
    get(f"{address}/v1/ratings")
    process.kill()
    process.communicate(timeout=server.PATIENCE)
    with sqlite3.connect(folder / "events.db") as log:
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with server.serving(folder) as address:
        assert json.loads(get(f"{address}/v1/status")[0])["log_size"] == 1764


def test_every_command_of_the_readme_exists():
    block = README.split("## The command line\n```\n")[1].split("```")[0]
    for line in re.findall(r"^copperplate .+$", block, re.M):
        words = shlex.split(line.replace("[", " ").replace("]", " "))
        name = [word for word in words[1:3] if re.fullmatch("[a-z]+(-[a-z]+)*", word)]
        named = name[:2] if name[0] in ("key", "editors") else name[:1]
        shown = CliRunner().invoke(main, [*named, "--help"], catch_exceptions=False)
        assert shown.exit_code == 0, named
        for option in (word for word in words if word.startswith("--")):
            assert option in shown.output, f"{named} has no {option}"
