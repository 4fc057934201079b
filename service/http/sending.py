"""Sending: long answers are made whole first, and then sent by a permit."""

from collections.abc import Callable, Iterable, Iterator

from flask import Response, current_app, request

from service.context import SENDING
from service.http.addresses import client_address
from service.http.headers import repr_digest
from service.http.permits import TooManyReadersError
from service.http.spooling import Spool


def sent_whole(
    parts: Iterable[bytes], respond: Callable[[bytes | Iterator[bytes]], Response]
) -> Response:
    """Answer with parts, all made before: a slow reader holds no connection by them."""
    spool = Spool(parts)
    if not spool.is_large:
        return respond(spool.whole())
    response = respond(spool.parts())
    response.content_length = spool.size
    response.headers["Repr-Digest"] = repr_digest(spool.sha256)
    response.call_on_close(spool.close)
    if request.method == "HEAD":
        spool.close()
    return sent_by_permit(response)


def sent_by_permit(response: Response) -> Response:
    """Send an answer part by part by a permit, or raise TooManyReadersError.

    Whoever reads it slowly holds a thread for as long.
    """
    if request.method != "HEAD":
        try:
            held = current_app.extensions[SENDING].take(client_address())
        except TooManyReadersError:
            response.close()
            raise
        response.call_on_close(held.release)
    return response
