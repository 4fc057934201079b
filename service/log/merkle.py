"""The Merkle tree of RFC 6962 and its right edge, in tiles of 256 hashes."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

EMPTY_ROOT = hashlib.sha256(b"").digest()
TILE_BITS = 8
TILE_WIDTH = 1 << TILE_BITS


class Node(NamedTuple):
    """The root of a full tile: hash `n` of the tiles' level `level` (from 1)."""

    level: int
    n: int
    hash: bytes


class Span(NamedTuple):
    """The hashes `start` … `start + width - 1` of a level: its unfinished tile."""

    level: int
    start: int
    width: int


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ leaf) (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right) (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def unfinished_tiles(size: int) -> list[Span]:
    """Return the unfinished tile of each level of a tree, the leaves' level first."""
    spans = []
    level, count = 0, size
    while count:
        part = count % TILE_WIDTH
        spans.append(Span(level, count - part, part))
        level, count = level + 1, count >> TILE_BITS
    return spans


class Edge(NamedTuple):
    """The right edge of a tree: all that is needed to append to it.

    `levels` holds, for each level, the roots of the perfect subtrees of its
    unfinished tile, the widest first.
    """

    size: int = 0
    levels: tuple[tuple[bytes, ...], ...] = ()

    @classmethod
    def resume(cls, size: int, rows: Sequence[Sequence[bytes]]) -> "Edge":
        """Rebuild an edge from the hashes of its unfinished tiles, in their order.

        Raises ValueError if a row is not as long as its tile.
        """
        spans = unfinished_tiles(size)
        if [len(row) for row in rows] != [span.width for span in spans]:
            raise ValueError("the rows are not those of a tree of this size")
        return cls(size, tuple(tuple(_stack(row)) for row in rows))

    def append(self, hashes: Iterable[bytes]) -> tuple["Edge", list[Node]]:
        """Return the edge after these leaf hashes, and the nodes of tiles now full."""
        stacks = [list(level) for level in self.levels]
        nodes: list[Node] = []
        size = self.size
        for each in hashes:
            _push(stacks, nodes, size, each)
            size += 1
        return Edge(size, tuple(map(tuple, stacks))), nodes

    def path(self) -> list[bytes]:
        """Return the roots of the perfect subtrees, the smallest first.

        They are the inclusion proof of the next leaf in the tree that ends with it.
        """
        return [each for level in self.levels for each in reversed(level)]

    def root(self) -> bytes:
        """Return the root of the tree (32 bytes)."""
        parts = self.path()
        if not parts:
            return EMPTY_ROOT
        root = parts[0]
        for left in parts[1:]:
            root = node_hash(left, root)
        return root


def _push(stacks: list[list[bytes]], nodes: list[Node], n: int, each: bytes) -> None:
    level = 0
    while True:
        if level == len(stacks):
            stacks.append([])
        each = _merge(stacks[level], n % TILE_WIDTH, each)
        if (n + 1) % TILE_WIDTH:
            stacks[level].append(each)
            return
        level, n = level + 1, n >> TILE_BITS
        nodes.append(Node(level, n, each))


def _merge(stack: list[bytes], index: int, each: bytes) -> bytes:
    while index & 1:
        each = node_hash(stack.pop(), each)
        index >>= 1
    return each


def _stack(row: Sequence[bytes]) -> list[bytes]:
    stack: list[bytes] = []
    for index, each in enumerate(row):
        stack.append(_merge(stack, index, each))
    return stack
