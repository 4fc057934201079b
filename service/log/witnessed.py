"""What witnesses and mirrors have seen that the log cannot go on from.

Kept in a file of the data folder, so that every process refuses to sign: one line for
each, `size root name`. The root is `-` where only the size is known, and after a `!`
where it is one of ours that was refused. There is no file as long as all agree.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.log.keys import KeyFileError, folder_lock, sync_folder
from service.log.notes import decode_base64, encode_base64

_LINE = re.compile(r"(0|[1-9][0-9]{0,18}) (-|!?[A-Za-z0-9+/]{43}=) (.+)")
Stat = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tree that a witness or mirror has seen under the name of this log.

    If it `is_refused`, the root is that of our tree of this size, and theirs differs.
    """

    who: str
    size: int
    root: bytes | None = None
    is_refused: bool = False

    def contradiction(self, size: int, root_of: Callable[[int], bytes]) -> str | None:
        """Return why a log of a size does not go on from this tree, None if it does."""
        if self.size > size:
            return f"{self.who} has seen {self.size} events, but the log holds {size}"
        if self.root is None or (root_of(self.size) == self.root) != self.is_refused:
            return None
        return f"{self.who} has seen another log at {self.size} events"

    def __str__(self) -> str:
        root = encode_base64(self.root) if self.root else "-"
        return f"{self.size} {'!' * self.is_refused}{root} {self.who}"


class Witnessed:
    """The file of sightings that contradict the log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._address = os.fspath(path)  # Of a Path it would be made at each look.
        self._known: tuple[Stat, list[Sighting]] | None = None

    def sightings(self) -> list[Sighting]:
        """Return what is in the file, or raise KeyFileError; cheap if unchanged."""
        try:
            found = os.stat(self._address)
            stat = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._known is None or self._known[0] != stat:
                self._known = (stat, _parse(self._path.read_text("utf-8")))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise KeyFileError(f"{self._path}: {error.strerror}") from error
        except ValueError as error:
            raise KeyFileError(f"{self._path}: malformed") from error
        return self._known[1]

    def update(self, heard: Mapping[str, Sighting | None], asked: set[str]) -> None:
        """Put what was heard in the place of what those said before.

        Of those that are `asked` no longer nothing is kept.
        """
        if not self._path.exists() and not any(heard.values()):
            return
        with folder_lock(self._path.parent):
            before = {each.who: each for each in self._before() if each.who in asked}
            after = [each for each in {**before, **heard}.values() if each]
            self._write("".join(f"{each}\n" for each in after))

    def _before(self) -> list[Sighting]:
        try:
            return self.sightings()
        except KeyFileError:
            return []  # What was malformed is written anew.

    def _write(self, text: str) -> None:
        if not text:
            self._path.unlink(missing_ok=True)
            return
        beside = self._path.with_name(f".{self._path.name}")
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        sync_folder(self._path.parent)


def _parse(text: str) -> list[Sighting]:
    return [_sighting(line) for line in text.removesuffix("\n").split("\n")]


def _sighting(line: str) -> Sighting:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError("not a sighting")
    size, root, who = found.groups()
    if root == "-":
        return Sighting(who, int(size))
    raw = decode_base64(root.removeprefix("!"))
    return Sighting(who, int(size), raw, root.startswith("!"))
