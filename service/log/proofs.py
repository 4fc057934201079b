"""Proofs that an event is in the log, and that a log has only grown.

Made and checked as RFC 9162, sections 2.1.3 and 2.1.4, says (the trees are those of
RFC 6962). Nothing is kept: every hash is read from tiles.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

from service.log.merkle import EMPTY_ROOT, TILE_BITS, TILE_WIDTH, Edge, node_hash

HASH_BYTES = 32
# (level, start, width) -> the hashes `start` … `start + width - 1` of a tile level.
ReadHashes = Callable[[int, int, int], list[bytes]]
Span = tuple[int, int]


class ProofError(ValueError):
    """A proof does not prove what it should, or cannot be made."""


def inclusion(read: ReadHashes, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` (from 0) is in the tree of `size` leaves."""
    if not 0 <= index < size:
        raise ProofError("the index is not below the size")
    return _hashes(read, size, reversed_spans=_siblings(index, size))


def consistency(read: ReadHashes, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `new` leaves begins with that of `old`."""
    if not 0 <= old <= new:
        raise ProofError("the old size is beyond the new one")
    if old in (0, new):
        return []
    spans, low, high, is_whole = [], 0, new, True
    while old != high:
        middle = low + _largest_power_below(high - low)
        if old <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low, is_whole = middle, False
    if not is_whole:
        spans.append((low, high))
    return _hashes(read, new, reversed_spans=spans)


class Growth:
    """What was appended to a tree at once: the inclusion proof of each of its leaves.

    All are in the tree that ends with the last of them; nothing is read for them.
    `first` is the position of the first, `size` that of the last.
    """

    def __init__(self, before: Edge, hashes: Sequence[bytes]) -> None:
        self.first, self.size = before.size + 1, before.size + len(hashes)
        self._before, self._hashes = before, hashes

    def inclusion(self, index: int) -> list[bytes]:
        """Return the proof of one of the leaves, by its index in the whole tree."""
        return list(map(self._hash_of, reversed(_siblings(index, self.size))))

    def hash_of(self, index: int) -> bytes:
        """Return the hash of one of the leaves."""
        return self._hashes[index + 1 - self.first]

    @cached_property
    def _known(self) -> dict[Span, bytes]:
        # Not before it is asked for: most of what is appended is not proved at once.
        high = self._before.size
        known = {(low, low + 1): each for low, each in enumerate(self._hashes, high)}
        for each in self._before.path():  # The smallest first, from the right.
            low = high - (high & -high)
            known[low, high] = each
            high = low
        return known

    def _hash_of(self, span: Span) -> bytes:
        if span not in self._known:
            low, high = span
            middle = low + _largest_power_below(high - low)
            left, right = self._hash_of((low, middle)), self._hash_of((middle, high))
            self._known[span] = node_hash(left, right)
        return self._known[span]


def root(read: ReadHashes, size: int) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return _Tiles(read, size).hash_of((0, size))


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofError unless the proof leads from a leaf to a root (32 bytes each)."""
    if not 0 <= index < size:
        raise ProofError("the index is not below the size")
    _check_hashes([leaf_hash, root, *proof])
    found, last = leaf_hash, size - 1
    for each in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if index & 1 or index == last:
            found = node_hash(each, found)
            index, last = _skip_right_edge(index, last)
        else:
            found = node_hash(found, each)
        index, last = index >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if found != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofError unless the proof shows that one tree begins with the other."""
    if not 0 <= old <= new:
        raise ProofError("the old size is beyond the new one")
    _check_hashes([old_root, new_root, *proof])
    if old in (0, new):
        _verify_trivial(old, new, old_root, new_root, proof)
        return
    if not proof:
        raise ProofError("the proof is too short")
    is_perfect = old & (old - 1) == 0
    path = [old_root, *proof] if is_perfect else list(proof)
    roots = _roots(old, new, path)
    if roots != (old_root, new_root):
        raise ProofError("the proof leads to other roots")


def _verify_trivial(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    if proof:
        raise ProofError("the proof is too long")
    expected = EMPTY_ROOT if old == 0 else new_root
    if old_root != expected or (new == 0 and new_root != EMPTY_ROOT):
        raise ProofError("the roots differ")


def _roots(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the two roots to which the path of a consistency proof leads."""
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old_root = new_root = path[0]
    for each in path[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if index & 1 or index == last:
            old_root, new_root = node_hash(each, old_root), node_hash(each, new_root)
            index, last = _skip_right_edge(index, last)
        else:
            new_root = node_hash(new_root, each)
        index, last = index >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return old_root, new_root


def _skip_right_edge(index: int, last: int) -> Span:
    """Pass the levels on which a node of the right edge has no sibling."""
    while not index & 1 and index:
        index, last = index >> 1, last >> 1
    return index, last


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError(f"a hash is not of {HASH_BYTES} bytes")


def _siblings(index: int, size: int) -> list[Span]:
    """Return what a leaf is joined with on its way to the root, the widest first."""
    spans, low, high = [], 0, size
    while high - low > 1:
        middle = low + _largest_power_below(high - low)
        if index < middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    return spans


def _largest_power_below(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def _hashes(read: ReadHashes, size: int, reversed_spans: list[Span]) -> list[bytes]:
    tiles = _Tiles(read, size)
    return [tiles.hash_of(span) for span in reversed(reversed_spans)]


class _Tiles:
    """The tiles that one proof rests on, each of them read once."""

    def __init__(self, read: ReadHashes, size: int) -> None:
        self._read, self._size = read, size
        self._rows: dict[tuple[int, int], list[bytes]] = {}

    def hash_of(self, span: Span) -> bytes:
        """Return the RFC 6962 hash of the leaves low … high - 1."""
        low, high = span
        parts = []
        while low < high:
            height = (high - low).bit_length() - 1
            if low:
                height = min(height, (low & -low).bit_length() - 1)
            parts.append(self._perfect(height, low >> height))
            low += 1 << height
        if not parts:
            return EMPTY_ROOT
        found = parts.pop()
        while parts:
            found = node_hash(parts.pop(), found)
        return found

    def _perfect(self, height: int, index: int) -> bytes:
        """Return the root of perfect subtree `index` among those of a height."""
        level, within = divmod(height, TILE_BITS)
        n, start = divmod(index << within, TILE_WIDTH)
        hashes = self._row(level, n)[start : start + (1 << within)]
        while len(hashes) > 1:
            hashes = list(map(node_hash, hashes[::2], hashes[1::2]))
        return hashes[0]

    def _row(self, level: int, n: int) -> list[bytes]:
        if (level, n) not in self._rows:
            start = n * TILE_WIDTH
            width = min(TILE_WIDTH, (self._size >> level * TILE_BITS) - start)
            row = self._read(level, start, width)
            if len(row) != width:
                raise ProofError(f"tile {n} of level {level} is not whole")
            self._rows[level, n] = row
        return self._rows[level, n]
