"""The gate before everything: who sends too much is refused before any work is done.

It stands before kept answers too. What is free is known once it is answered, so that a
request is charged then: unchanged, pinned and bulk answers are. A key lifts limits.
"""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Response

from service.editors import authenticate
from service.http.access import EDITOR
from service.http.addresses import address_of
from service.http.errors import respond
from service.http.headers import is_pinned, put_standing
from service.http.problems import ProblemError
from service.http.rate_limit import RateLimiter
from service.record import Record

PROBES = frozenset(("/healthz", "/readyz"))  # Whoever watches the service asks these.
_BEARER = "bearer "
Headers = tuple[tuple[str, str], ...]
Counter = Callable[[WSGIEnvironment, bool], Headers | None]


def limit(
    wsgi_app: WSGIApplication, limiter: RateLimiter, record: Record
) -> Callable[..., Any]:
    """Let each address have of an app what the limiter allows."""
    proxies = record.settings.trusted_proxies

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        if environ.get("PATH_INFO") in PROBES or _lifts_limits(environ, record):
            return wsgi_app(environ, start_response)
        address = address_of(environ, proxies)

        def start(status: str, headers: Any, error: Any = None) -> Any:
            count = limiter.used if _is_free(status, headers) else limiter.charge
            left = limiter.headers(count(address))
            # Others may keep the list that was given.
            return start_response(status, [*headers, *left], error)

        if wait := limiter.wait(limiter.used(address)):
            limiter.refused += 1
            return _refusal(wait, record)(environ, start)
        return wsgi_app(environ, start)

    return app


def counter(limiter: RateLimiter, record: Record) -> Counter:
    """Return what counts a request at once, where it is known what it is to be given.

    It returns the headers that tell of it, None for one that the gate is to refuse.
    """
    proxies = record.settings.trusted_proxies

    def count(environ: WSGIEnvironment, is_free: bool) -> Headers | None:
        return limiter.take(address_of(environ, proxies), is_free=is_free)

    return count


def _is_free(status: str, headers: Iterable[tuple[str, str]]) -> bool:
    return status[:3] in ("304", "429") or is_pinned(headers)


def _lifts_limits(environ: WSGIEnvironment, record: Record) -> bool:
    """Whether the request bears the key of an editor."""
    given = environ.get("HTTP_AUTHORIZATION", "")
    if given[: len(_BEARER)].lower() != _BEARER:
        return False
    try:
        found = authenticate(record, given[len(_BEARER) :].strip())
    except Exception:  # The app tells what the matter is with the database.
        return False
    environ[EDITOR] = found
    return found is not None


def _refusal(wait: int, record: Record) -> Response:
    detail = f"You have sent too many requests: wait {wait} s, then go on more slowly."
    problem = ProblemError("rate-limited", detail, headers={"Retry-After": str(wait)})
    response = respond(problem)
    put_standing(response, lambda: record.read_model.position)
    return response
