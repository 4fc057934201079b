"""How far the read model has come: a file that the processes of one machine share.

It is mapped into memory, so that to look costs no query. Whoever applies events writes
it; each worker also asks the database now and then, since whoever wrote may have been
killed between the two, or run on another machine.
"""

import fcntl
import mmap
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple

SIZE = 4096  # A page.
HEARD = 2.0  # Seconds for which the file is believed after a look at the database.
LOOK = 0.02  # Seconds between two looks of one who waits.
_MAGIC = b"reached1"
_LAYOUT = struct.Struct("<8sQQQ")
_SUM = struct.Struct("<I")
_END = _LAYOUT.size + _SUM.size


class Point(NamedTuple):
    """A point that the read model has reached.

    `generation` tells one read model from the next, `position` is the last event that
    is applied, `epoch` the position of the last redaction, 0 before the first.
    """

    generation: int
    position: int
    epoch: int


class Reached:
    """The point that is reached, as the processes of one machine tell one another."""

    def __init__(
        self, path: Path, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._heard: float | None = None
        self._known: tuple[bytes, Point | None] = b"", None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        os.posix_fallocate(self._file, 0, SIZE)  # A hole could not be written to later.
        self._page = mmap.mmap(self._file, SIZE)

    def point(self) -> Point | None:
        """Return the point, None if the file does not tell it."""
        told = self._page[:_END]
        known = self._known
        return known[1] if told == known[0] else self._read(told)

    def _read(self, told: bytes) -> Point | None:
        content, checksum = told[: _LAYOUT.size], told[_LAYOUT.size :]
        magic, *members = _LAYOUT.unpack(content)
        # Another process may be writing: what is read may be half of it.
        is_whole = _SUM.unpack(checksum)[0] == zlib.crc32(content)
        point = Point(*members) if is_whole and magic == _MAGIC else None
        self._known = told, point  # To compare it takes a tenth of the time.
        return point

    def heard_point(self) -> Point | None:
        """Return the point, None unless this process has asked the database of late."""
        heard = self._heard
        if heard is None or self._monotonic() - heard > HEARD:
            return None
        told = self._page[:_END]
        known = self._known
        return known[1] if told == known[0] else self._read(told)

    def raise_to(self, point: Point) -> None:
        """Tell that a point is reached, unless the file tells of a later one."""
        with self._alone():
            known = self.point()
            if known is None or point > known:
                self._write(point)

    def restart_at(self, point: Point) -> None:
        """Tell the point at a start: what was put back may have come less far."""
        with self._alone():
            self._write(point)

    def hear(self, point: Point) -> None:
        """Take in what the database has just said."""
        self.raise_to(point)
        self._heard = self._monotonic()

    def wait(self, position: int, seconds: float) -> bool:
        """Wait until a position is reached; False if it is not, after so many seconds.

        It holds the thread that calls it.
        """
        ends = self._monotonic() + seconds
        while not self._has(position):
            if self._monotonic() >= ends:
                return False
            Event().wait(LOOK)
        return True

    def close(self) -> None:
        """Close the file, once: another may have its number afterwards."""
        if not self._page.closed:
            self._page.close()
            os.close(self._file)

    def _has(self, position: int) -> bool:
        point = self.point()
        return point is not None and point.position >= position

    def _write(self, point: Point) -> None:
        content = _LAYOUT.pack(_MAGIC, *point)
        told = content + _SUM.pack(zlib.crc32(content))
        self._page[: len(told)] = told

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep out the other threads, and the other processes."""
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
