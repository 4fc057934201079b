"""The wire shape of what an editor gets for an event that was recorded."""

from marshmallow import fields

from schemas.events import RecordedEventSchema
from schemas.log import InclusionProofSchema


class ReceiptSchema(RecordedEventSchema):
    """The event as the public sees it, and the proof that it is in the log."""

    inclusion = fields.Nested(
        InclusionProofSchema,
        metadata={"description": "In the tree of the checkpoint that first held it."},
    )
