"""Timing: how long an answer took to make, in the header `Server-Timing`.

It is of one request, so it is told outside of whatever keeps answers.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_NOTES = "copperplate.timing"
_OF_HITS = [
    ("Server-Timing", f"total;dur={hundredths / 100:.2f}, cache;desc=hit")
    for hundredths in range(500)
]


def note(environ: WSGIEnvironment, said: str) -> None:
    """Let the header say one thing more of a request, such as `cache;desc=hit`."""
    environ.setdefault(_NOTES, []).append(said)


def of_hit(begun: float) -> tuple[str, str]:
    """Return the header of an answer that was at hand: most are ready-made."""
    hundredths = int((perf_counter() - begun) * 100_000 + 0.5)
    if hundredths < len(_OF_HITS):
        return _OF_HITS[hundredths]
    return "Server-Timing", f"{_since(begun, 'total')}, cache;desc=hit"


def measured(wsgi_app: WSGIApplication, name: str) -> Callable[..., Any]:
    """Note how long an app takes until it begins to answer."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        begun = perf_counter()

        def start(status: str, headers: Any, error: Any = None) -> Any:
            note(environ, _since(begun, name))
            return start_response(status, headers, error)

        return wsgi_app(environ, start)

    return app


def timed(wsgi_app: WSGIApplication) -> Callable[..., Any]:
    """Tell on each answer how long it took, and what was noted of it."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        begun = perf_counter()

        def start(status: str, headers: Any, error: Any = None) -> Any:
            said = _since(begun, "total")
            if _NOTES in environ:
                said = ", ".join((said, *environ[_NOTES]))
            # Others may keep the list that was given.
            return start_response(status, [*headers, ("Server-Timing", said)], error)

        return wsgi_app(environ, start)

    return app


def _since(begun: float, name: str) -> str:
    return f"{name};dur={(perf_counter() - begun) * 1000:.2f}"
