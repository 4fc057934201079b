"""How fast a write over HTTP is, beside a bare durable save of the same library.

Run `python bench/writes.py [--events N] [--clients N …]`. A server of its own records
statements that one client sends over one connection, and then several at once: key,
contract, idempotency, rules, the append with its signature, the read model and the
proof in the answer. In turns with it, the bare library saves events of the same size
into a database of its own, and Flask reads the same requests and answers with constant
bytes: no POST can be faster than that. PostgreSQL is measured too if there is one.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import posting
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
from tests.server import free_port, serving

LEAF_BYTES = 1_100  # About as long as the leaf of such a statement.
ANSWER_BYTES = 2_700  # About as long as the answer.


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


def request(number: int, key: str) -> bytes:
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": f"bench-{number}",
    }
    body = json.dumps(statement(number)).encode()
    return posting.request("/v1/statements", headers, body)


def prepared(folder: Path, url: str | None = None) -> str:
    """Make a record with one body and one editor; return the editor's key."""
    small = SmallRecord(folder, url)
    small.clock.now = datetime.now(UTC)
    small.register("west-mercia", "West Mercia Police")
    key = editor(small.record).key
    small.record.close()
    return key


@contextmanager
def constant() -> Iterator[str]:
    """Serve Flask's own constant answer; yield the address."""
    port = free_port()
    command = [sys.executable, "-m", "bench.constant_post", str(port)]
    process = subprocess.Popen(
        [*command, str(ANSWER_BYTES), "4"], cwd=Path(__file__).parent.parent
    )
    try:
        until_open(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def until_open(port: int) -> None:
    """Wait until something listens on a port."""
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port}")


def measure(
    name: str, folder: Path, url: str | None, recorder: Any, options: Any
) -> None:
    """Print the rates of one client and of several at once, beside both others."""
    key = prepared(folder, url)
    numbers = count()
    with (
        serving(folder, "--empty", database_url=url) as address,
        constant() as ceiling,
    ):
        for clients in options.clients:
            rounds = []
            for turn in range(ROUNDS):
                leaves = [b"x" * LEAF_BYTES] * options.events
                label = f"c{clients}t{turn}"
                bare = rate(stored(label, leaves), 1, recorder.insert_events)
                ready = [request(next(numbers), key) for _ in leaves]
                top = posting.rate(ceiling, ready, clients)
                rounds.append((bare, top, posting.rate(address, ready, clients)))
            tell(name, clients, rounds[1:])


def tell(name: str, clients: int, rounds: list[tuple[float, float, float]]) -> None:
    bare, top, ours = (median(each) for each in zip(*rounds, strict=True))
    of_bare = [each / base for base, _, each in rounds]
    of_top = median(each / base for _, base, each in rounds)
    print(
        f"{name:<11} {clients:>2} clients: bare save {bare:>6,.0f} events/s, "
        f"constant POST {top:>6,.0f}/s, POST /v1/statements {ours:>6,.0f}/s, "
        f"ratio {median(of_bare):.2f} of the bare save "
        f"({min(of_bare):.2f} to {max(of_bare):.2f}), {of_top:.2f} of the constant",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=200, help="in each round")
    parser.add_argument(
        "--clients", type=int, nargs="+", default=[1, 8, 32], help="that send at once"
    )
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
