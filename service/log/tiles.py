"""Tiles and bundles of entries: their addresses and their bytes (C2SP tlog-tiles)."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.log.merkle import TILE_BITS, TILE_WIDTH

ENTRIES = -1  # The "level" of the bundles of entries.
HIGHEST_LEVEL = 63
_LONGEST = 100
_PATH = re.compile(
    r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


class TileError(ValueError):
    """An address is that of no tile, or the bytes of a tile are malformed."""


class Tile(NamedTuple):
    """Tile `n` of a level, as far as it holds `width` hashes (or entries)."""

    level: int
    n: int
    width: int = TILE_WIDTH

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """Read an address below `/log/tile/`, `<L>/<N>[.p/<W>]`, or raise TileError."""
        found = _PATH.fullmatch(path) if len(path) <= _LONGEST else None
        if found is None:
            raise TileError("not <level>/<three digits, x before all but the last>")
        level = ENTRIES if found[1] == "entries" else int(found[1])
        n = int(re.sub("[x/]", "", found[2]) + found[3])
        tile = cls(level, n, int(found[4] or TILE_WIDTH))
        if tile.path != path or level > HIGHEST_LEVEL or tile.width > TILE_WIDTH:
            raise TileError("not the one address that a tile has")
        return tile

    @property
    def path(self) -> str:
        """The address below `/log/tile/`."""
        *groups, last = _thousands(self.n)
        level = "entries" if self.level == ENTRIES else str(self.level)
        number = "".join(f"x{each:03}/" for each in groups) + f"{last:03}"
        return f"{level}/{number}" + (f".p/{self.width}" if self.is_partial else "")

    @property
    def start(self) -> int:
        """The index of its first hash among those of its level."""
        return self.n * TILE_WIDTH

    @property
    def is_partial(self) -> bool:
        """Whether it is not full."""
        return self.width != TILE_WIDTH

    def is_within(self, size: int) -> bool:
        """Whether a tree of so many leaves has all of this tile."""
        return 0 < self.width <= TILE_WIDTH and (
            self.start + self.width <= size >> max(self.level, 0) * TILE_BITS
        )


def bundles(after: int, size: int) -> Iterator[Tile]:
    """Give the bundles that hold the entries that follow `after`, up to a size."""
    for n in range(after // TILE_WIDTH, -(-size // TILE_WIDTH)):
        yield Tile(ENTRIES, n, min(TILE_WIDTH, size - n * TILE_WIDTH))


def encode_entries(leaves: Sequence[bytes]) -> bytes:
    """Write a bundle: each entry after its length, 16 bits, the high byte first."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def decode_entries(raw: bytes, width: int) -> list[bytes]:
    """Read the entries of a bundle, or raise TileError unless there are `width`."""
    leaves, at = [], 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw) or at + 2 > len(raw):
            raise TileError("the bundle is cut off")
        leaves.append(raw[at + 2 : end])
        at = end
    if len(leaves) != width:
        raise TileError(f"the bundle has {len(leaves)} entries, not {width}")
    return leaves


def _thousands(n: int) -> list[int]:
    groups = [n % 1000]
    while n >= 1000:
        n //= 1000
        groups.insert(0, n % 1000)
    return groups
