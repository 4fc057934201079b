"""The wire shape of what the service says of itself."""

from marshmallow import fields, validate

from schemas.fields import Closed, Open
from schemas.listing import LARGEST, PagingSchema, Whole


def _position(description: str) -> Whole:
    return Whole(
        validate=validate.Range(min=0, max=LARGEST),
        metadata={"description": description},
    )


class ProjectionFilterSchema(PagingSchema):
    """Which digests of the projections to list."""

    position = _position(
        "The digests as published at this position (every 1,024th has some, and where "
        "an import ended), instead of the latest."
    )


class RowsFilterSchema(Closed):
    """According to when."""

    at_position = _position("The rows as of that position of the log, or of the last.")


class ProjectionSchema(Open):
    """A table made from the log, and what its rows hash to."""

    id = fields.String()
    position = fields.Integer(
        metadata={"description": "The last event that has been applied."}
    )
    code_version = fields.Integer()
    digest = fields.String(
        allow_none=True,
        metadata={"description": "SHA-256 of the rows as of `digest_position`."},
    )
    digest_position = fields.Integer(allow_none=True)


class StatusSchema(Open):
    """How far the record goes, and whether what is read has caught up."""

    head = fields.Integer(metadata={"description": "The last position applied."})
    recorded_at = fields.String(allow_none=True)
    log_size = fields.Integer(metadata={"description": "Events in the log."})
    is_behind = fields.Boolean()
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "Things on record at the position, by noun."},
    )
    open_reports = fields.Integer(
        metadata={"description": "Problems that were reported and not resolved yet."}
    )
    oldest_open_report_at = fields.String(
        allow_none=True, metadata={"format": "date-time"}
    )
    code_version = fields.Integer()


class ProcessSchema(Open):
    """What the one process saw that answered; another may have seen something else."""

    redis = fields.String(
        validate=validate.OneOf(["absent", "answering", "resting"]),
        metadata={
            "description": "Whether there is a Redis, and whether it answers: it is "
            "`resting` for a second after it did not. No answer depends on it."
        },
    )
    redis_failures = fields.Integer(
        metadata={"description": "Questions that it did not answer."}
    )
    redis_skipped = fields.Integer(
        metadata={"description": "Questions that it was spared while it rested."}
    )
    limited_addresses = fields.Integer(
        metadata={"description": "Addresses whose requests are being counted."}
    )
    refused_requests = fields.Integer(
        metadata={"description": "Requests that were refused as too many (429)."}
    )


class WelcomeSchema(Open):
    """What this service is, and where to go from here."""

    title = fields.String(required=True)
    description = fields.String(required=True)
    licence = fields.String(required=True)
    links = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
