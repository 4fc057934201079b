"""The wire shape of the profile of a body."""

from marshmallow import fields

from schemas.bodies import BodySchema
from schemas.fields import Open
from schemas.inspections import InspectionSchema
from schemas.ratings import GradeChangeSchema, RatingSchema


class ProgrammeCoverageSchema(Open):
    """How many questions of a programme are in which state, for one body."""

    programme = fields.String()
    states = fields.Dict(keys=fields.String(), values=fields.Integer())
    held_text = fields.String(allow_none=True)


class ProfileSchema(Open):
    """What one page about a body needs."""

    body = fields.Nested(BodySchema)
    current_ratings = fields.List(
        fields.Nested(RatingSchema),
        metadata={"description": "In force on the day asked for, or today."},
    )
    undated_ratings = fields.Integer()
    recent_changes = fields.List(fields.Nested(GradeChangeSchema))
    inspections = fields.List(fields.Nested(InspectionSchema))
    coverage = fields.List(fields.Nested(ProgrammeCoverageSchema))
    members = fields.List(
        fields.String(), metadata={"description": "Of a region: its bodies."}
    )
