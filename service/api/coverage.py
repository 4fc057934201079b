"""Coverage: what the record holds of each question for each body, and what not."""

from typing import Any

from flask import Blueprint

from projections.coverage import list_coverage
from projections.made_of import AboutBody
from schemas.coverage import CoverageFilterSchema, CoverageSchema
from service.context import read_model
from service.http.contract import accepts, returns

coverage = Blueprint("coverage", __name__, url_prefix="/v1/coverage")


@coverage.get("")
@accepts(query=CoverageFilterSchema)
@returns(CoverageSchema, many=True, made_of=AboutBody(("rating", "inspection", "gap")))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List every body and question: graded, or why there is no grade here."""
    return list_coverage(read_model(), moment, page, **filters)
