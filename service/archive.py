"""The archive: copies of sources, each kept under the hash of its bytes.

A copy is a read-only file `archive/ab/cdef…`. What was withdrawn is listed in
`archive/withdrawn`: it is overwritten and removed, and never kept again.
"""

import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import BufferedReader, BufferedWriter
from pathlib import Path

from service.log.keys import folder_lock, sync_folder

CHUNK = 2**16
INCOMING = ".incoming-"
STALE_SECONDS = 86_400  # After which a file that came in is one that a crash left.
_SHA256 = re.compile("[0-9a-f]{64}")
_Stamp = tuple[int, ...]


class CopyDamagedError(Exception):
    """The bytes of a copy are not those of its hash."""


@dataclass(frozen=True)
class Withdrawal:
    """A copy that is kept no longer, since when, and where the reason can be found."""

    sha256: str
    withdrawn_at: str
    reference: str


@dataclass(frozen=True)
class Copy:
    """A copy that was verified, open to be read once."""

    sha256: str
    size: int
    file: BufferedReader

    def parts(self) -> Iterator[bytes]:
        """Give the bytes, and the last only if all are still those of the hash."""
        hash, held = hashlib.sha256(), b""
        with self.file:
            while part := self.file.read(CHUNK):
                hash.update(part)
                if held:
                    yield held
                held = part
        if hash.hexdigest() != self.sha256:
            raise CopyDamagedError(self.sha256)
        yield held


class Incoming:
    """A file that is being received, and is not yet a copy."""

    def __init__(self, archive: "Archive", path: Path, file: BufferedWriter) -> None:
        self._archive, self._path, self._file = archive, path, file
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """The hash of what was received so far."""
        return self._hash.hexdigest()

    def write(self, part: bytes) -> None:
        """Receive a part."""
        self._file.write(part)
        self._hash.update(part)
        self.size += len(part)

    def keep(self) -> bool:
        """Make it a copy that outlives a power cut; False if it was withdrawn."""
        self._file.flush()
        os.fchmod(self._file.fileno(), 0o444)
        os.fsync(self._file.fileno())
        return self._archive.take(self._path, self.sha256)


class Archive:
    """The copies of one data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._list = folder / "withdrawn"
        self._sound: dict[str, _Stamp] = {}

    def path(self, sha256: str) -> Path:
        """Return where the copy of a hash is kept, or raise ValueError."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not 64 lower-case hexadecimal digits")
        return self._folder / sha256[:2] / sha256[2:]

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """Receive a file; it leaves no trace unless it is kept."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{INCOMING}{secrets.token_hex(8)}"
        try:
            with open(os.open(path, _NEW, 0o600), "wb") as file:
                yield Incoming(self, path, file)
        finally:
            path.unlink(missing_ok=True)

    def take(self, received: Path, sha256: str) -> bool:
        """Give a received file the place of its hash; False if it was withdrawn."""
        path = self.path(sha256)
        with folder_lock(self._folder):
            if sha256 in self.withdrawn():
                return False
            path.parent.mkdir(exist_ok=True)
            received.replace(path)
            sync_folder(path.parent)
            sync_folder(self._folder)
        return True

    def open(self, sha256: str) -> Copy | None:
        """Open a copy, or return None; raise CopyDamagedError if it was changed."""
        try:
            file = self.path(sha256).open("rb")
        except FileNotFoundError:
            return None
        try:
            self._verify(sha256, file)
        except BaseException:
            file.close()
            raise
        return Copy(sha256, os.fstat(file.fileno()).st_size, file)

    def withdrawn(self) -> dict[str, Withdrawal]:
        """Return what was withdrawn, by hash."""
        try:
            lines = self._list.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        found = [Withdrawal(**json.loads(line)) for line in lines]
        return {each.sha256: each for each in found}

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Overwrite and remove a copy, and never keep it again."""
        path = self.path(withdrawal.sha256)
        self._folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(self._folder):
            known = self.withdrawn()
            if withdrawal.sha256 not in known:
                self._write_list([*known.values(), withdrawal])
            _overwrite(path)

    def tidy(self) -> None:
        """Finish what a crash left: withdrawals, and files that never became copies."""
        for each in self.withdrawn():
            _overwrite(self.path(each))
        oldest = time.time() - STALE_SECONDS
        for path in self._folder.glob(f"{INCOMING}*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    _overwrite(path)

    def _verify(self, sha256: str, file: BufferedReader) -> None:
        stamp = _stamp(file)
        if self._sound.get(sha256) == stamp:
            return
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise CopyDamagedError(sha256)
        file.seek(0)
        self._sound[sha256] = stamp

    def _write_list(self, withdrawals: list[Withdrawal]) -> None:
        # Whole, beside and synced: a crash leaves the old list or the new one.
        beside = self._list.with_name(f"{INCOMING}withdrawn")
        with open(os.open(beside, _OVER, 0o644), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(each)) + "\n" for each in withdrawals)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._list)
        sync_folder(self._folder)


def _overwrite(path: Path) -> None:
    """Overwrite a file in its place, and remove it."""
    try:
        path.chmod(0o600)
        with path.open("r+b") as file:
            for _ in range(-(-path.stat().st_size // CHUNK)):
                file.write(bytes(CHUNK))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def _stamp(file: BufferedReader) -> _Stamp:
    """Return what changes with every change of a file."""
    found = os.fstat(file.fileno())
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_OVER = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
