"""The file of fields that a mirror keeps without an opening, until that is settled."""

import os
from collections.abc import Iterable
from pathlib import Path

from service.log.errors import StoreUnreadableError
from service.log.staged import Field


class Unopened:
    """Fields to which no opening was offered; it outlives a crash."""

    # Written before the events are kept: it may name too much, never too little.

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Field]:
        """Return the fields in their order."""
        try:
            lines = self._path.read_text("utf-8").split("\n")[:-1]
            parts = [line.partition(" ") for line in lines]
            return sorted({Field(int(each[0]), each[2]) for each in parts})
        except FileNotFoundError:
            return []
        except ValueError as error:
            raise StoreUnreadableError(f"{self._path}: malformed") from error

    def add(self, fields: Iterable[Field]) -> None:
        """Add fields."""
        if text := _text(fields):
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())

    def replace(self, fields: Iterable[Field]) -> None:
        """Let only these fields remain."""
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_text(_text(fields), "utf-8")
        beside.rename(self._path)


def _text(fields: Iterable[Field]) -> str:
    return "".join(f"{position} {name}\n" for position, name in fields)
