"""The log: its latest signed checkpoint, and the keys that verify it."""

from flask import Blueprint, Response

from service.context import record
from service.http.contract import serves

log = Blueprint("log", __name__, url_prefix="/log")
TEXT = "text/plain; charset=utf-8"


@log.get("/checkpoint")
@serves({"text/plain": None})
def checkpoint() -> Response:
    """Show the latest signed checkpoint of the log (C2SP tlog-checkpoint)."""
    return _respond(record().store.checkpoint())


@log.get("/key")
@serves({"text/plain": None})
def key() -> Response:
    """List the keys that verify the log's signatures, one a line."""
    lines = "".join(f"{each}\n" for each in record().store.verifier_keys())
    return _respond(lines.encode())


def _respond(body: bytes) -> Response:
    return Response(body, content_type=TEXT, headers={"Cache-Control": "no-cache"})
