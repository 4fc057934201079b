"""How soon readers who follow the record are told, and what each of them costs.

Run `python bench/live.py [--readers N]`. Readers of server-sent events hold all permits
of one worker. Then events are recorded, by another process: the time is from before
the append until the last reader has the event. The memory is that of the worker, beside
what it had before they came.
"""

import argparse
import http.client
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.append import machine
from tests import server
from tests.records import SmallRecord

STREAM = b"GET /v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE = 60.0  # Seconds.


class Readers:
    """Many readers, each on a connection of its own, read by one thread."""

    def __init__(self, address: str, count: int) -> None:
        self._place = address.removeprefix("http://").split(":")
        self._selector = selectors.DefaultSelector()
        self._seen: dict[int, bytes] = {}
        for _ in range(count):
            self._add()
        self.wait_for(b"retry: ")

    def _add(self) -> None:
        reader = socket.create_connection((self._place[0], int(self._place[1])))
        reader.sendall(STREAM)
        self._selector.register(reader, selectors.EVENT_READ)
        self._seen[reader.fileno()] = b""

    def wait_for(self, text: bytes) -> float:
        """Read until all have been sent a text; return the time at the last."""
        waiting, end = set(self._seen), time.monotonic() + PATIENCE
        while waiting and time.monotonic() < end:
            for key, _ in self._selector.select(1):
                assert isinstance(key.fileobj, socket.socket)
                self._seen[key.fd] += key.fileobj.recv(65536)
                if text in self._seen[key.fd]:
                    self._seen[key.fd] = b""
                    waiting.discard(key.fd)
        assert not waiting, f"{len(waiting)} readers were not sent {text!r}"
        return time.monotonic()

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()


def worker_of(process: subprocess.Popen[str]) -> int:
    """Return the one process that holds the connections: the largest child."""
    found = subprocess.check_output(["pgrep", "-P", str(process.pid)], text=True)
    return max(map(int, found.split()), key=memory)


def memory(process: int) -> int:
    """Return the bytes of memory that a process holds."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def answer_time(address: str) -> float:
    """Return how long /healthz takes over a new connection."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection(address.removeprefix("http://"))
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"ok\n"
    connection.close()
    return time.monotonic() - begun


def measured(
    small: SmallRecord,
    process: subprocess.Popen[str],
    address: str,
    options: argparse.Namespace,
) -> tuple[float, list[float], list[float]]:
    """Return bytes a reader, the times of events, and those of /healthz."""
    answer_time(address)
    worker = worker_of(process)
    before = memory(worker)
    readers = Readers(address, options.readers)
    each = (memory(worker) - before) / options.readers
    told = []
    for number in range(options.events):
        small.clock.now = datetime.now(UTC)
        begun = time.monotonic()
        small.register(f"force-{number}")
        told.append(readers.wait_for(b"\n\n") - begun)
    healthy = [answer_time(address) for _ in range(50)]
    readers.close()
    return each, told, healthy


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--events", type=int, default=7)
    options = parser.parse_args()
    count = options.readers
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as name:
        small = SmallRecord(Path(name))
        limits = {"long_readers": count, "long_readers_each": count, "rate_limit": 0}
        process, address, _ = server.start(Path(name), "--empty", **limits)
        try:
            each, told, healthy = measured(small, process, address, options)
        finally:
            process.terminate()
            process.communicate(timeout=server.PATIENCE)
            small.record.close()
    print(f"{machine()}; {count} readers on one worker")
    print(
        f"an event reached all within {median(told):.2f} s (median of {len(told)}, "
        f"the longest {max(told):.2f} s); {each / 1024:.0f} KiB of memory a reader"
    )
    print(
        f"/healthz while all permits are held: {median(healthy) * 1000:.1f} ms, the "
        f"longest of {len(healthy)} {max(healthy) * 1000:.1f} ms"
    )


if __name__ == "__main__":
    main()
