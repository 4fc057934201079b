"""Reads: hot, unchanged, cold and past, beside a constant answer and Datasette.

Run `python -m bench.reads [--seconds S] [--connections N] [--events N]`. The opponents
run in the same run: an app that gives the same bytes from a dictionary, served by the
same server with the same settings, and Datasette on the same lists. Where there are two
cores, servers have one and the load the other. `--events` adds a record of so many
synthetic events, to see that hot reads do not depend on its length.
"""

import argparse
import http.client
import os
import platform
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import orjson

from bench import synthetic
from service.config import Settings
from service.record import Record
from service.start import found
from tests import server

PATHS = {
    "profile": "/v1/bodies/west-mercia/profile",
    "list": "/v1/ratings?body=west-mercia",
    "history": "/v1/bodies/west-mercia/timeline",
    "CSV": "/v1/ratings.csv",
}
DATASETTE = {
    "profile": "/record/ratings.json?body=west-mercia&_shape=objects&_size=1000",
    "list": "/record/ratings.json?body=west-mercia&_shape=array&_size=100",
    "history": "/record/events.json?stream__startswith=body-west&_size=100",
    "CSV": "/record/ratings.csv?_stream=on&_size=max",
}
OWN = {"server-timing", "record-position", "date", "connection", "transfer-encoding"}
THREADS = 4  # Of our server, in service/start.py.
WRK = shutil.which("wrk")


@contextmanager
def running(command: list[str], port: int, **more: str) -> Iterator[str]:
    """Run a server on one core for as long as the block lasts."""
    with subprocess.Popen(
        [*pinned(0), *command], env={**os.environ, **more}, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(address)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def pinned(core: int) -> list[str]:
    has_two = (os.cpu_count() or 1) > 1 and shutil.which("taskset")
    return ["taskset", "-c", str(core)] if has_two else []


def wait_for(address: str) -> None:
    for _ in range(2000):
        try:
            http.client.HTTPConnection(urlsplit(address).netloc).connect()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"{address} does not answer")


def load(url: str, seconds: float, connections: int, etag: str = "") -> tuple:
    """Return requests a second, the median and the 99th percentile in milliseconds."""
    if WRK is None:
        return load_in_python(url, seconds, etag)
    header = ["-H", f"If-None-Match: {etag}"] if etag else []
    length = f"-d{max(1, round(seconds))}s"  # It takes no parts of seconds.
    command = [*pinned(1), WRK, "-t1", f"-c{connections}", length,
               "--latency", *header, url]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])
    times = [re.search(rf"{p}%\s+([\d.]+)(us|ms|s)\b", told) for p in (50, 99)]
    units = {"us": 0.001, "ms": 1, "s": 1000}
    return rate, *(float(each[1]) * units[each[2]] for each in times)


def load_in_python(url: str, seconds: float, etag: str) -> tuple:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {"If-None-Match": etag} if etag else {}
    times: list[float] = []
    with closing(http.client.HTTPConnection(parts.netloc)) as connection:
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            began = time.perf_counter()
            connection.request("GET", path, headers=headers)
            connection.getresponse().read()
            times.append(time.perf_counter() - began)
    return rate_of(times)


def rate_of(times: list[float]) -> tuple:
    ordered = sorted(times)
    p99 = ordered[int(len(ordered) * 0.99)]
    return len(times) / sum(times), statistics.median(times) * 1000, p99 * 1000


def get(url: str) -> tuple[dict[str, str], bytes]:
    with urlopen(Request(url)) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return headers, answer.read()


def singly(urls: list[str]) -> tuple:
    """Ask for each address once, on one connection: what nobody has made before."""
    times = []
    with closing(http.client.HTTPConnection(urlsplit(urls[0]).netloc)) as connection:
        for url in urls:
            began = time.perf_counter()
            connection.request(
                "GET", url.removeprefix(f"http://{urlsplit(url).netloc}")
            )
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, (url, answer.status)
            times.append(time.perf_counter() - began)
    return rate_of(times)


def export(address: str, path: Path) -> None:
    """Write the lists that Datasette is asked for, from their CSV."""
    import csv
    import io

    with closing(sqlite3.connect(path)) as database:
        for name, at in (("ratings", "/v1/ratings.csv"), ("bodies", "/v1/bodies.csv"),
                         ("events", "/v1/events.csv")):  # fmt: skip
            rows = list(csv.reader(io.StringIO(get(address + at)[1].decode())))
            columns = ", ".join(f'"{each}"' for each in rows[0])
            marks = ", ".join("?" for _ in rows[0])
            database.execute(f"CREATE TABLE {name} ({columns})")
            database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[1:])
        database.execute("CREATE INDEX ratings_body ON ratings (body)")
        database.execute("CREATE INDEX events_stream ON events (stream)")
        database.commit()


def ours(folder: Path, port: int) -> list[str]:
    return [*server.command(folder, "--port", str(port))]


