"""The headers that every answer bears, errors too, and the answer to OPTIONS."""

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from urllib.parse import quote

from flask import Flask, Response, current_app, request

from service import context
from service.http.problems import ProblemError
from service.http.queries import LONGEST, fault

API_VERSION = "1"
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
# What a page of another site may read of an answer, one a line.
EXPOSED = ", ".join(
    (
        "API-Version",
        "Accept-Ranges",
        "Allow",
        "Content-Disposition",
        "Content-Location",
        "Content-Range",
        "ETag",
        "Link",
        "Location",
        "Memento-Datetime",
        "Preference-Applied",
        "RateLimit",
        "RateLimit-Policy",
        "Record-Position",
        "Repr-Digest",
        "Retry-After",
        "Server-Timing",
        "Vary",
        "WWW-Authenticate",
    )
)
_CANONICAL = 'rel="canonical"'
_IN_QUERIES = "!$&'()*+,-./:;=?@_~%"
_PINNED = re.compile("immutable|must-revalidate")
IMMUTABLE = "public, max-age=31536000, immutable"
FOR_SECONDS = "public, max-age=1"


def register_headers(app: Flask) -> None:
    """Put the headers on every answer, and answer OPTIONS."""
    app.before_request(_refuse_long)
    app.before_request(_preflight)
    app.after_request(_add_headers)


def link(target: str, relation: str, media_type: str | None = None) -> str:
    """Return one link for the header `Link` (RFC 8288)."""
    kind = f'; type="{media_type}"' if media_type else ""
    return f'<{target}>; rel="{relation}"{kind}'


def add_vary(response: Response, name: str) -> None:
    """Say that an answer depends on a header of the request too."""
    # `response.vary` reads and writes all of it each time.
    known = response.headers.get("Vary")
    if known is None:
        response.headers["Vary"] = name
    elif name not in known.split(", "):
        response.headers["Vary"] = f"{known}, {name}"


def _refuse_long() -> None:
    """Refuse headers that would take long to read; cookies are not read at all."""
    faults = [
        fault(name, f"More than {LONGEST:,} characters.")
        for name, value in request.headers
        if len(value) > LONGEST and name != "Cookie"
    ]
    if faults:
        detail = "; ".join(f"{each['parameter']}: {each['detail']}" for each in faults)
        raise ProblemError("invalid-parameter", detail, {"errors": faults})


def _preflight() -> Response | None:
    if request.method != "OPTIONS" or request.routing_exception:
        return None
    response = Response(status=204)
    methods = ", ".join(sorted(_methods()))
    response.headers["Allow"] = methods
    response.headers["Access-Control-Allow-Methods"] = methods
    # Browsers do not take `*` for the header that holds a key.
    response.headers["Access-Control-Allow-Headers"] = "*, Authorization"
    response.headers["Access-Control-Max-Age"] = "86400"
    return response


def _methods() -> Iterable[str]:
    """Return the methods that the address takes, by whichever rules."""
    adapter = current_app.create_url_adapter(request)
    return adapter.allowed_methods() if adapter else ()


def repr_digest(sha256: bytes) -> str:
    """Return the header `Repr-Digest` (RFC 9530) of a hash."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def _add_headers(response: Response) -> Response:
    put_standing(response, context.head)
    is_whole = response.status_code == 200 and not response.is_streamed
    if is_whole and "Repr-Digest" not in response.headers:
        found = hashlib.sha256(response.get_data()).digest()
        response.headers["Repr-Digest"] = repr_digest(found)
    links = response.headers.getlist("Link")
    if response.status_code == 200 and not any(_CANONICAL in each for each in links):
        _add_own_address(response)
    return response


def _add_own_address(response: Response) -> None:
    """Let what is neither a list nor an item say where it is to be had."""
    view = current_app.view_functions.get(request.endpoint or "")
    contract = getattr(view, "contract", None)
    target = quote(request.path)
    if contract and contract.query and request.query_string:
        target += f"?{quote(request.query_string, safe=_IN_QUERIES)}"
    response.headers.add("Link", link(target, "canonical"))
    if is_pinned(response.headers):
        response.headers.add("Link", link(target, "cite-as"))


def is_pinned(headers: Iterable[tuple[str, str]]) -> bool:
    """Whether an answer says of itself that nothing but a redaction changes it."""
    caching = next((value for name, value in headers if name == "Cache-Control"), "")
    return _PINNED.search(caching) is not None


def put_standing(response: Response, head: Callable[[], int]) -> None:
    """Put on an answer what stands on every one, whoever makes it."""
    headers = response.headers
    headers["API-Version"] = API_VERSION
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = EXPOSED
    headers["X-Content-Type-Options"] = "nosniff"
    add_vary(response, "Accept")
    headers.add("Link", link(LICENCE, "license"))
    headers.add("Link", link("/openapi.yaml", "describedby", "application/yaml"))
    headers.add("Link", link("/openapi.yaml", "service-desc", "application/yaml"))
    with suppress(Exception):  # An answer that says the database is gone must go out.
        headers["Record-Position"] = str(head())
