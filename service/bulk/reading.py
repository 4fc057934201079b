"""Reading events.jsonl.gz: line by line, in bounded memory, believing nothing."""

import gzip
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.canonical import dump
from service.log.errors import StoreError
from service.log.notes import NoteError, decode_base64
from service.log.reader import StoredOpening

MAX_LINE = 4 * 2**20  # Bytes: no event of ours has a tenth of them.
_GZIP = b"\x1f\x8b"
_LEAF = (
    "type",
    "stream",
    "version",
    "recorded_at",
    "by",
    "change",
    "data",
    "sealed",
    "sources",
)
_SIGNED = ("checkpoint", "keys", "digests")


class BadFileError(StoreError):
    """A file of events is not what it should be; `position` is that of the line."""

    def __init__(self, path: Path, what: str, position: int | None = None) -> None:
        self.position = position
        super().__init__(f"{path}: {what}")


class Line(NamedTuple):
    """One line: the event as it is shown, its leaf, and what opens and signs it."""

    position: int
    shown: dict[str, Any]
    leaf: bytes
    openings: list[StoredOpening]
    signed: dict[str, Any] | None


def lines_of(path: Path) -> Iterator[Line]:
    """Give the lines of a file, in gzip or plain, or raise BadFileError."""
    for position, raw in enumerate(raw_lines(path), 1):
        try:
            line = _parsed(raw)
            if line.position != position:
                raise ValueError("it does not follow the event before it")
            yield line
        except ValueError as error:
            raise BadFileError(path, str(error), position) from error


def last_line(path: Path) -> Line:
    """Return the last line of a file, without a look at those before."""
    found = deque(enumerate(raw_lines(path), 1), maxlen=1)
    if not found:
        raise BadFileError(path, "there is no event in it")
    position, last = found[0]
    try:
        return _parsed(last)
    except ValueError as error:
        raise BadFileError(path, str(error), position) from error


def raw_lines(path: Path) -> Iterator[bytes]:
    """Give the bytes of each line, or raise BadFileError."""
    position = 0
    with _opened(path) as file:
        while raw := _read(path, file, position + 1):
            position += 1
            if not raw.endswith(b"\n"):
                what = (
                    "the line is too long" if len(raw) > MAX_LINE else "it is cut off"
                )
                raise BadFileError(path, what, position)
            yield raw


def _read(path: Path, file: Any, position: int) -> bytes:
    try:
        return bytes(file.readline(MAX_LINE + 1))
    except EOFError as error:
        raise BadFileError(path, "the file is cut off", position) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        what = f"it cannot be decompressed: {error}"
        raise BadFileError(path, what, position) from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with path.open("rb") as raw:
        is_packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        if not is_packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw, mode="rb") as file:
            yield file


def _parsed(raw: bytes) -> Line:
    """Return a line, or raise ValueError that says what is wrong with it."""
    try:
        shown = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(shown, dict):
        raise ValueError("it is no object")
    if type(position := shown.get("position")) is not int:
        raise ValueError("it has no position")
    if missing := [n for n in (*_LEAF, "signature", "opened") if n not in shown]:
        raise ValueError(f"{missing[0]} is missing")
    signed = shown.pop("signed", None)
    salts = shown.pop("salts", None)
    openings = _openings(position, shown, salts)
    return Line(position, shown, _leaf(shown), openings, _signed(signed))


def _leaf(shown: dict[str, Any]) -> bytes:
    """Return the leaf that the members of an event make; it is checked elsewhere."""
    leaf = {"v": 1, **{name: shown[name] for name in _LEAF}}
    if shown["signature"] is not None:
        leaf["signature"] = shown["signature"]
    return _dumped(leaf)


def _openings(position: int, shown: dict[str, Any], salts: Any) -> list[StoredOpening]:
    opened, sealed = shown["opened"], shown["sealed"]
    if not all(isinstance(each, dict) for each in (opened, sealed, salts)):
        raise ValueError("sealed, opened and salts are objects")
    if opened.keys() != salts.keys():
        raise ValueError("what is opened and the salts differ in their names")
    return [
        StoredOpening(
            position,
            name,
            str(sealed.get(name)),
            _salt(name, salts[name]),
            _dumped(value),
        )
        for name, value in opened.items()
    ]


def _salt(name: str, text: Any) -> bytes:
    try:
        return decode_base64(text)
    except (NoteError, TypeError) as error:
        raise ValueError(
            f"the salt of {ascii(name)[1:-1][:80]} is no base64"
        ) from error


def _signed(signed: Any) -> dict[str, Any] | None:
    if signed is None:
        return None
    if not isinstance(signed, dict) or signed.keys() != set(_SIGNED):
        raise ValueError("signed has a checkpoint, keys and digests")
    checkpoint, keys, digests = (signed[name] for name in _SIGNED)
    is_whole = (
        isinstance(checkpoint, str)
        and isinstance(keys, list)
        and all(isinstance(each, str) for each in keys)
        and isinstance(digests, list)
        and all(isinstance(each, dict) for each in digests)
    )
    if not is_whole:
        raise ValueError("signed has a checkpoint, keys and digests")
    return signed


def _dumped(value: Any) -> bytes:
    try:
        return dump(value)
    except (TypeError, ValueError) as error:
        raise ValueError("it cannot be written as canonical JSON") from error
