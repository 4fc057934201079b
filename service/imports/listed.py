"""Listed: a list of ours in JSON Lines, an item a line, read as its CSV would be."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.cells import cell_of
from service.imports.reading import Row, UnreadableFileError, tidy

OF_BOTH = {"id", "data", "words", "sources"}  # Members of a command without its `do`.


@dataclass(frozen=True)
class Listed:
    """A file of items: its columns are the members of the first."""

    columns: list[str]
    _text: str

    @property
    def rows(self) -> Iterator[Row]:
        """Read the items by the number of their line; what is none is told of."""
        for number, line in enumerate(self._text.split("\n"), 1):
            if line.strip():
                yield number, self._row(line)

    def _row(self, line: str) -> Mapping[str, str] | str:
        item = _parsed(line)
        if isinstance(item, str):
            return item
        if more := sorted(set(item) - set(self.columns)):
            return f"{len(more)} members that the first line has not."
        try:
            return {name: _tidied(item.get(name)) for name in self.columns}
        except (RecursionError, UnicodeEncodeError):
            return "A member is nested too deeply, or holds half a character."


def is_list(text: str) -> bool:
    """Whether JSON Lines hold items, and not the commands of a story."""
    first = _first(text)
    return (
        isinstance(first, Mapping) and "do" not in first and bool(set(first) - OF_BOTH)
    )


def parse_list(text: str) -> Listed:
    """Read a list; raise UnreadableFileError if its first line is no item."""
    first = _first(text)
    if not isinstance(first, Mapping):
        raise UnreadableFileError(f"The first line: {first}")
    return Listed(list(first), text)


def _first(text: str) -> dict[str, Any] | str:
    line = next((each for each in text.split("\n", 100) if each.strip()), "")
    return _parsed(line.partition("\n")[0])


def _parsed(line: str) -> dict[str, Any] | str:
    try:
        item = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return "The line is not JSON."
    return item if isinstance(item, dict) else "The line is not an object of JSON."


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _tidied(value: Any) -> str:
    cell = cell_of(value)
    text = "" if cell is None else str(cell)
    text.encode()  # Raises where JSON has escaped what is no character.
    return tidy(text)
