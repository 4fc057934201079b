"""Gaps: declared holes in the record."""

from typing import Any

from flask import Blueprint

from projections.gaps import get_gap, list_gaps
from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from schemas.events import RecordedEventSchema
from schemas.gaps import GapFilterSchema, GapSchema
from schemas.listing import LogPageSchema, MomentSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

gaps = Blueprint("gaps", __name__, url_prefix="/v1/gaps")


@gaps.get("")
@accepts(query=GapFilterSchema)
@returns(GapSchema, many=True, made_of=ListOf("gap", ("programme", "inspection")))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List declared holes in the record, by id."""
    return list_gaps(read_model(), moment, page, **filters)


@gaps.get("/<id>")
@accepts(query=MomentSchema)
@returns(GapSchema, noun="gap", made_of=ItemOf("gap", ("programme", "inspection")))
def item(moment: Any, id: str) -> Any:
    """Show one gap."""
    return get_gap(read_model(), moment, id)


@gaps.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="gap", made_of=VersionsOf("gap"))
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one gap, the first first."""
    return list_versions(read_model(), moment, page, f"gap-{id}")


add_revisions(gaps, "gap", get_gap, GapSchema)
