"""Asking other servers: one request, bounded in time and length, without redirects."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Event, Timer
from urllib.parse import urlsplit

MAX_BYTES = 65_536
TRUSTED_FOR = 600.0  # Seconds after which authorities are read anew.
PORTS = {"http": 80, "https": 443}
AGENT = "copperplate"
Place = tuple[str, int]
Connect = Callable[[Place, float], socket.socket]


class WebError(Exception):
    """A server cannot be reached, or does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    content_type: str
    body: bytes


def check_address(address: str) -> str:
    """Return an http or https address without its last slash, or raise ValueError."""
    parts = urlsplit(address)
    if parts.scheme not in PORTS or not parts.hostname or parts.query:
        raise ValueError("not an http or https address")
    if not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("an address is ASCII without spaces")
    if parts.username is not None or parts.port == 0 or parts.fragment:
        raise ValueError("an address has no user, no port 0 and no fragment")
    return address.rstrip("/")


def fetch(address: str, body: bytes | None = None, *, seconds: float) -> Reply:
    """GET an address, or POST a body to it; raise WebError after so many seconds."""
    with asking(address, body, seconds=seconds) as response:
        kind = response.headers.get_content_type()
        reply = Reply(response.status, kind, response.read(MAX_BYTES + 1))
    if len(reply.body) > MAX_BYTES:
        raise WebError(f"it answered with more than {MAX_BYTES:,} bytes")
    return reply


@contextmanager
def asking(
    address: str,
    body: bytes | None = None,
    *,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    connect: Connect = socket.create_connection,
) -> Iterator[HTTPResponse]:
    """Ask a server, and yield its answer to be read; WebError after so many seconds.

    `connect` makes the connection to a host and port, in so many seconds at most.
    """
    connection = _Connection(address, seconds, connect)
    is_late = Event()
    # The timeout of a socket begins anew with each byte of a server that dawdles.
    watch = Timer(seconds, _cut, (connection, is_late))
    watch.daemon = True
    watch.start()
    response = None
    try:
        response = connection.answer_to(body, headers or {})
        yield response
    except (OSError, HTTPException, ValueError) as error:
        raise WebError(_late(seconds) if is_late.is_set() else _cause(error)) from error
    finally:
        watch.cancel()
        connection.close()
        if response:
            response.close()
    if is_late.is_set():
        raise WebError(_late(seconds))


class _Connection(HTTPConnection):
    """One connection, made by a function that is given, in clear or over TLS."""

    def __init__(self, address: str, seconds: float, connect: Connect) -> None:
        parts = urlsplit(address)
        assert parts.hostname
        self.default_port = PORTS[parts.scheme]
        super().__init__(parts.hostname, parts.port or self.default_port)
        self._make, self._end = connect, time.monotonic() + seconds
        self._is_secure = parts.scheme == "https"
        self._target = (parts.path or "/") + (f"?{parts.query}" * bool(parts.query))
        # HTTPConnection forgets its socket when the answer takes it over.
        self.kept: socket.socket | None = None
        self._headers = {"User-Agent": AGENT, "Connection": "close"}

    def connect(self) -> None:
        """Connect in the time that is left."""
        self.kept = self.sock = self._make((self.host, self.port), self._left())
        self.sock.settimeout(self._left())
        if self._is_secure:
            context = _trusting(int(time.monotonic() // TRUSTED_FOR))
            secure = context.wrap_socket(self.sock, server_hostname=self.host)
            self.kept = self.sock = secure

    def answer_to(self, body: bytes | None, headers: Mapping[str, str]) -> HTTPResponse:
        """Send a request, and return the head of the answer."""
        method = "GET" if body is None else "POST"
        self.request(method, self._target, body, {**self._headers, **headers})
        return self.getresponse()

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@lru_cache(maxsize=1)
def _trusting(_period: int) -> ssl.SSLContext:
    """Return how servers are known, read anew now and then: to read it takes long."""
    return ssl.create_default_context()


def _cut(connection: _Connection, is_late: Event) -> None:
    is_late.set()
    if found := connection.kept:
        with suppress(OSError):
            # Not the method of a TLS socket, which would first pull down its TLS.
            socket.socket.shutdown(found, socket.SHUT_RDWR)


def _late(seconds: float) -> str:
    return f"it did not answer within {seconds:.0f} s"


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, HTTPException):
        return "it does not speak HTTP"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).partition("\n")[0]
