"""What a cold proof of inclusion costs, beside its SELECTs alone.

Run `python bench/proofs.py [--events N]`. Every proof is made by a store that was
just opened on a SQLite log, so that no connection and nothing read is kept.
"""

import argparse
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.append import machine
from bench.growth import fill
from service.log.event_store import EventStore
from service.log.proofs import Span, inclusion

PROOFS, TURNS, SEED = 200, 3, 1


def proved(store: EventStore, index: int, size: int) -> tuple[float, list[Span]]:
    """Return the seconds of one proof, and what was read for it."""
    asked = []

    def read(level: int, start: int, width: int) -> list[bytes]:
        asked.append((level, start, width))
        return store.hashes(level, start, width)

    began = time.perf_counter()
    inclusion(read, index, size)
    return time.perf_counter() - began, asked


def selected(store: EventStore, asked: list[Span]) -> float:
    """Return the seconds that the same hashes take if nothing is made of them."""
    began = time.perf_counter()
    for each in asked:
        store.hashes(*each)
    return time.perf_counter() - began


def compare(folder: Path, index: int, size: int) -> tuple[float, float]:
    """Return the seconds of a proof and of its SELECTs, each on fresh connections.

    The best of some turns: what else the machine does is in no figure.
    """
    proofs, selects = [], []
    for _ in range(TURNS):
        with closing(EventStore.open(folder)) as store:
            whole, asked = proved(store, index, size)
        with closing(EventStore.open(folder)) as store:
            selects.append(selected(store, asked))
        proofs.append(whole)
    return min(proofs), min(selects)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10**6)
    size = parser.parse_args(words).events
    choice = Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(EventStore.open(folder)) as store:
            fill(store, size)
        leaves = [choice.randrange(size) for _ in range(PROOFS)]
        pairs = [compare(folder, index, size) for index in leaves]
    ratios = sorted(whole / alone for whole, alone in pairs)
    print(
        f"{machine()}; {PROOFS} random leaves of {size:,}\n"
        f"cold proof {median(whole for whole, _ in pairs) * 1e6:,.0f} us, its SELECTs "
        f"{median(alone for _, alone in pairs) * 1e6:,.0f} us, "
        f"ratio {median(ratios):.2f}, at worst {ratios[-1]:.2f}"
    )


if __name__ == "__main__":
    main()
