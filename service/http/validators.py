"""Validators: strong ETags made from the touch index, and 304 (RFC 9110)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from flask import Response, request
from marshmallow import Schema

from projections.made_of import MadeOf
from projections.read_model import CODE_VERSION
from projections.touch_index import TouchIndex
from schemas.listing import columns
from service.http.codings import choose_coding, coded

ANSWERS = 2  # Raise it when the same rows are shown otherwise than before.
ENVIRON = "copperplate.validator"  # Where the cache before the app finds it.


@dataclass(frozen=True, slots=True)
class Validator:
    """All of an ETag that a request alone says.

    `position` and `day` are those that the request names, None where it asks for the
    present ones.
    """

    made_of: MadeOf
    path: Mapping[str, Any]
    filters: Mapping[str, Any]
    noun: str
    schema: str
    variant: str
    position: int | None = None
    day: str | None = None

    def touched(self, index: TouchIndex) -> int:
        """Return the position that last touched what the answer is made of."""
        with index.lock:
            return self.made_of.touched(index, self.path, self.filters)

    def etag(self, index: TouchIndex, today: str) -> str:
        """Return the ETag at the state at which the index stands, without quotes."""
        with index.lock:
            at = self.position
            return self.etag_at(self.touched(index) if at is None else at,
                                index.epoch, today)  # fmt: skip

    def etag_at(self, position: int, epoch: int, today: str) -> str:
        """Return the ETag of the answer at a position, an epoch and a day."""
        parts = [self.noun, self.schema, str(position), str(epoch)]
        if self.made_of.has_day:
            parts.append(self.day or today)
        return ".".join([*parts, self.variant])


def variant_of(*said: Any) -> str:
    """Return what tells an answer from others that are made of the same."""
    return hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]


@lru_cache(maxsize=256)
def schema_of(result: type[Schema]) -> str:
    """Return what changes with the members of an answer, and how they are made."""
    made = [ANSWERS, CODE_VERSION, result.__name__, columns(result)]
    return hashlib.sha256(orjson.dumps(made)).hexdigest()[:8]


def held(etag: str) -> str | None:
    """Return the ETag under which the client holds the answer, in a coding or none."""
    if request.if_none_match.star_tag:
        return None  # Whether there is any answer is not known yet.
    coding = choose_coding(request.headers.get("Accept-Encoding", ""))
    tags = (coded(etag, coding), etag)
    return next((t for t in tags if request.if_none_match.contains_weak(t)), None)


def is_any_held() -> bool:
    """Whether the client says that it holds some answer, whichever it is."""
    return request.if_none_match.star_tag


def not_modified(validator: Validator | None, etag: str, caching: str) -> Response:
    """Return the answer to one who holds the present one."""
    request.environ[ENVIRON] = validator
    response = Response(status=304)
    del response.headers["Content-Type"]
    response.set_etag(etag)
    response.headers["Cache-Control"] = caching
    return response
