"""Inspections: what was published, when, and of whom."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.inspections import get_inspection, list_inspections
from projections.made_of import ItemOf, ListOf, VersionsOf
from schemas.events import RecordedEventSchema
from schemas.inspections import InspectionFilterSchema, InspectionSchema
from schemas.listing import LogPageSchema, MomentSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

inspections = Blueprint("inspections", __name__, url_prefix="/v1/inspections")


@inspections.get("")
@accepts(query=InspectionFilterSchema)
@returns(InspectionSchema, many=True, made_of=ListOf("inspection", ("programme",)))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List inspections, by id."""
    return list_inspections(read_model(), moment, page, **filters)


@inspections.get("/<id>")
@accepts(query=MomentSchema)
@returns(
    InspectionSchema, noun="inspection", made_of=ItemOf("inspection", ("programme",))
)
def item(moment: Any, id: str) -> Any:
    """Show one inspection."""
    return get_inspection(read_model(), moment, id)


@inspections.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(
    RecordedEventSchema, many=True, noun="inspection", made_of=VersionsOf("inspection")
)
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one inspection, the first first."""
    return list_versions(read_model(), moment, page, f"inspection-{id}")


add_revisions(inspections, "inspection", get_inspection, InspectionSchema)
