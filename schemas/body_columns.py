"""What rows of any noun say of the body that they are about."""

from marshmallow import fields

from schemas.fields import Open


class BodyColumns(Open):
    """What every row that has a body says of it."""

    body = fields.String()
    body_name = fields.String(allow_none=True)
    body_ons = fields.String(allow_none=True)
    region = fields.String(allow_none=True)
    overseen_by = fields.String(allow_none=True)


class ForceColumns(BodyColumns):
    """The same of a body that may be a force, or one that oversees a force."""

    force = fields.String(
        allow_none=True,
        metadata={"description": "The body, if it is a force; else what it oversees."},
    )
    force_ons = fields.String(allow_none=True)
