"""Findings: causes of concern, areas for improvement, recommendations, and more."""

from typing import Any

from flask import Blueprint

from projections.findings import get_finding, list_findings
from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from schemas.events import RecordedEventSchema
from schemas.findings import FindingFilterSchema, FindingSchema
from schemas.listing import LogPageSchema, MomentSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

findings = Blueprint("findings", __name__, url_prefix="/v1/findings")


@findings.get("")
@accepts(query=FindingFilterSchema)
@returns(
    FindingSchema,
    many=True,
    gaps="gaps.index",
    made_of=ListOf("finding", ("inspection",)),
)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List findings, by id, each with its latest status, or that of the day."""
    return list_findings(read_model(), moment, page, **filters)


@findings.get("/<id>")
@accepts(query=MomentSchema)
@returns(FindingSchema, noun="finding", made_of=ItemOf("finding", ("inspection",)))
def item(moment: Any, id: str) -> Any:
    """Show one finding."""
    return get_finding(read_model(), moment, id)


@findings.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="finding", made_of=VersionsOf("finding"))
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one finding, the first first."""
    return list_versions(read_model(), moment, page, f"finding-{id}")


add_revisions(findings, "finding", get_finding, FindingSchema)
