"""The headers that every answer bears, errors too, and the answer to OPTIONS."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from flask import Flask, Response, current_app, request

from service import context

API_VERSION = "1"
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
# What a page of another site may read of an answer, one a line.
EXPOSED = ", ".join(
    (
        "API-Version",
        "Allow",
        "Content-Disposition",
        "Content-Location",
        "ETag",
        "Link",
        "Location",
        "Memento-Datetime",
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
IMMUTABLE = "public, max-age=31536000, immutable"
FOR_SECONDS = "public, max-age=1"


def register_headers(app: Flask) -> None:
    """Put the headers on every answer, and answer OPTIONS."""
    app.before_request(_preflight)
    app.after_request(_add_headers)


def link(target: str, relation: str, media_type: str | None = None) -> str:
    """Return one link for the header `Link` (RFC 8288)."""
    kind = f'; type="{media_type}"' if media_type else ""
    return f'<{target}>; rel="{relation}"{kind}'


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


def _add_headers(response: Response) -> Response:
    put_standing(response, context.head)
    return response


def put_standing(response: Response, head: Callable[[], int]) -> None:
    """Put on an answer what stands on every one, whoever makes it."""
    headers = response.headers
    headers["API-Version"] = API_VERSION
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = EXPOSED
    headers["X-Content-Type-Options"] = "nosniff"
    response.vary.add("Accept")
    headers.add("Link", link(LICENCE, "license"))
    headers.add("Link", link("/openapi.yaml", "describedby", "application/yaml"))
    headers.add("Link", link("/openapi.yaml", "service-desc", "application/yaml"))
    with suppress(Exception):  # An answer that says the database is gone must go out.
        headers["Record-Position"] = str(head())
