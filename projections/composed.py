"""Items composed of pieces, of which many rows have the same.

The label of a body, or of a grade on a scale, is worked out once for all rows that have
it, and so is its text. What has long lists makes its items so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, TypeAlias, TypeVar, overload

from projections.query import Found
from projections.tables import Row

T = TypeVar("T")

MOST = 10_000  # Values that one piece keeps.
Values: TypeAlias = tuple[Any, ...]
Write: TypeAlias = Callable[[Values], str]
WriteAll: TypeAlias = Callable[[Sequence[Any]], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring members of an item, and how they are made of columns of a row.

    Without `make` it is one column as it is.
    """

    names: tuple[str, ...]
    made_of: tuple[str, ...]
    make: Callable[..., Values] | None = None

    @classmethod
    def plain(cls, name: str) -> "Piece":
        """Return the piece that is a column as it is."""
        return cls((name,), (name,))


class Made(dict[Any, Any]):
    """What is made of values, each once: a dictionary that fills itself."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Any:
        if len(self) >= MOST:
            self.clear()
        made = self[key] = self._make(key)
        return made


class Composed(Sequence[Row]):
    """The items of rows; `shown` are the values of columns that others take place of.

    Rows are as the driver gives them: a piece makes Booleans of its own.
    """

    def __init__(
        self,
        found: Found,
        pieces: Sequence[Piece],
        shown: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.names = tuple(name for piece in pieces for name in piece.names)
        self._found, self._pieces, self._shown = found, pieces, shown or {}

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self._found.tuples)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> "Composed": ...

    def __getitem__(self, at: int | slice) -> "Row | Composed":
        """Return an item, or the items of a part."""
        if isinstance(at, slice):
            shown = {name: values[at] for name, values in self._shown.items()}
            return Composed(self._found.part(at), self._pieces, shown)
        [item] = self[at : at + 1 or None]
        return item

    def __iter__(self) -> Iterator[Row]:
        """Give the items, each with its members by name."""
        names = self.names
        values = (self._each(piece, tuple, _singly) for piece in self._pieces)
        for every in zip(*values, strict=True):
            yield dict(zip(names, chain(*every), strict=True))

    def texts(self, write: Write, write_all: WriteAll) -> list[Iterable[str]]:
        """Return the text of each piece of each item, by piece.

        `write` makes it of the values of a piece, `write_all` at once of all values of
        a column that is a piece as it is.
        """
        return [self._each(piece, write, write_all) for piece in self._pieces]

    def _each(
        self,
        piece: Piece,
        write: Callable[[Values], T],
        write_all: Callable[[Sequence[Any]], Iterable[T]],
    ) -> Iterable[T]:
        make, columns = piece.make, piece.made_of
        if make is None:
            [name] = columns
            return write_all(self._shown.get(name) or self._found.column(name))
        if not columns:
            return repeat(write(make()), len(self))
        is_one = len(columns) == 1
        made = Made(lambda key: write(make(key) if is_one else make(*key)))
        return map(made.__getitem__, self._found.picked(columns))


def _singly(values: Sequence[Any]) -> Iterable[Values]:
    return zip(values, strict=True)
