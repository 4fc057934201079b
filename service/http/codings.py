"""Codings: answers compressed with gzip or zstd, as `Accept-Encoding` prefers.

What is answered to GET holds no secret beside what a stranger chose, and no browser
sends a key of its own accord: so compressing tells nobody anything (BREACH).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from flask import Flask, Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from zstandard import ZstdCompressor

from service.http.errors import respond
from service.http.headers import add_vary, repr_digest
from service.http.problems import ProblemError
from service.http.spooling import Spool

IDENTITY = "identity"
LEAST = 1000  # Bytes: less is not worth a coding.
LONGEST = 500  # Characters of the header that are read; of a longer one none is.
_GZIP_LEVEL, _GZIP_FORMAT = 6, 31  # A header with no name and no time.
_ZSTD_LEVEL = 3  # Of a window that every browser takes (RFC 9659).
_TEXTS = ("text/", "application/json", "application/yaml", "image/svg+xml")
_ENDINGS = ("+json", "+xml", "/jsonl", "/ld+json")


class Compressor(Protocol):
    """What takes parts of a text and gives parts of its coded form."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a part, and give what can be given."""

    def flush(self) -> bytes:
        """Give the rest."""


# In the order in which we prefer them, where the client has no preference.
CODINGS: dict[str, Callable[[], Compressor]] = {
    "zstd": lambda: ZstdCompressor(_ZSTD_LEVEL).compressobj(),
    "gzip": lambda: zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_FORMAT),
}


def register_codings(app: Flask) -> None:
    """Compress what the app answers, where the client takes it and it is worth it."""
    app.after_request(_code)


def choose_coding(accepted: str) -> str:
    """Return the coding that an `Accept-Encoding` prefers, `identity` if none."""
    if not accepted or len(accepted) > LONGEST:
        return IDENTITY
    likes = parse_accept_header(accepted, Accept)
    best = max(CODINGS, key=likes.quality)  # The first of equals.
    liked = likes.quality(best)
    if not liked or (IDENTITY in likes.values() and liked < likes.quality(IDENTITY)):
        return IDENTITY
    return best


def coded(tag: str, coding: str) -> str:
    """Return the ETag of an answer in a coding."""
    return tag if coding == IDENTITY else f"{tag}-{coding}"


def uncoded(tag: str) -> str:
    """Return the ETag of an answer without its coding."""
    stem, _, coding = tag.rpartition("-")
    return stem if coding in CODINGS else tag


def _code(response: Response) -> Response:
    if request.method not in ("GET", "HEAD"):
        return response
    add_vary(response, "Accept-Encoding")
    coding = choose_coding(request.headers.get("Accept-Encoding", ""))
    if coding != IDENTITY and _is_worth_it(response):
        try:
            _compress(response, coding)
        except ProblemError as error:  # There is no room for it.
            response.close()
            return respond(error)
    return response


def _is_worth_it(response: Response) -> bool:
    if response.status_code != 200 or "Content-Encoding" in response.headers:
        return False
    if "Accept-Ranges" in response.headers:
        return False  # The parts of a file are those of its own bytes.
    if not _is_text(response.mimetype or ""):
        return False
    return response.is_streamed or len(response.get_data()) >= LEAST


def _is_text(media: str) -> bool:
    """Whether a media type is of text that is there as a whole."""
    is_text = media.startswith(_TEXTS) or media.endswith(_ENDINGS)
    return is_text and media != "text/event-stream"


def _compress(response: Response, coding: str) -> None:
    compressor = CODINGS[coding]()
    if response.is_streamed:
        response.headers.pop("Content-Length", None)
        response.headers.pop("Repr-Digest", None)
        if request.method != "HEAD":
            _hold(response, Spool(_in_parts(response.iter_encoded(), compressor)))
    else:
        whole = compressor.compress(response.get_data())
        response.set_data(whole + compressor.flush())
    response.headers["Content-Encoding"] = coding
    _tell_apart(response, coding)


def _hold(response: Response, spool: Spool) -> None:
    """Send what was compressed whole: its length and its hash are known now."""
    response.response = spool.parts()
    response.call_on_close(spool.close)
    response.content_length = spool.size
    response.headers["Repr-Digest"] = repr_digest(spool.sha256)


def _in_parts(parts: Iterable[bytes], compressor: Compressor) -> Iterator[bytes]:
    for part in parts:
        if coded := compressor.compress(part):
            yield coded
    yield compressor.flush()


def _tell_apart(response: Response, coding: str) -> None:
    """Give the coded form an ETag of its own (RFC 9110, section 8.8.3.3)."""
    tag, is_weak = response.get_etag()
    if tag and not tag.endswith(f"-{coding}"):
        response.set_etag(coded(tag, coding), weak=bool(is_weak))
