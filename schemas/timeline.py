"""The wire shape of the timeline of a body, and of what was recorded of it."""

from marshmallow import fields, validate

from schemas.body_columns import BodyColumns
from schemas.codelists import Change, Confidence
from schemas.events import event_type
from schemas.fields import Closed, Code, Id, Open
from schemas.listing import (
    LARGEST,
    FilterSchema,
    LogPageSchema,
    PositionSchema,
    Whole,
    day,
)


class TimelineFilterSchema(FilterSchema):
    """Which part of a timeline."""


class TimelineSchema(BodyColumns):
    """One thing that happened: when in the world, and when it came on record."""

    id = fields.String(metadata={"description": "Its position, as text."})
    on = fields.String(
        allow_none=True,
        metadata={"description": "When it happened, as precise as known."},
    )
    on_basis = fields.String(allow_none=True)
    on_text = fields.String(allow_none=True)
    type = fields.String(metadata={"description": "What happened: `rating.awarded`."})
    sentence = fields.String(metadata={"description": "The same in plain English."})
    noun = fields.String()
    thing = fields.String(metadata={"description": "The id of the thing it is about."})
    stream = fields.String()
    version = fields.Integer()
    body = fields.String(
        allow_none=True, metadata={"description": "Null unless it concerns just one."}
    )
    bodies = fields.List(fields.String())
    position = fields.Integer()
    recorded_at = fields.String(metadata={"format": "date-time"})
    change = Code(Change)
    is_disputed = fields.Boolean()
    disputed_by = fields.List(fields.String())
    source_url = fields.String(allow_none=True)
    source_title = fields.String(allow_none=True)
    source_publisher = fields.String(allow_none=True)
    confidence = Code(Confidence, allow_none=True)
    more_source_urls = fields.List(fields.String())


class RecordedFilterSchema(LogPageSchema):
    """Since when."""

    since = day("Only what was recorded on that day (UTC) or since (YYYY-MM-DD).")
    after = Whole(
        validate=validate.Range(min=0, max=LARGEST),
        metadata={"description": "Only what follows this position of the log."},
    )


class RecordedKindsSchema(Closed):
    """Which events, by what they say."""

    type = event_type()
    change = Code(Change, metadata={"description": "Only of this kind of change."})


class ChangesFilterSchema(RecordedFilterSchema, RecordedKindsSchema):
    """Which events of all to list."""

    body = Id(metadata={"description": "Only about this body and its overseers."})


class BodyFeedSchema(PositionSchema, RecordedKindsSchema):
    """Which events about a body a feed tells of."""

    before = Whole(
        validate=validate.Range(min=1, max=LARGEST),
        metadata={"description": "Only those before that position: an archive."},
    )


class ChangesFeedSchema(BodyFeedSchema):
    """Which events of all a feed tells of."""

    body = Id(metadata={"description": "Only about this body and its overseers."})


class RecordedSchema(Open):
    """One event that concerns the body, and what it says in plain English."""

    id = fields.String(metadata={"description": "Its position, as text."})
    position = fields.Integer()
    recorded_at = fields.String(metadata={"format": "date-time"})
    change = Code(Change)
    change_label = fields.String()
    sentence = fields.String()
    type = fields.String()
    noun = fields.String()
    thing = fields.String()
    stream = fields.String()
    version = fields.Integer()
    on = fields.String(
        allow_none=True, metadata={"description": "When it happened in the world."}
    )
    on_basis = fields.String(allow_none=True)
    on_text = fields.String(allow_none=True)
