"""The grammar of what is hashed, and its one form in bytes (RFC 8785)."""

import re
import unicodedata
from typing import Any

import orjson

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1

_KEY = re.compile(r"[a-z][a-z0-9_]*")
# Control characters but \n and \t, lone surrogates, and marks that turn text around.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
)

_TEXT = frozenset({str})
_PLAIN = frozenset({str, bool, type(None)})

Fault = tuple[str, str]


class GrammarError(ValueError):
    """A value is outside the grammar; `faults` are pairs (JSON pointer, cause)."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{at or '(root)'}: {why}" for at, why in faults))


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value, or raise GrammarError."""
    raw = quickly(value)
    if raw is None:
        check(value)
        raw = dump(value)
    return raw


def quickly(value: Any) -> bytes | None:
    """Return the RFC 8785 bytes of a value that is plainly good, None: look closer."""
    try:
        raw = dump(value)
    except TypeError:
        return None
    return raw if has_good_shape(value) and has_good_text(raw) else None


def dump(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value that has passed `check`."""
    # Within the grammar (ASCII keys, no floats) orjson writes what RFC 8785 asks for.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def check(value: Any) -> None:
    """Raise GrammarError, with every fault found, unless the value is good."""
    faults = find_faults(value)
    if faults:
        raise GrammarError(faults)


def find_faults(value: Any, depth: int = 0) -> list[Fault]:
    """Return every fault of a value as pairs (JSON pointer of RFC 6901, cause)."""
    kind = type(value)
    if kind is str:
        why = text_fault(value)
        return [("", why)] if why else []
    if kind is dict:
        return _object_faults(value, depth)
    if kind is list:
        return _list_faults(value, depth)
    if kind is int:
        return _integer_faults(value)
    if value is None or kind is bool:
        return []
    return [("", f"{kind.__name__} is not allowed")]


def has_good_shape(value: Any, depth: int = 0) -> bool:
    """Whether a value has no fault but what may be in its texts."""
    kind = type(value)
    if kind is int:
        return not _integer_faults(value)
    if kind is dict:
        if not (_TEXT.issuperset(map(type, value)) and _has_good_keys(value)):
            return False
        value = value.values()
    elif kind is not list:
        return kind in _PLAIN
    if depth >= MAX_DEPTH:
        return False
    for each in value:
        # Asked here too: most values are plain, and a call for each would cost.
        if type(each) not in _PLAIN and not has_good_shape(each, depth + 1):
            return False
    return True


def has_good_text(raw: bytes) -> bool:
    """Whether all texts in the bytes of some JSON are good; False: look at each.

    To look at the whole is to look at each, as long as nothing is escaped: a quote
    stands between any two, and no character composes with a quote.
    """
    if b"\\" in raw:
        return False
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return False
    # No character that is forbidden is printable.
    if not text.isprintable() and _FORBIDDEN.search(text):
        return False
    return text.isascii() or unicodedata.is_normalized("NFC", text)


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


def _list_faults(items: list[Any], depth: int) -> list[Fault]:
    if depth >= MAX_DEPTH:
        return [("", f"nested deeper than {MAX_DEPTH}")]
    faults: list[Fault] = []
    for index, item in enumerate(items):
        for at, why in find_faults(item, depth + 1):
            faults.append((f"/{index}{at}", why))
    return faults


def _object_faults(members: dict[Any, Any], depth: int) -> list[Fault]:
    if depth >= MAX_DEPTH:
        return [("", f"nested deeper than {MAX_DEPTH}")]
    faults: list[Fault] = []
    for key, value in members.items():
        if type(key) is not str or not _is_key(key):
            faults.append((pointer_to(key), "the key is not [a-z][a-z0-9_]*"))
        for at, why in find_faults(value, depth + 1):
            faults.append((pointer_to(key) + at, why))
    return faults


def _has_good_keys(value: dict[str, Any]) -> bool:
    # Keys are the names of members, so most are known: one look finds all of them.
    if _known_keys.issuperset(value):
        return True
    if not all(map(_is_key, value)):
        return False
    if len(_known_keys) < _MOST_KEYS:
        _known_keys.update(each for each in value if len(each) <= _LONGEST_KEPT)
    return True


_known_keys: set[str] = set()
_MOST_KEYS, _LONGEST_KEPT = 1024, 64


def _is_key(text: str) -> bool:
    return bool(_KEY.fullmatch(text))
