"""The page about webhooks: its receiver receives, and its commands do what it says."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from html import unescape

import pytest

from tests import server
from tests.receiver import receiving
from tests.records import small
from tests.subscribing import Subscriber
from tests.test_check_us import DOCS, path_of
from tests.test_sources_page import needs_curl

__all__ = ["small"]
TEXT = (DOCS / "webhooks.md").read_text()
[PROGRAM] = re.findall(r"```python\n(.+?)```", TEXT, re.S)
COMMANDS = re.findall(r"```sh\n(.+?)```", TEXT, re.S)
PATH = "/hooks/4b1f"


class Behind:
    """The receiver of the page, behind what speaks TLS for it."""

    def __init__(self, folder, public_key):
        self.port = server.free_port()
        (folder / "receive.py").write_text(PROGRAM)
        command = [sys.executable, "receive.py", str(self.port), PATH, public_key]
        self.process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
        while not self.listens():
            assert self.process.poll() is None

    def listens(self):
        try:
            self.post("/", b"{}", {})
        except OSError:
            return False
        return True

    def post(self, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        return answer.status, said, {}

    def __call__(self, received):
        return self.post(received.path, received.body, dict(received.headers))


def test_the_receiver_of_the_page_agrees_and_takes_only_what_is_signed(small, tmp_path):
    # It compares the time of a message with its own clock.
    small.clock.now = datetime.now(UTC)
    small.register("kent", "Kent Police")
    with receiving() as receiver:
        subscriber = Subscriber(small, receiver)
        subscriber.subscribe(after=0)
        behind = Behind(tmp_path, *subscriber.made["public_keys"])
        receiver.answer = behind
        try:
            subscriber.carry()
            small.register("dyfed", "Dyfed-Powys Police")
            subscriber.post("test")
            subscriber.carry()
            subscriber.post("replay", after=1)
            subscriber.carry()
            kept = (tmp_path / "events.jsonl").read_text().splitlines()
            last = receiver.received[-1]
            headers = dict(last.headers)
            assert behind.post(PATH, last.body, headers)[0] == 200
            assert behind.post(PATH, last.body.swapcase(), headers)[0] == 401
            late = {**headers, "webhook-timestamp": "1674087231"}
            assert behind.post(PATH, last.body, late)[0] == 401
            unsigned = {**headers, "webhook-signature": "v1a,AAAA v1a,A x"}
            assert behind.post(PATH, last.body, unsigned)[0] == 401
        finally:
            behind.process.kill()
            behind.process.wait()
    assert [json.loads(line)["data"]["position"] for line in kept] == [1, 2]
    assert receiver.positions == [1, 2, 2]
    assert subscriber.get()["position"] == 2


@pytest.fixture(scope="module")
def served(founded, tmp_path_factory):
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(founded, data)
    with server.serving(data) as address:
        yield address


@needs_curl
def test_every_command_of_the_page_does_what_it_says(served, tmp_path):
    script = "set -eu\n" + "\n".join(COMMANDS).replace("http://127.0.0.1:8000", served)
    environment = os.environ | {"PATH": path_of(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads((tmp_path / "subscription.json").read_text())
    assert made["bodies"] == ["west-mercia"] and made["position"] == 0
    assert done.stdout.count(made["public_keys"][0]) == 1
    assert done.stdout.count(made["id"]) >= 2
    assert "number,at,kind,position,status,error,milliseconds" in done.stdout


def test_the_page_is_served_with_the_address_of_the_record(served):
    with urllib.request.urlopen(f"{served}/docs/webhooks") as answer:
        page = unescape(answer.read().decode())
    assert f"{served}/v1/subscriptions" in page and "127.0.0.1:8000" not in page
    assert "Copperplate: Webhooks" in page
