"""The OpenAPI document, built from the contracts of the endpoints."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from schemas.catalogue import DATA_SCHEMAS
from schemas.fields import ID_LENGTH, ID_PATTERN, Closed
from schemas.listing import MetaSchema, columns, list_schema
from schemas.problem import ProblemSchema
from service.http.contract import Contract
from service.http.headers import LICENCE as LICENCE_URL
from service.http.representations import FORMS

if TYPE_CHECKING:
    from apispec import APISpec

DESCRIPTION = """\
The permanent, provable public record of police inspection in England and Wales.

Every path answers GET and HEAD, with no key. Where JSON and CSV are offered, a suffix
(`/v1/ratings.csv`) wins over `Accept`. Time has two axes: `as_of` is the world's (what
was in force on that day), `known_at` and `at_position` are this record's (what it
would have answered then). An unknown parameter is refused, never ignored. Answers may
gain members as the API grows; none is changed or removed within v1."""
LICENCE = {
    "name": "Open Government Licence v3.0",
    "url": LICENCE_URL,
}
HEADERS = {
    "API-Version": ("The version of the API.", "string", None),
    "Record-Position": ("The last position of the record.", "string", "^[0-9]+$"),
    "Link": ("Licence, contract, alternates, permalink, next page.", "string", None),
    "Cache-Control": ("How long the answer may be kept.", "string", None),
    "Access-Control-Allow-Origin": ("Any origin.", "string", None),
    "X-Content-Type-Options": ("Always nosniff.", "string", None),
    "Vary": ("Answers differ by Accept.", "string", None),
}
ERRORS = {
    400: "A parameter is unknown, malformed, or in conflict with another.",
    404: "There is no such thing on record, or there was not at that time.",
    406: "It cannot be had in the form asked for.",
    500: "The service failed.",
    410: "It was redacted.",
    503: "What is read has not caught up with the log.",
}


# Of these the members differ by the type of problem.
OF_SOME = {"Problem", "Fault"}
# The parts of the address of a tile (C2SP tlog-tiles); `n` has slashes of its own.
PATTERNS = {
    "level": "^(entries|[0-9]|[1-5][0-9]|6[0-3])$",
    "n": "^(x[0-9]{3}/)*[0-9]{3}(\\.p/([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$",
}


@dataclass(frozen=True)
class Document:
    """An OpenAPI document."""

    members: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the document as plain values."""
        return self.members

    def to_yaml(self) -> str:
        """Return the document in YAML, without anchors."""
        return yaml.dump(
            self.members,
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=88,
        )


def build_spec(app: Flask) -> Document:
    """Describe every endpoint that has a contract; always the same for one code."""
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    spec = APISpec(
        title="Copperplate",
        version="1.0.0",
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=name_of)],
        info={"description": DESCRIPTION, "license": LICENCE},
        servers=[{"url": "/"}],
        tags=[{"name": name} for name in app.blueprints],
    )
    _describe_components(spec)
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        view = app.view_functions[rule.endpoint]
        if contract := getattr(view, "contract", None):
            operation = _operation(rule, view.__doc__ or "", contract)
            spec.path(_path(rule), operations={"get": operation})
    _require_members(spec)
    members = json.loads(json.dumps(spec.to_dict()))
    return Document({"openapi": members.pop("openapi"), **members})


def name_of(schema: type[Schema] | Schema | str) -> str:
    """Return the name under which a schema stands in the document."""
    if isinstance(schema, str):
        return schema.removesuffix("Schema")
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _describe_components(spec: "APISpec") -> None:
    for name, (description, kind, pattern) in HEADERS.items():
        schema = {"type": kind} | ({"pattern": pattern} if pattern else {})
        header = {"description": description, "required": True, "schema": schema}
        spec.components.header(name, header)
    spec.components.schema("Problem", schema=ProblemSchema)
    spec.components.schema("Meta", schema=MetaSchema)
    for code, description in ERRORS.items():
        spec.components.response(f"Error{code}", _error(description))
    for type_name in sorted(DATA_SCHEMAS):
        schema_class = DATA_SCHEMAS[type_name]
        if name_of(schema_class) not in spec.components.schemas:
            spec.components.schema(name_of(schema_class), schema=schema_class)


def _operation(rule: Rule, doc: str, contract: Contract) -> dict[str, Any]:
    summary = " ".join(doc.split())
    parameters: list[dict[str, Any]] = [
        _path_parameter(rule, name) for name in sorted(rule.arguments)
    ]
    if contract.query:
        parameters.append({"in": "query", "schema": contract.query})
    return {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary,
        "tags": [rule.endpoint.partition(".")[0]],
        "parameters": parameters,
        "responses": {
            "200": {
                "description": summary,
                "headers": _headers(),
                "content": _content(contract),
            },
            **{str(code): f"Error{code}" for code in _errors(rule, contract)},
        },
    }


def _errors(rule: Rule, contract: Contract) -> Iterator[int]:
    if contract.query:
        yield 400
    if contract.noun or 404 in contract.problems:
        yield 404
    if contract.result:
        yield 406
    yield 500
    yield from (each for each in (410, 503) if each in contract.problems)


def _error(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": _headers(),
        "content": {"application/problem+json": {"schema": "Problem"}},
    }


def _headers() -> dict[str, str]:
    return {name: name for name in HEADERS}


def _content(contract: Contract) -> dict[str, Any]:
    if contract.result is None:
        return {
            media: {"schema": schema or {"type": _kind(media)}}
            for media, schema in contract.media.items()
        }
    content: dict[str, Any] = {}
    for form in contract.forms:
        content[FORMS[form]] = {"schema": _form(form, contract, contract.result)}
    return content


def _kind(media: str) -> str:
    return "object" if media.endswith(("json", "yaml")) else "string"


def _form(form: str, contract: Contract, result: type[Schema]) -> Any:
    if form == "csv":
        header = ",".join(columns(result))
        description = f"RFC 4180, one line an item. Columns: {header}."
        return {"type": "string", "description": description}
    if form == "txt":
        return {"type": "string", "description": "The sentences, one a line."}
    if contract.many:
        return list_schema(result)
    meta = {
        "type": "object",
        "properties": {"meta": {"$ref": "#/components/schemas/Meta"}},
        "required": ["meta"],
    }
    return {"allOf": [result, meta]}


def _path_parameter(rule: Rule, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name == "position":
        schema = {"type": "integer", "minimum": 1, "maximum": 10**15}
    if name == "id":
        schema |= {"pattern": f"^{ID_PATTERN}$", "maxLength": ID_LENGTH}
    if name in PATTERNS:
        schema["pattern"] = PATTERNS[name]
    return {"in": "path", "name": name, "required": True, "schema": schema}


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def _require_members(spec: "APISpec") -> None:
    """State that null is shown and no member of an answer is left out."""
    closed = {name_of(each) for each in _all_below(Closed)}
    for name, schema in spec.components.schemas.items():
        if name not in closed | OF_SOME and "properties" in schema:
            schema["required"] = sorted(schema["properties"])


def _all_below(kind: type[Schema]) -> Iterator[type[Schema]]:
    for each in kind.__subclasses__():
        yield each
        yield from _all_below(each)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it is."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
