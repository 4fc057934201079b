"""The wire shape of plans."""

from schemas.codelists import ActionStatus, Assessment, PlanOutcome
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Words,
    date_basis,
    nullable_date,
    streams,
)


@event_data("plan.opened")
class PlanOpenedSchema(EventData):
    """A force has an improvement plan."""

    body = Id(required=True)
    addresses = streams(load_default=list)
    opened_on = nullable_date()
    opened_on_basis = date_basis()
    title = Words(2000)
    summary = Words()


@event_data("plan.action-added")
class PlanActionAddedSchema(EventData):
    """A plan promises an action."""

    action = Id(required=True)
    due_on = nullable_date()
    due_on_basis = date_basis()
    text = Words()


@event_data("plan.progress-reported")
class PlanProgressReportedSchema(EventData):
    """Somebody claims progress; without an action, of the whole plan."""

    action = Id(load_default=None, allow_none=True)
    status = Code(ActionStatus, load_default=None, allow_none=True)
    reported_on = nullable_date()
    reported_on_basis = date_basis()
    reported_by = Id(load_default=None, allow_none=True)
    status_word = Words(2000)
    text = Words()


@event_data("plan.progress-assessed")
class PlanProgressAssessedSchema(EventData):
    """The inspectorate assessed progress; without an action, of the whole plan."""

    action = Id(load_default=None, allow_none=True)
    status = Code(Assessment, load_default=None, allow_none=True)
    assessed_on = nullable_date()
    assessed_on_basis = date_basis()
    inspection = Id(load_default=None, allow_none=True)
    status_word = Words(2000)
    text = Words()


@event_data("plan.closed")
class PlanClosedSchema(EventData):
    """A plan was closed."""

    closed_on = nullable_date()
    closed_on_basis = date_basis()
    outcome = Code(PlanOutcome, load_default=None, allow_none=True)
    note = Words()
