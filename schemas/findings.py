"""The wire shape of findings."""

from marshmallow import fields, validate

from schemas.body_columns import BodyColumns
from schemas.codelists import FindingKind, FindingStatus
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Text,
    Truth,
    Words,
    date_basis,
    ids,
    nullable_date,
    streams,
)
from schemas.listing import Flag, ItemSchema
from schemas.search import SearchedSchema


@event_data("finding.raised")
class FindingRaisedSchema(EventData):
    """The inspectorate found something; no bodies means all forces."""

    inspection = Id(load_default=None, allow_none=True)
    bodies = ids(load_default=list)
    kind = Code(FindingKind, required=True)
    accelerated = Truth(load_default=None, allow_none=True)
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


class FindingFilterSchema(SearchedSchema):
    """Which findings to list."""

    kind = Code(FindingKind, metadata={"description": "Only of this kind."})
    status = Code(
        FindingStatus,
        metadata={"description": "Only with this status: the latest, or on `as_of`."},
    )
    body = Id(metadata={"description": "Only those that name this body."})
    inspection = Id(metadata={"description": "Only of this inspection."})
    accelerated = Flag(metadata={"description": "Only accelerated ones, or others."})


class FindingSchema(ItemSchema, BodyColumns):
    """One finding, with its latest status, or that of the day asked for."""

    body = fields.String(
        allow_none=True, metadata={"description": "Null unless it names just one."}
    )
    bodies = fields.List(
        fields.String(), metadata={"description": "Empty: addressed to all forces."}
    )
    body_names = fields.List(fields.String())
    kind = Code(FindingKind)
    kind_label = fields.String()
    accelerated = fields.Boolean(allow_none=True)
    title = fields.String(allow_none=True)
    text = fields.String(allow_none=True)
    raised_on = fields.String(allow_none=True)
    raised_on_basis = fields.String(allow_none=True)
    raised_on_text = fields.String(allow_none=True)
    status = Code(FindingStatus, allow_none=True)
    status_label = fields.String(allow_none=True)
    status_word = fields.String(
        allow_none=True, metadata={"description": "The words of the source."}
    )
    status_note = fields.String(allow_none=True)
    status_on = fields.String(allow_none=True)
    status_on_basis = fields.String(allow_none=True)
    status_on_text = fields.String(allow_none=True)
    status_by = fields.String(allow_none=True)
    status_by_name = fields.String(allow_none=True)
    is_closed = fields.Boolean(
        metadata={"description": "Whether it was closed or superseded, as recorded."}
    )
    closed_on = fields.String(allow_none=True)
    closed_on_basis = fields.String(allow_none=True)
    closed_on_text = fields.String(allow_none=True)
    decided_by = fields.String(allow_none=True)
    superseded_by = fields.List(fields.String())
    comments = fields.Integer(metadata={"description": "How many; see /versions."})
    inspection = fields.String(allow_none=True)
    inspection_title = fields.String(allow_none=True)
    outside_id = fields.String(allow_none=True)
