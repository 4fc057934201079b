"""Plans: what a force promises, what it claims, what is assessed."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from projections.plans import get_plan, list_actions, list_plans, list_updates
from schemas.events import RecordedEventSchema
from schemas.listing import FilterSchema, LogPageSchema, MomentSchema
from schemas.plans import (
    PlanActionSchema,
    PlanFilterSchema,
    PlanSchema,
    PlanUpdateSchema,
)
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

plans = Blueprint("plans", __name__, url_prefix="/v1/plans")


@plans.get("")
@accepts(query=PlanFilterSchema)
@returns(PlanSchema, many=True, made_of=ListOf("plan"))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List plans, by id."""
    return list_plans(read_model(), moment, page, **filters)


@plans.get("/<id>")
@accepts(query=MomentSchema)
@returns(PlanSchema, noun="plan", made_of=ItemOf("plan", ("plan",)))
def item(moment: Any, id: str) -> Any:
    """Show one plan."""
    return get_plan(read_model(), moment, id)


@plans.get("/<id>/actions")
@accepts(query=FilterSchema)
@returns(PlanActionSchema, many=True, noun="plan", made_of=ItemOf("plan"))
def actions(moment: Any, page: Any, id: str) -> Any:
    """List the actions of one plan, with what is claimed and assessed of each."""
    return list_actions(read_model(), moment, page, id)


@plans.get("/<id>/updates")
@accepts(query=FilterSchema)
@returns(PlanUpdateSchema, many=True, noun="plan", made_of=ItemOf("plan"))
def updates(moment: Any, page: Any, id: str) -> Any:
    """List what was claimed and what was assessed of one plan, the oldest first."""
    return list_updates(read_model(), moment, page, id)


@plans.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="plan", made_of=VersionsOf("plan"))
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one plan, the first first."""
    return list_versions(read_model(), moment, page, f"plan-{id}")


add_revisions(plans, "plan", get_plan, PlanSchema)
