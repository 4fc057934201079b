"""Answers as they are kept, in this process and, for all others, in Redis."""

import base64
import hashlib
from dataclasses import dataclass, field
from wsgiref.types import WSGIEnvironment

import orjson
from werkzeug.http import parse_etags

from service.http.cache_keys import Key
from service.http.headers import is_pinned
from service.http.validators import Validator
from service.shared_redis import ANSWERS, SharedRedis

FOUND = "copperplate.kept"  # Where the app may ask whether another has the answer.
SECONDS = 600  # For which Redis keeps an answer.
LARGEST = 2 * 2**20  # Bytes of one that Redis is given.
OVERHEAD = 4000  # Bytes that an answer takes beside its body, as was measured.
# Of these an answer without a body says nothing.
_OF_BODY = ("Content-Type", "Content-Length", "Content-Disposition", "Repr-Digest")
_DIGEST = "Repr-Digest"


@dataclass(slots=True)
class Kept:
    """An answer as it is kept; `state` is the last for which it was found right.

    The `tag` is that of its coding, which is made of the `etag`. Without a body it
    tells only those who hold the answer that it is the present one.
    """

    validator: Validator
    etag: str
    tag: str
    headers: list[tuple[str, str]]
    body: bytes | None
    state: object = None
    given: list[tuple[str, str]] = field(default_factory=list)
    given_unchanged: list[tuple[str, str]] = field(default_factory=list)
    is_pinned: bool = field(init=False)
    _tags: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Work out what is asked of it with each request."""
        self.is_pinned = is_pinned(self.headers)
        self._tags = f'"{self.tag}"', f'W/"{self.tag}"'

    def stand_at(self, state: object, position: int | str) -> None:
        """Note for which state it is right, and up to which position of the record."""
        given = [*self.headers, ("Record-Position", str(position))]
        self.given = given
        self.given_unchanged = [each for each in given if each[0] not in _OF_BODY]
        self.state = state  # Last: whoever finds it right may give the headers.

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return OVERHEAD + len(self.body or b"")

    def is_held(self, environ: WSGIEnvironment) -> bool:
        """Whether the client says that it holds the answer."""
        said = environ.get("HTTP_IF_NONE_MATCH")
        if not said:
            return False
        return said in self._tags or parse_etags(said).contains_weak(self.tag)


class Shared:
    """What all processes share of one answer: it is asked for on a miss alone.

    Words that were erased are not to be had: the ETag under which an answer lies has
    the epoch of redactions.
    """

    def __init__(self, redis: SharedRedis, key: Key) -> None:
        self._redis, self._key = redis, key
        self.found: Kept | None = None

    def find(self, validator: Validator, etag: str) -> bool:
        """Look for the answer that has an ETag; return whether it was found."""
        told = self._redis.get(self._name(etag))
        if told is not None:
            self.found = _read(told, validator, etag)
        return self.found is not None

    def put(self, kept: Kept) -> None:
        """Let the others have an answer."""
        if kept.body is not None and len(kept.body) <= LARGEST:
            self._redis.put(self._name(kept.etag), _told(kept), SECONDS)

    def _name(self, etag: str) -> str:
        said = repr((*self._key, etag)).encode("utf-8", "backslashreplace")
        return ANSWERS + hashlib.sha256(said).hexdigest()


def _told(kept: Kept) -> bytes:
    head = orjson.dumps(kept.headers)
    return len(head).to_bytes(4, "big") + head + (kept.body or b"")


def _read(told: bytes, validator: Validator, etag: str) -> Kept | None:
    """Return the answer that bytes tell, None if they are not what was put there."""
    end = 4 + int.from_bytes(told[:4], "big")
    try:
        headers = [(name, value) for name, value in orjson.loads(told[4:end])]
    except (ValueError, TypeError):
        return None
    body = told[end:]
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    stated = dict(headers)
    is_right = stated.get(_DIGEST) == f"sha-256=:{digest}:"
    if not is_right:
        return None
    return Kept(validator, etag, stated["ETag"].strip('"'), headers, body)