def hot(folder: Path, options: argparse.Namespace, root: Path) -> None:
    port = server.free_port()
    with running(ours(folder, port), port, COPPERPLATE_RATE_LIMIT="0") as address:
        measured, answers = {}, {}
        for name, path in PATHS.items():
            headers, body = get(address + path)
            own = [[k, v] for k, v in headers.items() if k not in OWN]
            answers[path] = [own, body.decode("latin-1")]
            load(address + path, 1, options.connections)
            measured[name] = load(address + path, options.seconds, options.connections)
            etag = headers["etag"]
            measured[f"{name}, 304"] = load(
                address + path, options.seconds, options.connections, etag
            )
        export(address, root / "record.db")
        told = root / "answers.json"
        told.write_bytes(orjson.dumps(answers))
    port = server.free_port()
    command = [sys.executable, "-m", "bench.constant", str(port), str(told)]
    ceiling = {}
    with running([*command, str(THREADS)], port) as address:
        for name, path in PATHS.items():
            load(address + path, 1, options.connections)
            ceiling[name] = load(address + path, options.seconds, options.connections)
    rivals = of_datasette(root, options)
    print(f"{'hot':>14} {'ours/s':>9} {'p50 ms':>7} {'p99 ms':>7} {'constant/s':>10} "
          f"{'of it':>6} {'Datasette/s':>11} {'times':>6}")  # fmt: skip
    for name, (rate, median, p99) in measured.items():
        base = name.partition(",")[0]
        most, rival = ceiling[base][0], rivals[base][0]
        print(f"{name:>14} {rate:9,.0f} {median:7.2f} {p99:7.2f} {most:10,.0f} "
              f"{rate / most:6.2f} {rival:11,.1f} {rate / rival:6,.0f}")  # fmt: skip


def of_datasette(root: Path, options: argparse.Namespace) -> dict:
    shutil.copy(root / "record.db", root / "record.sqlite")
    port = server.free_port()
    command = [sys.executable, "-m", "datasette", "serve", str(root / "record.db"),
               "--port", str(port)]  # fmt: skip
    with running(command, port) as address:
        return {
            name: load(address + path, options.seconds, options.connections)
            for name, path in DATASETTE.items()
        }


def cold(folder: Path, root: Path) -> None:
    """Ask what nobody has asked: each address has a day of its own."""
    port = server.free_port()
    months = [
        f"20{year}-{month:02}" for year in range(15, 25) for month in range(1, 13)
    ]
    days = [f"{month}-11" for month in months]
    with running(ours(folder, port), port, COPPERPLATE_RATE_LIMIT="0") as address:
        position = orjson.loads(get(f"{address}/v1/status")[1])["head"] // 2
        found = {}
        for name in ("profile", "list"):
            url = address + PATHS[name] + ("&" if "?" in PATHS[name] else "?")
            singly([f"{url}as_of=2014-01-0{n}" for n in range(1, 6)])
            found[name] = singly([f"{url}as_of={day}" for day in days])
            found[f"{name}, past"] = singly(
                [f"{url}as_of={day}&at_position={position + n}" for n, day in
                 enumerate(days)])  # fmt: skip
    port = server.free_port()
    command = [sys.executable, "-m", "datasette", "serve", str(root / "record.db"),
               "--port", str(port)]  # fmt: skip
    with running(command, port) as address:
        rivals = {
            name: singly([f"{address}{DATASETTE[name]}&_n={n}" for n in range(60)])
            for name in ("profile", "list")
        }
    columns = ("cold", "p50 ms", "p99 ms", "Datasette", "times")
    print("\n" + " ".join(f"{each:>14}" for each in columns))
    for name, (_, median, p99) in found.items():
        rival = rivals[name.partition(",")[0]][1]
        values = (median, p99, rival, rival / median)
        print(f"{name:>14} " + " ".join(f"{each:14.2f}" for each in values))
    for name in ("profile", "list"):
        ratio = found[f"{name}, past"][1] / found[name][1]
        print(f"a past position, {name}: {ratio:.2f} of the present")


def beginning(folder: Path) -> None:
    """Time the first answer of a server that is started, and weigh its worker."""
    port = server.free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        ours(folder, port), stderr=subprocess.DEVNULL,
        env={**os.environ, "COPPERPLATE_RATE_LIMIT": "0"},
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        get(f"{address}/v1/bodies/west-mercia")
        print(f"\nstart to the first answer: {time.perf_counter() - began:.2f} s")
        time.sleep(1)
        sizes = [(rss(child), child) for child in children(process.pid)]
        print(f"memory of a worker: {max(sizes)[0] / 2**20:.0f} MiB, of the process "
              f"that starts it {rss(process.pid) / 2**20:.0f} MiB")  # fmt: skip
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in told]


def rss(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def found_in(folder: Path) -> None:
    with closing(Record.open(Settings(data=folder))) as record:
        found(record)


def large(folder: Path, options: argparse.Namespace) -> None:
    """Hot reads and the start, with a read model of many synthetic events."""
    with closing(Record.open(Settings(data=folder))) as record:
        events = list(synthetic.events(options.events))
        for at in range(0, len(events), 5000):
            record.read_model.apply(events[at : at + 5000])
    (folder / "founding").write_text("done\n")
    port = server.free_port()
    with running(ours(folder, port), port, COPPERPLATE_RATE_LIMIT="0") as address:
        began = time.perf_counter()
        get(f"{address}/v1/bodies/force-1")
        print(f"\n{options.events:,} synthetic events: the touch index is read in "
              f"{time.perf_counter() - began:.2f} s")  # fmt: skip
        for path in ("/v1/bodies/force-1/profile", "/v1/ratings?body=force-1"):
            get(address + path)
            rate, median, p99 = load(address + path, options.seconds,
                                     options.connections)  # fmt: skip
            print(f"hot {path}: {rate:,.0f}/s, p50 {median:.2f} ms, p99 {p99:.2f} ms")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--events", type=int, default=0)
    options = parser.parse_args(arguments)
    print(f"Python {platform.python_version()}, granian {version('granian')} with "
          f"{THREADS} blocking threads, Datasette {version('datasette')}, "
          f"{'wrk' if WRK else 'one connection in Python, since there is no wrk'}, "
          f"{options.connections} connections, {os.cpu_count()} cores")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        found_in(root / "data")
        hot(root / "data", options, root)
        cold(root / "data", root)
        beginning(root / "data")
        if options.events:
            large(root / "large", options)


if __name__ == "__main__":
    main()
