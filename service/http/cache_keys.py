"""Keys of the cache: an address, and the few headers that its answer depends on."""

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from service.http.codings import choose_coding
from service.http.representations import FORMS

LONGEST = 4_000  # Characters of what a key is made of; none of ours is longer.
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
    if environ["REQUEST_METHOD"] not in _READING:
        return None
    for name in _OF_ONE:
        if name in environ:
            return None
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    accept = environ.get("HTTP_ACCEPT", "")
    coding = environ.get("HTTP_ACCEPT_ENCODING", "")
    if len(path) + len(query) + len(accept) + len(coding) > LONGEST:
        return None
    return _key(path, query, accept, coding, "" if public_url else _host(environ))


_READING = ("GET", "HEAD")


@lru_cache(maxsize=4096)
def _key(path: str, query: str, accept: str, coding: str, host: str) -> Key | None:
    """Return the key of what is asked for in these words: to find it takes a while."""
    # However it is written: who waits without a permit would hold a thread for ever.
    is_waited_for = any(each in _canonical(query) for each in _WAITING)
    if is_waited_for or not path.startswith("/v1/"):
        return None
    has_suffix = path.rpartition(".")[2] in FORMS
    likes = "" if has_suffix or accept in ("", "*/*") else _likes(accept)
    return Key(path, _canonical(query), likes, choose_coding(coding), host)


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
