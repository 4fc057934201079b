"""Proofs of inclusion and consistency, against trees hashed by brute force."""

import hashlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.log.merkle import EMPTY_ROOT
from service.log.proofs import (
    ProofError,
    consistency,
    inclusion,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.test_merkle import brute_force

LEAVES = [hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(66_000)]
BORDERS = [1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 66_000]
sizes = st.integers(1, 700) | st.sampled_from(BORDERS)


@cache
def level_one(n):
    return brute_force(LEAVES[n * 256 : (n + 1) * 256])


@cache
def root_of(size):
    return brute_force(LEAVES[:size])


def read(level, start, width):
    """Read hashes of a level of tiles, as a log would."""
    if level == 0:
        return LEAVES[start : start + width]
    if level == 1:
        return [level_one(n) for n in range(start, start + width)]
    return [root_of(65_536)][:width]


@given(sizes, st.data())
def test_an_inclusion_proof_leads_from_each_leaf_to_the_root(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(read, index, size)
    verify_inclusion(LEAVES[index], index, size, proof, root_of(size))


@given(sizes, st.data())
def test_a_consistency_proof_leads_to_both_roots(new, data):
    old = data.draw(st.integers(0, new))
    old_root = root_of(old) if old else EMPTY_ROOT
    proof = consistency(read, old, new)
    verify_consistency(old, new, old_root, root_of(new), proof)


@pytest.mark.parametrize("size", range(1, 40))
def test_proofs_of_small_trees_are_those_of_the_definition(size):
    for index in range(size):
        assert inclusion(read, index, size) == path(index, LEAVES[:size])
    for old in range(1, size + 1):
        assert consistency(read, old, size) == subproof(old, LEAVES[:size], True)


def path(m, leaves):
    """PATH(m, D[n]) of RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), brute_force(leaves[k:])]
    return [*path(m - k, leaves[k:]), brute_force(leaves[:k])]


def subproof(m, leaves, is_whole):
    """SUBPROOF(m, D[n], b) of RFC 6962, section 2.1.2, word for word."""
    if m == len(leaves):
        return [] if is_whole else [brute_force(leaves)]
    k = power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole), brute_force(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), brute_force(leaves[:k])]


def power_below(count):
    return max(1 << each for each in range(20) if 1 << each < count)


@given(sizes)
def test_the_root_is_read_from_tiles(size):
    assert root(read, size) == root_of(size)


def test_the_root_of_no_leaves_is_that_of_the_empty_tree():
    assert root(read, 0) == EMPTY_ROOT


def flipped(each):
    return bytes([each[0] ^ 1]) + each[1:]


@given(st.integers(2, 300), st.data())
def test_no_other_inclusion_proof_holds(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof, leaf, top = inclusion(read, index, size), LEAVES[index], root_of(size)
    at = data.draw(st.integers(0, len(proof) - 1))
    wrong = [
        (flipped(leaf), index, size, proof, top),
        (leaf, index, size, proof, flipped(top)),
        (leaf, index, size, proof[:-1], top),
        (leaf, index, size, [*proof, LEAVES[0]], top),
        (leaf, index, size, [*proof[:at], flipped(proof[at]), *proof[at + 1 :]], top),
        (leaf, index, size, [*proof[:at], proof[at][:31], *proof[at + 1 :]], top),
        (leaf, size, size, proof, top),
        (leaf, -1, size, proof, top),
        (leaf, index ^ 1, size, proof, top),
    ]
    for each in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(*each)


@given(st.integers(2, 300), st.data())
def test_no_other_consistency_proof_holds(new, data):
    old = data.draw(st.integers(1, new - 1))
    proof, first, last = consistency(read, old, new), root_of(old), root_of(new)
    at = data.draw(st.integers(0, len(proof) - 1))
    wrong = [
        (old, new, flipped(first), last, proof),
        (old, new, first, flipped(last), proof),
        (old, new, first, last, proof[:-1]),
        (old, new, first, last, []),
        (old, new, first, last, [*proof, LEAVES[0]]),
        (old, new, first, last, [*proof[:at], flipped(proof[at]), *proof[at + 1 :]]),
        (new, old, last, first, proof),
        (new, new, first, last, []),
        (0, new, first, last, proof),
        (0, new, EMPTY_ROOT, last, proof),
    ]
    for each in wrong:
        with pytest.raises(ProofError):
            verify_consistency(*each)


@pytest.mark.parametrize(
    ("make", "first", "second"),
    [(inclusion, 5, 5), (inclusion, -1, 5), (consistency, 6, 5), (consistency, -1, 5)],
)
def test_what_cannot_be_proved_is_refused(make, first, second):
    with pytest.raises(ProofError):
        make(read, first, second)


def test_a_tile_that_is_cut_off_gives_no_proof():
    with pytest.raises(ProofError, match="not whole"):
        inclusion(lambda level, start, width: read(level, start, width)[:-1], 0, 10)
