"""The wire shape of ratings, of the matrix, and of changes of grades."""

from marshmallow import INCLUDE, fields

from schemas.body_columns import BodyColumns
from schemas.codelists import Direction, Level, RatingBasis
from schemas.events import event_data
from schemas.fields import (
    Code,
    EventData,
    Id,
    Words,
    date_basis,
    nullable_date,
)
from schemas.listing import FilterSchema, ItemSchema, day


@event_data("rating.awarded")
class RatingAwardedSchema(EventData):
    """The inspectorate gave a grade; a null date means the inspection's."""

    inspection = Id(required=True)
    programme = Id(required=True)
    body = Id(required=True)
    question = Id(required=True)
    level = Code(Level, required=True)
    scale = Id(required=True)
    grade = Id(required=True)
    basis = Code(RatingBasis, required=True)
    carried_from = Id(load_default=None, allow_none=True)
    published_on = nullable_date()
    published_on_basis = date_basis()
    note = Words()


class RatingFilterSchema(FilterSchema):
    """Which ratings to list."""

    body = Id(metadata={"description": "Only of this body."})
    programme = Id(metadata={"description": "Only in this programme."})
    question = Id(metadata={"description": "Only on this question."})
    concept = Id(metadata={"description": "Only on this concept, across programmes."})
    grade = Id(metadata={"description": "Only this grade: `requires-improvement` …"})
    basis = Code(RatingBasis, metadata={"description": "Only on this basis."})
    inspection = Id(metadata={"description": "Only of this inspection."})


class RatingSchema(ItemSchema, BodyColumns):
    """One grade, as it stood."""

    programme = fields.String()
    programme_title = fields.String(allow_none=True)
    family = fields.String(allow_none=True)
    question = fields.String()
    question_label = fields.String(allow_none=True)
    concept = fields.String(allow_none=True)
    level = Code(Level)
    level_label = fields.String()
    grade = fields.String()
    grade_label = fields.String()
    grade_rank = fields.Integer(allow_none=True, metadata={"description": "1 is best."})
    scale = fields.String()
    basis = Code(RatingBasis)
    basis_label = fields.String()
    carried_from = fields.String(allow_none=True)
    published_on = fields.String(allow_none=True)
    published_on_basis = fields.String(allow_none=True)
    published_on_text = fields.String(allow_none=True)
    age_days = fields.Integer(
        allow_none=True,
        metadata={"description": "Days from publication to the day asked for."},
    )
    inspection = fields.String()
    inspection_title = fields.String(allow_none=True)
    superseded_by = fields.String(
        allow_none=True, metadata={"description": "The rating that took its place."}
    )
    note = fields.String(allow_none=True)


class MatrixFilterSchema(FilterSchema):
    """Which programme to lay out."""

    programme = Id(required=True, metadata={"description": "The programme to lay out."})


class MatrixRowSchema(BodyColumns):
    """One body, and under each question of the programme its grade or null."""

    class Meta:
        """Show a member for each question, which no schema can know."""

        unknown = INCLUDE


class ChangeFilterSchema(FilterSchema):
    """Which moves of grades to list."""

    body = Id(metadata={"description": "Only of this body."})
    programme = Id(metadata={"description": "Only moves into this programme."})
    concept = Id(metadata={"description": "Only on this concept."})
    direction = Code(
        Direction, metadata={"description": "Only comparable moves that way."}
    )
    since = day("Only moves published on that day or since (YYYY-MM-DD).")


class GradeChangeSchema(BodyColumns):
    """A move from one grade to the next of the same body, concept and family."""

    id = fields.String()
    family = fields.String()
    concept = fields.String()
    from_rating = fields.String()
    from_programme = fields.String()
    from_question = fields.String()
    from_grade = fields.String()
    from_published_on = fields.String(allow_none=True)
    to_rating = fields.String()
    to_programme = fields.String()
    to_question = fields.String()
    to_grade = fields.String()
    to_published_on = fields.String(allow_none=True)
    comparable = fields.Boolean()
    why_not = fields.String(
        allow_none=True, metadata={"description": "Why the grades do not compare."}
    )
    direction = Code(Direction, allow_none=True)
    direction_label = fields.String(allow_none=True)
    position = fields.Integer()
