"""How fast a write over HTTP is, beside a bare durable save of the same library.

Run `python bench/writes.py [--events N]`. A server of its own records statements that
one client sends over one connection: key, contract, idempotency, rules, the append
with its signature, the read model and the proof in the answer. In turns with it, the
bare library saves events of the same size into a database of its own.
"""

import argparse
import http.client
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.append import ROUNDS, machine, rate, sqlite_pair, stored
from tests.editing import editor
from tests.records import SOURCE, SmallRecord
from tests.server import serving

LEAF_BYTES = 1_100  # About as long as the leaf of such a statement.


def statement(number: int) -> dict[str, Any]:
    return {
        "kind": "press-statement",
        "body": "west-mercia",
        "published_on": str(date(2024, 1, 1) + timedelta(days=number)),
        "title": "Response to the report",
        "text": f"Deeply disappointing. I have asked for a plan, number {number}.",
        "speaker": "A Commissioner",
        "sources": [SOURCE],
    }


class Client:
    """An editor who sends one request after the other over one connection."""

    def __init__(self, address: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
        }

    def send(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            body = json.dumps(statement(number))
            headers = {**self._headers, "Idempotency-Key": f"bench-{number}"}
            self._connection.request("POST", "/v1/statements", body, headers)
            answer = self._connection.getresponse()
            said = answer.read()
            assert answer.status == 201, said


def prepared(folder: Path) -> str:
    """Make a record with one body and one editor; return the editor's key."""
    small = SmallRecord(folder)
    small.clock.now = datetime.now(UTC)
    small.register("west-mercia", "West Mercia Police")
    key = editor(small.record).key
    small.record.close()
    return key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=200, help="in each round")
    options = parser.parse_args()
    print(f"{machine()}; medians of {ROUNDS - 1} rounds of {options.events}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, recorder = sqlite_pair(folder)
        store.close()
        key = prepared(folder / "served")
        ours, bare = [], []
        with serving(folder / "served", "--empty") as address:
            client = Client(address, key)
            for turn in range(ROUNDS):
                events = stored(f"t{turn}", [b"x" * LEAF_BYTES] * options.events)
                bare.append(rate(events, 1, recorder.insert_events))
                first = turn * options.events
                numbers = range(first, first + options.events)
                ours.append(rate(numbers, 1, client.send))
    ratios = [each / base for each, base in zip(ours[1:], bare[1:], strict=True)]
    print(
        f"bare save {median(bare[1:]):,.0f} events/s, POST /v1/statements "
        f"{median(ours[1:]):,.0f} events/s, ratio {median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
