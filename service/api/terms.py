"""Terms: who held which office, and when."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from projections.terms import get_term, list_terms
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.terms import TermFilterSchema, TermSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

terms = Blueprint("terms", __name__, url_prefix="/v1/terms")


@terms.get("")
@accepts(query=TermFilterSchema)
@returns(TermSchema, many=True, made_of=ListOf("term"))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List terms, by id."""
    return list_terms(read_model(), moment, page, **filters)


@terms.get("/<id>")
@accepts(query=MomentSchema)
@returns(TermSchema, noun="term", made_of=ItemOf("term"))
def item(moment: Any, id: str) -> Any:
    """Show one term."""
    return get_term(read_model(), moment, id)


@terms.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="term", made_of=VersionsOf("term"))
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one term, the first first."""
    return list_versions(read_model(), moment, page, f"term-{id}")


add_revisions(terms, "term", get_term, TermSchema)
