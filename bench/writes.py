"""How fast a write over HTTP is, beside a bare durable save of the same library.

Run `python bench/writes.py [--events N] [--clients N]`. A server of its own records
statements that one client sends over one connection, and then several at once: key,
contract, idempotency, rules, the append with its signature, the read model and the
proof in the answer. In turns with it, the bare library saves events of the same size
into a database of its own. PostgreSQL is measured too if there is one.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.append import (
    ROUNDS,
    machine,
    postgres_pair,
    rate,
    settings_of,
    sqlite_pair,
    stored,
)
from tests import postgres
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


def prepared(folder: Path, url: str | None = None) -> str:
    """Make a record with one body and one editor; return the editor's key."""
    small = SmallRecord(folder, url)
    small.clock.now = datetime.now(UTC)
    small.register("west-mercia", "West Mercia Police")
    key = editor(small.record).key
    small.record.close()
    return key


def measure(
    name: str, folder: Path, url: str | None, recorder: Any, options: Any
) -> None:
    """Print the rates of one client and of several at once, beside the bare save."""
    key = prepared(folder, url)
    with serving(folder, "--empty", database_url=url) as address:
        for count in (1, options.clients):
            clients = [Client(address, key) for _ in range(count)]
            compare(name, clients, recorder, options.events)


def compare(name: str, clients: list[Client], recorder: Any, events: int) -> None:
    ours, bare, count = [], [], len(clients)
    with ThreadPoolExecutor(count) as pool:
        for turn in range(ROUNDS):
            label = f"c{count}t{turn}"
            leaves = [b"x" * LEAF_BYTES] * events
            bare.append(rate(stored(label, leaves), 1, recorder.insert_events))
            first = (count * ROUNDS + turn) * events
            parts = [range(first + n, first + events, count) for n in range(count)]
            began = time.perf_counter()
            list(pool.map(Client.send, clients, parts))
            ours.append(events / (time.perf_counter() - began))
    ratios = [each / base for each, base in zip(ours[1:], bare[1:], strict=True)]
    print(
        f"{name:<11} {count:>2} clients: bare save {median(bare[1:]):>6,.0f} events/s, "
        f"POST /v1/statements {median(ours[1:]):>6,.0f} events/s, "
        f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=200, help="in each round")
    parser.add_argument("--clients", type=int, default=8, help="that send at once")
    options = parser.parse_args()
    print(f"{machine()}; medians of {ROUNDS - 1} rounds of {options.events}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store, recorder = sqlite_pair(folder)
        store.close()
        measure("SQLite", folder / "served", None, recorder, options)
        try:
            server = stack.enter_context(postgres.postgres_server())
        except ImportError:
            print("PostgreSQL: not measured, there is none")
            return
        print(settings_of(server))
        (folder / "pg").mkdir()
        store, bare = postgres_pair(folder / "pg", server, stack)
        store.close()
        url = stack.enter_context(postgres.postgres_url(server))
        measure("PostgreSQL", folder / "pg-served", url, bare, options)


if __name__ == "__main__":
    main()
