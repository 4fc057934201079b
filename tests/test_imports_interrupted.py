"""Imports whose process or server dies: they say so, and sending again goes on."""

import json
import os
import signal
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from projections.database import reading
from service import importing
from service.config import Settings
from service.editors import revoke
from service.imports.running import BATCH
from service.record import Record
from service.uploads import turn
from tests import server
from tests.editing import opened
from tests.sending import PATIENCE, UNDER_WAY, Sender

COUNT = 250
HEADER = "body_id,kind,name,source_url\n"


def many(count=COUNT, prefix="force"):
    """Return a file of many bodies."""
    rows = (
        f"{prefix}-{n},other,Body {n},https://example.org/{n}" for n in range(count)
    )
    return HEADER + "\n".join(rows) + "\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request, tmp_path):
    is_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("database_url") if is_postgresql else None
    settings = Settings(data=tmp_path, database_url=url)
    record = Record.open(settings)
    yield SimpleNamespace(record=record, folder=tmp_path)
    record.close()


def until(happened):
    """Return what a question gives as soon as it is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := happened():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def process_of(id):
    """Return the number of the process that imports."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if id.encode() in path.read_bytes().split(b"\0"):
                return int(path.parent.name)
        except OSError:
            continue
    return None


def is_under_way(sender, id, most=COUNT):
    found = sender.get(f"/v1/imports/{id}").json
    return BATCH <= found["lines_done"] < most


def bodies_of(record):
    events = record.store.read(limit=10 * COUNT)
    return sorted(each.id for each in events if each.type == "body.registered")


def test_an_import_that_is_killed_is_interrupted_and_goes_on_when_sent_again(desk):
    sender = Sender(desk)
    id = sender.post(many()).json["id"]
    until(lambda: is_under_way(sender, id))
    os.kill(process_of(id), signal.SIGKILL)
    found = sender.ended(id)
    assert found["state"] == "interrupted" and found["ended_at"]
    assert "sending the same file again goes on" in found["advice"]
    assert not list((desk.folder / "imports").glob("im-*"))
    done = len(bodies_of(desk.record))
    assert 0 < done < COUNT
    again = sender.send(many())
    assert (again["state"], again["already_known"]) == ("done", done)
    assert again["recorded"] == COUNT - done
    assert len(set(bodies_of(desk.record))) == len(bodies_of(desk.record)) == COUNT


def test_others_wait_for_their_turn_and_too_many_are_turned_away(desk, monkeypatch):
    monkeypatch.setattr(importing, "MOST", 2)
    sender, folder = Sender(desk), desk.folder / "imports"
    folder.mkdir()
    with turn(folder):
        ids = [sender.post(many(2, f"force-{n}")).json["id"] for n in range(2)]
        refused = sender.post(many(1))
        states = {sender.get(f"/v1/imports/{id}").json["state"] for id in ids}
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert states == {"waiting"}
    assert [sender.ended(id)["state"] for id in ids] == ["done"] * 2
    assert len(bodies_of(desk.record)) == 2 * 2


def test_an_import_ends_when_the_key_of_its_editor_is_revoked(desk):
    sender, other = Sender(desk), Sender(desk)
    id = sender.post(many()).json["id"]
    until(lambda: is_under_way(other, id))
    revoke(desk.record, sender.key.key_id, "leaked")
    found = other.ended(id)
    assert found["state"] == "failed" and "has been revoked" in found["fault"]
    assert len(bodies_of(desk.record)) < COUNT


def test_a_server_that_is_killed_leaves_no_file_and_its_import_is_interrupted(tmp_path):
    with opened(tmp_path) as record:
        sender = Sender(SimpleNamespace(record=record, folder=tmp_path))
    process, address, _ = server.start(tmp_path, "--empty")
    id = ask(address, sender, "/v1/imports", many(2_000).encode())["id"]
    until(lambda: ask(address, sender, f"/v1/imports/{id}")["lines_done"])
    process.kill()
    process.communicate()
    until(lambda: process_of(id) is None)
    with server.serving(tmp_path, "--empty") as address:
        found = ask(address, sender, f"/v1/imports/{id}")
        assert found["state"] == "interrupted"
        assert not list((tmp_path / "imports").glob("im-*"))
        again = ask(address, sender, "/v1/imports", many(120).encode())["id"]
        path = f"/v1/imports/{again}"
        until(lambda: ask(address, sender, path)["state"] not in UNDER_WAY)
        found = ask(address, sender, path)
        assert (found["state"], found["refused"]) == ("done", 0)


def ask(address, sender, path, body=None):
    headers = {**sender.headers, "Content-Type": "text/csv"}
    request = urllib.request.Request(address + path, data=body, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_what_is_kept_of_an_import_holds_nothing_of_its_cells(desk):
    sender = Sender(desk)
    sender.send(HEADER + "new-one,other,Secret Name,https://example.org/1\n")
    with reading(desk.record.imports._engine) as connection:
        rows = connection.exec_driver_sql(
            "SELECT things, events, why FROM "
            + ("desk." if desk.record.settings.database_url else "")
            + "import_lines"
        ).all()
    assert rows == [('["body-new-one"]', '["body.registered"]', None)]
