"""What the log keeps beside its database: what it last signed."""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.log.notes import Checkpoint, NoteError, unverified_checkpoint

_SLOT_BYTES = 2048
_REOPENED_AFTER = 1.0  # Seconds.
Slots = tuple[Checkpoint | None, Checkpoint | None]


class KeyFileError(ValueError):
    """The key file, or the record of what was signed, cannot be used."""


class Signed:
    """The largest checkpoint that this folder ever signed; never lowered.

    A restored backup of the database is smaller than it, and must not sign.
    """

    # Two slots, and only the smaller is ever written: a torn write leaves the other.
    # Nothing is synced: an older slot guards a little less, and is never wrong.
    # It is opened for each look, and once a second to be written: one that was put in
    # its place is found. To compare inodes would cost much more: a file that was asked
    # for its times gets finer ones at the next write, of which the disk has to be told.

    def __init__(self, path: Path) -> None:
        self._path = path
        self._address = os.fspath(path)  # Of a Path it would be made at each look.
        self._known: tuple[bytes, Slots] = (b"", (None, None))
        self._raising = threading.Lock()
        self._file: int | None = None
        self._opened_at = 0.0

    def read(self) -> Checkpoint | None:
        """Return the checkpoint, None before the first, or raise KeyFileError."""
        try:
            file = os.open(self._address, os.O_RDONLY | os.O_CLOEXEC)
            try:
                raw = os.pread(file, 2 * _SLOT_BYTES, 0)
            finally:
                os.close(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyFileError(f"{self._path}: {error.strerror}") from error
        return max(self._slots(raw), key=_size)

    def raise_to(self, note: bytes, new: Checkpoint) -> None:
        """Keep this note, and what it says, if it is larger than all before."""
        if len(note) >= _SLOT_BYTES:
            raise KeyFileError(f"{self._path}: the note does not fit in its slot")
        with self._raising:
            file = self._opened()
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                self._raise(file, note, new)
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        with self._raising:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _slots(self, raw: bytes) -> Slots:
        known, slots = self._known
        if raw == known:
            return slots
        filled = [raw[:_SLOT_BYTES].strip(b"\0 \n"), raw[_SLOT_BYTES:].strip(b"\0 \n")]
        slots = (_parse(filled[0] + b"\n"), _parse(filled[1] + b"\n"))
        if any(filled) and not any(slots):
            raise KeyFileError(f"{self._path}: malformed")
        self._known = (raw, slots)
        return slots

    def _raise(self, file: int, note: bytes, new: Checkpoint) -> None:
        raw = os.pread(file, 2 * _SLOT_BYTES, 0)
        slots = self._slots(raw)
        sizes = _size(slots[0]), _size(slots[1])
        if new.size > max(sizes):
            smaller = 0 if sizes[0] <= sizes[1] else 1
            padded = note.ljust(_SLOT_BYTES - 1) + b"\n"
            os.pwrite(file, padded, smaller * _SLOT_BYTES)
            # What was just written need not be parsed when it is next read.
            self._known = _spliced(raw, slots, smaller, padded, new)

    def _opened(self) -> int:
        now = time.monotonic()
        if self._file is None or now - self._opened_at > _REOPENED_AFTER:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(self._address, flags, 0o600)
            self._opened_at = now
        return self._file


def _spliced(
    raw: bytes, slots: Slots, number: int, padded: bytes, new: Checkpoint
) -> tuple[bytes, Slots]:
    start = number * _SLOT_BYTES
    whole = raw.ljust(2 * _SLOT_BYTES, b"\0")
    after = whole[:start] + padded + whole[start + _SLOT_BYTES :]
    kept = (new, slots[1]) if number == 0 else (slots[0], new)
    return after[: max(len(raw), start + _SLOT_BYTES)], kept


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a data folder, so that one process at a time sets it up."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sync_folder(folder: Path) -> None:
    """Let what a folder lists outlive a power cut."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_beside(path: Path, raw: bytes) -> None:
    """Write a file so that a reader sees the old or the new, whole."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        beside.write_bytes(raw)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _parse(note: bytes) -> Checkpoint | None:
    try:
        return unverified_checkpoint(note)
    except NoteError:
        return None


def _size(checkpoint: Checkpoint | None) -> int:
    return -1 if checkpoint is None else checkpoint.size
