"""Sources: the addresses that facts rest on, and what is kept of them."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.listing import Listing
from projections.read_model import ReadModel
from projections.sources import get_source, list_citations, list_sources
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.sources import CitationSchema, CitedSourceSchema, SourceFilterSchema
from service.context import read_model
from service.http.contract import accepts, returns

sources = Blueprint("sources", __name__, url_prefix="/v1/sources")


@sources.get("")
@accepts(query=SourceFilterSchema)
@returns(CitedSourceSchema, many=True)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List the addresses that facts rest on, by id: what is kept, when last checked."""
    return list_sources(read_model(), moment, page, **filters)


@sources.get("/<id>")
@accepts(query=MomentSchema)
@returns(CitedSourceSchema, noun="source")
def item(moment: Any, id: str) -> Any:
    """Show one address; its id is the beginning of the hash of the address."""
    return get_source(read_model(), moment, id)


@sources.get("/<id>/citations")
@accepts(query=LogPageSchema)
@returns(CitationSchema, many=True, noun="source")
def cited_by(moment: Any, page: Any, id: str) -> Any:
    """List the events that cite one address, in the order of the log."""
    return list_citations(read_model(), moment, page, id)


@sources.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="source")
def versions(moment: Any, page: Any, id: str) -> Any:
    """List every look at one address, the first first; none if it is only cited."""
    found = list_versions(read_model(), moment, page, f"source-{id}")
    return found or _unchecked(read_model(), moment, id)


def _unchecked(db: ReadModel, moment: Any, id: str) -> Listing | None:
    return Listing([], 0) if get_source(db, moment, id) else None
