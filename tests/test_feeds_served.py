"""Following a real server: its page, its workers, its places, its end, its death."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack, closing, contextmanager

import pytest

from service.config import Settings
from service.record import Record
from tests import server
from tests.editing import editor
from tests.following import messages
from tests.records import SOURCE, SmallRecord
from tests.test_check_us import DOCS, path_of, write_program

COMMANDS = re.findall(r"```sh\n(.+?)```", (DOCS / "feeds.md").read_text(), re.S)
PLACES = 5  # Of each of the two workers.
# For machines without jq: the same library, called from Python.
JQ = f"""#!{sys.executable}
import json, sys, jq
*flags, program = sys.argv[1:]
for value in jq.compile(program).input_text(sys.stdin.read()):
    is_raw = "-r" in flags and isinstance(value, str)
    print(value if is_raw else json.dumps(value, separators=(",", ":")))
"""


@pytest.fixture(scope="module")
def key(founded, tmp_path_factory):
    """Make a copy of the founding record, with an editor: give both."""
    data = tmp_path_factory.mktemp("followed") / "data"
    shutil.copytree(founded, data)
    with closing(Record.open(Settings(data=data))) as record:
        yield data, editor(record).key


@pytest.fixture(scope="module")
def address(key):
    """Serve it by two workers."""
    limits = {"long_readers": PLACES, "long_readers_each": PLACES}
    with server.serving(key[0], "--workers", "2", **limits) as address:
        yield address


def get(address, **headers):
    """Return the status and the body of an answer, over a connection of its own."""
    asked = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=server.PATIENCE) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def post(address, key, number):
    """Record a statement; return its position and its id."""
    body = {
        "kind": "press-statement",
        "body": "west-mercia",
        "published_on": f"2024-05-{number:02}",
        "title": f"Statement {number}",
        "sources": [SOURCE],
    }
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"statement-{number}",
    }
    asked = urllib.request.Request(
        f"{address}/v1/statements", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(asked) as answer:
        event = json.load(answer)
    return event["position"], event["stream"].removeprefix("statement-")


@contextmanager
def stream(address, query="", **headers):
    """Follow a server; yield the status, and what is sent as it comes."""
    netloc = address.removeprefix("http://")
    with closing(http.client.HTTPConnection(netloc)) as connection:
        connection.request("GET", f"/v1/events/stream{query}", headers=headers)
        with connection.getresponse() as answer:
            yield answer.status, messages(iter(answer.readline, b""))


def test_every_command_of_the_page_does_what_it_says(address, tmp_path):
    script = "set -eu\n" + "\n".join(COMMANDS).replace("http://127.0.0.1:8000", address)
    head = json.loads(get(f"{address}/v1/status")[1])["head"]
    path = path_of(tmp_path)
    if shutil.which("jq") is None:
        write_program(tmp_path / "bin" / "jq", JQ)
    assert shutil.which("curl"), "only curl follows a stream as the page does"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ids = list(map(str, range(1761, head + 1)))
    lines = iter(done.stdout.splitlines())
    asked = [next(lines) for _ in ids]
    assert [each.split()[0] for each in asked] == ids
    assert asked[0].split()[1].startswith("commitment.")
    assert f'after={head}>; rel="next"' in next(lines)
    polled = [json.loads(next(lines)) for _ in range(2)]
    assert [id for id, _ in polled] == ["1763", "1764"]
    assert (tmp_path / "position").read_text() == "1764\n"
    assert [next(lines) for _ in ids[3:]] == ids[3:]
    returned = [line for line in lines if line.startswith("id: ")]
    assert returned == [f"id: {id}" for id in ids[4:]]


def test_what_was_recorded_by_one_worker_is_read_from_the_other(address, key):
    for number in range(1, 5):
        position, id = post(address, key[1], number)
        for _ in range(4):  # Whichever worker answers.
            path = f"/v1/statements/{id}?min_position={position}"
            status, body = get(address + path)
            assert (status, json.loads(body)["position"]) == (200, position)


def test_all_others_are_answered_while_all_places_are_taken(address):
    with ExitStack() as readers:
        held = 0
        # Each goes to whichever worker is free.
        while held < 2 * PLACES:
            status, sent = readers.enter_context(stream(address))
            held += status == 200
            if status == 200:
                assert next(sent).retry
        for _ in range(8):
            assert get(f"{address}/healthz") == (200, b"ok\n")
            assert get(f"{address}/v1/bodies/kent")[0] == 200
        status, problem = get(f"{address}/v1/events?after=9999&wait=1")
        assert (status, json.loads(problem)["type"]) == (
            503,
            "/problems/too-many-readers",
        )


def test_after_a_server_was_killed_each_event_is_sent_once(tmp_path):
    data = tmp_path / "data"
    small = SmallRecord(data)
    small.register("kent")
    process, first, _ = server.start(data, "--empty")
    with stream(first, "?after=0") as (_, sent):
        next(sent)
        seen = [next(sent).id]
        for name in ("essex", "surrey"):
            small.register(name)
            seen.append(next(sent).id)
        process.kill()
        process.communicate(timeout=server.PATIENCE)
        small.register("dorset")
    process, second, _ = server.start(data, "--empty")
    small.register("norfolk")
    with stream(second, **{"Last-Event-ID": seen[-1]}) as (_, sent):
        next(sent)
        seen += [next(sent).id, next(sent).id]
        process.send_signal(signal.SIGTERM)
        # The end of the answer is told, and nothing is left out of it.
        assert list(sent) == []
    _, rest = process.communicate(timeout=server.PATIENCE)
    small.record.close()
    assert seen == ["1", "2", "3", "4", "5"]
    assert (process.returncode, "Traceback" in rest) == (0, False)
