"""What is fetched of strangers: from where, within which bounds, to what outcome."""

import socket

import pytest

from service.fetching import (
    Fetching,
    NotFetchedError,
    ascii_address,
    connect_publicly,
    is_public,
)
from tests.liar import answer, answering
from tests.paths import answering_paths, moved

AGENT = "Copperplate-archive/test"
WHOLE = answer("200 OK", b"What was said.")
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
OF_NO_PUBLIC_HOST = [
    "64:ff9b:1::7f00:1",
    "127.0.0.1",
    "127.255.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "100::1",
]


def fetching(server, **bounds):
    return Fetching(server.connect, AGENT, **bounds)


def fetched(server, path="a", **bounds):
    """Return what an address of some host of the Internet gives."""
    url = f"http://example.org/{path}"
    return b"".join(fetching(server, **bounds).parts(url))


def missed(raw, **bounds):
    """Return how an address that answers so is missed, and why."""
    with answering_paths(a=raw) as server, pytest.raises(NotFetchedError) as caught:
        fetched(server, **bounds)
    return str(caught.value.outcome), str(caught.value)


def test_the_bytes_come_as_they_were_sent_and_the_server_learns_who_asks():
    with answering_paths(a=WHOLE) as server:
        assert fetched(server) == b"What was said."
        [request] = server.requests
    assert request.startswith("GET /a HTTP/1.1\r\nHost: example.org\r\n")
    assert f"User-Agent: {AGENT}\r\n" in request
    assert "Accept-Encoding: identity\r\n" in request


def test_a_body_in_chunks_and_one_that_ends_with_the_connection_are_read():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with answering_paths(
        a=chunked + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b=HEAD + b"abc"
    ) as s:
        assert fetched(s) == fetched(s, "b") == b"abc"


def test_five_redirects_are_followed_and_not_six():
    steps = {f"s{n}": moved(f"/s{n - 1}") for n in range(1, 7)}
    with answering_paths(s0=WHOLE, **steps) as server:
        assert fetched(server, "s5") == b"What was said."
        with pytest.raises(NotFetchedError, match="more than 5 times") as caught:
            fetched(server, "s6")
    assert caught.value.outcome == "refused"


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "//localhost:{port}/secret",
        "http://[::1]:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://0.0.0.0:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://0x7f.1:{port}/secret",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
    ],
)
def test_a_redirect_into_a_network_of_ours_is_not_followed(target):
    with answering_paths(secret=WHOLE) as server:

        def connect(place, seconds):
            is_outside = place[0] == "example.org"
            return (server.connect if is_outside else connect_publicly)(place, seconds)

        server.answers["/a"] = moved(target.format(port=server.port))
        with pytest.raises(NotFetchedError, match="public Internet") as caught:
            list(Fetching(connect, AGENT).parts("http://example.org/a"))
        assert caught.value.outcome == "refused"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://example.org/a",
        "gopher://example.org/",
        "http://user:word@example.org/",
        "http://[",
        "http:///a",
        "http://example.org:0/",
        "http://example.org:99999/",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_to_what_is_no_address_of_the_web_is_not_followed(target):
    outcome, why = missed(moved(target))
    assert outcome == "refused" and "public Internet" not in why


def test_nothing_is_fetched_of_this_machine_though_it_is_named():
    with answering_paths(a=WHOLE) as server:
        for host in ("127.0.0.1", "localhost", "[::ffff:7f00:1]"):
            with pytest.raises(NotFetchedError, match="public Internet"):
                url = f"http://{host}:{server.port}/a"
                list(Fetching(connect_publicly, AGENT).parts(url))
        assert server.requests == []


def test_a_name_that_also_leads_to_us_is_not_connected_to(monkeypatch):
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, port)) for address in ("93.184.215.14", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(NotFetchedError, match="public Internet"):
        list(Fetching(connect_publicly, AGENT).parts("http://rebinding.example/"))
    assert asked == ["rebinding.example"]


def test_what_was_checked_is_what_is_connected_to(monkeypatch):
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    def resolve(host, port, **_):
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (address, port)) for address in answers.pop(0)]

    connected = []
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(
        socket.socket, "connect", lambda self, place: connected.append(place)
    )
    connect_publicly(("rebinding.example", 80), 5).close()
    assert connected == [("93.184.215.14", 80)] and len(answers) == 1


