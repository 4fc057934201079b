"""Four workers that keep answers: all give the same bytes, and none old ones."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from service.config import Settings
from service.domain.bodies import Body
from service.record import Record
from tests import server
from tests.examples import REGISTERED, RENAMED
from tests.records import SOURCE
from tests.redacting import forms
from tests.redacting import redact as redacted
from tests.test_check_us import DOCS

TEXT = (DOCS / "caching.md").read_text()
COMMANDS = re.findall(r"^```\n(.+?)^```$", TEXT, re.M | re.S)
EXAMPLE = "http://127.0.0.1:8000"
NOTE = "Bartholomew Featherstonehaugh wrote this"
OWN = {"server-timing", "record-position", "date"}
pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", "postgresql"], indirect=True, scope="module"
)
ASKED = 40  # Connections, so that each of four workers takes some.


@pytest.fixture(scope="module")
def served(database, tmp_path_factory):
    """Give the address of a server with four workers, and a record beside it."""
    folder, url = tmp_path_factory.mktemp("data"), database
    settings = Settings(data=folder, database_url=url)
    with closing(Record.open(settings)) as record:
        put(record, "kent", REGISTERED, note=NOTE)
        put(record, "gwent", REGISTERED)
        with server.serving(
            folder, "--empty", "--workers", "4", database_url=url
        ) as at:
            yield at, record


def put(record, id, event, **changes):
    members = {**event.data, **changes, "sources": [SOURCE]}
    body = record.find(Body, id)
    return record.record(body, type(event)(**members), by="system")


def get(address, path, **headers):
    """Ask on a connection of its own; return the answer, and what it took."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=server.PATIENCE)
    with closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        told = sorted((k, v) for k, v in answer.getheaders() if k.lower() not in OWN)
        timing = answer.headers["Server-Timing"]
        return (answer.status, tuple(told), answer.read()), timing


def many(address, path):
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: get(address, path), range(ASKED)))


@pytest.mark.parametrize(
    "path", ["/v1/bodies", "/v1/bodies/kent/profile", "/v1/bodies.csv", "/v1/events/1"]
)
def test_every_worker_gives_the_same_bytes_kept_or_not(served, path):
    address, _ = served
    answers = many(address, path)
    assert len({answer for answer, _ in answers}) == 1
    assert any("cache;desc=hit" in timing for _, timing in answers)


def test_no_worker_gives_what_was_before_an_event(served):
    address, record = served
    many(address, "/v1/bodies/kent")
    put(record, "kent", RENAMED, name="Kent Police")
    # It was told by the file before the event was answered.
    assert all(b"Kent Police" in a[2] for a, _ in many(address, "/v1/bodies/kent"))


def test_the_commands_of_the_page_do_what_it_says(served, tmp_path):
    address, _ = served
    assert len(COMMANDS) == 2
    for _ in range(2):
        for command in COMMANDS:
            run = subprocess.run(
                ["bash", "-ec", command.replace(EXAMPLE, address)],
                cwd=tmp_path, capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert run.stdout in ("304\n", "")
    assert b"Kent" in (tmp_path / "profile.json").read_bytes()


def test_a_redaction_leaves_no_old_answer_with_any_worker(served):
    address, record = served
    paths = ["/v1/bodies/kent", "/v1/events/1", "/v1/bodies/kent?at_position=1"]
    for path in paths:
        assert all(NOTE.encode() in answer[2] for answer, _ in many(address, path))
    redacted(record, 1, "note")
    for path in paths:
        found = b"".join(answer[2] for answer, _ in many(address, path))
        assert not any(each in found for each in forms(NOTE))
