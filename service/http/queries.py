"""Query strings: read strictly, and refused with all their faults at once."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote_to_bytes

from marshmallow import Schema, ValidationError

from service.http.problems import ProblemError

LONGEST, MOST = 8_000, 50


def read_query(
    raw: bytes, schema: Schema, more: Iterable[dict[str, Any]] = ()
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the parameters as they were given, and as the schema loads them.

    With their faults `more` are named, of other parts of the request.
    """
    pairs, faults = _pairs(raw)
    faults += more
    given = dict(pairs)
    faults += _twice(name for name, _ in pairs)
    unknown = [_unknown(name, schema) for name in given if name not in schema.fields]
    loaded, malformed = _load({k: v for k, v in given.items() if k in schema.fields},
                              schema)  # fmt: skip
    faults += malformed
    if faults:
        raise ProblemError(
            "invalid-parameter",
            "; ".join(f"{each['parameter']}: {each['detail']}" for each in faults),
            {"errors": [*faults, *unknown]},
        )
    if unknown:
        raise _refused(unknown)
    return given, loaded


def _refused(unknown: list[dict[str, Any]]) -> ProblemError:
    names = ", ".join(repr(each["parameter"]) for each in unknown)
    meant = [name for each in unknown for name in each["did_you_mean"]]
    hint = f" Did you mean {meant[0]!r}?" if meant else ""
    return ProblemError(
        "unknown-parameter",
        f"There is no parameter {names} here.{hint}",
        {"did_you_mean": list(dict.fromkeys(meant)), "errors": unknown},
    )


def _pairs(raw: bytes) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    parts = [part for part in raw.split(b"&") if part]
    if len(raw) > LONGEST or len(parts) > MOST:
        return [], [fault("query", f"More than {LONGEST} bytes or {MOST} parameters.")]
    pairs, faults = [], []
    for part in parts:
        name, _, value = part.partition(b"=")
        try:
            pairs.append((_decode(name), _decode(value)))
        except UnicodeDecodeError:
            shown = name.decode("ascii", "replace")
            faults.append(fault(shown, "Not valid UTF-8."))
    return pairs, faults


def _decode(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8")


def _twice(names: Iterable[str]) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    return [fault(name, "Given twice.") for name, count in seen.items() if count > 1]


def _load(
    given: Mapping[str, str], schema: Schema
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    try:
        return dict(schema.load(given)), []
    except ValidationError as error:
        messages = error.messages_dict
    return {}, [
        fault(name, " ".join(map(str, each))) for name, each in messages.items()
    ]


def _unknown(name: str, schema: Schema) -> dict[str, Any]:
    close = get_close_matches(name[:80], schema.fields, n=3)
    return fault(name, "There is no such parameter here.", close)


def fault(
    parameter: str, detail: str, did_you_mean: Iterable[str] = ()
) -> dict[str, Any]:
    """Return one fault of a request, as it is shown."""
    return {
        "parameter": parameter,
        "detail": detail,
        "did_you_mean": list(did_you_mean),
    }
