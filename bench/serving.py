"""Servers that are measured, the load on them, and what it costs them.

Where there are two cores, servers have one and the load the other. The load is wrk;
without it one connection in Python asks, which says less.
"""

import http.client
import os
import re
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

WRK = shutil.which("wrk")
PATIENCE = 40  # Seconds after which a server that does not listen is given up.
IDLE = 0.015  # Seconds of a core in a fifth of one that a server takes unasked.
UNITS = {"us": 0.001, "ms": 1, "s": 1000}


class Load(NamedTuple):
    """What a load on a server came to; times in milliseconds.

    `cpu` is what one request costs the server, in microseconds of a core: unlike the
    rate it varies little with what else the machine does.
    """

    rate: float
    p50: float
    p99: float
    cpu: float


class Served(NamedTuple):
    """A server that runs."""

    address: str
    pid: int

    def cpu(self) -> float:
        """Return the seconds of a core that it has taken, with its children."""
        return sum(map(_cpu_of, [self.pid, *children(self.pid)]))

    def settle(self) -> None:
        """Wait until it has done what is left of a load: it would slow the next."""
        ends, before = time.perf_counter() + PATIENCE, -1.0
        while (now := self.cpu()) - before > IDLE and time.perf_counter() < ends:
            before = now
            time.sleep(0.2)


@contextmanager
def running(command: Sequence[str], port: int, **more: str) -> Iterator[Served]:
    """Run a server on one core for as long as the block lasts."""
    with subprocess.Popen(
        [*pinned(0), *command], env={**os.environ, **more}, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(address)
            yield Served(address, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()  # Whoever still makes what nobody waits for.


def pinned(core: int) -> list[str]:
    """Return what runs a command on one core, if there is another."""
    has_two = (os.cpu_count() or 1) > 1 and shutil.which("taskset")
    return ["taskset", "-c", str(core)] if has_two else []


def wait_for(address: str) -> None:
    """Return as soon as a server can be connected to."""
    ends = time.perf_counter() + PATIENCE
    while time.perf_counter() < ends:
        try:
            http.client.HTTPConnection(urlsplit(address).netloc).connect()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"{address} does not answer")


def children(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, told) for each in (child, *children(child))]


def rss(pid: int) -> int:
    """Return the bytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _cpu_of(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def load(served: Served, path: str, seconds: int, connections: int, etag="") -> Load:
    """Ask for one address as often as can be."""
    before = served.cpu()
    count, rate, *times = (
        _wrk(served.address + path, seconds, connections, etag)
        if WRK
        else _python(served.address + path, seconds, etag)
    )
    cpu = (served.cpu() - before) / max(count, 1) * 1e6
    served.settle()
    return Load(rate, *times, cpu)


def in_turns(
    asked: dict[str, tuple[Served, str, str]], rounds: int, connections: int
) -> dict[str, Load]:
    """Load servers in turns, a second each: whatever else happens meets them all.

    What is asked is a server, a path, and the ETag that is held, if any. Returns the
    medians.
    """
    for served, path, etag in asked.values():
        load(served, path, 1, connections, etag)
    told: dict[str, list[Load]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, (served, path, etag) in asked.items():
            told[name].append(load(served, path, 1, connections, etag))
    return {
        name: Load(*map(statistics.median, zip(*loads, strict=True)))
        for name, loads in told.items()
    }


def _wrk(url: str, seconds: int, connections: int, etag: str) -> tuple:
    header = ["-H", f"If-None-Match: {etag}"] if etag else []
    command = [*pinned(1), WRK, "-t1", f"-c{connections}", f"-d{seconds}s",
               "--latency", *header, url]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told:
        raise SystemExit(f"{url} is not answered:\n{told}")
    count = int(re.search(r"(\d+) requests in", told)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])
    times = [re.search(rf"{p}%\s+([\d.]+)(us|ms|s)\b", told) for p in (50, 99)]
    return count, rate, *(float(each[1]) * UNITS[each[2]] for each in times)


def _python(url: str, seconds: int, etag: str) -> tuple:
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
    return len(times), len(times) / sum(times), *middle_and_slowest(times)


def middle_and_slowest(times: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile of seconds, in milliseconds."""
    slowest = sorted(times)[int(len(times) * 0.99)]
    return statistics.median(times) * 1000, slowest * 1000


def get(served: Served, path: str, etag: str = "") -> tuple[int, list, bytes]:
    """Ask once; return the status, the headers in their order, and the body."""
    headers = {"If-None-Match": etag} if etag else {}
    with closing(
        http.client.HTTPConnection(urlsplit(served.address).netloc)
    ) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()


def singly(served: Served, paths: Sequence[str]) -> tuple[float, float]:
    """Ask for each address once, on one connection; return the median and the p99."""
    times = []
    with closing(
        http.client.HTTPConnection(urlsplit(served.address).netloc)
    ) as connection:
        for path in paths:
            began = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - began)
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status}")
    return middle_and_slowest(times)
