"""Responses: the duty to answer a report, and what is held of it."""

from typing import Any

from flask import Blueprint

from projections.made_of import AboutBody
from projections.responses import list_responses
from schemas.responses import ResponseFilterSchema, ResponseSchema
from service.context import read_model
from service.http.contract import accepts, returns

responses = Blueprint("responses", __name__, url_prefix="/v1/responses")


@responses.get("")
@accepts(query=ResponseFilterSchema)
@returns(
    ResponseSchema,
    many=True,
    gaps="gaps.index",
    made_of=AboutBody(("inspection", "statement", "gap")),
)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List the duties to respond to reports: what is held of each, and what is not."""
    return list_responses(read_model(), moment, page, **filters)
