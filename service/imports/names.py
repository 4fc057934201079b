"""Names: which thing is meant by the words of a file, and what came nearest."""

import difflib
import re
from collections.abc import Iterable

from projections.spellings import fold, slug, spellings

__all__ = ["Names", "UnknownNameError", "fold", "fold_title", "shown", "slug"]

_LONGEST = 80  # Characters of a name that a message shows.


class UnknownNameError(Exception):
    """Nothing on record has this name; the message names the nearest."""


class Names:
    """The names of one noun, folded so that common variants are the same."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._ids: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._hints: dict[str, str] = {}

    def add(self, id: str, names: Iterable[str | None] = ()) -> None:
        """Let a thing be met under its id and these names."""
        self._hints.clear()
        for name in (id, *names):
            if name:
                self._ids.setdefault(fold(name), id)
                self._shown.setdefault(name, id)

    def ids(self) -> list[str]:
        """Return the ids of the things that have a name."""
        return list(self._ids.values())

    def find(self, name: str) -> str:
        """Return the id of the thing that is meant, or raise UnknownNameError."""
        id = self._ids.get(fold(name)) or self._by_spelling(name)
        if id is None:
            hint = self.nearest(name)
            raise UnknownNameError(f"No {self._noun} {shown(name)} is on record{hint}.")
        return id

    def nearest(self, name: str) -> str:
        """Say which name comes nearest, or nothing if none is near."""
        key = fold(name[:_LONGEST])
        if key not in self._hints:
            self._hints[key] = self._hint(key)
        return self._hints[key]

    def _by_spelling(self, name: str) -> str | None:
        id = spellings().get((self._noun, fold(name)))
        return id if id in self._ids.values() else None

    def _hint(self, key: str) -> str:
        folded = {fold(each): each for each in self._shown}
        close = difflib.get_close_matches(key, folded, n=1, cutoff=0.5)
        return f"; the nearest is {shown(folded[close[0]])}" if close else ""


def fold_title(title: str) -> str:
    """Return what writings of one title have in common.

    `An inspection into fraud (letter)` and `Inspection into fraud` are one.
    """
    text = fold(re.sub(r"\(letter\)", "", title, flags=re.IGNORECASE))
    return re.sub("^(an?|the) ", "", text)


def shown(text: str) -> str:
    """Return text in quotes, cut short, fit to stand in a message."""
    # What repr gives holds nothing that a terminal would act on.
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
