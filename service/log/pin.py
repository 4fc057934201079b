"""The pin of a mirror: what it is a mirror of, and which keys it trusts.

The file `mirror` of a data folder; a folder that has it is a mirror.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from service.log.errors import StoreError, StoreUnreadableError
from service.log.notes import NoteError, VerifierKey

FILE = "mirror"


class MirrorInUseError(StoreError):
    """Another process is mirroring into the folder."""


@dataclass(frozen=True)
class Pin:
    """Where a mirror copies from, and the verifier keys it was begun with.

    `public_url` is the address that the log's own answers speak of.
    """

    url: str
    origin: str
    keys: tuple[str, ...]
    public_url: str

    @classmethod
    def read(cls, folder: Path) -> "Pin | None":
        """Return the pin of a data folder, None if it is not a mirror."""
        path = folder / FILE
        try:
            members = json.loads(path.read_text("utf-8"))
            pin = cls(**{**members, "keys": tuple(members["keys"])})
            pin.verifiers()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StoreUnreadableError(f"{path}: malformed") from error
        return pin

    def write(self, folder: Path) -> None:
        """Put the pin into a folder, whole or not at all."""
        beside = folder / f".{FILE}.new"
        with beside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(self), indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.rename(folder / FILE)

    def verifiers(self) -> list[VerifierKey]:
        """Return the keys, or raise NoteError unless all are keys of the log."""
        keys = [VerifierKey.parse(each) for each in self.keys]
        if not keys or any(key.name != self.origin for key in keys):
            raise NoteError(f"the keys are not those of {self.origin}")
        return keys


@contextmanager
def mirror_lock(folder: Path) -> Iterator[None]:
    """Be the only process that mirrors into a folder, or raise MirrorInUseError."""
    with (folder / f"{FILE}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MirrorInUseError(
                f"{folder}: another process is mirroring into it"
            ) from error
        yield
