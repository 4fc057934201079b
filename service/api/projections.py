"""Projections: the tables made from the log, and what anybody's copy must hash to."""

from typing import Any

from flask import Blueprint

from projections.listing import page_of
from projections.read_model import CODE_VERSION
from schemas.listing import PagingSchema
from schemas.status import ProjectionSchema
from service.context import read_model, record
from service.http.contract import accepts, returns

projections = Blueprint("projections", __name__, url_prefix="/v1/projections")


@projections.get("")
@accepts(query=PagingSchema)
@returns(ProjectionSchema, many=True)
def index(moment: Any, page: Any) -> Any:
    """List the projections, each with its position and its latest digest."""
    digests = {each["projection"]: each for each in record().digests.latest()}
    rows = [_row(name, moment.head, digests) for name in read_model().names()]
    return page_of(rows, page, lambda row: (row["id"],))


def _row(name: str, position: int, digests: dict[str, Any]) -> dict[str, Any]:
    latest = digests.get(name, {})
    return {
        "id": name,
        "position": position,
        "code_version": CODE_VERSION,
        "digest": latest.get("digest"),
        "digest_position": latest.get("position"),
    }
