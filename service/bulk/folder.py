"""The folder of bulk files: one folder a position, each whole from its first moment.

Files are written in a folder beside, synced, and renamed. The ones before stay for
those who are downloading them; what a redaction came after goes at once.
"""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from service.bulk.manifest import Manifest
from service.log.errors import StoreError
from service.log.keys import sync_folder

KEPT = 2  # Positions of which there are files.
UNFINISHED = ".new-"
_LOOK = 0.05  # Seconds between two looks at a lock.


class BulkInUseError(StoreError):
    """Another process is making bulk files in the folder."""


class BulkFolder:
    """The bulk files of a data folder, or of any other."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def latest(self, epoch: int = 0) -> Manifest | None:
        """Return the latest files that heed all redactions up to a position."""
        found = (Manifest.read(each) for each in self._places())
        return next((each for each in found if each and each.epoch >= epoch), None)

    def find(self, position: int, epoch: int = 0) -> Manifest | None:
        """Return the files of a position, if they heed redactions up to another."""
        found = Manifest.read(self.place(position))
        return found if found and found.epoch >= epoch else None

    def place(self, position: int) -> Path:
        """Return where the files of a position are."""
        return self.path / str(position)

    @contextmanager
    def locked(self, patience: float = 0) -> Iterator[None]:
        """Be the only process that makes or removes files, or raise BulkInUseError."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as file:
            if not _is_locked(file.fileno(), patience):
                raise BulkInUseError(f"{self.path}: bulk files are being made there")
            yield

    @contextmanager
    def beside(self) -> Iterator[Path]:
        """Give a new folder to write in; it is gone at the end, unless it was taken."""
        path = self.path / f"{UNFINISHED}{secrets.token_hex(8)}"
        path.mkdir()
        try:
            yield path
        finally:
            _delete(path)

    def take(self, made: Path, manifest: Manifest) -> None:
        """Give new files the place of their position, and remove the oldest."""
        manifest.write(made)
        for path in made.iterdir():
            _sync(path)
        sync_folder(made)
        place = self.place(manifest.position)
        self._remove(place)  # Made before, by other code or before a redaction.
        made.rename(place)
        sync_folder(self.path)
        for old in self._places()[KEPT:]:
            self._remove(old)

    def remove_before(self, epoch: int) -> None:
        """Remove the files that do not heed a redaction; open downloads may end."""
        for place in self._places():
            found = Manifest.read(place)
            if found is None or found.epoch < epoch:
                self._remove(place)

    def tidy(self) -> None:
        """Remove what a crash has left; the lock must be held."""
        for path in self.path.glob(f"{UNFINISHED}*"):
            _delete(path)

    def _places(self) -> list[Path]:
        """Return the folders of positions, the last position first."""
        if not self.path.is_dir():
            return []
        found = [each for each in self.path.iterdir() if each.name.isdigit()]
        return sorted(found, key=lambda each: int(each.name), reverse=True)

    def _remove(self, place: Path) -> None:
        """Remove a folder: at once it has no address, and then no files."""
        aside = self.path / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            place.rename(aside)
        except FileNotFoundError:
            return
        _delete(aside)


def _delete(path: Path) -> None:
    """Delete a folder, which another process may be deleting too."""
    while path.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(path)


def _is_locked(file: int, patience: float) -> bool:
    """Lock a file, trying for so many seconds; False if another process has it."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            Event().wait(_LOOK)
        else:
            return True


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
