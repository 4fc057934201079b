"""How fast a log is verified, beside a plain loop of SHA-256 over the same bytes.

Run `python -m bench.verify [--events N]`. Nothing is read from a disk or a network, and
no projection is replayed: `python -m bench.rebuild` measures that.
"""

import argparse
import hashlib
import platform
import time
from collections.abc import Callable
from typing import Any

from bench.append import drafts
from service.log.drafts import prepare
from service.log.findings import Findings
from service.log.keyring import Keyring
from service.log.leaf import stamp
from service.log.merkle import Edge, leaf_hash
from service.log.reader import StoredOpening
from service.log.verify import CHECKS, Audit
from service.verification import BATCH

ROUNDS = 3


def plain(leaves: list[bytes]) -> None:
    for leaf in leaves:
        hashlib.sha256(leaf).digest()


def tree(leaves: list[bytes]) -> None:
    edge = Edge()
    for start in range(0, len(leaves), BATCH):
        edge, _ = edge.append(map(leaf_hash, leaves[start : start + BATCH]))
    edge.root()


def audit(leaves: list[bytes], openings: list[StoredOpening]) -> None:
    findings = Findings.of(CHECKS)
    checking = Audit(findings, Keyring([]))
    for start in range(0, len(leaves), BATCH):
        end = start + BATCH
        checking.feed(leaves[start:end], openings[start:end], [])
    assert findings.is_good


def rate(count: int, work: Callable[..., None], *given: Any) -> float:
    """Return how many leaves a second the best round does."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work(*given)
        seconds.append(time.perf_counter() - began)
    return count / min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000)
    options = parser.parse_args()
    prepared = prepare(drafts("verify", options.events))
    leaves = [stamp(each.leaf, "2025-01-01T00:00:00.000000Z") for each in prepared]
    openings = [
        StoredOpening(position, each.name, each.commitment, each.salt, each.value)
        for position, one in enumerate(prepared, 1)
        for each in one.openings
    ]
    size = sum(map(len, leaves)) // len(leaves)
    print(
        f"Python {platform.python_version()}, {options.events:,} leaves of {size} "
        f"bytes, each with one sealed field; best of {ROUNDS} rounds"
    )
    base = rate(len(leaves), plain, leaves)
    for name, found in (
        ("tree alone", rate(len(leaves), tree, leaves)),
        ("all checks of events", rate(len(leaves), audit, leaves, openings)),
    ):
        print(
            f"{name:<20} {found:>9,.0f} leaves/s, plain SHA-256 {base:>9,.0f} "
            f"leaves/s, ratio {found / base:.3f}"
        )


if __name__ == "__main__":
    main()
