"""What is at hand: kept answers that are given in the fewest steps.

It stands before the timing, the gate and the cache, and does in one step what they do,
with the same outcome. All that is not at hand, or is to be refused, goes through them.
"""

from time import perf_counter
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.http.answer_cache import AnswerCache
from service.http.limited import Counter
from service.http.timing import of_hit


def at_hand(
    wsgi_app: WSGIApplication, cache: AnswerCache, count: Counter | None
) -> WSGIApplication:
    """Give what the cache has at hand, and let the app answer all else."""
    find = cache.at_hand

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        begun = perf_counter()
        kept = find(environ)
        if kept is None:
            return wsgi_app(environ, start_response)
        is_held = "HTTP_IF_NONE_MATCH" in environ and kept.is_held(environ)
        body = kept.body
        if body is None and not is_held:
            return wsgi_app(environ, start_response)
        headers = kept.given_unchanged if is_held else kept.given
        if count is None:
            headers = [*headers, of_hit(begun)]
        elif left := count(environ, is_held or kept.is_pinned):
            headers = [*headers, *left, of_hit(begun)]
        else:
            return wsgi_app(environ, start_response)
        if is_held or body is None:
            start_response("304 NOT MODIFIED", headers)
            return []
        start_response("200 OK", headers)
        return [body]

    return app
