"""The wire shape of coverage: what the record holds, and what it does not."""

from marshmallow import fields

from schemas.body_columns import BodyColumns
from schemas.codelists import CoverageState
from schemas.fields import Code, Id
from schemas.listing import FilterSchema


class CoverageFilterSchema(FilterSchema):
    """Which part of the coverage to list."""

    programme = Id(metadata={"description": "Only of this programme."})
    body = Id(metadata={"description": "Only of this body."})
    state = Code(CoverageState, metadata={"description": "Only in this state."})


class CoverageSchema(BodyColumns):
    """One question for one body: graded, or why there is no grade."""

    id = fields.String()
    programme = fields.String()
    programme_title = fields.String(allow_none=True)
    question = fields.String()
    question_label = fields.String()
    level = fields.String()
    state = Code(CoverageState)
    state_label = fields.String()
    rating = fields.String(allow_none=True)
    grade = fields.String(allow_none=True)
    areas_held = fields.Integer(
        metadata={"description": "Grades held for the body in the programme."}
    )
    areas_stated = fields.List(
        fields.Integer(),
        metadata={"description": "Published totals; two where sources conflict."},
    )
    held_text = fields.String(allow_none=True)
    gap = fields.String(
        allow_none=True, metadata={"description": "The declared gap that says why."}
    )
    gap_note = fields.String(allow_none=True)
