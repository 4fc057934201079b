"""Projections: the tables made from the log, and what anybody's copy must hash to."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Any

from flask import Blueprint, Response

from projections.listing import page_of
from projections.made_of import NOT_THE_LOG
from projections.read_model import CODE_VERSION
from schemas.status import (
    ProjectionFilterSchema,
    ProjectionSchema,
    RowsFilterSchema,
)
from service.context import head, read_model, record
from service.http.contract import accepts, returns, serves
from service.http.headers import FOR_SECONDS
from service.http.problems import ProblemError
from service.http.sending import sent_whole

projections = Blueprint("projections", __name__, url_prefix="/v1/projections")
JSON_LINES = "application/jsonl"
LINES = 1000  # In one part of a streamed answer.


@projections.get("")
@accepts(query=ProjectionFilterSchema)
@returns(ProjectionSchema, many=True, made_of=NOT_THE_LOG)
def index(moment: Any, page: Any, position: int | None = None) -> Any:
    """List the projections, each with its position and its latest digest."""
    kept = record().digests
    found = kept.latest() if position is None else kept.at(position)
    digests = {each["projection"]: each for each in found}
    rows = [_row(name, moment.head, digests) for name in read_model().names()]
    return page_of(rows, page, lambda row: (row["id"],))


@projections.get("/<name>/rows")
@serves({JSON_LINES: None}, query=RowsFilterSchema, problems=(400, 404, 503))
def rows(name: str, at_position: int | None = None) -> Response:
    """Show the rows of a projection as of a position, as its digest hashes them.

    Canonical JSON, a row a line, in the order of their keys; sealed words are
    commitments. The SHA-256 of the whole is the digest.
    """
    model, last = read_model(), head()
    if name not in model.names():
        similar = get_close_matches(name[:80], model.names(), n=3)
        detail = "There is no such projection: /v1/projections lists them."
        raise ProblemError("not-found", detail, {"did_you_mean": similar})
    at = last if at_position is None else at_position
    if at > last:
        detail = f"The last position is {last}."
        raise ProblemError("position-beyond-head", detail, {"head": last})
    return sent_whole(_in_parts(model.lines(name, at)), _in_json_lines)


def _in_json_lines(body: bytes | Iterator[bytes]) -> Response:
    headers = {"Cache-Control": FOR_SECONDS}
    return Response(body, content_type=JSON_LINES, headers=headers)


def _in_parts(lines: Iterable[bytes]) -> Iterator[bytes]:
    remaining = iter(lines)
    while part := b"".join(islice(remaining, LINES)):
        yield part


def _row(name: str, position: int, digests: dict[str, Any]) -> dict[str, Any]:
    latest = digests.get(name, {})
    return {
        "id": name,
        "position": position,
        "code_version": CODE_VERSION,
        "digest": latest.get("digest"),
        "digest_position": latest.get("position"),
    }
