"""`kill -9` at random moments of mixed writes: nothing acknowledged is ever lost.

COPPERPLATE_KILL_ROUNDS says how often (`make soak`: 50 times on each database).
"""

import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import track

from service.config import Settings
from service.founding import founding_files
from service.record import Record
from service.sources import StoredRecord
from service.verification import verify
from tests import writers
from tests.log_places import PostgresPlace, SQLitePlace, audit

ROOT = Path(__file__).parent.parent
ROUNDS = int(os.environ.get("COPPERPLATE_KILL_ROUNDS", "5"))
SEED = 20231204
WITHOUT_END = 100_000


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


def importer(place):
    """Start an import of all founding files, beside whatever else is written."""
    files = [str(path) for path in founding_files()]
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", "import", "--disputed", "--fill", *files],
        cwd=ROOT,
        env=settings_of(place).to_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def writer(place, name):
    return writers.start("mix", place.folder, place.url, name, WITHOUT_END)


def kill_in_the_midst(place, turn, choice):
    """Kill two writers and an import; return what they said was recorded."""
    mixing = [writer(place, f"{name}{turn}") for name in ("a", "b")]
    running = [*mixing, importer(place)]
    said = [mixing[0].stdout.readline() for _ in range(choice.randrange(1, 80))]
    for each in choice.sample(running, k=3):
        each.kill()
    for each in mixing:
        said += each.stdout.readlines()
        each.stdout.close()
    for each in running:
        each.wait()
    # The last line of each may have been cut off.
    return dict(parsed(line) for line in said if line.endswith("\n"))


def parsed(line):
    position, leaf_hash = line.split()
    return int(position), leaf_hash


def leaf_hashes(place):
    rows = place.sql("SELECT position, leaf_hash FROM log ORDER BY position")
    return {position: bytes(leaf_hash).hex() for position, leaf_hash in rows}


def must_be_whole(place, before, acknowledged):
    """Check the log by brute force, and that it goes on; return all that it holds."""
    must_verify(place)
    with closing(Record.open(settings_of(place))) as record:
        found = leaf_hashes(place)
        assert audit(place, record.store) == len(found) >= len(before)
        assert acknowledged
        assert acknowledged.items() <= found.items()
        assert before.items() <= found.items()
        body = writers.Body(f"after-{len(found)}")
        [event] = writers.register(record, [body])
        assert record.catch_up() == event.position == len(found) + 1
    return leaf_hashes(place)


def must_verify(place):
    with closing(StoredRecord(place.folder, place.url)) as source:
        findings = verify(source).findings
    assert findings.is_good, "\n".join(findings.lines())


def test_what_is_killed_at_any_moment_leaves_a_whole_log(place):
    choice, found = random.Random(SEED), {}
    Record.open(settings_of(place)).close()
    # Shown by `make soak` alone: it takes minutes.
    console = Console(stderr=True, quiet=ROUNDS <= 5)
    for turn in track(range(ROUNDS), "Killing writers", console=console):
        acknowledged = kill_in_the_midst(place, turn, choice)
        found = must_be_whole(place, found, acknowledged)
    made = {kind for (kind,) in place.sql("SELECT DISTINCT topic FROM stored_events")}
    assert {"field.redacted", "log-key.added"} <= made
