"""Leaf v1: the exact bytes of one event in the public log."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from schemas.canonical import dump, find_faults, quickly

MAX_BYTES = 65_535
CHANGES = (
    "new",
    "correction",
    "source-correction",
    "retraction",
    "backfill",
    "redaction",
)
CONFIDENCES = ("high", "medium", "inferred")

_SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_VERB = r"[a-z]+(?:-[a-z]+)*"
_DAY = r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?"
_TYPE = re.compile(rf"{_VERB}\.{_VERB}(?:\.v(?:[2-9]|[1-9][0-9]+))?")
_STREAM = re.compile(rf"(?=.{{3,140}}\Z)[a-z]+-{_SLUG}(?:\.{_SLUG})*")
_ID = re.compile(rf"(?=.{{1,120}}\Z){_SLUG}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
)
_WORLD_DATE = re.compile(rf"{_DAY}(?:/{_DAY})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# The last letter before the padding carries 4 or 2 bits: the rest must be zero.
_BASE64_32 = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_BASE64_64 = re.compile(r"[A-Za-z0-9+/]{85}[AQgw]==")
_UNSOURCED = re.compile(
    r"(?:(?:key|log-key|editor|source|gap|report)\.[a-z-]+|field\.redacted"
    r"|[a-z-]+\.(?:corrected|retracted|dispute-settled)"
    r"|programme\.question-alias-added)(?:\.v[0-9]+)?"
)

Check = Callable[[Any], bool]


class LeafError(ValueError):
    """A leaf is malformed; `faults` names each cause."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


def encode(leaf: dict[str, Any]) -> bytes:
    """Return the bytes of a leaf, or raise LeafError with every fault."""
    raw = quickly(leaf)
    faults = (
        [] if raw else [f"{at or '(root)'}: {why}" for at, why in find_faults(leaf)]
    )
    faults += _leaf_faults(leaf)
    if faults:
        raise LeafError(faults)
    raw = raw or dump(leaf)
    if len(raw) > MAX_BYTES:
        raise LeafError([f"{len(raw)} bytes, more than {MAX_BYTES}"])
    return raw


def decode(raw: bytes) -> dict[str, Any]:
    """Return the leaf of some bytes; LeafError unless they are its exact form."""
    if len(raw) > MAX_BYTES:
        raise LeafError([f"{len(raw)} bytes, more than {MAX_BYTES}"])
    try:
        leaf = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise LeafError([f"not JSON: {error}"]) from error
    if not isinstance(leaf, dict):
        raise LeafError(["not an object"])
    if encode(leaf) != raw:
        raise LeafError(["the bytes are not canonical"])
    return leaf


def stamp(leaf: dict[str, Any], recorded_at: str) -> bytes:
    """Return the bytes of a leaf that `encode` has passed, with its real instant."""
    return dump({**leaf, "recorded_at": recorded_at})


def signing_input(leaf: Mapping[str, Any]) -> bytes:
    """Return the bytes under an editor's Ed25519 signature of this leaf."""
    names = ("type", "stream", "version", "change", "data", "sealed", "sources")
    return b"copperplate/event/v1\n" + dump({name: leaf[name] for name in names})


def title_faults(sources: list[dict[str, Any]], titles: Any) -> list[str]:
    """Return what is wrong with the sealed `source_titles` (None if absent)."""
    if titles is None:
        return []
    if not isinstance(titles, list) or len(titles) != len(sources):
        return ["source_titles: not a list as long as sources"]
    if not all(title is None or _is_text(title) for title in titles):
        return ["source_titles: every title is text or null"]
    return [
        f"/sources/{index}: neither a url, a sha256 nor a title"
        for index, (source, title) in enumerate(zip(sources, titles, strict=True))
        if title is None and not _is_located(source)
    ]


