"""The log, for everybody's software: checkpoints, keys, tiles and entries.

C2SP tlog-tiles, tlog-checkpoint and signed-note say what each of them is.
"""

from typing import Any

from flask import Blueprint, Response

from projections.listing import Listing, number_of
from projections.made_of import NOT_THE_LOG
from projections.read_model import Row
from schemas.log import CheckpointSchema, LogFilterSchema
from service.context import record
from service.http.contract import accepts, returns, serves
from service.http.headers import FOR_SECONDS, IMMUTABLE
from service.http.problems import ProblemError
from service.log.notes import encode_base64, unverified_checkpoint
from service.log.reader import SignedSize
from service.log.tiles import ENTRIES, Tile, TileError, encode_entries

log = Blueprint("log", __name__, url_prefix="/log")
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


@log.get("/checkpoint")
@serves({"text/plain": None})
def checkpoint() -> Response:
    """Show the latest signed checkpoint of the log (C2SP tlog-checkpoint)."""
    return _respond(record().store.checkpoint(), TEXT, FOR_SECONDS)


@log.get("/checkpoints")
@accepts(query=LogFilterSchema)
@returns(CheckpointSchema, many=True, made_of=NOT_THE_LOG)
def checkpoints(moment: Any, page: Any, after: int = -1) -> Any:
    """List every checkpoint that was ever signed, the smallest first."""
    store, last = record().store, moment.position
    start = after if page.after is None else number_of(page.after)
    limit = page.limit or last + 1
    found = store.checkpoints(start, limit + 1, up_to=last)
    shown = found[:limit]
    last_key = (str(shown[-1].size),) if len(found) > limit else None
    total = store.count_checkpoints(after, last)
    return Listing([_row(each) for each in shown], total, last_key)


@log.get("/key")
@serves({"text/plain": None})
def key() -> Response:
    """List the keys that verify the log's signatures, one a line."""
    lines = "".join(f"{each}\n" for each in record().store.verifier_keys())
    return _respond(lines.encode(), TEXT, FOR_SECONDS)


@log.get("/tile/<level>/<path:n>")
@serves({BYTES: None}, problems=(404,))
def tile(level: str, n: str) -> Response:
    """Show a tile of hashes, or (level `entries`) a bundle of the leaves themselves.

    `n` is written in groups of three digits, all but the last after an `x`, and ends
    in `.p/` and a width where the tile is partial: `x001/x234/067.p/8`. Its slashes
    are part of the address.
    """
    asked = _parse(f"{level}/{n}")
    store = record().store
    if not asked.is_within(size := store.size()):
        raise _no_tile(f"A log of {size} events has no such tile.")
    if asked.level == ENTRIES:
        body = encode_entries(store.leaves(asked.start, asked.width))
    else:
        body = b"".join(store.hashes(asked.level, asked.start, asked.width))
    return _respond(body, BYTES, IMMUTABLE)


def _parse(path: str) -> Tile:
    try:
        return Tile.parse(path)
    except TileError as error:
        raise _no_tile(f"This is no address of a tile: {error}.") from error


def _no_tile(detail: str) -> ProblemError:
    # It may exist a moment later: nobody may keep it that it does not.
    headers = {"Cache-Control": "no-store"}
    return ProblemError("not-found", detail, {"did_you_mean": []}, headers)


def _row(signed: SignedSize) -> Row:
    root = encode_base64(unverified_checkpoint(signed.note).root)
    return {"size": signed.size, "root": root, "note": signed.note.decode()}


def _respond(body: bytes, content_type: str, caching: str) -> Response:
    headers = {"Cache-Control": caching}
    return Response(body, content_type=content_type, headers=headers)
