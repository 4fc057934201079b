import random

import pytest

from service.log.merkle import (
    EMPTY_ROOT,
    TILE_WIDTH,
    Edge,
    leaf_hash,
    node_hash,
    unfinished_tiles,
)

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def brute_force(hashes):
    """Follow the definition of RFC 6962 section 2.1, and share no code with it."""
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY_ROOT
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(brute_force(hashes[:split]), brute_force(hashes[split:]))


def hashes_of(size):
    return [leaf_hash(b"leaf %d" % index) for index in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_rfc_6962(size):
    edge, _ = Edge().append(map(leaf_hash, LEAVES[:size]))
    assert edge.root().hex() == ROOTS[size]


def test_every_small_tree_equals_brute_force():
    hashes = hashes_of(600)
    edge = Edge()
    for size, each in enumerate(hashes):
        assert edge.root() == brute_force(hashes[:size])
        edge, _ = edge.append([each])


@pytest.mark.parametrize("size", [255, 256, 257, 65_535, 65_536, 65_537, 70_000])
def test_the_split_into_batches_is_irrelevant(size):
    hashes = hashes_of(size)
    rng = random.Random(size)
    edge, nodes = Edge(), []
    while edge.size < size:
        step = rng.choice([1, 2, 255, 256, 257, 5000])
        edge, new = edge.append(hashes[edge.size : edge.size + step])
        nodes += new
    assert (edge, nodes) == Edge().append(hashes)
    assert edge.root() == brute_force(hashes)
    for node in nodes:
        width = TILE_WIDTH**node.level
        below = hashes[node.n * width : (node.n + 1) * width]
        assert node.hash == brute_force(below)
    assert sorted(node[:2] for node in nodes) == [
        (level, n) for level in (1, 2) for n in range(size // TILE_WIDTH**level)
    ]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 65_536, 66_000])
def test_an_edge_is_resumed_from_rows(size):
    edge, nodes = Edge().append(hashes_of(size))
    rows = {0: hashes_of(size)}
    for level, _, each in nodes:
        rows.setdefault(level, []).append(each)
    spans = unfinished_tiles(size)
    parts = [rows[level][start : start + width] for level, start, width in spans]
    resumed = Edge.resume(size, parts)
    assert resumed.root() == edge.root()
    assert resumed.append([bytes(32)])[0].root() == edge.append([bytes(32)])[0].root()


def test_rows_of_another_size_are_refused():
    with pytest.raises(ValueError, match="not those"):
        Edge.resume(3, [[bytes(32)]])


def test_an_append_leaves_the_old_edge_as_it_was():
    edge, _ = Edge().append(hashes_of(7))
    root = edge.root()
    edge.append(hashes_of(300))
    assert (edge.size, edge.root()) == (7, root)
