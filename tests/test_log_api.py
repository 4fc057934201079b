"""The log over HTTP, read as C2SP specifies it and with no code of ours."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.config import Settings
from service.record import Record
from tests.records import SmallRecord, app_over, client, record, small
from tests.writers import draft

__all__ = ["client", "record", "small"]


def sha256(raw):
    return hashlib.sha256(raw).digest()


def tree_hash(hashes):
    """MTH of RFC 6962, section 2.1, over hashes of leaves."""
    if not hashes:
        return sha256(b"")
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        odd = hashes[len(hashes) // 2 * 2 :]
        hashes = [sha256(b"\1" + left + right) for left, right in pairs] + odd
    return hashes[0]


def checkpoint(client):
    """Return the origin, size and root of the checkpoint, its signature verified."""
    note = client.get("/log/checkpoint").data
    text, _, lines = note.decode().rpartition("\n\n")
    origin, size, root = text.split("\n")
    [key] = client.get("/log/key").text.splitlines()
    name, hash8, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded)
    key_id = sha256(f"{name}\n".encode() + raw)[:4]
    assert (name, hash8, raw[0]) == (origin, key_id.hex(), 1)
    dash, signer, signature = lines.removesuffix("\n").split(" ")
    signed = base64.b64decode(signature)
    assert (dash, signer, signed[:4]) == ("\N{EM DASH}", origin, key_id)
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signed[4:], f"{text}\n".encode())
    return int(size), base64.b64decode(root)


def address(n):
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


def tile(client, level, n, width=256):
    partial = "" if width == 256 else f".p/{width}"
    return client.get(f"/log/tile/{level}/{address(n)}{partial}")


def level_hashes(client, level, count):
    """Fetch a whole level of tiles, each of exactly the width that it must have."""
    hashes = []
    for n in range(-(-count // 256)):
        width = min(256, count - 256 * n)
        raw = tile(client, level, n, width).data
        assert len(raw) == 32 * width
        hashes += [raw[at : at + 32] for at in range(0, len(raw), 32)]
    return hashes


def entries(client, size):
    leaves = []
    for n in range(-(-size // 256)):
        width = min(256, size - 256 * n)
        raw, at, before = tile(client, "entries", n, width).data, 0, len(leaves)
        while at < len(raw):
            length = int.from_bytes(raw[at : at + 2], "big")
            leaves.append(raw[at + 2 : at + 2 + length])
            at += 2 + length
        assert at == len(raw) and len(leaves) - before == width
    return leaves


def must_be_whole(client):
    """Check every tile and entry against the checkpoint; return the leaf hashes."""
    size, root = checkpoint(client)
    hashes = [sha256(b"\0" + leaf) for leaf in entries(client, size)]
    assert tree_hash(hashes) == root
    below, level, count = hashes, 0, size
    while count:
        assert level_hashes(client, level, count) == below[:count]
        below = [tree_hash(below[at : at + 256]) for at in range(0, len(below), 256)]
        level, count = level + 1, count >> 8
    return hashes


def inclusion_root(leaf, index, size, proof):
    """Follow RFC 9162, section 2.1.3.2, to the letter."""
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        assert sn != 0
        if fn & 1 or fn == sn:
            r = sha256(b"\1" + p + r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


# The founding record.


def test_the_founding_log_is_whole(client):
    assert len(must_be_whole(client)) == 1764


@pytest.mark.parametrize("position", [1, 2, 256, 257, 1000, 1763, 1764])
@pytest.mark.parametrize("query", ["", "?size=1764"])
def test_an_event_links_to_the_proof_that_it_is_in_the_log(client, position, query):
    event = client.get(f"/v1/events/{position}").json
    proof = client.get(event["proof"] + query).json
    leaf = bytes.fromhex(event["leaf_hash"])
    assert base64.b64decode(proof["leaf_hash"]) == leaf
    assert (proof["position"], proof["index"]) == (position, position - 1)
    hashes = [base64.b64decode(each) for each in proof["hashes"]]
    size, root = checkpoint(client)
    assert (proof["size"], base64.b64decode(proof["root"])) == (size, root)
    assert inclusion_root(leaf, position - 1, size, hashes) == root
    assert proof["checkpoint"] == client.get("/log/checkpoint").text


@pytest.mark.parametrize("position", [1, 1764])
def test_a_proof_is_had_as_a_file_to_keep(client, position):
    answer = client.get(f"/v1/log/proofs/inclusion/{position}.tlog-proof")
    head, _, note = answer.text.partition("\n\n")
    first, index, *lines = head.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", f"index {position - 1}")
    assert note == client.get("/log/checkpoint").text
    leaf = bytes.fromhex(client.get(f"/v1/events/{position}").json["leaf_hash"])
    size, root = checkpoint(client)
    hashes = [base64.b64decode(each) for each in lines]
    assert inclusion_root(leaf, position - 1, size, hashes) == root
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_every_checkpoint_is_listed_and_each_is_that_of_the_entries(client):
    hashes = [sha256(b"\0" + leaf) for leaf in entries(client, 1764)]
    page = client.get("/log/checkpoints?limit=7").json
    seen = []
    while True:
        seen += page["items"]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json
    assert [each["size"] for each in seen] == sorted({each["size"] for each in seen})
    assert (seen[0]["size"], seen[-1]["size"]) == (0, 1764)
    assert page["total"] == len(seen)
    for each in seen:
        assert base64.b64decode(each["root"]) == tree_hash(hashes[: each["size"]])
        assert each["note"].split("\n")[1:3] == [str(each["size"]), each["root"]]
    after = client.get("/log/checkpoints?after=1763").json
    assert [each["size"] for each in after["items"]] == [1764]


def test_the_log_has_only_grown_between_any_two_checkpoints(client):
    sizes = [each["size"] for each in client.get("/log/checkpoints").json["items"]]
    hashes = [sha256(b"\0" + leaf) for leaf in entries(client, 1764)]
    for old in sizes:
        proof = client.get(f"/v1/log/proofs/consistency?from={old}&to=1764").json
        assert base64.b64decode(proof["from_root"]) == tree_hash(hashes[:old])
        assert base64.b64decode(proof["to_root"]) == tree_hash(hashes)
        assert proof["hashes"] or old in (0, 1764)


def test_openings_open_every_commitment_of_the_founding_record(client):
    leaves = [json.loads(leaf) for leaf in entries(client, 1764)]
    sealed = {
        (position, name): commitment
        for position, leaf in enumerate(leaves, 1)
        for name, commitment in leaf["sealed"].items()
    }
    page = client.get("/v1/openings?limit=1000").json
    opened = page["items"]
    while page["next"]:
        page = client.get(page["next"]).json
        opened += page["items"]
    assert len(opened) == len(sealed) == page["total"]
    for each in opened:
        name = each["name"].encode()
        value = json.dumps(each["value"], ensure_ascii=False, separators=(",", ":"))
        made = sha256(
            b"copperplate/field/v1\n"
            + base64.b64decode(each["salt"])
            + len(name).to_bytes(2, "big")
            + name
            + value.encode()
        )
        commitment = sealed[each["position"], each["name"]]
        assert base64.b64encode(made).decode() == commitment == each["commitment"]


def test_openings_of_one_event_are_those_of_the_list_and_nobody_may_keep_them(client):
    listed = client.get("/v1/openings").json["items"]
    position = listed[0]["position"]
    event = client.get(f"/v1/events/{position}").json
    one = client.get(event["openings"])
    mine = [each for each in listed if each["position"] == position]
    assert one.json["openings"] == mine
    assert {each["name"]: each["value"] for each in mine} == event["opened"]
    for answer in (one, client.get("/v1/openings")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_past_shows_no_later_opening_or_checkpoint(client):
    openings = client.get("/v1/openings?at_position=300&limit=1000").json
    assert max(each["position"] for each in openings["items"]) <= 300
    listed = client.get("/log/checkpoints?at_position=300").json
    assert max(each["size"] for each in listed["items"]) <= 300


# What may be kept, and what there is not.


@pytest.mark.parametrize(
    ("path", "media", "caching"),
    [
        ("/log/checkpoint", "text/plain; charset=utf-8", "public, max-age=1"),
        ("/log/key", "text/plain; charset=utf-8", "public, max-age=1"),
        ("/log/tile/0/000", "application/octet-stream", "immutable"),
        ("/log/tile/1/000.p/6", "application/octet-stream", "immutable"),
        ("/log/tile/entries/006.p/228", "application/octet-stream", "immutable"),
        ("/v1/log/proofs/inclusion/9", "application/json", "public, max-age=1"),
        ("/v1/log/proofs/inclusion/9?size=99", "application/json", "immutable"),
        ("/v1/log/proofs/consistency?from=9", "application/json", "public, max-age=1"),
        ("/v1/log/proofs/consistency?from=9&to=99", "application/json", "immutable"),
    ],
)
def test_an_answer_says_what_it_is_and_how_long_it_may_be_kept(
    client, path, media, caching
):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == media
    assert answer.headers["Cache-Control"].endswith(caching)


NO_TILES = [
    "0/007",
    "0/006.p/229",
    "0/006",
    "1/000",
    "1/000.p/7",
    "2/000.p/1",
    "63/000",
    "64/000",
    "0/0",
    "0/x1/000",
    "x1/000",
    "-1/000",
    "0/-01",
    "0/000.p/0",
    "0/000.p/256",
    "0/000.p/01",
    "entries/007",
    "entries/006",
    "entries/006.p/229",
    "data/000",
    "0/x000/000",
    "0/001/000",
    "0/000/",
    "0/000.p/1/2",
    "0/" + "x999/" * 12 + "999",
    "0/" + "x999/" * 500 + "999",
    "0/%D9%A0%D9%A0%D9%A0",
]


@pytest.mark.parametrize("path", NO_TILES)
def test_a_tile_that_is_not_there_is_not_found_and_nobody_may_keep_that(client, path):
    answer = client.get(f"/log/tile/{path}")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("inclusion/9?size=8", 400, "invalid-parameter"),
        ("inclusion/9?size=1765", 400, "position-beyond-head"),
        ("inclusion/9?size=99999999999999999999", 400, "invalid-parameter"),
        ("inclusion/9?size=-1", 400, "invalid-parameter"),
        ("inclusion/9?sise=9", 400, "unknown-parameter"),
        ("inclusion/1765", 404, "not-found"),
        ("inclusion/0", 404, "not-found"),
        ("inclusion/999999999999999", 404, "not-found"),
        ("inclusion/9.tlog-proof?size=99999", 400, "position-beyond-head"),
        ("inclusion/9.tlog-proof?size=9", 404, "not-found"),
        ("consistency", 400, "invalid-parameter"),
        ("consistency?from=9&to=8", 400, "invalid-parameter"),
        ("consistency?from=9&to=1765", 400, "position-beyond-head"),
        ("consistency?from=1765", 400, "position-beyond-head"),
    ],
)
def test_what_cannot_be_proved_is_a_problem(client, path, status, says):
    answer = client.get(f"/v1/log/proofs/{path}")
    assert answer.status_code == status
    assert answer.json["type"] == f"/problems/{says}"


def test_a_proof_for_a_size_that_was_not_signed_names_the_next_that_was(client):
    sizes = [each["size"] for each in client.get("/log/checkpoints").json["items"]]
    unsigned = next(size for size in range(1, 1764) if size not in sizes)
    following = next(size for size in sizes if size > unsigned)
    path = "/v1/log/proofs/inclusion/1.tlog-proof"
    answer = client.get(f"{path}?size={unsigned}")
    assert answer.json["did_you_mean"] == [str(following)]
    assert client.get(f"{path}?size={following}").status_code == 200
    json_proof = client.get(f"/v1/log/proofs/inclusion/1?size={unsigned}").json
    assert json_proof["checkpoint"] is None


# Logs that grow.


def test_an_empty_log_has_a_checkpoint_and_no_tile(small):
    client = small.client()
    assert checkpoint(client) == (0, sha256(b""))
    assert tile(client, 0, 0).status_code == 404
    assert tile(client, "entries", 0, 1).status_code == 404
    assert client.get("/v1/openings").json["items"] == []
    path = "/v1/log/proofs/consistency?from=0"
    assert client.get(path).json["hashes"] == []


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_served_stays_while_the_log_grows_across_a_tile(
    tmp_path, database, request
):
    url = request.getfixturevalue("database_url") if database != "sqlite" else None
    small = SmallRecord(tmp_path, url)
    client, served, position = small.client(), {}, 0
    for count in (1, 2, 250, 2, 1, 1, 255, 1):
        small.record.store.append(
            [draft(f"rating-r{position + each}") for each in range(count)]
        )
        position += count
        hashes = must_be_whole(client)
        assert len(hashes) == position
        for path, body in served.items():
            assert client.get(path).data == body
        for n in range(-(-position // 256)):
            width = min(256, position - 256 * n)
            for level in (0, "entries"):
                answer = tile(client, level, n, width)
                served[answer.request.path] = answer.data
    small.record.close()


def test_a_log_is_whole_across_the_border_of_the_second_level(tmp_path):
    record = Record.open(Settings(data=tmp_path))
    client = app_over(record).test_client()
    for start in range(0, 65_000, 5_000):
        batch = range(start, start + 5_000)
        record.store.append([draft(f"rating-r{n}", words={}) for n in batch])
    for first, last in [(65_000, 65_535), (65_535, 65_536), (65_536, 65_537)]:
        record.store.append([draft(f"rating-r{n}") for n in range(first, last)])
        must_be_whole(client)
        proof = client.get(f"/v1/log/proofs/inclusion/{last}").json
        found = [base64.b64decode(each) for each in proof["hashes"]]
        leaf = base64.b64decode(proof["leaf_hash"])
        root = inclusion_root(leaf, last - 1, last, found)
        assert root == checkpoint(client)[1]
    assert tile(client, 1, 0).status_code == tile(client, 2, 0, 1).status_code == 200
    record.close()
