"""The wire shape of responses: duties to answer a report, and what is held of them."""

from marshmallow import fields

from schemas.body_columns import BodyColumns
from schemas.codelists import ResponseStatus
from schemas.fields import Code, Id
from schemas.listing import FilterSchema


class ResponseFilterSchema(FilterSchema):
    """Which responses to list."""

    status = Code(ResponseStatus, metadata={"description": "Only with this status."})
    body = Id(
        metadata={"description": "Only of this force, or of this overseer of forces."}
    )
    inspection = Id(metadata={"description": "Only to this inspection."})


class ResponseSchema(BodyColumns):
    """What is held of the response of one local policing body to one report."""

    id = fields.String()
    overseen_by_name = fields.String(allow_none=True)
    inspection = fields.String()
    inspection_title = fields.String(allow_none=True)
    programme = fields.String(allow_none=True)
    section_55 = fields.Boolean(
        allow_none=True, metadata={"description": "Null: nobody states it."}
    )
    published_on = fields.String(allow_none=True)
    published_on_basis = fields.String(allow_none=True)
    published_on_text = fields.String(allow_none=True)
    due_on = fields.String(
        allow_none=True,
        metadata={"description": "The last of 56 days, the publication being day 1."},
    )
    due_from = fields.String(
        allow_none=True, metadata={"description": "The first possible last day."}
    )
    due_to = fields.String(
        allow_none=True, metadata={"description": "The last possible last day."}
    )
    status = Code(ResponseStatus)
    status_label = fields.String()
    status_text = fields.String(
        metadata={"description": "What the record holds, and what it does not say."}
    )
    statement = fields.String(
        allow_none=True, metadata={"description": "The response, a statement."}
    )
    dated_on = fields.String(allow_none=True)
    dated_on_basis = fields.String(allow_none=True)
    dated_on_text = fields.String(allow_none=True)
    days = fields.Integer(
        allow_none=True,
        metadata={"description": "The day of its date, the publication being day 1."},
    )
    gap = fields.String(
        allow_none=True, metadata={"description": "The search that found none."}
    )
    position = fields.Integer(
        metadata={"description": "Place in the log of the last event it rests on."}
    )
