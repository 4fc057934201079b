"""Fetching: what an address of the public Internet gives, and of no other network.

Addresses come from strangers: nothing is fetched from a machine that only we can reach,
nor from one to which a redirect or a name leads. Time and length are bounded.
"""

import ipaddress
import socket
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit

from schemas.codelists import CheckOutcome
from service.log.web import PORTS, Connect, Place, WebError, asking

MOST_BYTES, SECONDS, REDIRECTS = 64 * 2**20, 120.0, 5
CONNECT_SECONDS = 20.0  # For one of several addresses of a host.
CHUNK = 2**16
# Said once asked too often or while a server fails: it may answer later.
_PASSING = {408, 425, 429}
_MOVED = {301, 302, 303, 307, 308}
# Behind a translator these are IPv4 addresses (RFC 6052, RFC 8215), ours too.
_NAT64 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))


class NotFetchedError(Exception):
    """An address gives nothing that can be kept."""

    def __init__(self, outcome: CheckOutcome, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


class NotPublicError(WebError):
    """A host is not one of the public Internet."""


@dataclass(frozen=True)
class Fetching:
    """How addresses are fetched: by which connections, and within which bounds."""

    connect: Connect
    agent: str
    most_bytes: int = MOST_BYTES
    seconds: float = SECONDS

    def parts(self, url: str) -> Iterator[bytes]:
        """Give the bytes of an address as they come, or raise NotFetchedError."""
        end = time.monotonic() + self.seconds
        for _ in range(REDIRECTS + 1):
            target = yield from self._parts(url, end)
            if target is None:
                return
            url = _joined(url, target)
        raise _refused(f"it leads on more than {REDIRECTS} times")

    def _parts(self, url: str, end: float) -> Generator[bytes, None, str | None]:
        """Give the bytes of one address, or return where it leads."""
        address = ascii_address(url)
        headers = {
            "User-Agent": self.agent,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        left = max(0.01, end - time.monotonic())
        try:
            with asking(
                address, seconds=left, headers=headers, connect=self.connect
            ) as response:
                if response.status in _MOVED and (to := response.getheader("Location")):
                    return to
                _check(response)
                yield from _body(response, self.most_bytes)
        except NotPublicError as error:
            raise _refused(str(error)) from error
        except WebError as error:
            raise NotFetchedError(CheckOutcome.UNREACHABLE, str(error)) from error
        return None


def ascii_address(url: str) -> str:
    """Return an address as it is asked for, or raise NotFetchedError."""
    try:
        parts = urlsplit(urldefrag(url).url)
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.encode("idna").decode()
    except ValueError as error:
        raise _refused("it is not an address") from error
    if parts.scheme not in PORTS or not host or port == 0:
        raise _refused(f"it is not an http or https address: {url[:200]!a}")
    if parts.username is not None or parts.password is not None:
        raise _refused("it names a user")
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port is None else f"{shown}:{port}"
    path, query = (quote(each, safe=_SAFE) for each in (parts.path, parts.query))
    return urlunsplit((parts.scheme, netloc, path, query, ""))


def connect_publicly(place: Place, seconds: float) -> socket.socket:
    """Connect to a host of the public Internet, or raise NotPublicError.

    The name is resolved once, and the very addresses that were checked are used.
    """
    end = time.monotonic() + seconds
    found = _resolved(place, seconds)
    for _, _, _, _, sockaddr in found:
        if not is_public(str(sockaddr[0])):
            raise NotPublicError(f"{place[0]} is not a host of the public Internet")
    failure: OSError = TimeoutError()
    for family, kind, protocol, _, sockaddr in found:
        left = min(CONNECT_SECONDS, end - time.monotonic())
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left)
            connection.connect(sockaddr)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def is_public(address: str) -> bool:
    """Whether an address of a host is one of the public Internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        # Another address hides in these: that of a machine of ours, perhaps.
        if found.ipv4_mapped or found.sixtofour or found.teredo:
            return False
        if found.is_site_local or any(found in each for each in _NAT64):
            return False
    hidden = found.is_multicast or found.is_reserved or found.is_unspecified
    local = found.is_loopback or found.is_link_local or found.is_private
    return found.is_global and not (hidden or local)


def _resolved(place: Place, seconds: float) -> list[Any]:
    """Return the addresses of a host: the resolver itself knows no deadline."""
    answers: SimpleQueue[Any] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(*place, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            answers.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return list(found)


def _check(response: HTTPResponse) -> None:
    """Raise NotFetchedError unless an answer is one whose bytes are to be kept."""
    status = response.status
    said = f"it answers with status {status}"
    if status in (404, 410):
        raise NotFetchedError(CheckOutcome.GONE, said)
    if status >= 500 or status in _PASSING:
        raise NotFetchedError(CheckOutcome.UNREACHABLE, said)
    if status != 200:
        raise _refused(said)
    encoding = response.getheader("Content-Encoding") or "identity"
    if encoding.strip().lower() != "identity":
        raise _refused(f"it sends {encoding[:40]!a}, though identity was asked for")


def _body(response: HTTPResponse, most: int) -> Iterator[bytes]:
    size = 0
    while part := response.read(CHUNK):
        size += len(part)
        if size > most:
            raise _refused(f"it has more than {most:,} bytes")
        yield part
    if response.length:
        missing = f"it ended {response.length:,} bytes early"
        raise NotFetchedError(CheckOutcome.UNREACHABLE, missing)
    if not size:
        raise _refused("it is empty")


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError as error:
        raise _refused("it leads to what is not an address") from error


def _refused(why: str) -> NotFetchedError:
    return NotFetchedError(CheckOutcome.REFUSED, why)


_SAFE = "!#$%&'()*+,/:;=?@[]~"  # What may stand in an address stays as it is.
