"""What the log keeps beside its database: its key, and what it last signed."""

import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.log.notes import (
    Checkpoint,
    NoteError,
    Signer,
    decode_base64,
    encode_base64,
    unverified_checkpoint,
)

_PREFIX = "PRIVATE+KEY"
_SLOT_BYTES = 2048
Slots = tuple[Checkpoint | None, Checkpoint | None]


class KeyFileError(ValueError):
    """The key file, or the record of what was signed, cannot be used."""


def make_key(path: Path, name: str) -> None:
    """Make a key file (mode 0600) unless there is one."""
    if not path.exists():
        signer = Signer(name, seed := secrets.token_bytes(32))
        hash8, encoded = signer.verifier.id.hex(), encode_base64(b"\x01" + seed)
        _write_new(path, f"{_PREFIX}+{name}+{hash8}+{encoded}\n".encode())


def load_key(path: Path, name: str) -> Signer:
    """Load the key of a log from its file; KeyFileError never shows the key."""
    try:
        parts = path.read_text("utf-8").removesuffix("\n").split("+", 4)
        raw = decode_base64(parts[4])
        signer = Signer(parts[2], raw[1:])
    except (OSError, IndexError, ValueError) as error:
        # The cause is left out: its text could hold a part of the key.
        cause = error.strerror if isinstance(error, OSError) else "malformed"
        raise KeyFileError(f"{path}: {cause}") from None
    is_whole = raw[:1] == b"\x01" and signer.verifier.id.hex() == parts[3]
    if parts[:2] != _PREFIX.split("+") or not is_whole:
        raise KeyFileError(f"{path}: malformed")
    if signer.verifier.name != name:
        raise KeyFileError(f"{path}: the key of {parts[2]}, but the origin is {name}")
    return signer


class Signed:
    """The largest checkpoint that this folder ever signed; never lowered.

    A restored backup of the database is smaller than it, and must not sign.
    """

    # Two slots, and only the smaller is ever written: a torn write leaves the other.
    # Nothing is synced: an older slot guards a little less, and is never wrong.

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._file: int | None = None
        self._known: tuple[bytes, Slots] = (b"", (None, None))

    def read(self) -> Checkpoint | None:
        """Return the checkpoint, None before the first, or raise KeyFileError."""
        try:
            with self._writing:
                raw = os.pread(self._opened(os.O_RDWR), 2 * _SLOT_BYTES, 0)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyFileError(f"{self._path}: {error.strerror}") from error
        return max(self._slots(raw), key=_size)

    def raise_to(self, note: bytes, new: Checkpoint) -> None:
        """Keep this note, and what it says, if it is larger than all before."""
        with self._writing, self._locked() as file:
            raw = os.pread(file, 2 * _SLOT_BYTES, 0)
            slots = self._slots(raw)
            if _size(new) > max(map(_size, slots)):
                smaller = 0 if _size(slots[0]) <= _size(slots[1]) else 1
                padded = note.ljust(_SLOT_BYTES - 1) + b"\n"
                os.pwrite(file, padded, smaller * _SLOT_BYTES)
                # What was just written need not be parsed when it is next read.
                self._known = _spliced(raw, slots, smaller, padded, new)

    def close(self) -> None:
        """Close the file."""
        with self._writing:
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

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = self._opened(os.O_RDWR | os.O_CREAT)
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield file
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def _opened(self, flags: int) -> int:
        """Return the open file; one that was put in its place is opened anew."""
        if self._file is not None and not _is_at(self._file, self._path):
            os.close(self._file)
            self._file = None
        if self._file is None:
            self._file = os.open(self._path, flags | os.O_CLOEXEC, 0o600)
        return self._file


def _is_at(file: int, path: Path) -> bool:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(file))


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


def _write_new(path: Path, raw: bytes) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, raw)
        os.fsync(file)
        # A link fails where a rename would overwrite the key of another process.
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        os.close(file)
        beside.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
