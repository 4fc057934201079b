"""The grammar of what is hashed, and its one form in bytes (RFC 8785)."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

import orjson

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1

_KEY = re.compile(r"[a-z][a-z0-9_]*")
# Control characters but \n and \t, lone surrogates, and marks that turn text around.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
)

Fault = tuple[str, str]


class GrammarError(ValueError):
    """A value is outside the grammar; `faults` are pairs (JSON pointer, cause)."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{at or '(root)'}: {why}" for at, why in faults))


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value, or raise GrammarError."""
    check(value)
    return dump(value)


def dump(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value that has passed `check`."""
    # Within the grammar (ASCII keys, no floats) orjson writes what RFC 8785 asks for.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def check(value: Any) -> None:
    """Raise GrammarError, with every fault found, unless the value is good."""
    faults = find_faults(value)
    if faults:
        raise GrammarError(faults)


def find_faults(
    value: Any, depth: int = 0, *, is_text_good: bool = False
) -> list[Fault]:
    """Return every fault of a value as pairs (JSON pointer of RFC 6901, cause).

    `is_text_good`: all texts in it have been checked already, by `has_good_text`.
    """
    kind = type(value)
    if kind is str:
        why = None if is_text_good else text_fault(value)
        return [("", why)] if why else []
    if kind is dict:
        return _object_faults(value, depth, is_text_good)
    if kind is list:
        return _list_faults(value, depth, is_text_good)
    if kind is int:
        return _integer_faults(value)
    if value is None or kind is bool:
        return []
    return [("", f"{kind.__name__} is not allowed")]


def has_good_text(raw: bytes) -> bool:
    """Whether all texts in the bytes of some JSON are good; False: look at each.

    To look at the whole is to look at each, as long as nothing is escaped: a quote
    stands between any two, and no character composes with a quote.
    """
    if b"\\" in raw:
        return False
    if raw.isascii():
        return not _FORBIDDEN.search(raw.decode())
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return False
    return not _FORBIDDEN.search(text) and unicodedata.is_normalized("NFC", text)


def text_fault(text: str) -> str | None:
    """Return what a text may not have, None if it is good."""
    # Most strings are printable ASCII, which has nothing to find.
    if text.isascii() and text.isprintable():
        return None
    if found := _FORBIDDEN.search(text):
        return f"the character U+{ord(found[0]):04X} is not allowed"
    if not unicodedata.is_normalized("NFC", text):
        return "the text is not in Unicode form NFC"
    return None


def pointer_to(key: object) -> str:
    """Return the part of a JSON pointer (RFC 6901) for a member, slash included."""
    # A key outside the grammar may hold what no terminal or log should be given.
    text = key if isinstance(key, str) else repr(key)
    return "/" + ascii(text)[1:-1].replace("~", "~0").replace("/", "~1")


def tidy(text: str) -> str:
    """Turn CRLF and CR into LF and normalise to NFC: for forms and imports only."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _integer_faults(number: int) -> list[Fault]:
    if -MAX_INTEGER <= number <= MAX_INTEGER:
        return []
    return [("", "the integer is beyond 2^53 - 1")]


def _list_faults(items: list[Any], depth: int, is_text_good: bool) -> list[Fault]:
    if depth >= MAX_DEPTH:
        return [("", f"nested deeper than {MAX_DEPTH}")]
    faults: list[Fault] = []
    for index, item in enumerate(items):
        for at, why in find_faults(item, depth + 1, is_text_good=is_text_good):
            faults.append((f"/{index}{at}", why))
    return faults


def _object_faults(
    members: dict[Any, Any], depth: int, is_text_good: bool
) -> list[Fault]:
    if depth >= MAX_DEPTH:
        return [("", f"nested deeper than {MAX_DEPTH}")]
    faults: list[Fault] = []
    for key, value in members.items():
        if type(key) is not str or not _is_key(key):
            faults.append((pointer_to(key), "the key is not [a-z][a-z0-9_]*"))
        if value is None or (is_text_good and type(value) is str):
            continue
        for at, why in find_faults(value, depth + 1, is_text_good=is_text_good):
            faults.append((pointer_to(key) + at, why))
    return faults


@lru_cache(maxsize=1024)
def _is_key(text: str) -> bool:
    return bool(_KEY.fullmatch(text))
