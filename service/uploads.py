"""Uploads: files that were sent to be imported, while they wait and are read.

Each lies in `DATA/imports`, and is locked by the process that deals with it: the lock
goes with the process, so that what nobody holds was left behind by one that died.
"""

import codecs
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = 32 * 2**20  # Bytes of one file.
HEAD = 2**16  # Bytes of the beginning of a file that tell its columns.


class UploadError(Exception):
    """What was sent is no text in UTF-8; the message says where and why."""


class TooLargeError(UploadError):
    """What was sent has more bytes than an upload may have."""


class Upload:
    """A file that was sent, open and locked for as long as this process has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self.descriptor = _made(path)

    def write(self, parts: Iterable[bytes]) -> None:
        """Keep what is sent, part by part, or raise UploadError."""
        check, size = _Check(), 0
        for part in parts:
            size += len(part)
            if size > LIMIT:
                raise TooLargeError(f"The file may have {LIMIT:,} bytes at most.")
            check.feed(part)
            _write(self.descriptor, part)
        check.end()

    def head(self) -> str:
        """Return the beginning of the file: whole lines, as far as they go."""
        raw = os.pread(self.descriptor, HEAD, 0)
        whole = raw if len(raw) < HEAD else raw[: raw.rfind(b"\n") + 1]
        return whole.decode("utf-8-sig", "ignore")

    def close(self) -> None:
        """Leave the file to whoever has been given its descriptor too."""
        os.close(self.descriptor)

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        self.close()


def is_held(path: Path) -> bool:
    """Whether some process deals with an upload; if none does, it was left behind."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def remove_left(folder: Path) -> None:
    """Delete every upload that nobody deals with."""
    for path in folder.glob("im-*"):
        if not is_held(path):
            path.unlink(missing_ok=True)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Wait until no other import of this data folder runs, and be the one that does."""
    with (folder / "turn").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class _Check:
    """Whether parts make up a text in UTF-8 without NUL characters."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._count = 0

    def feed(self, part: bytes, *, is_last: bool = False) -> None:
        held = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(part, is_last)
        except UnicodeDecodeError as error:
            place = self._count - held + error.start
            raise UploadError(
                f"Not UTF-8: the byte at {place:,} is wrong. Save the file as CSV in "
                "UTF-8, not as a spreadsheet."
            ) from error
        if (index := part.find(b"\0")) >= 0:
            place = self._count + index
            raise UploadError(f"Not text: the byte at {place:,} is NUL.")
        self._count += len(part)

    def end(self) -> None:
        self.feed(b"", is_last=True)


def _made(path: Path) -> int:
    """Make a file and lock it, before anybody takes it for one that was left."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        descriptor = os.open(path, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _write(descriptor: int, part: bytes) -> None:
    view = memoryview(part)
    while view:
        view = view[os.write(descriptor, view) :]
