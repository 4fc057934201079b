"""The composition root: the one place where the parts are put together."""

from collections.abc import Callable, Sequence
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Blueprint, Flask

from service import context
from service.api import catalogue
from service.http.access import register_access
from service.http.answer_cache import AnswerCache
from service.http.at_hand import at_hand
from service.http.codings import register_codings
from service.http.errors import register_errors
from service.http.headers import register_headers
from service.http.limited import counter, limit
from service.http.rate_limit import RateLimiter
from service.http.representations import FORMS, strip_suffix
from service.http.routing import PositionConverter
from service.http.timing import measured, timed
from service.record import Record


def create_app(
    record: Record | None, blueprints: Sequence[Blueprint] = catalogue.ALL
) -> Flask:
    """Return the app that serves a record; without one it can only be described.

    Raises UnguardedError if a rule changes something and does not say who may use it.
    """
    app = _App(__name__, static_folder=None)
    app.url_map.converters["position"] = PositionConverter
    app.url_map.merge_slashes = False  # Each answer has one address.
    context.init_app(app, record)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    register_access(app)
    register_errors(app)
    register_headers(app)
    register_codings(app)  # Last, so that it is done before headers tell of the bytes.
    paths = [rule.rule for rule in app.url_map.iter_rules()]
    keep = [path for path in paths if path.rpartition(".")[2] in FORMS]
    # The way that Flask documents for what stands before an app.
    app.wsgi_app = _in_front(app, keep, record)  # type: ignore[method-assign]
    return app


class _App(Flask):
    """An app of which nothing is a coroutine: it need not look at each function."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return what is called, as it is."""
        return func


def _in_front(
    app: Flask, keep: Sequence[str], record: Record | None
) -> Callable[..., Any]:
    """Return the app with what comes before it, the innermost first."""
    inner: WSGIApplication = measured(strip_suffix(app.wsgi_app, keep), "render")
    if record is None:
        return timed(inner)
    inner = cache = app.extensions[context.CACHE] = AnswerCache(inner, record)
    count = None
    if record.settings.rate_limit:
        limiter = RateLimiter(record.settings.rate_limit, record.redis)
        app.extensions[context.LIMITER] = limiter
        inner, count = limit(inner, limiter, record), counter(limiter, record)
    return at_hand(timed(inner), cache, count)
