"""Sealed fields: the log commits to words that can later be erased."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from schemas.canonical import GrammarError, canonical

SALT_BYTES = 32
_PREFIX = b"copperplate/field/v1\n"


class SealingError(ValueError):
    """A field cannot be sealed, or an opening does not fit its commitment."""


class Opening(NamedTuple):
    """What opens one commitment: `salt` of 32 bytes, `value` as RFC 8785 bytes."""

    name: str
    commitment: str
    salt: bytes
    value: bytes


def commit(name: str, salt: bytes, value: bytes) -> bytes:
    """Return the 32 bytes that commit to a value (RFC 8785 bytes) under a name."""
    if len(salt) != SALT_BYTES:
        raise SealingError(f"{name}: the salt is not {SALT_BYTES} bytes")
    label = name.encode()
    length = len(label).to_bytes(2, "big")
    return hashlib.sha256(_PREFIX + salt + length + label + value).digest()


def seal(
    words: Mapping[str, Any], salts: Mapping[str, bytes] | None = None
) -> tuple[dict[str, str], list[Opening]]:
    """Seal each field: the commitments in base64 by name, and their openings.

    Salts are made at random unless a signing editor brings one for every field.
    Raises SealingError.
    """
    if salts is not None and salts.keys() != words.keys():
        raise SealingError("the salts are not those of the sealed fields")
    if absent := [name for name, value in words.items() if value is None]:
        raise SealingError(f"null cannot be sealed: {', '.join(absent)}")
    openings = [
        _opening(name, salts[name] if salts else os.urandom(SALT_BYTES), value)
        for name, value in words.items()
    ]
    return {each.name: each.commitment for each in openings}, openings


def open_field(opening: Opening, commitment: str) -> Any:
    """Return the value that was committed to, or raise SealingError."""
    made = commit(opening.name, opening.salt, opening.value)
    if not hmac.compare_digest(base64.b64encode(made), commitment.encode()):
        raise SealingError(f"{opening.name}: the opening does not fit the commitment")
    return orjson.loads(opening.value)


def _opening(name: str, salt: bytes, value: Any) -> Opening:
    try:
        raw = canonical(value)
    except GrammarError as error:
        raise SealingError(f"sealed {name}: {error}") from error
    commitment = base64.b64encode(commit(name, salt, raw)).decode()
    return Opening(name, commitment, salt, raw)
