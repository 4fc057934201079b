"""Another process makes rows of what a long import records, or the import does."""

import os
import select
import signal
from contextlib import closing
from types import SimpleNamespace

import pytest

from projections.read_model import Batch
from service.config import Settings
from service.imports import following
from service.imports.following import Follower
from service.imports.importer import Importer
from service.imports.work import Options
from service.record import Record

# What is ready only after a while is waited for.
WAITING = SimpleNamespace(
    select=lambda *files_and_time: select.select(*files_and_time[:3])
)
FORCES = [f"force-{number}" for number in range(12)]
ROWS = "".join(f"{each},police-force,{each},https://example.org\n" for each in FORCES)


@pytest.fixture(params=["sqlite", "postgresql"])
def record(request, tmp_path):
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("database_url")
    with closing(Record.open(Settings(tmp_path / "data", database_url=url))) as record:
        yield record


def test_the_rows_of_a_followed_import_are_those_of_another(
    record, tmp_path, monkeypatch
):
    path = tmp_path / "bodies.csv"
    path.write_text(f"body_id,kind,name,source_url\n{ROWS}")
    written = []
    flush = Batch.flush
    monkeypatch.setattr(
        Batch, "flush", lambda self: (written.append(self), flush(self))
    )
    monkeypatch.setattr(following, "select", WAITING)
    importer = Importer(record, Options(), batch=2, followed_after=1)
    assert importer.run([path]).is_clean
    assert len(written) == 1  # The first batch: the others were written elsewhere.
    assert record.read_model.position == record.store.size() == len(FORCES)


def test_an_import_makes_the_rows_itself_until_its_follower_is_ready(record):
    follower = Follower(record, after=1)
    assert not follower.follow()
    assert follower._process is None  # A short import is not worth one.
    assert not follower.follow()
    process = follower._process
    assert process.poll() is None
    follower.end()
    assert process.poll() is not None


def test_an_import_goes_on_without_its_follower(record, monkeypatch):
    monkeypatch.setattr(following, "select", WAITING)
    follower = Follower(record, after=0)
    assert follower.follow()
    os.kill(follower._process.pid, signal.SIGKILL)
    follower._process.wait()
    assert not follower.follow()
    assert not follower.follow()
    assert follower._process is None  # No other is begun.
    follower.end()
    assert record.catch_up() == record.store.size()
