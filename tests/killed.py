"""A request that is killed at a step: `python -m tests.killed FOLDER URL KEY STEP…`.

A step is an event of the interpreter (a call, a return, also of C) in what writes the
log. For each step the request is sent and killed there, looked for on record, and
sent again; a line tells how often it was there before and after, and its answer.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from werkzeug.test import TestResponse

from service.app import create_app
from service.config import Settings
from service.record import Record

ROOT = Path(__file__).parent.parent
WATCHED = tuple(
    str(ROOT / name)
    for name in (
        "service/log/event_store.py",
        "service/log/sqlite_log.py",
        "service/log/postgres_log.py",
        "service/log/rows.py",
        "service/record.py",
        "service/desk.py",
        "service/api/receipts.py",
        "service/redaction.py",
        "projections/generations.py",
    )
)


class Steps:
    """Counts steps, and kills the process at one of them."""

    def __init__(self, last: int | None) -> None:
        self.count, self.last = 0, last

    def __call__(self, frame, event, argument) -> None:
        if frame.f_code.co_filename.startswith(WATCHED):
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def request(folder: str, url: str, key: str, last: int | None, name: str) -> str:
    """Send a request that may be killed; return its status, and how many steps."""
    record = Record.open(Settings(data=Path(folder), database_url=url or None))
    steps = Steps(last)
    sys.setprofile(steps)
    answer = send(record, key, name)
    sys.setprofile(None)
    return f"{answer.status_code} {steps.count}"


def again(folder: str, url: str, key: str, name: str) -> str:
    """Send a request again; return how often it was there before, what, and after."""
    record = Record.open(Settings(data=Path(folder), database_url=url or None))
    before = count(record, name)
    answer = send(record, key, name)
    position = answer.json.get("position")
    return f"{before}\t{answer.status_code} {position}\t{count(record, name)}"


def count(record: Record, name: str) -> int:
    """Return how often what was sent is on record."""
    events = record.store.read_stream(f"body-{body_of(name)}")
    return sum(each.data["name"] == f"Name {name}" for each in events)


def send(record: Record, key: str, name: str) -> TestResponse:
    """Send the request that goes by this name."""
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": name}
    body = {"name": f"Name {name}", "sources": [{"url": "https://example.org/a"}]}
    client = create_app(record).test_client()
    address = f"/v1/bodies/{body_of(name)}/names"
    return client.post(address, json=body, headers=headers)


def body_of(name: str) -> str:
    """Return the body that a request renames: each its own, so that all are as long."""
    return f"body-{name}"


def apart(task: Callable[[], str]) -> str:
    """Return what a task says in a process of its own; nothing if it is killed."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.write(writing, task().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    os.waitpid(child, 0)
    return text


def trial(folder: str, url: str, key: str, step: str) -> tuple[str, ...]:
    """Kill a request at a step and send it again; return what came of both."""
    killed = apart(lambda: request(folder, url, key, int(step) or None, step))
    return step, killed or "killed", apart(lambda: again(folder, url, key, step))


def main(folder: str, url: str, key: str, *steps: str) -> None:
    for step in steps:
        print(*trial(folder, url, key, step), sep="\t", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
