"""Followers of a record: readers of server-sent events, and of what is waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import orjson
from flask.testing import FlaskClient

from service.context import LIVE
from tests.contract_client import ALWAYS

STREAM = "/v1/events/stream"


@dataclass
class Message:
    """What a client of server-sent events makes of one block."""

    id: str | None = None
    event: str | None = None
    data: dict | None = None
    comments: list[str] = field(default_factory=list)
    retry: int | None = None


def messages(chunks) -> Iterator[Message]:
    """Read an event stream by the rules of the HTML standard, section 9.2.6."""
    message = Message()
    for line in _lines(chunks):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            yield message
            message = Message()
        elif not name:
            message.comments.append(value)
        elif name == "data":
            message.data = orjson.loads(value)
        elif name == "retry":
            message.retry = int(value)
        else:
            setattr(message, name, value)


def _lines(chunks) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (each.decode() for each in lines)


@contextmanager
def following(app, query="", **headers) -> Iterator[Iterator[Message]]:
    """Follow a record within this process; what is sent is read one by one."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    # It takes an answer as it comes; the contract is of answers that end.
    client = FlaskClient(app, app.response_class)
    response = client.get(f"{STREAM}{query}", headers=named)
    assert response.status_code == 200, response.text
    assert all(name in response.headers for name in ALWAYS)
    try:
        yield messages(response.response)
    finally:
        response.close()


@contextmanager
def once_waiting(app, then) -> Iterator[None]:
    """Do something in another thread as soon as a reader waits."""
    live = app.extensions[LIVE]
    failed = []

    def run():
        while not live.permits.held:
            Event().wait(0.005)
        try:
            then()
        except Exception as error:
            failed.append(error)

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not failed