@pytest.mark.parametrize("address", OF_NO_PUBLIC_HOST)
def test_an_address_of_no_public_host_is_known(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111"])
def test_a_public_address_is_known(address):
    assert is_public(address)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("404 Not Found", "gone"),
        ("410 Gone", "gone"),
        ("500 Oh", "unreachable"),
        ("503 Busy", "unreachable"),
        ("429 Slow Down", "unreachable"),
        ("401 Who", "refused"),
        ("403 No", "refused"),
        ("204 Nothing", "refused"),
        ("206 Part", "refused"),
        ("302 Found", "refused"),
        ("304 Same", "refused"),
    ],
)
def test_every_other_status_has_its_outcome(status, outcome):
    found, why = missed(answer(status))
    assert found == outcome and status[:3] in why


def test_what_ends_before_it_is_whole_is_not_kept():
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"
    assert missed(raw) == ("unreachable", "it ended 97 bytes early")
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab"
    assert missed(cut)[0] == "unreachable"


def test_what_is_too_long_is_given_up_though_it_never_ends():
    raw = HEAD + b"x" * 10_000_000
    assert missed(raw, most_bytes=70_000) == (
        "refused",
        "it has more than 70,000 bytes",
    )
    # Whatever the head says of the length.
    lying = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n" + raw
    assert missed(lying, most_bytes=70_000)[0] == "refused"


def test_nothing_that_is_packed_is_unpacked_or_kept():
    packed = answer("200 OK", b"\x1f\x8b", more="Content-Encoding: gzip\r\n")
    outcome, why = missed(packed)
    assert outcome == "refused" and "'gzip'" in why


def test_nothing_is_no_copy():
    assert missed(answer("200 OK")) == ("refused", "it is empty")


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-x\r\n\r\n", b"\x00" * 99, b"HTTP/1.1 \r\n\r\n"]
)
def test_what_does_not_speak_http_is_unreachable(raw):
    assert missed(raw)[0] == "unreachable"


@pytest.mark.parametrize(
    "raw", [b"", HEAD + b"x" * 99, [HEAD, *[b"x"] * 99]], ids=["none", "head", "body"]
)
def test_one_that_dawdles_is_given_up_in_time(raw):
    with answering(raw, pause=0.1) as address:
        slow = Fetching(socket.create_connection, AGENT, seconds=0.4)
        with pytest.raises(NotFetchedError) as caught:
            list(slow.parts(address))
    assert caught.value.outcome == "unreachable"


def test_all_redirects_together_have_one_deadline():
    raw = moved("/")
    with answering([raw[:9], raw[9:]], pause=0.15) as address:
        slow = Fetching(socket.create_connection, AGENT, seconds=0.5)
        with pytest.raises(NotFetchedError) as caught:
            list(slow.parts(address))
    assert caught.value.outcome == "unreachable"


def test_a_host_that_is_not_there_is_unreachable():
    def connect(place, seconds):
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(NotFetchedError, match="Connection refused") as caught:
        list(Fetching(connect, AGENT).parts("https://example.org/"))
    assert caught.value.outcome == "unreachable"


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://example.org", "https://example.org"),
        ("https://example.org/a b#part", "https://example.org/a%20b"),
        (
            "https://example.org/é?q=ü&r=%20",
            "https://example.org/%C3%A9?q=%C3%BC&r=%20",
        ),
        ("https://bücher.example:8443/", "https://xn--bcher-kva.example:8443/"),
        ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
    ],
)
def test_an_address_is_asked_for_in_ascii(url, asked):
    assert ascii_address(url) == asked


@pytest.mark.parametrize("url", ["http://..example/", f"http://{'a' * 70}é.example/"])
def test_a_name_that_cannot_be_is_refused(url):
    with pytest.raises(NotFetchedError):
        ascii_address(url)
