"""The wire shape of corrections, retractions and disputes."""

from marshmallow import fields, validate

from schemas.body_columns import BodyColumns
from schemas.codelists import AskedBy, CorrectionKind, Reason
from schemas.fields import Closed, Code, Id, Open, Stream
from schemas.listing import (
    LARGEST,
    ItemSchema,
    LogPageSchema,
    PositionSchema,
    RedactedSchema,
    Whole,
    day,
)

NOUNS = (
    "body",
    "commitment",
    "finding",
    "gap",
    "inspection",
    "monitoring",
    "plan",
    "programme",
    "rating",
    "session",
    "statement",
    "term",
)


class CorrectedSchema(Closed):
    """What was corrected, and by whose wish."""

    kind = Code(CorrectionKind, metadata={"description": "Only of this kind."})
    noun = fields.String(
        validate=validate.OneOf(NOUNS),
        metadata={"description": "Only of things of this noun."},
    )
    body = Id(metadata={"description": "Only about this body."})
    about = Stream(metadata={"description": "Only of this thing: `rating-…`."})
    reason = Code(Reason, metadata={"description": "Only for this reason."})
    asked_by = Code(AskedBy, metadata={"description": "Only asked for by these."})
    since = day("Only recorded on that day or later (UTC).")


class CorrectionFilterSchema(LogPageSchema, CorrectedSchema):
    """Which corrections to list."""


class CorrectionFeedSchema(PositionSchema, CorrectedSchema):
    """Which corrections the feed tells of."""

    before = Whole(
        validate=validate.Range(min=1, max=LARGEST),
        metadata={"description": "Only those before that position: an older page."},
    )


class DifferenceSchema(Open):
    """A member of which the two versions say other things."""

    member = fields.String(metadata={"description": "Its name in the event."})
    label = fields.String()
    was = fields.Raw(allow_none=True)
    now = fields.Raw(
        allow_none=True,
        metadata={"description": "Of a dispute: what the other source says."},
    )
    was_text = fields.String(allow_none=True, metadata={"description": "For people."})
    now_text = fields.String(allow_none=True, metadata={"description": "For people."})
    was_redacted = fields.Nested(RedactedSchema, allow_none=True)
    now_redacted = fields.Nested(RedactedSchema, allow_none=True)


class CorrectionSchema(ItemSchema, BodyColumns):
    """One correction, retraction or dispute: what was wrong, since when, who asked."""

    kind = Code(CorrectionKind)
    kind_label = fields.String()
    noun = fields.String(validate=validate.OneOf(NOUNS))
    thing = fields.String(metadata={"description": "The id of what is corrected."})
    stream = fields.String()
    label = fields.String(metadata={"description": "What people call the thing."})
    body = fields.String(
        allow_none=True,
        metadata={"description": "That it concerns; null: none, or several."},
    )
    bodies = fields.List(fields.String())
    sentence = fields.String(metadata={"description": "All of it, in plain English."})
    type = fields.String(metadata={"description": "`rating.corrected` …"})
    by = fields.String(metadata={"description": "The editor who recorded it."})
    of_type = fields.String(metadata={"description": "Of the event it is about."})
    of_version = fields.Integer()
    of_position = fields.Integer()
    of_recorded_at = fields.String(metadata={"format": "date-time"})
    is_whole = fields.Boolean(
        metadata={"description": "Whether the whole thing was taken back."}
    )
    stood_from = fields.String(
        metadata={
            "format": "date-time",
            "description": "Since when the version before stood on record.",
        }
    )
    stood_from_position = fields.Integer()
    stood_to = fields.String(
        allow_none=True,
        metadata={
            "format": "date-time",
            "description": "Until when; null: it still stands, beside a dispute.",
        },
    )
    reason = Code(Reason, allow_none=True)
    reason_label = fields.String(allow_none=True)
    reason_text = fields.String(allow_none=True)
    asked_by = Code(AskedBy, allow_none=True)
    asked_by_label = fields.String(allow_none=True)
    changes = fields.List(
        fields.Nested(DifferenceSchema),
        metadata={"description": "What was wrong, member by member."},
    )
    changes_text = fields.String(metadata={"description": "The same in one line."})
