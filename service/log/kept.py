"""The redactions, kept beside the database: a backup that is put back may lack them.

`DATA/redactions` has one JSON object a line, and no words: which commitments of which
events stay closed. It is only ever added to.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from service.log.erasing import Redacted


class KeptRedactions:
    """The file of all redactions that were ever on record here."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Redacted]:
        """Return what is kept; a line that was cut short by a crash is passed by."""
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [each for each in map(_parsed, lines) if each]

    def keep(self, redactions: Iterable[Redacted]) -> list[Redacted]:
        """Add those that are not there yet; return all that are."""
        known = self.read()
        new = [each for each in redactions if each not in known]
        if new:
            self._write([*known, *new])
        return [*known, *new]

    def _write(self, redactions: list[Redacted]) -> None:
        # Whole, beside and synced: a crash leaves the old file or the new one.
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        with open(os.open(beside, _FLAGS, 0o600), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(each._asdict()) + "\n" for each in redactions)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _parsed(line: str) -> Redacted | None:
    try:
        return Redacted(**json.loads(line))
    except (ValueError, TypeError):
        return None


_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
