"""Asking other servers: one request, bounded in time and length, without redirects."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Event, Timer
from urllib.parse import urlsplit

MAX_BYTES = 65_536
_CONNECTIONS = {"http": HTTPConnection, "https": HTTPSConnection}


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
    if parts.scheme not in _CONNECTIONS or not parts.hostname or parts.query:
        raise ValueError("not an http or https address")
    if not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("an address is ASCII without spaces")
    if parts.username is not None or parts.port == 0 or parts.fragment:
        raise ValueError("an address has no user, no port 0 and no fragment")
    return address.rstrip("/")


def fetch(address: str, body: bytes | None = None, *, seconds: float) -> Reply:
    """GET an address, or POST a body to it; raise WebError after so many seconds."""
    parts = urlsplit(address)
    assert parts.hostname
    connection = _CONNECTIONS[parts.scheme](parts.hostname, parts.port, timeout=seconds)
    is_late = Event()
    # The timeout of a socket begins anew with each byte of a server that dawdles.
    watch = Timer(seconds, _cut, (connection, is_late))
    watch.daemon = True
    watch.start()
    try:
        reply = _exchange(connection, parts.path or "/", body)
    except (OSError, HTTPException, ValueError) as error:
        raise WebError(_late(seconds) if is_late.is_set() else _cause(error)) from error
    finally:
        watch.cancel()
        connection.close()
    if is_late.is_set():
        raise WebError(_late(seconds))
    if len(reply.body) > MAX_BYTES:
        raise WebError(f"it answered with more than {MAX_BYTES:,} bytes")
    return reply


def _exchange(connection: HTTPConnection, path: str, body: bytes | None) -> Reply:
    headers = {"User-Agent": "copperplate", "Connection": "close"}
    connection.request("GET" if body is None else "POST", path, body, headers)
    response = connection.getresponse()
    kind = response.headers.get_content_type()
    return Reply(response.status, kind, response.read(MAX_BYTES + 1))


def _cut(connection: HTTPConnection, is_late: Event) -> None:
    is_late.set()
    if found := connection.sock:
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
