"""Imports that are killed, or run at once, leave a whole record behind."""

import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from projections.catalogue import ALL
from service import start
from service.config import Settings
from service.founding import founding_files
from service.record import Record
from tests.log_places import PostgresPlace, SQLitePlace, audit

ROOT = Path(__file__).parent.parent
ROUNDS = 6 if int(os.environ.get("COPPERPLATE_KILL_ROUNDS", "5")) > 5 else 2


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Give a place for a log that is not yet there."""
    folder = tmp_path / "data"
    if request.param == "sqlite":
        return SQLitePlace(folder)
    url = request.getfixturevalue("database_url")
    return PostgresPlace(folder, url, request.getfixturevalue("postgres_server"))


def settings_of(place):
    return Settings(data=place.folder, database_url=place.url)


def opened(place):
    return closing(Record.open(settings_of(place)))


def founder(place):
    """Start a process that puts the founding data on record."""
    return process(place, "-m", "tests.founder")


def importer(place):
    """Start a process that imports the founding files."""
    files = [str(path) for path in founding_files()]
    words = ["import", "--disputed", "--fill", *files]
    return process(place, "-m", "service.cli", *words)


def process(place, *words):
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=settings_of(place).to_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def leaves(place):
    """Return the leaf hashes in the order of the log, as seen from outside."""
    try:
        rows = place.sql("SELECT leaf_hash FROM log ORDER BY position")
    except place.errors:
        return []  # The tables are not made yet.
    return [bytes(row[0]) for row in rows]


def facts(record):
    """Return what is on record, whenever and in whatever order it was recorded."""
    return sorted(
        repr((each.type, each.stream, each.data))
        for each in record.store.read(limit=10_000)
    )


def expected(founded):
    with closing(Record.open(Settings(data=founded))) as record:
        return facts(record)


def digests(record):
    model = record.read_model
    return {each.name: model.digest(each.name, model.position) for each in ALL}


def must_hold_whole_rows(place, record):
    """Check that no row is half on record, and none half of one transaction."""
    events = record.store.read(limit=10_000)
    ends = {size for (size,) in place.sql("SELECT size FROM checkpoints")}
    published = {each.id for each in events if each.type == "inspection.published"}
    rated = {e.data["inspection"] for e in events if e.type == "rating.awarded"}
    for event, after in zip(events, [*events[1:], None], strict=True):
        if event.type == "rating.awarded":
            assert event.data["inspection"] in published
        # A story and a list of inspections have rows of a publication alone.
        is_apart = not event.id.startswith("peel-") or "west-mercia" in event.id
        if event.type == "inspection.published" and event.id in rated and not is_apart:
            assert event.position not in ends
            assert after.type in ("rating.awarded", "inspection.totals-stated")
            assert event.id in (after.id, after.data.get("inspection"))


def kill_in_the_midst(place, choice):
    """Kill a founding import at some moment after its first event."""
    before = len(leaves(place))
    with founder(place) as running:
        while running.poll() is None and len(leaves(place)) <= before:
            pass
        try:
            running.wait(timeout=choice.uniform(0, 0.4))
        except subprocess.TimeoutExpired:
            running.kill()
    return leaves(place)


def test_a_killed_founding_import_loses_nothing_and_is_completed(place, founded):
    choice, acknowledged = random.Random(20231204), []
    for _ in range(ROUNDS):
        seen = kill_in_the_midst(place, choice)
        assert seen[: len(acknowledged)] == acknowledged
        acknowledged = seen
        with opened(place) as record:
            assert audit(place, record.store) == len(seen)
            must_hold_whole_rows(place, record)
            assert start.needs_founding(record) == is_begun(place)
    with founder(place) as last:
        assert last.wait(timeout=60) == 0, last.stderr.read()
    assert leaves(place)[: len(acknowledged)] == acknowledged
    with opened(place) as record:
        must_hold_whole_rows(place, record)
        must_be_complete(place, record, founded)


def is_begun(place):
    return (place.folder / "founding").read_text().strip() == start.BEGUN


def must_be_complete(place, record, founded):
    assert audit(place, record.store) == record.store.size()
    assert facts(record) == expected(founded)
    live = digests(record)
    record.rebuild()
    assert digests(record) == live


def test_a_killed_import_is_completed_by_the_next(place, founded):
    with opened(place):
        pass
    with importer(place) as running:
        while running.poll() is None and not leaves(place):
            pass
        running.kill()
    acknowledged = leaves(place)
    with importer(place) as last:
        assert last.wait(timeout=60) == 0, last.stderr.read()
    assert leaves(place)[: len(acknowledged)] == acknowledged
    with opened(place) as record:
        must_be_complete(place, record, founded)


def test_several_importers_at_once_record_nothing_twice(place, founded):
    with opened(place):
        pass
    running = [importer(place) for _ in range(2)]
    said = [each.communicate(timeout=120) for each in running]
    assert [each.returncode for each in running] == [0, 0], said
    with opened(place) as record:
        must_hold_whole_rows(place, record)
        must_be_complete(place, record, founded)