def _leaf_faults(leaf: dict[str, Any]) -> list[str]:
    faults = _member_faults("", leaf, _MEMBERS, optional="signature")
    sources, sealed = leaf.get("sources"), leaf.get("sealed")
    if isinstance(sources, list):
        is_titled = isinstance(sealed, dict) and "source_titles" in sealed
        for index, source in enumerate(sources):
            faults += _source_faults(f"/sources/{index}", source, is_titled)
        if not sources and not _matches(_UNSOURCED)(leaf.get("type")):
            faults.append("/sources: an event of this type needs a source")
    return faults


def _source_faults(at: str, source: Any, is_titled: bool) -> list[str]:
    if not isinstance(source, dict):
        return [f"{at}: not an object"]
    try:
        found = _faults_of_source(tuple(source.items()), is_titled)
    except TypeError:  # A list, say, where a text should be.
        found = _faults_of_source.__wrapped__(tuple(source.items()), is_titled)
    return [at + fault for fault in found]


@lru_cache(maxsize=1024)  # One source is cited by many events.
def _faults_of_source(items: tuple[tuple[str, Any], ...], is_titled: bool) -> list[str]:
    source = dict(items)
    faults = _member_faults("", source, _SOURCE)
    if not is_titled and not _is_located(source):
        faults.append(": neither a url, a sha256 nor a title")
    return faults


def _member_faults(
    at: str, value: dict[str, Any], checks: dict[str, Check], optional: str = ""
) -> list[str]:
    faults = []
    known = 0
    for name, is_good in checks.items():
        if name not in value:
            if name != optional:
                faults.append(f"{at}/{name}: missing")
            continue
        known += 1
        if not is_good(value[name]):
            faults.append(f"{at}/{name}: malformed")
    if known < len(value):
        names = value.keys() - checks.keys()
        faults += [f"{at}/{ascii(name)[1:-1]}: not a member" for name in names]
    return faults


def _matches(pattern: re.Pattern[str]) -> Check:
    fullmatch = pattern.fullmatch
    return lambda value: type(value) is str and fullmatch(value) is not None


def _one_of(codes: tuple[str, ...]) -> Check:
    return lambda value: type(value) is str and value in codes


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_text(value: Any) -> bool:
    return type(value) is str and value != ""


def _is_located(source: dict[str, Any]) -> bool:
    return source.get("url") is not None or source.get("sha256") is not None


def _is_version(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_instant(value: Any) -> bool:
    return type(value) is str and _is_real_instant(value)


@lru_cache(maxsize=64)  # A batch has one.
def _is_real_instant(text: str) -> bool:
    if not _INSTANT.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_sealed(value: Any) -> bool:
    return type(value) is dict and all(
        type(name) is str
        and type(commitment) is str
        and _NAME.fullmatch(name)
        and _BASE64_32.fullmatch(commitment)
        for name, commitment in value.items()
    )


def _is_signature(value: Any) -> bool:
    return (
        type(value) is dict
        and value.keys() == {"key", "sig"}
        and _matches(_ID)(value["key"])
        and _matches(_BASE64_64)(value["sig"])
    )


_MEMBERS: dict[str, Check] = {
    "v": lambda value: type(value) is int and value == 1,
    "type": _matches(_TYPE),
    "stream": _matches(_STREAM),
    "version": _is_version,
    "recorded_at": _is_instant,
    "by": _matches(_ID),
    "change": _one_of(CHANGES),
    "data": lambda value: type(value) is dict,
    "sealed": _is_sealed,
    "sources": lambda value: type(value) is list,
    "signature": _is_signature,
}
_SOURCE: dict[str, Check] = {
    "url": _or_null(_is_text),
    "publisher": _or_null(_is_text),
    "published_on": _or_null(_matches(_WORLD_DATE)),
    "accessed_on": _or_null(_matches(_WORLD_DATE)),
    "archived_url": _or_null(_is_text),
    "sha256": _or_null(_matches(_SHA256)),
    "confidence": _one_of(CONFIDENCES),
}
