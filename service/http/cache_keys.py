"""Keys of the cache: an address, and the few headers that its answer depends on."""

from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from service.http.codings import choose_coding
from service.http.representations import FORMS

LONGEST = 4_000  # Characters of what a key is made of; none of ours is longer.
MOST = 4_096  # Ways to ask that are remembered at once.
PAGES = "text/html"
_READING = ("GET", "HEAD")
# With these an answer is for one reader, is waited for, or is of a time that no address
# names.
_OF_ONE = ("HTTP_AUTHORIZATION", "HTTP_ACCEPT_DATETIME", "HTTP_RANGE", "HTTP_PREFER")
_WAITING = (b"wait\1", b"min_position\1", b"known_at\1")  # As `_canonical` has them.


class Key(NamedTuple):
    """What tells one answer from another."""

    path: str
    query: bytes
    likes: str
    coding: str
    host: str


Words = tuple[str | None, ...]


class Keys:
    """The keys of requests; of those that are asked again they are known at once."""

    def __init__(self, public_url: str | None, most: int = MOST) -> None:
        self._public_url, self._most = public_url, most
        self._known: dict[Words, Key] = {}

    def known(self, environ: dict[str, Any]) -> Key | None:
        """Return the key of a GET that was remembered, asked for in the same words."""
        # Names are written out where every request passes: a loop takes twice the time.
        if (
            environ["REQUEST_METHOD"] != "GET"
            or "HTTP_AUTHORIZATION" in environ
            or "HTTP_ACCEPT_DATETIME" in environ
            or "HTTP_RANGE" in environ
            or "HTTP_PREFER" in environ
        ):
            return None
        return self._known.get(_words_of(environ))

    def remember(self, environ: dict[str, Any], key: Key) -> None:
        """Note in which words a key was asked for."""
        if environ.get("HTTP_HOST"):  # Else the address of the server stands for it.
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[_words_of(environ)] = key

    def forget(self) -> None:
        """Forget in which words anything was asked for."""
        self._known.clear()

    def find(self, environ: dict[str, Any]) -> Key | None:
        """Return the key of a request, None if its answer is not to be kept."""
        if key := self.known(environ):
            return key
        is_of_one = any(map(environ.__contains__, _OF_ONE))
        if is_of_one or environ["REQUEST_METHOD"] not in _READING:
            return None
        path, query, accept, coding, *_ = (each or "" for each in _words_of(environ))
        if len(path) + len(query) + len(accept) + len(coding) > LONGEST:
            return None
        said = _canonical(query)
        # However it is written: who waits without a permit would hold a thread.
        if any(each in said for each in _WAITING) or not path.startswith("/v1/"):
            return None
        has_suffix = path.rpartition(".")[2] in FORMS
        likes = "" if has_suffix or accept in ("", "*/*") else _likes(accept)
        host = "" if self._public_url else _host(environ)
        return Key(path, said, likes, choose_coding(coding), host)


def _words_of(environ: dict[str, Any]) -> Words:
    get = environ.get
    return (
        get("PATH_INFO"),
        get("QUERY_STRING"),
        get("HTTP_ACCEPT"),
        get("HTTP_ACCEPT_ENCODING"),
        get("HTTP_HOST"),
        get("wsgi.url_scheme"),
    )


def _canonical(query: str) -> bytes:
    """Return a query in the one way in which it can be written, in its own order."""
    parts = (
        part for part in query.encode("latin-1", "backslashreplace").split(b"&") if part
    )
    pairs = (part.partition(b"=") for part in parts)
    return b"\0".join(_plain(name) + b"\1" + _plain(v) for name, _, v in pairs)


def _plain(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _likes(accept: str) -> str:
    """Return what a client likes of all that there is to be had.

    Browsers differ in the kinds of image that they take.
    """
    known = [*(form.media for form in FORMS.values()), PAGES]
    found = parse_accept_header(accept, MIMEAccept)
    told = (
        f"{kind};{quality}"
        for kind, quality in found
        if any(MIMEAccept([(kind, 1)]).best_match([each]) for each in known)
    )
    return ",".join(told) or "nothing"


def _host(environ: dict[str, Any]) -> str:
    scheme, host = environ.get("wsgi.url_scheme", ""), environ.get("HTTP_HOST", "")
    server = f"{environ.get('SERVER_NAME')}:{environ.get('SERVER_PORT')}"
    return f"{scheme}://{host or server}"
