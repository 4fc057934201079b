"""The addresses and the bytes of tiles (C2SP tlog-tiles)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.log.tiles import (
    ENTRIES,
    Tile,
    TileError,
    bundles,
    decode_entries,
    encode_entries,
)

EXAMPLES = {
    "0/000": Tile(0, 0),
    "0/x001/x234/067": Tile(0, 1_234_067),
    "1/x001/000": Tile(1, 1000),
    "63/999.p/1": Tile(63, 999, 1),
    "entries/x001/x234/067.p/255": Tile(ENTRIES, 1_234_067, 255),
}


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_address_is_read_and_written(path):
    assert Tile.parse(path) == EXAMPLES[path]
    assert EXAMPLES[path].path == path


@given(st.integers(-1, 63), st.integers(0, 2**50), st.integers(1, 256))
def test_every_tile_has_one_address(level, n, width):
    tile = Tile(level, n, width)
    assert Tile.parse(tile.path) == tile


MALFORMED = [
    "0/0",
    "0/00",
    "0/0000",
    "00/000",
    "64/000",
    "-1/000",
    "+1/000",
    "a/000",
    "/000",
    "0/",
    "0",
    "entries",
    "entries/",
    "0/000/",
    "x1/000",
    "0/x1/000",
    "0/x000/000",
    "0/x000/x001/000",
    "0/001/000",
    "0/x001",
    "0/x001/",
    "0/-01",
    "0/000.p/0",
    "0/000.p/00",
    "0/000.p/01",
    "0/000.p/256",
    "0/000.p/999",
    "0/000.p/-1",
    "0/000.p",
    "0/000.p/",
    "0/000.p/1/2",
    "0/000.P/1",
    "ENTRIES/000",
    "entries/000.p/256",
    "data/000",
    "0//000",
    "0/\u0661\u0662\u0663",
    "0/000\u00a0",
]


@pytest.mark.parametrize(
    "path", ["", " 0/000", "0/000\n", "0/000\0", *MALFORMED, "0/" + "x999/" * 99]
)
def test_what_is_no_address_is_refused(path):
    with pytest.raises(TileError):
        Tile.parse(path)


@pytest.mark.parametrize(
    ("tile", "smallest"),
    [
        (Tile(0, 0, 1), 1),
        (Tile(0, 0), 256),
        (Tile(0, 3, 7), 775),
        (Tile(ENTRIES, 3, 7), 775),
        (Tile(1, 0, 1), 256),
        (Tile(1, 0), 65_536),
        (Tile(2, 0, 1), 65_536),
        (Tile(7, 0, 1), 256**7),
    ],
)
def test_a_tile_is_there_from_the_size_that_fills_it(tile, smallest):
    assert tile.is_within(smallest) and tile.is_within(smallest + 1)
    assert not tile.is_within(smallest - 1)


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_bundles_hold_what_follows_a_position_up_to_a_size(after, size):
    held = [
        n
        for tile in bundles(after, size)
        for n in range(tile.start, tile.start + tile.width)
    ]
    assert set(range(after, size)) <= set(held) <= set(range(size))


@given(st.lists(st.binary(max_size=300) | st.just(b"x" * 65_535), max_size=9))
def test_entries_are_written_and_read(leaves):
    assert decode_entries(encode_entries(leaves), len(leaves)) == leaves


@pytest.mark.parametrize(
    ("raw", "width"),
    [
        (b"", 1),
        (b"\0", 1),
        (b"\0\2a", 1),
        (b"\0\1a\0", 1),
        (b"\0\1a", 2),
        (b"\0\1a", 0),
    ],
)
def test_a_bundle_that_is_cut_off_or_too_long_is_refused(raw, width):
    with pytest.raises(TileError):
        decode_entries(raw, width)
