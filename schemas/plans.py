"""The wire shape of plans."""

from marshmallow import fields

from schemas.body_columns import BodyColumns
from schemas.codelists import ActionStatus, Assessment, PlanOutcome, UpdateKind
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Open,
    Stream,
    Words,
    date_basis,
    nullable_date,
    streams,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


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


class PlanFilterSchema(SearchedSchema):
    """Which plans to list."""

    body = Id(metadata={"description": "Only of this force."})
    addresses = Stream(
        metadata={"description": "Only those that address this: `rating-…`."}
    )


class ProgressColumns(Open):
    """The latest claim beside the latest assessment: neither stands for the other."""

    claimed_status = Code(
        ActionStatus,
        allow_none=True,
        metadata={"description": "What was last claimed by the force or another."},
    )
    claimed_status_label = fields.String(allow_none=True)
    claimed_word = fields.String(
        allow_none=True, metadata={"description": "The status in the source's words."}
    )
    claimed_on = fields.String(allow_none=True)
    claimed_on_basis = fields.String(allow_none=True)
    claimed_on_text = fields.String(allow_none=True)
    claimed_by = fields.String(
        allow_none=True, metadata={"description": "The body whose claim it is."}
    )
    assessed_status = Code(
        Assessment,
        allow_none=True,
        metadata={"description": "What the inspectorate last saw of it."},
    )
    assessed_status_label = fields.String(allow_none=True)
    assessed_word = fields.String(
        allow_none=True, metadata={"description": "The status in the source's words."}
    )
    assessed_on = fields.String(allow_none=True)
    assessed_on_basis = fields.String(allow_none=True)
    assessed_on_text = fields.String(allow_none=True)
    assessed_in = fields.String(
        allow_none=True, metadata={"description": "The inspection that assessed it."}
    )


class PlanColumns(BodyColumns):
    """What a plan says of itself."""

    title = fields.String(allow_none=True)
    summary = fields.String(allow_none=True)
    addresses = fields.List(
        fields.String(), metadata={"description": "The streams of what it answers."}
    )
    related_plans = fields.List(
        fields.String(),
        metadata={"description": "Plans of the body that address one of the same."},
    )
    actions = fields.Integer(metadata={"description": "How many it promises."})
    updates = fields.Integer(
        metadata={"description": "Claims and assessments, of it and of its actions."}
    )
    opened_on = fields.String(allow_none=True)
    opened_on_basis = fields.String(allow_none=True)
    opened_on_text = fields.String(allow_none=True)
    closed_on = fields.String(allow_none=True)
    closed_on_basis = fields.String(allow_none=True)
    closed_on_text = fields.String(allow_none=True)
    outcome = Code(PlanOutcome, allow_none=True)
    outcome_label = fields.String(allow_none=True)
    closing_note = fields.String(allow_none=True)


class PlanSchema(ItemSchema, ProgressColumns, PlanColumns):
    """One improvement plan, as it stood, with the progress of it as a whole."""


class ActionColumns(BodyColumns):
    """What an action of a plan says of itself."""

    action = fields.String(
        allow_none=True, metadata={"description": "Its id within the plan: `a1`."}
    )
    text = fields.String(allow_none=True)
    due_on = fields.String(allow_none=True)
    due_on_basis = fields.String(allow_none=True)
    due_on_text = fields.String(allow_none=True)


class PlanActionSchema(ItemSchema, ProgressColumns, ActionColumns):
    """One action of a plan; `id` is that of the plan, `version` the action's own."""


class PlanUpdateSchema(ItemSchema, BodyColumns):
    """One claim or assessment; `id` is that of the plan, `version` its own."""

    action = fields.String(
        allow_none=True, metadata={"description": "The action; null: the whole plan."}
    )
    kind = Code(UpdateKind)
    kind_label = fields.String()
    status = fields.String(
        allow_none=True,
        metadata={"description": "Claims and assessments have words of their own."},
    )
    status_label = fields.String(allow_none=True)
    status_word = fields.String(
        allow_none=True, metadata={"description": "The status in the source's words."}
    )
    made_on = fields.String(
        allow_none=True,
        metadata={"description": "The day of the claim, or of the assessment."},
    )
    made_on_basis = fields.String(allow_none=True)
    made_on_text = fields.String(allow_none=True)
    by = fields.String(
        allow_none=True, metadata={"description": "The body whose word it is."}
    )
    by_name = fields.String(allow_none=True)
    inspection = fields.String(
        allow_none=True, metadata={"description": "The inspection that assessed it."}
    )
    text = fields.String(allow_none=True)
