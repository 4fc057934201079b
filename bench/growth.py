"""Whether an append stays as cheap as the log grows: from 10^3 to 10^6 events.

Run `python bench/growth.py [--largest N]`. Single appends are timed, on SQLite, in
turns with bare saves into a database that stays small: the machine drifts, and what
both meet is not the log's growth. The log is filled by batches between.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from rich.console import Console
from rich.progress import Progress

from bench.append import drafts, machine, sqlite_pair, stored
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


def cost(store: EventStore, recorder: Any, size: int) -> tuple[float, float]:
    """Return the median seconds of a single append, and of a bare save beside it."""
    ours, bare = [], []
    events = stored(f"bare{size}", [b"x" * 1000] * SINGLES)
    for draft, event in zip(drafts(f"single{size}", SINGLES), events, strict=True):
        ours.append(seconds(store.append, draft))
        bare.append(seconds(recorder.insert_events, event))
    return median(ours), median(bare)


def seconds(save: Callable[[list[Any]], Any], event: Any) -> float:
    began = time.perf_counter()
    save([event])
    return time.perf_counter() - began


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    options = parser.parse_args(words)
    print(f"{machine()}; median of {SINGLES} single appends")
    with tempfile.TemporaryDirectory() as folder:
        store, recorder = sqlite_pair(Path(folder))
        first = 0.0
        for size in (each for each in SIZES if each <= options.largest):
            fill(store, size)
            ours, bare = cost(store, recorder, size)
            first = first or ours / bare
            print(
                f"{size:>9,} events: append {ours * 1e6:>5,.0f} us, bare save "
                f"{bare * 1e6:>5,.0f} us, {ours / bare:.2f} of it; "
                f"{ours / bare / first:.2f} of the first"
            )
        store.close()


if __name__ == "__main__":
    main()
