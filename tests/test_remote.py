"""The log of another service: read whole, bounded, and never trusted."""

import threading
from contextlib import contextmanager, suppress

import pytest

from service.log import connections
from service.log.merkle import leaf_hash
from service.log.notes import Signer, checkpoint_text, encode_base64
from service.log.remote import RemoteError, RemoteLog
from service.log.tiles import Tile, encode_entries
from tests.strangers import page, stranger
from tests.test_merkle import brute_force

SIGNER = Signer("example.org/log", bytes(range(32)))
LEAVES = [b"leaf %d" % number for number in range(300)]
COMMITMENT = encode_base64(bytes(32))


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(connections, "BACK_OFF", (0, 0))
    monkeypatch.setattr(connections, "LIMITED_SECONDS", 0)


def note(size):
    root = brute_force([leaf_hash(leaf) for leaf in LEAVES[:size]])
    return SIGNER.sign(checkpoint_text("example.org/log", size, root))


def bundle(n, width):
    return encode_entries(LEAVES[n * 256 : n * 256 + width])


def address(n, width=256):
    return f"/log/tile/{Tile(-1, n, width).path}"


def opening(position, name="note", **changes):
    members = {"commitment": COMMITMENT, "salt": COMMITMENT, "value": "£"}
    return {"position": position, "name": name, **members, **changes}


@contextmanager
def remote(answers, **more):
    with stranger(answers) as url:
        log = RemoteLog(url, **more)
        try:
            yield log
        finally:
            log.close()


def serving(size=300, **more):
    return {
        "/log/checkpoint": note(size),
        address(0): bundle(0, 256),
        address(1, 44): bundle(1, 44),
        **more,
    }


@pytest.mark.parametrize(
    ("after", "limit"), [(0, 1000), (0, 10), (250, 10), (256, 1), (299, 5), (300, 5)]
)
def test_leaves_are_cut_from_the_bundles_that_hold_them(after, limit):
    with remote(serving()) as log:
        assert log.leaves(after, limit) == LEAVES[after : after + limit]


def test_a_partial_bundle_that_was_filled_since_is_cut_from_the_full_one():
    answers = {"/log/checkpoint": note(3), address(0): bundle(0, 256)}
    with remote(answers) as log:
        assert log.leaves(0, 1000) == LEAVES[:3]


def test_nothing_beyond_the_checkpoint_is_asked_for():
    asked = []
    answers = serving(3, **{address(0, 3): bundle(0, 3)})

    def answer(path):
        asked.append(path)
        return answers[path]

    with remote(answer) as log:
        log.leaves(0, 1000)
    assert asked == ["/log/checkpoint", address(0, 3)]


def test_openings_are_read_page_after_page_of_events():
    answers = {
        "/v1/openings?after=5&limit=1000": page([opening(6), opening(6, "other")]),
        "/v1/openings?after=1005&limit=2": page([opening(1007)]),
    }
    with remote(answers) as log:
        found = log.openings(5, 1002)
    assert [each[:2] for each in found] == [(6, "note"), (6, "other"), (1007, "note")]
    assert found[0].value == '"£"'.encode() and found[0].salt == bytes(32)


def test_hashes_are_cut_from_their_tile():
    hashes = [leaf_hash(leaf) for leaf in LEAVES]
    tiles = {
        "/log/tile/0/001.p/44": b"".join(hashes[256:]),
        "/log/tile/1/000.p/1": brute_force(hashes[:256]),
    }
    with remote({"/log/checkpoint": note(300), **tiles}) as log:
        assert log.hashes(0, 258, 5) == hashes[258:263]
        assert log.hashes(1, 0, 256) == [brute_force(hashes[:256])]


