"""The wire shape of monitoring."""

from marshmallow import fields

from schemas.body_columns import BodyColumns
from schemas.codelists import Phase
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Words,
    date_basis,
    nullable_date,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


@event_data("monitoring.entered")
class MonitoringEnteredSchema(EventData):
    """A force was moved into a phase of monitoring."""

    body = Id(required=True)
    phase = Code(Phase, required=True)
    entered_on = nullable_date()
    entered_on_basis = date_basis()
    note = Words()


@event_data("monitoring.observed")
class MonitoringObservedSchema(EventData):
    """A source says that on a day the force was in the phase."""

    observed_on = nullable_date()
    observed_on_basis = date_basis()
    note = Words()


@event_data("monitoring.left")
class MonitoringLeftSchema(EventData):
    """A force was moved out of a phase of monitoring."""

    left_on = nullable_date()
    left_on_basis = date_basis()
    to_phase = Code(Phase, load_default=None, allow_none=True)
    note = Words()


class MonitoringFilterSchema(SearchedSchema):
    """Which spells to list."""

    body = Id(metadata={"description": "Only of this body."})
    phase = Code(Phase, metadata={"description": "Only in this phase."})


class MonitoringSchema(ItemSchema, BodyColumns):
    """One spell of one force in one phase.

    A spell with no end is `certain` to its last observation, and `unknown` after it.
    """

    phase = Code(Phase)
    phase_label = fields.String()
    entered_on = fields.String(allow_none=True)
    entered_on_basis = fields.String(allow_none=True)
    entered_on_text = fields.String(allow_none=True)
    observed_on = fields.String(
        allow_none=True, metadata={"description": "The last observation in the phase."}
    )
    observed_on_basis = fields.String(allow_none=True)
    observed_on_text = fields.String(allow_none=True)
    has_ended = fields.Boolean()
    left_on = fields.String(
        allow_none=True, metadata={"description": "The last day on which it held."}
    )
    left_on_basis = fields.String(allow_none=True)
    left_on_text = fields.String(allow_none=True)
    to_phase = Code(Phase, allow_none=True)
    to_phase_label = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
