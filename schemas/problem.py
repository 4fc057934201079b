"""The wire shape of errors: problem details (RFC 9457)."""

from marshmallow import fields

from schemas.fields import Open


class FaultSchema(Open):
    """One fault of a request: of a parameter, a header, or a member of the body."""

    parameter = fields.String(
        metadata={"description": "The parameter of the address, or the header."}
    )
    pointer = fields.String(
        metadata={"description": "The member of the body, as a JSON pointer."}
    )
    detail = fields.String(required=True)
    did_you_mean = fields.List(fields.String(), required=True)


class ProblemSchema(Open):
    """What went wrong; members beside the first three depend on the type."""

    type = fields.String(
        required=True, metadata={"description": "`/problems/{slug}`: cause and cure."}
    )
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String()
    errors = fields.List(
        fields.Nested(FaultSchema),
        metadata={"description": "All faults of the request at once."},
    )
    did_you_mean = fields.List(
        fields.String(), metadata={"description": "Names that are close to the one."}
    )
    available = fields.List(
        fields.String(), metadata={"description": "The media types that can be had."}
    )
    accepted = fields.List(
        fields.String(), metadata={"description": "The media types of bodies taken."}
    )
    limit = fields.Integer(metadata={"description": "How many bytes a body may have."})
    expected = fields.String(
        allow_none=True,
        metadata={"description": "What would be recorded, as it is to be signed."},
    )
    known_since = fields.Integer(
        metadata={"description": "The position at which the thing became known."}
    )
    head = fields.Integer(metadata={"description": "The last position of the log."})
    rule = fields.String(metadata={"description": "The rule that was broken."})
    version = fields.Integer(
        metadata={"description": "The last version of the thing that If-Match is of."}
    )
    request_id = fields.String(
        metadata={"description": "To be quoted when an internal error is reported."}
    )


class ProblemTypeSchema(Open):
    """A type of problem: what causes it, and what cures it."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    cause = fields.String(required=True)
    cure = fields.String(required=True)


class ProblemTypesSchema(Open):
    """Every type of problem that the service can answer with."""

    items = fields.List(fields.Nested(ProblemTypeSchema), required=True)