def test_checkpoints_come_in_their_order_up_to_a_size():
    items = [{"size": size, "note": note(size).decode()} for size in (0, 3, 9)]
    with remote({"/log/checkpoints?limit=1000": page(items)}) as log:
        found = log.checkpoints(up_to=3)
    assert [(each.size, each.note) for each in found] == [(0, note(0)), (3, note(3))]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({}, "/log/checkpoint: there is nothing (status 404)"),
        ({"/log/checkpoint": b"hello"}, "/log/checkpoint: control characters"),
        ({"/log/checkpoint": b"x" * 1_000_001}, "more than 1,000,000 bytes"),
        (serving(300, **{address(0): b"\0\5abc"}), "the bundle is cut off"),
        (serving(300, **{address(0): bundle(0, 9)}), "the bundle has 9 entries"),
        (serving(600), f"{address(1)}: there is nothing"),
        ({"/log/checkpoint": 500}, "answers with status 500"),
        ({"/log/checkpoint": 301}, "leads to elsewhere; give that address"),
    ],
)
def test_a_bad_log_is_refused_with_its_address(answers, says):
    with remote(answers) as log, pytest.raises(RemoteError) as caught:
        log.leaves(0, 1000)
    assert log.url in str(caught.value) and says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"no JSON",
        b"[]",
        b"{}",
        b'{"items": 3}',
        b'{"items": [3]}',
        page([opening(1), opening(1)]),
        page([opening(2), opening(1)]),
        page([opening(1001)]),
        page([opening("1")]),
        page([opening(True)]),
        page([opening(1, salt="?")]),
        page([opening(1, commitment=None)]),
        page([{"position": 1}]),
        b"[" * 100_000,
    ],
)
def test_openings_of_another_shape_are_refused(body):
    answers = {"/v1/openings?after=0&limit=1000": body}
    with remote(answers) as log, pytest.raises(RemoteError, match="/v1/openings"):
        log.openings(0, 1000)


@pytest.mark.parametrize(
    "url",
    [
        "example.org",
        "ftp://example.org",
        "http://",
        "http://[",
        "http://a b",
        "http://user@example.org",
        "http://example.org?x=1",
        "http://example.org:99999",
        "http://ex\nample.org",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(RemoteError, match="not an address"):
        RemoteLog(url)


def test_a_service_that_is_away_is_said_on_one_line():
    with stranger({}) as url:
        pass
    with pytest.raises(RemoteError, match="refused") as caught:
        RemoteLog(url).checkpoint()
    assert url in str(caught.value) and "\n" not in str(caught.value)


def test_a_fault_that_passes_is_tried_again():
    tries = iter([503, 502, note(0)])
    with remote(lambda _: next(tries)) as log:
        assert log.checkpoint() == note(0)


def limited(retry_after):
    """Return an answer that says when to ask again."""

    def answer(handler):
        handler.send_response(429)
        handler.send_header("Retry-After", retry_after)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.mark.parametrize("retry_after", ["0", "", "soon", "²", "-1"])
def test_a_service_that_limits_is_asked_again_as_often_as_it_takes(retry_after):
    tries = iter([*[limited(retry_after)] * 9, note(0)])
    with remote(lambda _: next(tries)) as log:
        assert log.checkpoint() == note(0)


@pytest.mark.parametrize("retry_after", ["3600", "9" * 4000])
def test_who_is_to_wait_too_long_gives_up(retry_after):
    with (
        remote(lambda _: limited(retry_after)) as log,
        pytest.raises(RemoteError, match="asked too often"),
    ):
        log.checkpoint()


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_service_that_trickles_for_ever_is_left(head):
    ended = threading.Event()

    def trickle(handler):
        with suppress(OSError):
            handler.wfile.write(head)
            while not ended.wait(0.02):
                handler.wfile.write(b"x")

    with remote(lambda _: trickle, request_seconds=0.3) as log:
        with pytest.raises(RemoteError):
            log.checkpoint()
        ended.set()


def test_pages_of_checkpoints_that_lead_nowhere_are_refused():
    answers = {"/log/checkpoints?limit=1000": page([], "/x?cursor=c")}
    with remote(answers) as log, pytest.raises(RemoteError, match="leads nowhere"):
        log.checkpoints()
