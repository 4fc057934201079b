"""Keys of the cache: an address, and the few headers that its answer depends on."""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from service.http.codings import choose_coding
from service.http.representations import FORMS

LONGEST = 2_000  # Characters of a query, and of a header; none of ours is longer.
PAGES = "text/html"
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


def key_of(environ: dict[str, Any], public_url: str | None) -> Key | None:
    """Return the key of the answer to a request, None if it is not to be kept."""
    path = environ.get("PATH_INFO", "")
    is_read = environ.get("REQUEST_METHOD") in ("GET", "HEAD")
    if not is_read or not path.startswith("/v1/") or any(map(environ.get, _OF_ONE)):
        return None
    query, accept = environ.get("QUERY_STRING", ""), environ.get("HTTP_ACCEPT", "")
    if len(query) > LONGEST or len(accept) > LONGEST or len(path) > LONGEST:
        return None
    # However it is written: who waits without a permit would hold a thread for ever.
    if any(each in _canonical(query) for each in _WAITING):
        return None
    has_suffix = path.rpartition(".")[2] in FORMS
    likes = "" if has_suffix or accept in ("", "*/*") else _likes(accept)
    host = "" if public_url else _host(environ)
    coding = _coding(environ.get("HTTP_ACCEPT_ENCODING", ""))
    return Key(path, _canonical(query), likes, coding, host)


@lru_cache(maxsize=4096)
def _canonical(query: str) -> bytes:
    """Return a query in the one way in which it can be written, in its own order."""
    parts = (part for part in query.encode("latin-1").split(b"&") if part)
    pairs = (part.partition(b"=") for part in parts)
    return b"\0".join(_plain(name) + b"\1" + _plain(v) for name, _, v in pairs)


def _plain(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


@lru_cache(maxsize=1024)
def _coding(accepted: str) -> str:
    return choose_coding(accepted)


@lru_cache(maxsize=1024)
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
