"""The wire shape of programmes."""

from marshmallow import fields, validate

from schemas.codelists import Graded, Level
from schemas.events import event_data
from schemas.fields import (
    Closed,
    Code,
    EventData,
    Id,
    Open,
    Text,
    WholeNumber,
    Words,
    date_basis,
    nullable_date,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


class ScaleGradeSchema(Closed):
    """One grade of a scale; rank 1 is the best."""

    grade = Id(required=True)
    rank = WholeNumber(required=True, validate=validate.Range(min=1, max=20))
    label = Text(required=True)


class ScaleSchema(Closed):
    """A scale of grades."""

    id = Id(required=True)
    grades = fields.List(
        fields.Nested(ScaleGradeSchema),
        required=True,
        validate=validate.Length(min=2, max=20),
    )


@event_data("programme.announced")
class ProgrammeAnnouncedSchema(EventData):
    """A cycle of inspections was announced, with its scale of grades."""

    family = Id(required=True)
    title = Text(required=True)
    follows = Id(load_default=None, allow_none=True)
    scale = fields.Nested(ScaleSchema, load_default=None, allow_none=True)
    announced_on = nullable_date()
    announced_on_basis = date_basis()
    note = Words()


@event_data("programme.question-added")
class ProgrammeQuestionAddedSchema(EventData):
    """A programme asks a question, of which the concept outlives the wording."""

    question = Id(required=True)
    concept = Id(required=True)
    level = Code(Level, required=True)
    pillar = Id(load_default=None, allow_none=True)
    number = WholeNumber(
        load_default=None, allow_none=True, validate=validate.Range(min=1, max=999)
    )
    label = Text(required=True)
    text = Text(2000, load_default=None, allow_none=True)
    graded = Code(Graded, required=True)
    aliases = fields.List(Text(), load_default=list, validate=validate.Length(max=50))
    note = Words()


@event_data("programme.question-alias-added")
class ProgrammeQuestionAliasAddedSchema(EventData):
    """A question is also met under another label."""

    question = Id(required=True)
    alias = Text(2000, required=True)


class ProgrammeFilterSchema(SearchedSchema):
    """Which programmes to list."""

    family = Id(metadata={"description": "Only of this family: peel, regional-soc …"})


class QuestionSchema(Open):
    """One question of a programme."""

    question = fields.String()
    label = fields.String()
    concept = fields.String()
    level = Code(Level)
    pillar = fields.String(allow_none=True)
    number = fields.Integer(allow_none=True)
    text = fields.String(allow_none=True)
    graded = Code(Graded)
    aliases = fields.List(fields.String())


class ProgrammeSchema(ItemSchema):
    """One programme, as it stood."""

    family = fields.String()
    title = fields.String()
    follows = fields.String(allow_none=True)
    scale = fields.String(allow_none=True)
    grades = fields.List(
        fields.String(), metadata={"description": "The grades, the best first."}
    )
    questions = fields.List(fields.String(), metadata={"description": "Their ids."})
    announced_on = fields.String(allow_none=True)
    announced_on_basis = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
