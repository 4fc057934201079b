"""The OpenAPI document, built from the contracts of the endpoints."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from schemas.catalogue import DATA_SCHEMAS
from schemas.events import CloudEventSchema
from schemas.fields import ID_LENGTH, ID_PATTERN, Closed
from schemas.generic import GENERIC_SCHEMAS
from schemas.listing import MetaSchema, columns, list_schema
from schemas.problem import ProblemSchema
from service.http.access import Guard, guard_of
from service.http.bodies import JSON
from service.http.contract import Contract, View
from service.http.described import (
    DESCRIPTION,
    ERRORS,
    HEADERS,
    JSON_LINES,
    KEEP_ERRORS,
    LAST_EVENT_ID,
    LICENCE,
    NOT_ALWAYS,
    NOT_MODIFIED,
    OF_ERRORS,
    OF_RECORDED,
    OF_SOME,
    OF_SOME_ANSWERS,
    PART,
    PATTERNS,
    PREFER,
    RECEIVE_ERRORS,
    RECORDED,
    SECURITY,
    TIME_PARAMETER,
    TOKEN,
    WEBHOOK_ANSWERS,
    WEBHOOK_HEADERS,
    WRITE_ERRORS,
    WRITE_PARAMETERS,
)
from service.http.dumping import Dumper
from service.http.event_stream import MEDIA_TYPE
from service.http.examples import add_examples
from service.http.representations import FORMS, METADATA
from service.http.sharing import share
from service.http.writing import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from apispec import APISpec


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
            Dumper=Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=88,
            default_flow_style=False,
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
            make = _make_for(contract)
            operation = make(rule, view, contract)
            spec.path(_path(rule), operations={_method(rule): operation})
    webhooks = _webhooks(app, spec)
    _require_members(spec)
    members = json.loads(json.dumps({**spec.to_dict(), "webhooks": webhooks}))
    add_examples(members)
    share(members)
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
        is_always = name not in NOT_ALWAYS
        header = {"description": description, "required": is_always, "schema": schema}
        spec.components.header(name, header)
    spec.components.security_scheme(
        SECURITY,
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The key that an editor was given: `cpk_…`.",
        },
    )
    spec.components.security_scheme(
        TOKEN,
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The token that was shown when a subscription was made: "
            "`cpt_…`.",
        },
    )
    spec.components.schema("Problem", schema=ProblemSchema)
    spec.components.schema("Meta", schema=MetaSchema)
    spec.components.schema("JsonLines", JSON_LINES)
    spec.components.response("Moved", _moved())
    spec.components.response("NotModified", _not_modified())
    for code, description in ERRORS.items():
        spec.components.response(f"Error{code}", _error(code, description))
    for schema_class in (*_by_type(DATA_SCHEMAS), *_by_type(GENERIC_SCHEMAS)):
        if name_of(schema_class) not in spec.components.schemas:
            spec.components.schema(name_of(schema_class), schema=schema_class)


def _by_type(schemas: Mapping[str, type[Schema]]) -> Iterator[type[Schema]]:
    return (schemas[name] for name in sorted(schemas))


def _operation(rule: Rule, view: View, contract: Contract) -> dict[str, Any]:
    summary = " ".join((view.__doc__ or "").split())
    parameters: list[dict[str, Any]] = [
        _path_parameter(rule, name) for name in sorted(rule.arguments)
    ]
    if contract.query:
        parameters.append({"in": "query", "schema": contract.query})
        if contract.result and "known_at" in contract.query().fields:
            parameters.append(TIME_PARAMETER)
    parameters += _reading_headers(contract)
    operation = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": summary,
        "tags": [rule.endpoint.partition(".")[0]],
        "parameters": parameters,
        "responses": {
            "200": {
                "description": summary,
                "headers": _headers() | (_VALIDATED if contract.is_validated else {}),
                "content": _content(contract),
            },
            **(_conditional(contract) if contract.is_file else {}),
            **({"301": "Moved"} if contract.moved else {}),
            **({"304": "NotModified"} if contract.is_validated else {}),
            **{str(code): f"Error{code}" for code in _errors(rule, contract)},
        },
    }
    if not contract.body:
        _guard(operation, guard_of(view))
    return operation


def _reading_headers(contract: Contract) -> Iterator[dict[str, Any]]:
    if _may_wait(contract):
        yield {"in": "header", "name": "Prefer", **PREFER}
    if MEDIA_TYPE in contract.media:
        yield {"in": "header", "name": "Last-Event-ID", **LAST_EVENT_ID}


def _may_wait(contract: Contract) -> bool:
    """Whether a reader may ask it to be waited for what is not on record yet."""
    known = contract.query().fields if contract.query else {}
    return "min_position" in known or "wait" in known


def _writing(rule: Rule, view: View, contract: Contract) -> dict[str, Any]:
    """Return the operation that records something."""
    operation = _operation(rule, view, contract)
    guard = guard_of(view)
    headers = dict(WRITE_PARAMETERS)
    if guard is None or guard.action is None:
        headers.pop(IDEMPOTENCY_KEY)
    else:
        operation["security"] = [{SECURITY: []}]
        operation["description"] = _scopes(guard)
    operation["parameters"] += [
        {"in": "header", "name": name, **each} for name, each in headers.items()
    ]
    operation["requestBody"] = {
        "required": True,
        "content": {JSON: {"schema": contract.body}},
    }
    answer = operation["responses"].pop("200")
    answer["description"] = RECORDED
    answer["headers"] |= {name: name for name in OF_RECORDED}
    answer["content"] = {JSON: {"schema": contract.result}}
    known = {"200": answer} if contract.may_be_known else {}
    errors = dict(sorted(operation["responses"].items()))
    operation["responses"] = {**known, "201": answer, **errors}
    return operation


def _keeping(rule: Rule, view: View, contract: Contract) -> dict[str, Any]:
    """Return the operation that changes something outside the log."""
    operation = _operation(rule, view, contract)
    answer = operation["responses"].pop("200")
    answer["content"] = {JSON: {"schema": contract.result}}
    if contract.keeps == 201:
        answer["headers"] |= {"Location": "Location"}
    if contract.body:
        content = {JSON: {"schema": contract.body}}
        operation["requestBody"] = {"required": True, "content": content}
    _guard(operation, guard_of(view))
    errors = dict(sorted(operation["responses"].items()))
    operation["responses"] = {str(contract.keeps): answer, **errors}
    return operation


def _webhooks(app: Flask, spec: "APISpec") -> dict[str, Any]:
    """Return what is sent to addresses that were given in a body."""
    return {
        name: {"post": _sending(name, schema, spec)}
        for rule in app.url_map.iter_rules()
        if (contract := getattr(app.view_functions[rule.endpoint], "contract", None))
        for name, schema in contract.sends.items()
    }


def _sending(name: str, schema: type[Schema], spec: "APISpec") -> dict[str, Any]:
    spec.components.schema(name_of(schema), schema=schema)
    reference = {"$ref": f"#/components/schemas/{name_of(schema)}"}
    summary = " ".join((schema.__doc__ or "").split())
    return {
        "operationId": f"webhook_{name}",
        "summary": summary,
        "parameters": [
            {"in": "header", "name": header, "required": True, **each}
            for header, each in WEBHOOK_HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": reference}}},
        "responses": dict(WEBHOOK_ANSWERS),
    }


def _method(rule: Rule) -> str:
    changing = {"POST", "DELETE"} & (rule.methods or set())
    return changing.pop().lower() if changing else "get"


def _receiving(rule: Rule, view: View, contract: Contract) -> dict[str, Any]:
    """Return the operation that is sent a file."""
    operation = _operation(rule, view, contract)
    operation["requestBody"] = {
        "required": True,
        "description": f"At most {contract.limit:,} bytes, in UTF-8, uncompressed.",
        "content": {
            media: {"schema": {"type": "string", "maxLength": contract.limit}}
            for media in contract.receives
        },
    }
    answer = operation["responses"].pop("200")
    answer["headers"] |= {"Location": "Location"}
    answer["content"] = {JSON: {"schema": contract.result}}
    operation["responses"] = {"202": answer, **operation["responses"]}
    return operation


def _make_for(contract: Contract) -> Callable[..., dict[str, Any]]:
    if contract.receives:
        return _receiving
    if contract.keeps:
        return _keeping
    return _writing if contract.body else _operation


def _guard(operation: dict[str, Any], guard: Guard | None) -> None:
    """Say whom an operation that reads, or is sent a file, lets in."""
    if guard is None or guard.reason:
        return
    if guard.needs_token:
        operation["security"] = [{TOKEN: []}]
        return
    operation["security"] = [{SECURITY: []}]
    needed = "It takes a key, whatever it opens." if guard.needs_key else _scopes(guard)
    operation["description"] = f"{operation['summary']} {needed}"
    operation["responses"] |= {"401": "Error401", "403": "Error403"}


def _scopes(guard: Guard) -> str:
    scopes = [f"`{guard.action}`"]
    scopes += [f"`{guard.action}:{guard.noun}`"] if guard.noun else []
    return f"It takes a key with the scope {' or '.join(scopes)}."


def _errors(rule: Rule, contract: Contract) -> Iterator[int]:
    if contract.keeps:
        yield from KEEP_ERRORS
        yield from (each for each in (409, 503) if each in contract.problems)
        yield from (401,) * bool(rule.arguments)
        yield from (413, 415, 507) * bool(contract.body)
        return
    if contract.body:
        yield from WRITE_ERRORS
        if rule.arguments:
            yield 404
        return
    if contract.receives:
        yield from RECEIVE_ERRORS
        return
    if contract.query:
        yield 400
    if contract.noun or 404 in contract.problems:
        yield 404
    if contract.result:
        yield 406
    yield 429
    yield 500
    known = (401, 403, 410, 416, 503)
    may_be = {*contract.problems, *((503,) if _may_wait(contract) else ())}
    yield from (each for each in known if each in may_be)


def _error(code: int, description: str) -> dict[str, Any]:
    more = {name: name for name in OF_ERRORS.get(code, ())}
    return {
        "description": description,
        "headers": _headers() | more,
        "content": {"application/problem+json": {"schema": "Problem"}},
    }


def _moved() -> dict[str, Any]:
    location = {
        "description": "The address of the thing itself, with the same query.",
        "required": True,
        "schema": {"type": "string"},
    }
    return {
        "description": "The id is the slug of a name that one body bears or bore.",
        "headers": {**_headers(), "Location": location},
    }


def _conditional(contract: Contract) -> dict[str, Any]:
    """Return the answers to whoever has the file, or a part of it."""
    same = {"304": {"description": NOT_MODIFIED, "headers": _headers()}}
    if 416 not in contract.problems:
        return same
    part = {"description": PART, "headers": _headers(), "content": _content(contract)}
    return {"206": part, **same}


def _not_modified() -> dict[str, Any]:
    return {
        "description": "`If-None-Match` names the present answer.",
        "headers": {**_headers(), **_VALIDATED},
    }


_VALIDATED = {"ETag": "Validator"}


def _headers() -> dict[str, str]:
    return {name: name for name in HEADERS if name not in OF_SOME_ANSWERS}


def _content(contract: Contract) -> dict[str, Any]:
    if contract.result is None:
        return {
            media: {"schema": schema or {"type": _kind(media)}}
            for media, schema in contract.media.items()
        }
    content: dict[str, Any] = {}
    for form in contract.forms:
        content[FORMS[form].media] = {"schema": _form(form, contract, contract.result)}
    if "csv" in contract.forms:
        content[FORMS[METADATA].media] = {"schema": {"type": "object"}}
    return content


def _kind(media: str) -> str:
    return "object" if media.endswith(("json", "yaml")) else "string"


def _form(form: str, contract: Contract, result: type[Schema]) -> Any:
    if form == "csv":
        header = ",".join(columns(result))
        description = f"RFC 4180, one line an item. Columns: {header}."
        return {"type": "string", "description": description}
    if form == "jsonl":
        return {"$ref": "#/components/schemas/JsonLines"}
    if form == "cloudevents":
        return {"type": "array", "items": CloudEventSchema}
    if form in contract.draws:
        return {"type": _kind(FORMS[form].media)}
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
    if name in ("position", "version"):
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
