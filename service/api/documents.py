"""Documents: what this service is, its contract, and its types of problem."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from flask import Blueprint, Response, render_template_string, request

from schemas.problem import ProblemTypeSchema, ProblemTypesSchema
from schemas.status import WelcomeSchema
from service.http.contract import serves
from service.http.headers import LICENCE
from service.http.problems import PROBLEMS, ProblemError, type_of

documents = Blueprint("documents", __name__)

YAML = "application/yaml"
# The reader that is written in C, where it is there, takes a tenth of the time.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WELCOME = {
    "title": "Copperplate",
    "description": "The permanent, provable public record of police inspection in "
    "England and Wales: what was judged, when, and what this record knew at any time.",
    "licence": LICENCE,
    "links": {
        "bodies": "/v1/bodies",
        "programmes": "/v1/programmes",
        "inspections": "/v1/inspections",
        "ratings": "/v1/ratings",
        "terms": "/v1/terms",
        "statements": "/v1/statements",
        "plans": "/v1/plans",
        "commitments": "/v1/commitments",
        "sessions": "/v1/sessions",
        "findings": "/v1/findings",
        "monitoring": "/v1/monitoring",
        "gaps": "/v1/gaps",
        "redactions": "/v1/redactions",
        "reports": "/v1/reports",
        "changes": "/v1/changes",
        "changes_feed": "/v1/changes.atom",
        "corrections": "/v1/corrections",
        "corrections_feed": "/v1/corrections.atom",
        "sources": "/v1/sources",
        "responses": "/v1/responses",
        "coverage": "/v1/coverage",
        "import_templates": "/v1/imports/templates",
        "search": "/v1/search",
        "codelists": "/v1/codelists",
        "events": "/v1/events",
        "bulk": "/v1/bulk",
        "status": "/v1/status",
        "checkpoint": "/log/checkpoint",
        "key": "/log/key",
        "projections": "/v1/projections",
        "docs": "/docs",
        "check_us": "/docs/check-us",
        "editors": "/docs/editors",
        "recording": "/docs/recording",
        "importing": "/docs/importing",
        "mistakes": "/docs/mistakes",
        "caching": "/docs/caching",
        "about_sources": "/docs/sources",
        "formats": "/docs/formats",
        "about_search": "/docs/search",
        "about_times": "/docs/times",
        "about_bulk": "/docs/bulk",
        "client": "/docs/client",
        "recipes": "/docs/recipes",
        "schemas": "/v1/schemas",
        "catalog": "/v1/catalog",
        "datapackage": "/datapackage.json",
        "openapi": "/openapi.yaml",
        "changelog": "/changelog",
        "problems": "/problems",
    },
}
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<h1>{{ title }}</h1>
<p>{{ description }}</p>
<ul>
{% for name, path in links.items() -%}
<li><a href="{{ path }}">{{ name }}</a></li>
{% endfor -%}
</ul>
<p><a href="{{ licence }}">Open Government Licence v3.0</a></p>
</html>
"""


@documents.get("/")
@serves({"application/json": WelcomeSchema, "text/html": None})
def welcome() -> Response:
    """Say what this service is, and where to go from here."""
    forms = ["application/json", "text/html"]
    if request.accept_mimetypes.best_match(forms) == "text/html":
        page = render_template_string(PAGE, **WELCOME)
        return _respond(page.encode(), "text/html; charset=utf-8")
    return _json(WELCOME)


@documents.get("/openapi.yaml")
@serves({YAML: None})
def contract_yaml() -> Response:
    """Show the contract of the API, as OpenAPI 3.1 in YAML."""
    return _respond(contract_file().read_bytes(), YAML)


@documents.get("/v1/openapi.json")
@serves({"application/json": None})
def contract_json() -> Response:
    """Show the contract of the API, as OpenAPI 3.1 in JSON."""
    return _respond(_contract_as_json(), "application/json")


@documents.get("/problems")
@serves({"application/json": ProblemTypesSchema})
def problems() -> Response:
    """List the types of problem that the API answers with."""
    return _json({"items": [type_of(slug) for slug in PROBLEMS]})


@documents.get("/problems/<slug>")
@serves({"application/json": ProblemTypeSchema}, problems=(404,))
def problem(slug: str) -> Response:
    """Show what causes a type of problem, and what cures it."""
    if slug not in PROBLEMS:
        detail = "There is no such type of problem."
        raise ProblemError("not-found", detail, {"did_you_mean": []})
    return _json(type_of(slug))


def contract_file() -> Path:
    """Return the contract as it is committed, or as it was installed."""
    return root_file("openapi.yaml")


def root_file(name: str) -> Path:
    """Return a file that is committed beside our folders, or was installed in one."""
    package = Path(__file__).parents[1]
    installed = package / name
    return installed if installed.exists() else package.parent / name


@lru_cache(maxsize=1)
def contract() -> dict[str, Any]:
    """Return the contract, which is read once."""
    document: dict[str, Any] = yaml.load(contract_file().read_text(), _Loader)
    return document


@lru_cache(maxsize=1)
def _contract_as_json() -> bytes:
    return json.dumps(contract()).encode()


def _json(value: Any) -> Response:
    return _respond(orjson.dumps(value), "application/json")


def _respond(body: bytes, content_type: str) -> Response:
    headers = {"Cache-Control": "public, no-cache"}
    return Response(body, content_type=content_type, headers=headers)
