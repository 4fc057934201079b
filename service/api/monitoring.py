"""Monitoring: the spells of forces in a phase of monitoring."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from projections.monitoring import get_monitoring, list_monitoring
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.monitoring import MonitoringFilterSchema, MonitoringSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

monitoring = Blueprint("monitoring", __name__, url_prefix="/v1/monitoring")


@monitoring.get("")
@accepts(query=MonitoringFilterSchema)
@returns(MonitoringSchema, many=True, made_of=ListOf("monitoring"))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List spells, by id; with `as_of`, those who were in a phase on that day."""
    return list_monitoring(read_model(), moment, page, **filters)


@monitoring.get("/<id>")
@accepts(query=MomentSchema)
@returns(MonitoringSchema, noun="monitoring", made_of=ItemOf("monitoring"))
def item(moment: Any, id: str) -> Any:
    """Show one spell."""
    return get_monitoring(read_model(), moment, id)


@monitoring.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(
    RecordedEventSchema, many=True, noun="monitoring", made_of=VersionsOf("monitoring")
)
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one spell, the first first."""
    return list_versions(read_model(), moment, page, f"monitoring-{id}")


add_revisions(monitoring, "monitoring", get_monitoring, MonitoringSchema)
