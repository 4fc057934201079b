"""Whether an append stays as cheap as the log grows: from 10^3 to 10^6 events.

Run `python bench/growth.py [--largest N]`. Single appends are timed, on SQLite; the
log is filled by batches between.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from rich.console import Console
from rich.progress import Progress

from bench.append import drafts, machine
from service.log.event_store import EventStore

SIZES = (10**3, 10**4, 10**5, 10**6)
SINGLES, BATCH = 500, 1000


def fill(store: EventStore, size: int) -> None:
    """Append batches until the log has so many events."""
    begun = store.size()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(f"Filling up to {size:,}", total=size - begun)
        for start in range(begun, size, BATCH):
            count = min(BATCH, size - start)
            store.append(drafts(f"fill{start}", count))
            bar.advance(task, count)


def cost(store: EventStore, size: int) -> float:
    """Return the seconds that one event takes, the median of many."""
    seconds = []
    for draft in drafts(f"single{size}", SINGLES):
        began = time.perf_counter()
        store.append([draft])
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    options = parser.parse_args(words)
    print(f"{machine()}; median of {SINGLES} single appends")
    with tempfile.TemporaryDirectory() as folder:
        store, first = EventStore.open(Path(folder)), 0.0
        for size in (each for each in SIZES if each <= options.largest):
            fill(store, size)
            spent = cost(store, size)
            first = first or spent
            print(
                f"{size:>9,} events: {spent * 1e6:>5,.0f} us an append, "
                f"{spent / first:.2f} of the first"
            )
        store.close()


if __name__ == "__main__":
    main()
