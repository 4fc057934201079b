"""What a request that records something says: its body, and what its headers add."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from flask import g, request
from marshmallow import Schema

from service.context import record
from service.http.access import editor
from service.http.bodies import JSON, LIMIT, Fault, invalid, parse, read_bytes
from service.http.bodies import fault as fault_at
from service.http.loading import load
from service.http.problems import ProblemError
from service.http.queries import fault
from service.signing import Signing, decoded_salts

IDEMPOTENCY_KEY, IF_MATCH = "Idempotency-Key", "If-Match"
KEY_PATTERN = r"[ -~]{1,255}"
_KEY = re.compile(KEY_PATTERN)
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_VERSION = re.compile(r'"([1-9][0-9]{0,14})"|([1-9][0-9]{0,14})')


@dataclass(frozen=True, slots=True)
class Write:
    """The version that was seen, and what tells a request that is sent again.

    `idempotency` is (key, fingerprint), as the event store keeps it; None of anybody
    who is not an editor. `signing` is what the editor has signed, if anything.
    """

    expected: int | None
    idempotency: tuple[str, bytes] | None
    signing: Signing | None = None


def expected_version() -> int | None:
    """Return the version of the thing that the editor saw, if it was said."""
    return _write().expected


def idempotency() -> tuple[str, bytes]:
    """Return what tells this request when it is sent again."""
    found = _write().idempotency
    assert found  # An editor is asked for it.
    return found


def signing() -> Signing | None:
    """Return what the editor has signed, None if nothing."""
    return _write().signing


def read_members(schema: Schema) -> dict[str, Any]:
    """Return the body of what records nothing, or raise ProblemError."""
    value, faults = parse(read_bytes(LIMIT, (JSON,)))
    loaded = _loaded(schema, value, faults)
    if faults:
        raise invalid(faults)
    return loaded


def read_write(schema: Schema) -> dict[str, Any]:
    """Return the body as the schema loads it, or raise ProblemError with all faults."""
    value, faults = parse(read_bytes(LIMIT, (JSON,)))
    loaded = _loaded(schema, value, faults)
    signature, salts = loaded.pop("signature", None), loaded.pop("salts", None)
    faults += _signature_faults(signature, salts)
    in_headers = list(_header_faults())
    if faults:
        raise invalid(faults + in_headers)
    _refuse_headers(in_headers)
    known = _idempotency(value) if "editor" in g else None
    g.write = Write(_expected(), known, _signing(signature, salts))
    return loaded


def _loaded(schema: Schema, value: Any, faults: list[Fault]) -> dict[str, Any]:
    is_parsed = value is not None or not faults
    return load(schema, value, faults) if is_parsed else {}


def _write() -> Write:
    return cast(Write, g.write)


def _signature_faults(
    signature: Mapping[str, str] | None, salts: Mapping[str, str] | None
) -> Iterator[Fault]:
    if signature is None:
        if salts is not None:
            yield fault_at("/salts", "Salts are taken with a signature only.")
    elif editor().public_key is None:
        why = "No public key is registered with your key: ask the operator."
        yield fault_at("/signature", why)
    elif signature["key"] != editor().key_id:
        why = f"You write with the key {editor().key_id}."
        yield fault_at("/signature/key", why)


def _signing(
    signature: Mapping[str, str] | None, salts: Mapping[str, str] | None
) -> Signing | None:
    public_key = editor().public_key if signature else None
    if signature is None or public_key is None:
        return None
    key, sig = signature["key"], signature["sig"]
    return Signing(key, public_key, sig, decoded_salts(salts))


def _header_faults() -> Iterator[Fault]:
    if IF_MATCH in request.headers and _expected() is None:
        yield fault(IF_MATCH, 'Not the version of the thing in quotes, such as "3".')
    # Nobody else is known when they come again.
    if "editor" in g and not _KEY.fullmatch(_idempotency_key()):
        yield fault(IDEMPOTENCY_KEY, "Needed: 1 to 255 printable ASCII characters.")


def _refuse_headers(faults: list[Fault]) -> None:
    for each in faults:
        is_key = each["parameter"] == IDEMPOTENCY_KEY
        slug = "idempotency-key-required" if is_key else "invalid-parameter"
        detail = f"{each['parameter']}: {each['detail']}"
        raise ProblemError(slug, detail, {"errors": faults})


def _expected() -> int | None:
    match = _VERSION.fullmatch(request.headers.get(IF_MATCH, "").strip())
    return int(match[1] or match[2]) if match else None


def _idempotency_key() -> str:
    """Return the key, without the quotes of a structured header (RFC 9651)."""
    given = request.headers.get(IDEMPOTENCY_KEY, "").strip()
    match = _QUOTED.fullmatch(given)
    return re.sub(r"\\(.)", r"\1", match[1]) if match else given


def _idempotency(body: Any) -> tuple[str, bytes]:
    said = (
        request.method.encode(),
        request.full_path.encode(),
        orjson.dumps(body, option=orjson.OPT_SORT_KEYS),
        str(_expected()).encode(),
    )
    return record().store.idempotency_of(editor().id, _idempotency_key(), said)
