"""How fast a long list comes as CSV, beside Datasette's stream of the same rows.

Run `python -m bench.long_lists [--rows N]`. Both serve over loopback, and are asked in
turn; the best round of each counts. Datasette has the cells of our CSV ready in a
table, so that its rows need no labels; ours are made from the tables of the record.
"""

import argparse
import csv
import io
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from service.config import Settings
from service.record import Record
from tests import importing
from tests.plenty import add_ratings
from tests.server import free_port, serving

ROUNDS = 3


def fetched(address: str) -> tuple[float, int]:
    """Return the seconds that an answer takes, and how many bytes it has."""
    began, size = time.perf_counter(), 0
    # No kept answer is given to who says what they prefer: each round is cold.
    cold = urllib.request.Request(address, headers={"Prefer": "handling=lenient"})
    with urllib.request.urlopen(cold) as answer:
        while part := answer.read(2**18):
            size += len(part)
    return time.perf_counter() - began, size


def prepared(data: Path, rows: int) -> None:
    importing.found(data)
    with closing(Record.open(Settings(data=data))) as record:
        add_ratings(record.read_model, rows)


def copied(address: str, path: Path) -> int:
    """Put the rows of a CSV into a table of SQLite; return how many they are."""
    with urllib.request.urlopen(address) as answer:
        head, *rows = csv.reader(io.StringIO(answer.read().decode()))
    with closing(sqlite3.connect(path)) as table:
        columns = ", ".join(f'"{name}" TEXT' for name in head)
        table.execute(f"CREATE TABLE ratings ({columns}, PRIMARY KEY (id))")
        marks = ", ".join("?" * len(head))
        table.executemany(f"INSERT INTO ratings VALUES ({marks})", rows)
        table.commit()
    return len(rows)


@contextmanager
def datasette(path: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "datasette", "serve", str(path)]
    settings = ["--port", str(port), "--setting", "max_csv_mb", "0"]
    process = subprocess.Popen(
        [*command, *settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/-/versions.json")
        yield f"{address}/{path.stem}/ratings.csv?_stream=on"
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str) -> None:
    for _ in range(600):
        try:
            fetched(address)
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        data, table = Path(folder) / "data", Path(folder) / "record.db"
        prepared(data, rows)
        with serving(data) as ours:
            number = copied(f"{ours}/v1/ratings.csv", table)
            with datasette(table) as theirs:
                _compare(number, {"ours": f"{ours}/v1/ratings.csv", "theirs": theirs})


def _compare(rows: int, addresses: dict[str, str]) -> None:
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, address in addresses.items():
            seconds, size = fetched(address)
            best[name] = min(best.get(name, seconds), seconds)
            print(f"  {name}: {seconds:.2f} s, {size:,} bytes")
    print(f"Python {platform.python_version()}, Datasette {version('datasette')}")
    for name, seconds in best.items():
        print(f"{name}: {rows / seconds:,.0f} rows/s")
    print(f"ratio: {best['theirs'] / best['ours']:.1f} (to reach: 10)")


if __name__ == "__main__":
    main()
