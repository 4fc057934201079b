"""The wire shape of inspections."""

from marshmallow import fields, validate

from schemas.codelists import InspectionKind
from schemas.events import event_data
from schemas.fields import (
    Closed,
    Code,
    EventData,
    Id,
    Text,
    Truth,
    Url,
    WholeNumber,
    Words,
    date_basis,
    ids,
    nullable_date,
)
from schemas.listing import ItemSchema
from schemas.search import SearchedSchema


@event_data("inspection.announced")
class InspectionAnnouncedSchema(EventData):
    """An inspection is to come, or under way."""

    programme = Id(load_default=None, allow_none=True)
    title = Text(required=True)
    subjects = ids(required=True)
    announced_on = nullable_date()
    announced_on_basis = date_basis()
    note = Words()


@event_data("inspection.published")
class InspectionPublishedSchema(EventData):
    """The report, or the letter, was published."""

    kind = Code(InspectionKind, required=True)
    programme = Id(load_default=None, allow_none=True)
    title = Text(required=True)
    subjects = ids(required=True)
    published_on = nullable_date()
    published_on_basis = date_basis()
    report_url = Url(load_default=None, allow_none=True)
    section_55 = Truth(load_default=None, allow_none=True)
    note = Words()


@event_data("inspection.fieldwork-stated")
class InspectionFieldworkStatedSchema(EventData):
    """A source says when some of the subjects were inspected."""

    subjects = ids(required=True)
    fieldwork_from = nullable_date()
    fieldwork_from_basis = date_basis()
    fieldwork_to = nullable_date()
    fieldwork_to_basis = date_basis()
    note = Words()


class GradeCountSchema(Closed):
    """How many areas got one grade."""

    grade = Id(required=True)
    count = WholeNumber(required=True, validate=validate.Range(min=0, max=999))


@event_data("inspection.totals-stated")
class InspectionTotalsStatedSchema(EventData):
    """A source says how many areas of a body got which grade."""

    body = Id(required=True)
    areas = WholeNumber(
        load_default=None, allow_none=True, validate=validate.Range(min=0, max=999)
    )
    grades = fields.List(
        fields.Nested(GradeCountSchema),
        required=True,
        validate=validate.Length(max=20),
    )
    note = Words()


class InspectionFilterSchema(SearchedSchema):
    """Which inspections to list."""

    programme = Id(metadata={"description": "Only of this programme."})
    body = Id(metadata={"description": "Only those of which this body is a subject."})
    kind = Code(InspectionKind, metadata={"description": "Only of this kind."})


class InspectionSchema(ItemSchema):
    """One inspection, as it stood."""

    kind = Code(InspectionKind, allow_none=True)
    kind_label = fields.String(allow_none=True)
    title = fields.String()
    programme = fields.String(allow_none=True)
    programme_title = fields.String(allow_none=True)
    subjects = fields.List(fields.String())
    announced_on = fields.String(allow_none=True)
    announced_on_basis = fields.String(allow_none=True)
    published_on = fields.String(allow_none=True)
    published_on_basis = fields.String(allow_none=True)
    published_on_text = fields.String(allow_none=True)
    report_url = fields.String(allow_none=True)
    section_55 = fields.Boolean(allow_none=True)
    fieldwork = fields.List(
        fields.String(), metadata={"description": "Fieldwork, a line per statement."}
    )
    stated_totals = fields.List(
        fields.String(), metadata={"description": "Stated totals, a line per source."}
    )
    note = fields.String(allow_none=True)
