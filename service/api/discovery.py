"""Discovery: where programs, and models of language, begin to read."""

from typing import Any

import orjson
from flask import Blueprint, Response

from service.api.docs import PAGES, page_of, title_of
from service.api.documents import WELCOME, root_file
from service.http.contract import serves
from service.http.headers import LICENCE, link
from service.http.meta import address

discovery = Blueprint("discovery", __name__)
LINKSET = "application/linkset+json"
PROFILE = "https://www.rfc-editor.org/info/rfc9727"
INTRODUCTION = """\
# Copperplate

> {description}

Everything answers GET with no key, as JSON, and lists as CSV (`/v1/ratings.csv`). Time
has two axes: `as_of` is the world's, `known_at` and `at_position` are this record's.
What is missing is not zero: `/v1/coverage` and `/v1/gaps` say what is not held. Cite
the `permalink` of an answer; take all of it from `/v1/bulk` rather than page by page.
The data are under the Open Government Licence v3.0 ({licence}).
"""


@discovery.get("/.well-known/api-catalog")
@serves({LINKSET: None})
def api_catalog() -> Response:
    """List the APIs of this host (RFC 9727), with what describes them."""
    own, api = address("/.well-known/api-catalog"), address("/v1")
    described = {
        "anchor": api,
        "service-desc": [
            _target("/openapi.yaml", "application/yaml"),
            _target("/v1/openapi.json", "application/json"),
        ],
        "service-doc": [_target("/docs", "text/html")],
        "service-meta": [
            _target("/v1/catalog", "application/ld+json"),
            _target("/v1/schemas", "application/json"),
        ],
        "status": [_target("/v1/status", "application/json")],
        "license": [{"href": LICENCE}],
    }
    body = orjson.dumps(
        {"linkset": [{"anchor": own, "item": [{"href": api}]}, described]}
    )
    response = _respond(body, f'{LINKSET}; profile="{PROFILE}"')
    response.headers.add("Link", link(own, "api-catalog", LINKSET))
    return response


@discovery.get("/llms.txt")
@serves({"text/plain": None})
def llms() -> Response:
    """Say in plain text what this service is and where its parts are."""
    parts = [
        INTRODUCTION.format(**WELCOME),
        "## Documents\n",
        *(_line(title_of(name), f"/docs/{name}", PAGES[name]) for name in PAGES),
        _line("Changelog", "/changelog", "What changed."),
        _line("OpenAPI", "/openapi.yaml", "Every address, parameter and answer."),
        "\n## Data\n",
        *(_line(name.replace("_", " "), at) for name, at in _data()),
    ]
    return _respond("\n".join(parts).encode() + b"\n", "text/plain; charset=utf-8")


@discovery.get("/changelog")
@serves({"text/html": None})
def changelog() -> Response:
    """Show what changed in the service, for those who read and query it."""
    return page_of(root_file("CHANGELOG.md").read_text())


def _data() -> list[tuple[str, str]]:
    links: Any = WELCOME["links"]
    return [(name, at) for name, at in links.items() if at.startswith("/v1/")]


def _line(title: str, path: str, about: str = "") -> str:
    return f"- [{title}]({address(path)})" + (f": {about}" if about else "")


def _target(path: str, media_type: str) -> dict[str, str]:
    return {"href": address(path), "type": media_type}


def _respond(body: bytes, content_type: str) -> Response:
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(body, content_type=content_type, headers=headers)
