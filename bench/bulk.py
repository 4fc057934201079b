"""Bulk files of short and long records: seconds and memory to make and to verify them.

Memory must not grow with the record: each is made by a process of its own, as it is
beside a server, whose largest size is printed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

from bench.synthetic import events
from schemas.events import RecordedEvent
from service.config import Settings
from service.log.event_store import Draft
from service.record import Record

BATCH = 5000


def draft_of(event: RecordedEvent) -> Draft:
    """Return the draft of a synthetic event, to be put on a real record."""
    return Draft(
        stream=event.stream,
        version=event.version,
        type=event.type,
        by=event.by,
        change=event.change,
        data=event.data,
        words=event.opened,
        sources=event.sources,
    )


def fill(folder: Path, number: int) -> None:
    """Make a record of so many events."""
    with closing(Record.open(Settings(data=folder))) as record:
        made = events(number)
        while part := list(islice(made, BATCH)):
            record.store.append([draft_of(each) for each in part])
            record.catch_up()


def run(*words: object) -> tuple[float, float]:
    """Return how many seconds a command takes, and its largest size in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = status
    assert not status, words
    return time.perf_counter() - began, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=40_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bulk-") as folder:
        for number in (options.events // 10, options.events):
            data = Path(folder) / str(number)
            fill(data, number)
            made, memory = run("bulk", "--data", data)
            place = data / "bulk" / str(number)
            checked, more = run("verify", place / "events.jsonl.gz")
            size = sum(path.stat().st_size for path in place.iterdir()) / 2**20
            print(
                f"{number:>9,} events: made in {made:.1f} s with {memory:.0f} MiB, "
                f"{size:.1f} MiB of files; verified in {checked:.1f} s with "
                f"{more:.0f} MiB"
            )


if __name__ == "__main__":
    main()
