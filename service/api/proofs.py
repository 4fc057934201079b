"""Proofs: that an event is in the log, and that the log has only grown."""

from collections.abc import Sequence
from typing import Any

import orjson
from flask import Blueprint, Response

from schemas.log import (
    ConsistencyFilterSchema,
    ConsistencyProofSchema,
    InclusionFilterSchema,
    InclusionProofSchema,
)
from service.context import record
from service.http.contract import serves
from service.http.headers import FOR_SECONDS, IMMUTABLE
from service.http.problems import ProblemError
from service.http.queries import fault
from service.log import proofs as made
from service.log.notes import encode_base64
from service.log.reader import LogReader

proofs = Blueprint("proofs", __name__, url_prefix="/v1/log/proofs")
TEXT = "text/plain; charset=utf-8"


@proofs.get("/inclusion/<position:position>")
@serves(
    {"application/json": InclusionProofSchema},
    query=InclusionFilterSchema,
    problems=(400, 404),
)
def inclusion(position: int, size: int | None = None) -> Response:
    """Prove that the event at a position is in the tree of a size.

    The same proof as a file, with the checkpoint: `….tlog-proof` (C2SP tlog-proof).
    """
    store = record().store
    found = _size(store, position, size)
    is_pinned = size is not None and _is_settled(store, found)
    return _json(inclusion_in(store, position, found), is_pinned=is_pinned)


@proofs.get("/inclusion/<position:position>.tlog-proof")
@serves({"text/plain": None}, query=InclusionFilterSchema, problems=(400, 404))
def inclusion_file(position: int, size: int | None = None) -> Response:
    """Prove that an event is in the log, in one file to keep (C2SP tlog-proof)."""
    store = record().store
    found = _size(store, position, size)
    note = store.checkpoint_at(found)
    if note is None:
        raise _never_signed(store, found)
    hashes = made.inclusion(store.hashes, position - 1, found)
    lines = ["c2sp.org/tlog-proof@v1", f"index {position - 1}"]
    lines += [*map(encode_base64, hashes), "", ""]
    is_pinned = bool(size) and _is_settled(store, found)
    response = _respond("\n".join(lines).encode() + note, TEXT, is_pinned=is_pinned)
    name = f"copperplate-{position}.tlog-proof"
    response.headers["Content-Disposition"] = f"inline; filename={name}"
    return response


@proofs.get("/consistency")
@serves(
    {"application/json": ConsistencyProofSchema},
    query=ConsistencyFilterSchema,
    problems=(400,),
)
def consistency(**sizes: int) -> Response:
    """Prove that the log at one size begins with all that it held at another."""
    store, old = record().store, sizes["from"]
    head = store.size()
    new = sizes.get("to", head)
    if new > head or old > new:
        raise _beyond_head(head) if max(old, new) > head else _in_wrong_order()
    note = store.checkpoint_at(new)
    members = {
        "from_size": old,
        "from_root": encode_base64(made.root(store.hashes, old)),
        "to_size": new,
        "to_root": encode_base64(made.root(store.hashes, new)),
        "hashes": list(map(encode_base64, made.consistency(store.hashes, old, new))),
        "checkpoint": note and note.decode(),
    }
    return _json(members, is_pinned="to" in sizes and _is_settled(store, new))


def inclusion_in(store: LogReader, position: int, size: int) -> dict[str, Any]:
    """Return the proof that the event at a position is in the tree of a size."""
    [leaf_hash] = store.hashes(0, position - 1, 1)
    hashes = made.inclusion(store.hashes, position - 1, size)
    root, note = made.root(store.hashes, size), store.checkpoint_at(size)
    return _inclusion(position, size, leaf_hash, root, hashes, note)


def first_inclusion_of(store: LogReader, position: int) -> dict[str, Any]:
    """Return the proof of an event in the tree of the checkpoint that first held it."""
    if found := store.proved(position):
        return _inclusion(position, *found)
    [first] = store.checkpoints(after=position - 1, limit=1)
    return inclusion_in(store, position, first.size)


def _inclusion(
    position: int,
    size: int,
    leaf_hash: bytes,
    root: bytes,
    hashes: Sequence[bytes],
    note: bytes | None,
) -> dict[str, Any]:
    return {
        "position": position,
        "index": position - 1,
        "size": size,
        "leaf_hash": encode_base64(leaf_hash),
        "root": encode_base64(root),
        "hashes": list(map(encode_base64, hashes)),
        "checkpoint": note and note.decode(),
    }


def _size(store: LogReader, position: int, asked: int | None) -> int:
    """Return the size of the tree in which an event is to be proved."""
    head = store.size()
    if position > head:
        detail = f"The last position is {head}."
        raise ProblemError("not-found", detail, {"did_you_mean": []})
    if asked is None:
        return head
    if asked > head:
        raise _beyond_head(head)
    if asked < position:
        raise _invalid("size", f"The event came after the tree of {asked} events.")
    return asked


def _is_settled(store: LogReader, size: int) -> bool:
    """Whether no witness will cosign a size any more: they sign the latest."""
    return size < store.size()


def _beyond_head(head: int) -> ProblemError:
    detail = f"The log has {head} events."
    return ProblemError("position-beyond-head", detail, {"head": head})


def _in_wrong_order() -> ProblemError:
    return _invalid("from", "The older size is beyond the newer one.")


def _invalid(parameter: str, detail: str) -> ProblemError:
    members = {"errors": [fault(parameter, detail)]}
    return ProblemError("invalid-parameter", f"{parameter}: {detail}", members)


def _never_signed(store: LogReader, size: int) -> ProblemError:
    [following] = store.checkpoints(after=size, limit=1)
    detail = f"No checkpoint was signed at {size} events; the next one is at "
    members = {"did_you_mean": [str(following.size)]}
    return ProblemError("not-found", f"{detail}{following.size}.", members)


def _json(members: dict[str, Any], *, is_pinned: bool) -> Response:
    return _respond(orjson.dumps(members), "application/json", is_pinned=is_pinned)


def _respond(body: bytes, content_type: str, *, is_pinned: bool) -> Response:
    headers = {"Cache-Control": IMMUTABLE if is_pinned else FOR_SECONDS}
    return Response(body, content_type=content_type, headers=headers)
