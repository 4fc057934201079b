"""Search: what is said and what is recorded, by its words."""

from typing import Any

from flask import Blueprint

from projections.made_of import ALL_TOLD
from projections.search import search as find
from schemas.search import FoundSchema, SearchSchema
from service.context import read_model
from service.http.contract import accepts, returns

search = Blueprint("search", __name__, url_prefix="/v1/search")


@search.get("")
@accepts(query=SearchSchema)
@returns(FoundSchema, many=True, made_of=ALL_TOLD)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """Search names, titles and words, the nearest first; CSV gives the first 1,000."""
    return find(read_model(), moment, page, **filters)
