"""The wire shape of the profile of a body."""

from marshmallow import fields

from schemas.bodies import BodySchema
from schemas.fields import Open
from schemas.findings import FindingSchema
from schemas.inspections import InspectionSchema
from schemas.listing import RedactedMemberSchema
from schemas.monitoring import MonitoringSchema
from schemas.ratings import GradeChangeSchema, RatingSchema
from schemas.responses import ResponseSchema


class ProgrammeCoverageSchema(Open):
    """How many questions of a programme are in which state, for one body."""

    programme = fields.String()
    states = fields.Dict(keys=fields.String(), values=fields.Integer())
    held_text = fields.String(allow_none=True)


class PlanNameSchema(Open):
    """A plan of a body."""

    id = fields.String()
    title = fields.String(allow_none=True)
    redacted = fields.List(
        fields.Nested(RedactedMemberSchema),
        metadata={"description": "The title, if its words were erased, and why."},
    )


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
    open_findings = fields.List(
        fields.Nested(FindingSchema),
        metadata={"description": "Not closed on the day asked for, or today."},
    )
    plans = fields.List(fields.Nested(PlanNameSchema))
    monitoring = fields.List(fields.Nested(MonitoringSchema))
    responses = fields.List(
        fields.Nested(ResponseSchema),
        metadata={"description": "Of the force, or of the overseer of forces."},
    )
