"""Bounded GET requests to another service: in time, in bytes and to one host."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from socket import SHUT_RDWR
from threading import Timer
from typing import Any, TypeVar
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from service.log.errors import StoreError

CONNECT_SECONDS, READ_SECONDS, REQUEST_SECONDS = 10, 30, 120
BACK_OFF = (0.5, 1.5)  # Seconds before each further try.
LIMITED_SECONDS = 1  # To wait at least for a service that was asked too often.
_CHUNK_BYTES = 2**16
_MEBIBYTE = 2**20
_LONGEST = 200
_FAILURES = (HTTPError, HTTPException, OSError)
T = TypeVar("T")


class RemoteError(StoreError):
    """Another service cannot be read, or what it answers is malformed."""


class NotServedError(RemoteError):
    """The other service has nothing at an address."""


class Connections:
    """Kept-alive connections to the one service at an address.

    Nothing takes longer than `seconds`; redirects are not followed.
    """

    def __init__(self, url: str, seconds: float = REQUEST_SECONDS) -> None:
        self.url = url.rstrip("/")
        self._seconds = seconds
        self._prefix = _prefix_of(self.url)
        self._pool = _pool(self.url, seconds)

    def get(self, path: str, most: int) -> bytes:
        """Return a body of at most so many bytes, or raise RemoteError."""

        def read(response: BaseHTTPResponse, end: float) -> bytes:
            body = bytearray()
            while part := _part(response, end):
                body += part
                if len(body) > most:
                    address = shown(self.url + path)
                    raise RemoteError(f"{address}: more than {most:,} bytes")
            return bytes(body)

        return self._tried(path, read)

    def stream(self, path: str) -> Iterator[bytes]:
        """Give the parts of a body of any length as they come, or raise RemoteError.

        Each mebibyte of it may take as long as another request.
        """
        end = time.monotonic() + self._seconds
        response = self._tried(path, lambda response, _: response, close=False)
        count = 0
        try:
            with _in_words(self.url + path):
                while part := _part(response, end):
                    yield part
                    count += len(part)
                    if count >= _MEBIBYTE:
                        count, end = 0, time.monotonic() + self._seconds
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _tried(
        self,
        path: str,
        use: Callable[[BaseHTTPResponse, float], T],
        *,
        close: bool = True,
    ) -> T:
        """Return what is made of a response, trying again where that may help."""
        pauses, end = iter(BACK_OFF), time.monotonic() + self._seconds
        while True:
            try:
                return self._once(path, use, close)
            except (_BusyError, *_FAILURES) as error:
                pause = _pause(error, pauses, end - time.monotonic())
                if pause is None:
                    raise _said(self.url + path, error) from error
                time.sleep(pause)

    def _once(
        self, path: str, use: Callable[[BaseHTTPResponse, float], T], close: bool
    ) -> T:
        end = time.monotonic() + self._seconds
        response = self._pool.urlopen(
            "GET",
            self._prefix + path,
            headers={"Accept-Encoding": "identity", "Accept": "*/*"},
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            self._check(response, path)
            made = use(response, end)
        except BaseException:
            response.close()
            raise
        if close:
            response.release_conn()
        return made

    def _check(self, response: BaseHTTPResponse, path: str) -> None:
        status, address = response.status, shown(self.url + path)
        if status >= 500:
            raise _BusyError(f"answers with status {status}")
        if status == 429:
            raise _LimitedError(response.headers.get("Retry-After", ""))
        if 300 <= status < 400:
            target = shown(response.headers.get("Location", "elsewhere"))
            raise RemoteError(f"{address}: leads to {target}; give that address")
        if status == 404:
            raise NotServedError(f"{address}: there is nothing (status 404)")
        if status != 200:
            raise RemoteError(f"{address}: answers with status {status}")


def shown(text: str) -> str:
    """Return a text of a stranger so that it can be printed on one line."""
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= _LONGEST else plain[:_LONGEST] + "…"


class _BusyError(Exception):
    """The service fails; it may not when it is asked again."""


class _LimitedError(_BusyError):
    """The service wants to be asked later, after `seconds`."""

    def __init__(self, retry_after: str) -> None:
        super().__init__("answers that it was asked too often (status 429)")
        is_whole = retry_after.isascii() and retry_after.isdigit()
        said = int(retry_after[:9]) if is_whole else 0
        self.seconds = max(said, LIMITED_SECONDS)


def _pause(error: Exception, pauses: Iterator[float], rest: float) -> float | None:
    """Return after how many seconds to try again, None if it is to be given up."""
    if isinstance(error, _LimitedError):
        return error.seconds if error.seconds < rest else None
    return None if isinstance(error, TimeoutError) else next(pauses, None)


class _Deadline:
    """Ends the wait for the head of an answer that comes byte by byte."""

    seconds: float = REQUEST_SECONDS
    sock: Any

    def getresponse(self) -> Any:
        timer = Timer(self.seconds, _shut, (self.sock,))
        timer.daemon = True
        timer.start()
        try:
            # A mixin: the method is that of the connection before which it stands.
            return super().getresponse()  # type: ignore[misc]
        finally:
            timer.cancel()


def _shut(socket: Any) -> None:
    with suppress(OSError):
        socket.shutdown(SHUT_RDWR)


def _pool(url: str, seconds: float) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(
        connect=min(CONNECT_SECONDS, seconds), read=min(READ_SECONDS, seconds)
    )
    pool = urllib3.connection_from_url(url, timeout=timeout, maxsize=1, retries=False)
    kind = HTTPSConnection if pool.scheme == "https" else HTTPConnection
    members = {"seconds": seconds}
    pool.ConnectionCls = type("Connection", (_Deadline, kind), members)
    return pool


def _prefix_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_plain = is_plain and not (parts.query or parts.fragment or parts.username)
        is_plain = is_plain and parts.port != 0 and url.isascii() and url.isprintable()
    except ValueError:
        is_plain = False
    if not is_plain or " " in url:
        raise RemoteError(f"{shown(url)}: not an address such as https://example.org")
    return parts.path


def _part(response: BaseHTTPResponse, end: float) -> bytes:
    """Return what has come of a body, b"" at its end."""
    if time.monotonic() > end:
        raise TimeoutError("the answer takes too long")
    return bytes(response.read1(_CHUNK_BYTES, decode_content=False))


@contextmanager
def _in_words(address: str) -> Iterator[None]:
    try:
        yield
    except _FAILURES as error:
        raise _said(address, error) from error


def _said(address: str, error: BaseException) -> RemoteError:
    cause = str(error).strip().partition("\n")[0] or type(error).__name__
    return RemoteError(f"{shown(address)}: {shown(cause)}")
