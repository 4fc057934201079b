"""The wire shape of the grades of a body over time."""

from marshmallow import fields

from schemas.body_columns import BodyColumns
from schemas.codelists import Direction, Level, RatingBasis
from schemas.fields import Code, Id
from schemas.listing import FilterSchema


class GradeFilterSchema(FilterSchema):
    """Which grades of a body to show."""

    programme = Id(metadata={"description": "Only in this programme."})
    question = Id(metadata={"description": "Only on this question."})
    concept = Id(metadata={"description": "Only on this concept, across programmes."})


class GradeSchema(BodyColumns):
    """One grade of a body, and how it compares with the one before it."""

    id = fields.String(metadata={"description": "Of the rating."})
    family = fields.String(allow_none=True)
    concept = fields.String(allow_none=True)
    programme = fields.String()
    programme_title = fields.String(allow_none=True)
    programme_order = fields.Integer(metadata={"description": "In its family."})
    question = fields.String()
    question_label = fields.String(allow_none=True)
    level = Code(Level)
    grade = fields.String()
    grade_label = fields.String()
    grade_rank = fields.Integer(allow_none=True, metadata={"description": "1 is best."})
    grades = fields.Integer(metadata={"description": "How many the scale has."})
    scale = fields.String()
    basis = Code(RatingBasis)
    basis_label = fields.String()
    published_on = fields.String(allow_none=True)
    published_on_basis = fields.String(allow_none=True)
    published_on_text = fields.String(allow_none=True)
    in_force = fields.String(allow_none=True)
    after_rating = fields.String(
        allow_none=True, metadata={"description": "The rating before, if there is one."}
    )
    comparable = fields.Boolean(
        allow_none=True, metadata={"description": "With the one before it."}
    )
    why_not = fields.String(allow_none=True)
    direction = Code(Direction, allow_none=True)
    direction_label = fields.String(allow_none=True)
    change = fields.String(metadata={"description": "`correction`: it was put right."})
    is_disputed = fields.Boolean()
    position = fields.Integer()
