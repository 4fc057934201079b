"""The wire shape of monitoring."""

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
