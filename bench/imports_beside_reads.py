"""How much slower reads are while an import runs: p99 with and without, in one run.

Run `python -m bench.imports_beside_reads [--rows N] [--seconds S]`. A server is started
on the founding record; clients read ratings, a profile, a history and a list by turns,
while statements are imported.
"""

import argparse
import http.client
import json
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from service.config import Settings
from service.editors import add
from service.record import Record
from service.start import found
from tests import server

PATHS = (
    "/v1/ratings?body=west-mercia",
    "/v1/bodies/west-mercia/profile",
    "/v1/ratings/peel-2023-25.west-mercia.investigating-crime/versions",
    "/v1/statements?limit=20",
)
CLIENTS = 2
HEADER = "id,kind,body,dated_on,about,title,text,source_url,responds_to\n"


def file_of(count: int) -> bytes:
    """Return a file of statements, as the CSV of their list has them."""
    rows = (
        f"kent.2026-03.{n},letter,kent,2026-03,body-kent,Letter {n},As said in {n}.,"
        f"https://example.org/{n},\n"
        for n in range(1, count + 1)
    )
    return (HEADER + "".join(rows)).encode()


def read(address: str, ended: threading.Event, times: list[float]) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    for path in _round(ended):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        times.append(time.perf_counter() - began)
        time.sleep(0.002)  # Clients that read as people do, not a flood.


def _round(ended: threading.Event) -> Iterator[str]:
    while not ended.is_set():
        yield from PATHS


@contextmanager
def reading(address: str) -> Iterator[list[float]]:
    """Let clients read for as long as the block lasts; yield how long each took."""
    ended, times = threading.Event(), [[] for _ in range(CLIENTS)]
    threads = [
        threading.Thread(target=read, args=(address, ended, each)) for each in times
    ]
    for thread in threads:
        thread.start()
    everything: list[float] = []
    try:
        yield everything
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        everything += [each for some in times for each in some]


def ask(address: str, key: str, path: str, body: bytes | None = None) -> dict:
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
    connection.request("POST" if body else "GET", path, body, headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    assert answer.status in (200, 202), told
    return told


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98] * 1000


def measure(address: str, key: str, rows: int, seconds: float) -> None:
    with reading(address):
        time.sleep(2)  # Nothing is measured of the first requests.
    with reading(address) as before:
        time.sleep(seconds)
    began = time.perf_counter()
    with reading(address) as beside:
        id = ask(address, key, "/v1/imports", file_of(rows))["id"]
        while (told := ask(address, key, f"/v1/imports/{id}"))["ended_at"] is None:
            time.sleep(0.2)
    took = time.perf_counter() - began
    with reading(address) as after:
        time.sleep(seconds)
    assert told["state"] == "done" and not told["refused"], told
    alone = [*before, *after]
    print(
        f"import of {rows:,} rows: {rows / took:,.0f} rows/s\n"
        f"reads alone:  {len(alone):>6,}, p50 {statistics.median(alone) * 1000:.1f} "
        f"ms, p99 {p99(alone):.1f} ms\n"
        f"reads beside: {len(beside):>6,}, p50 {statistics.median(beside) * 1000:.1f} "
        f"ms, p99 {p99(beside):.1f} ms\n"
        f"ratio of p99: {p99(beside) / p99(alone):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=5)
    options, _ = parser.parse_known_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, SQLite, "
        f"{CLIENTS} clients, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        with closing(Record.open(Settings(data=Path(folder)))) as record:
            found(record)
            key = add(record, "Bench", ["record"]).key
        with server.serving(folder) as address:
            measure(address, key, options.rows, options.seconds)


if __name__ == "__main__":
    main()
