"""A client that checks every answer, errors too, against openapi.yaml."""

import gzip
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
import yaml
import zstandard
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from werkzeug.test import TestResponse

from service.http.representations import FORMS
from tests.contract import COMMITTED, SPEC

ALWAYS = [
    "API-Version",
    "Record-Position",
    "Link",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "X-Content-Type-Options",
    "Server-Timing",
    "Vary",
]
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}
BINARY = (
    "application/gzip",
    "application/octet-stream",
    "application/vnd.apache.parquet",
    "application/vnd.sqlite3",
    "application/zip",
)


class ContractClient(FlaskClient):
    """The client of Flask, which accepts no answer outside the contract."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        check(response)
        return response


def check(response: TestResponse) -> None:
    missing = [name for name in ALWAYS if name not in response.headers]
    assert not missing, missing
    method = response.request.method
    if method == "OPTIONS" and response.status_code == 204:
        return
    operation = _operation(response.request.path, method)
    if operation is None:
        _check_problem(response)
        return
    documented = _resolved(operation["responses"][str(response.status_code)])
    for name, header in documented["headers"].items():
        known = header["$ref"].rpartition("/")[2] if "$ref" in header else name
        is_needed = SPEC["components"]["headers"].get(known, {}).get("required", True)
        assert name in response.headers or not is_needed, name
    if response.status_code in (301, 304):
        assert not response.data
        return
    schema = documented["content"][response.mimetype]["schema"]
    if method != "HEAD":
        _validate(_body(response), schema)
    else:
        assert not response.data


def _check_problem(response: TestResponse) -> None:
    if response.request.path.startswith("/docs/") and response.status_code == 200:
        return
    assert response.mimetype == "application/problem+json"
    if response.request.method != "HEAD":
        _validate(_body(response), {"$ref": "#/components/schemas/Problem"})


def _body(response: TestResponse) -> Any:
    data = UNPACK[response.headers.get("Content-Encoding", "identity")](response.data)
    if response.mimetype in BINARY or response.status_code == 206:
        return data.decode("latin-1")
    if response.mimetype.endswith("json"):
        return orjson.loads(data)
    if response.mimetype == "application/yaml":
        text = data.decode()
        return SPEC if text == COMMITTED else yaml.safe_load(text)
    return data.decode()


def _validate(body: Any, schema: dict[str, Any]) -> None:
    _validator(orjson.dumps(schema)).validate(body)


@cache
def _validator(schema: bytes) -> Draft202012Validator:
    # Written in Rust: in Python, to check an answer takes longer than to give it.
    whole = {**orjson.loads(schema), "components": SPEC["components"]}
    return Draft202012Validator(whole)


def _resolved(response: dict[str, Any]) -> dict[str, Any]:
    if reference := response.get("$ref"):
        response = SPEC["components"]["responses"][reference.rpartition("/")[2]]
    return response


def _operation(path: str, method: str) -> dict[str, Any] | None:
    known = "get" if method == "HEAD" else method.lower()
    endings = [each for each in FORMS if path.endswith(f".{each}")]
    candidates = [path, *(path.removesuffix(f".{each}") for each in endings)]
    for candidate in candidates:
        if candidate in SPEC["paths"]:
            return _of(candidate, known)
    for candidate in reversed(candidates):
        # The longer one says more: `{position}.tlog-proof` before `{position}`.
        for template in sorted(SPEC["paths"], key=len, reverse=True):
            if re.fullmatch(_pattern(template), candidate):
                return _of(template, known)
    return None


def _of(path: str, method: str) -> dict[str, Any] | None:
    operation: dict[str, Any] | None = SPEC["paths"][path].get(method)
    return operation


def _pattern(template: str) -> str:
    """Return what an address of a path looks like; the `n` of a tile has slashes."""
    return re.sub(r"\{\w+\}", "[^/]+", template.replace("{n}", ".+"))
