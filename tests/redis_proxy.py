"""A socket before a real Redis that goes silent or ends in the middle of an answer."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any


@dataclass
class CuttingProxy:
    """Lets so many bytes through on each connection, of what is asked and answered.

    Then it ends the connection, or keeps it open and silent if it is to `hang`.
    """

    folder: Path
    target: str
    asked: float = field(default=float("inf"), init=False)
    answered: float = field(default=float("inf"), init=False)
    hang: bool = field(default=False, init=False)
    when_cut: Any = field(default=None, init=False)
    cuts: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._lock, self._open = Lock(), set()
        self._ended = Event()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.folder / "proxy.sock"))
        self._listening.listen()

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/proxy.sock"

    def cut(self, asked=float("inf"), answered=float("inf"), hang=False, then=None):
        """Let so many bytes through from now on, on connections made from now on."""
        self._end_all()
        self.asked, self.answered, self.hang, self.when_cut = (
            asked,
            answered,
            hang,
            then,
        )
        self.cuts = 0

    def mend(self) -> None:
        """Let everything through."""
        self.cut()

    def serve(self) -> None:
        """Take connections until the end."""
        while not self._ended.is_set():
            with suppress(OSError):
                Thread(target=self._join, args=self._listening.accept()[:1]).start()

    def end(self) -> None:
        """End every connection, and take no more."""
        self._ended.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._end_all()

    def _end_all(self) -> None:
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _join(self, near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far:
            with self._lock:
                self._open |= {near, far}
            with suppress(OSError):
                far.connect(self.target)
                there = Thread(target=self._pump, args=(near, far, self.asked))
                there.start()
                self._pump(far, near, self.answered)
                there.join()
            with self._lock:
                self._open -= {near, far}

    def _pump(self, source: Any, sink: Any, left: float) -> None:
        """Pass on what comes until it ends, or until no more may pass."""
        with suppress(OSError):
            while left > 0 and (part := source.recv(65536)):
                part = part[: int(min(left, len(part)))]
                sink.sendall(part)
                left -= len(part)
        if left <= 0:
            self._note_cut()
            while self.hang and source.recv(65536):
                pass
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _note_cut(self) -> None:
        with self._lock:
            self.cuts += 1
            is_first = self.cuts == 1
        if is_first and self.when_cut:
            self.when_cut()


@contextmanager
def before(redis) -> Iterator[CuttingProxy]:
    """Stand before a Redis for as long as the block lasts."""
    proxy = CuttingProxy(redis.folder, str(redis.folder / "redis.sock"))
    thread = Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.end()
        thread.join()
