"""Bodies of requests: read to a limit, as strict JSON, with every fault named.

What is read fits the grammar of the log (`schemas.canonical`): no fractions, no text
that a leaf could not hold, no member twice.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import request

from schemas.canonical import MAX_DEPTH, MAX_INTEGER, pointer_to, text_fault
from service.editors import KEY_PATTERN
from service.http.problems import ProblemError

LIMIT = 2**20
MOST_MEMBERS = 10_000
SHOWN = 100  # Faults that are named; of the rest only the number.
JSON = "application/json"

Fault = dict[str, Any]
_PART = 2**16
_LENGTH = re.compile(r"[0-9]{1,15}")
_DIGITS = len(str(MAX_INTEGER))
_KEY = re.compile(KEY_PATTERN)
# Strings as a whole, and what stands between members. A string matches from wherever
# it begins, if it does not end too: or each quote of it would be tried to the end.
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)


def read_json(limit: int = LIMIT) -> Any:
    """Return the JSON of the body, or raise ProblemError that names all its faults."""
    value, faults = parse(read_bytes(limit, (JSON,)))
    if faults:
        raise invalid(faults)
    return value


def read_bytes(limit: int, accepted: tuple[str, ...]) -> bytes:
    """Return the body, at most `limit` bytes of one of these media types."""
    _must_be_plain(accepted)
    declared = _declared()
    is_too_large = (declared or 0) > limit
    body = b"" if is_too_large else _read(limit + 1 if declared is None else declared)
    if is_too_large or len(body) > limit:
        raise _too_large(limit)
    if len(body) < (declared or 0):
        raise _cut_short()
    return body


def read_parts(limit: int, accepted: tuple[str, ...]) -> Iterator[bytes]:
    """Yield the body part by part: of a file that is never held in memory.

    Refused are other media types, more than `limit` bytes, and a body cut short.
    """
    _must_be_plain(accepted)
    declared, size = _declared(), 0
    if (declared or 0) > limit:
        raise _too_large(limit)
    for part in _parts(limit + 1 if declared is None else declared):
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        yield part
    if size < (declared or 0):
        raise _cut_short()


def parse(raw: bytes) -> tuple[Any, list[Fault]]:
    """Return the value of some JSON, and its faults; None if it cannot be parsed.

    What is not allowed stands in the value as `Refused`.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, [fault("", f"Not UTF-8: the byte at {error.start} is wrong.")]
    if why := _shape_fault(text):
        return None, [fault("", why)]
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return None, [fault("", f"Not JSON: {error.msg}, at {place}.")]
    return value, list(_faults(value, ""))


def invalid(faults: list[Fault]) -> ProblemError:
    """Return the problem of a body with these faults."""
    shown = faults[:SHOWN]
    said = " ".join(f"{_place(each)}: {each['detail']}" for each in shown)
    more = len(faults) - len(shown)
    said = f"{said} And {more:,} more." if more else said
    return ProblemError("invalid-body", said, {"errors": shown})


def fault(pointer: str, detail: str, did_you_mean: list[str] | None = None) -> Fault:
    """Return one fault of a body, as it is shown."""
    return {"pointer": pointer, "detail": detail, "did_you_mean": did_you_mean or []}


def _place(fault: Fault) -> str:
    return fault.get("parameter") or fault["pointer"] or "body"


@dataclass(frozen=True, slots=True)
class Refused:
    """What stands in a body in place of a value that is not allowed."""

    why: str


class Ambiguous(dict[str, Any]):
    """An object in which names stand more than once."""

    twice: tuple[str, ...] = ()


def _too_large(limit: int) -> ProblemError:
    detail = f"The body may have {limit:,} bytes at most."
    return ProblemError("payload-too-large", detail, {"limit": limit})


def _cut_short() -> ProblemError:
    return invalid([fault("", "The body ended before its Content-Length.")])


def _must_be_plain(accepted: tuple[str, ...]) -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in accepted or charset != "utf-8":
        detail = f"Content-Type: {', '.join(accepted)} in UTF-8 is taken."
        raise ProblemError(
            "unsupported-media-type", detail, {"accepted": list(accepted)}
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError(
            "unsupported-media-type",
            "Content-Encoding: the body is taken uncompressed only.",
            {"accepted": list(accepted)},
        )


def _declared() -> int | None:
    """Return how many bytes the body has, None if nobody says so."""
    declared = request.headers.get("Content-Length")
    if declared is None:
        return None
    if not _LENGTH.fullmatch(declared):
        raise invalid([fault("", "Content-Length: not a number of bytes.")])
    return int(declared)


def _read(most: int) -> bytes:
    """Return the body, at most so many bytes of it."""
    return b"".join(_parts(most))


def _parts(most: int) -> Iterator[bytes]:
    """Yield the body, at most so many bytes of it, as a server hands it over."""
    given = request.environ
    # A stream without an end would be waited for.
    is_ended = "CONTENT_LENGTH" in given or given.get("wsgi.input_terminated")
    left = most if is_ended else 0
    # Part by part: a server may not know how much there is.
    while left and (part := given["wsgi.input"].read(min(_PART, left))):
        left -= len(part)
        yield part


def _shape_fault(text: str) -> str | None:
    """Return why a text is not even parsed: it is empty, too deep or too wide."""
    if not text.strip():
        return "There is no body: a JSON object is needed."
    depth = members = 0
    for token in _TOKENS.finditer(text):
        match token[0][0]:
            case "{" | "[":
                depth, members = depth + 1, members + 1
            case "}" | "]":
                depth -= 1
            case ",":
                members += 1
        if depth > MAX_DEPTH:
            return f"Nested deeper than {MAX_DEPTH}."
        if members > MOST_MEMBERS:
            return f"More than {MOST_MEMBERS:,} members."
    return None


def _faults(value: Any, at: str) -> Iterator[Fault]:
    match value:
        case Refused():
            yield fault(at, value.why)
        case str():
            yield from _text_faults(value, at)
        case list():
            for index, each in enumerate(value):
                yield from _faults(each, f"{at}/{index}")
        case dict():
            for name in getattr(value, "twice", ()):
                yield fault(at + pointer_to(name), "Given more than once.")
            for name, each in value.items():
                yield from _faults(each, at + pointer_to(name))


def _text_faults(text: str, at: str) -> Iterator[Fault]:
    if why := text_fault(text):
        yield fault(at, f"{why[0].upper()}{why[1:]}.")
    if "cpk_" in text and _KEY.search(text):
        yield fault(at, "A key of an editor stands here: have it revoked.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    ambiguous, counts = Ambiguous(members), Counter(name for name, _ in pairs)
    ambiguous.twice = tuple(name for name in members if counts[name] > 1)
    return ambiguous


def _integer(digits: str) -> int | Refused:
    number = int(digits) if len(digits) <= _DIGITS + 1 else None
    if number is None or abs(number) > MAX_INTEGER:
        return Refused(f"A whole number from -{MAX_INTEGER} to {MAX_INTEGER}.")
    return number


def _fraction(_digits: str) -> Refused:
    return Refused("Only whole numbers, without a point or an exponent.")


def _constant(name: str) -> Refused:
    return Refused(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_constant,
)
