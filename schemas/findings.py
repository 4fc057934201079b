"""The wire shape of findings."""

from marshmallow import fields, validate

from schemas.codelists import FindingKind, FindingStatus
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Text,
    Words,
    date_basis,
    ids,
    nullable_date,
    streams,
)


@event_data("finding.raised")
class FindingRaisedSchema(EventData):
    """The inspectorate found something; no bodies means all forces."""

    inspection = Id(load_default=None, allow_none=True)
    bodies = ids(load_default=list)
    kind = Code(FindingKind, required=True)
    accelerated = fields.Boolean(load_default=None, allow_none=True)
    raised_on = nullable_date()
    raised_on_basis = date_basis()
    outside_id = Text(80, load_default=None, allow_none=True)
    title = Words(2000)
    text = Words()


@event_data("finding.status-reported")
class FindingStatusReportedSchema(EventData):
    """Somebody said how far a finding has been answered."""

    status = Code(FindingStatus, load_default=None, allow_none=True)
    reported_on = nullable_date()
    reported_on_basis = date_basis()
    reported_by = Id(load_default=None, allow_none=True)
    status_word = Words(2000)
    note = Words()


@event_data("finding.commented")
class FindingCommentedSchema(EventData):
    """Somebody commented on a finding."""

    commented_on = nullable_date()
    commented_on_basis = date_basis()
    text = Words()


@event_data("finding.closed")
class FindingClosedSchema(EventData):
    """A finding was closed."""

    on = nullable_date()
    on_basis = date_basis()
    decided_by = Id(load_default=None, allow_none=True)
    note = Words()


@event_data("finding.reopened")
class FindingReopenedSchema(EventData):
    """A closed finding was opened again."""

    on = nullable_date()
    on_basis = date_basis()
    decided_by = Id(load_default=None, allow_none=True)
    note = Words()


@event_data("finding.superseded")
class FindingSupersededSchema(EventData):
    """Other findings took the place of a finding."""

    on = nullable_date()
    on_basis = date_basis()
    by = streams(required=True, validate=validate.Length(min=1, max=200))
    note = Words()
