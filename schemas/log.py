"""The wire shape of the log's checkpoints, proofs and openings."""

from typing import Any

from marshmallow import fields, validate

from schemas.fields import Closed, Open
from schemas.listing import LARGEST, LogPageSchema, Whole

_HASHES = "SHA-256 hashes in base64, from the leaf's level to the root's."


def _size(description: str, **more: Any) -> Whole:
    return Whole(
        validate=validate.Range(min=0, max=LARGEST),
        metadata={"description": description},
        **more,
    )


class LogFilterSchema(LogPageSchema):
    """What follows a position of the log."""

    after = _size("Only what follows this position.")


class CheckpointSchema(Open):
    """A state of the log that was signed."""

    size = fields.Integer(metadata={"description": "How many events it holds."})
    root = fields.String(metadata={"description": "RFC 6962, in base64."})
    note = fields.String(metadata={"description": "The signed note, to the byte."})


class OpeningSchema(Open):
    """What opens one commitment of one event."""

    position = fields.Integer()
    name = fields.String(metadata={"description": "Of the sealed field."})
    commitment = fields.String(metadata={"description": "As in the leaf: base64."})
    salt = fields.String(metadata={"description": "32 bytes, in base64."})
    value = fields.Raw(
        metadata={"description": "The words; their RFC 8785 bytes are committed to."}
    )


class OpeningsSchema(Open):
    """What opens the commitments of one event, as far as it was not redacted."""

    position = fields.Integer()
    stream = fields.String()
    version = fields.Integer()
    openings = fields.List(fields.Nested(OpeningSchema))


class InclusionFilterSchema(Closed):
    """In which tree an event is to be proved."""

    size = _size("The size of the tree; that of the latest checkpoint if not said.")


class InclusionProofSchema(Open):
    """The proof that an event is in the log (RFC 6962, section 2.1.1)."""

    position = fields.Integer()
    index = fields.Integer(metadata={"description": "From 0: the position less 1."})
    size = fields.Integer(metadata={"description": "Of the tree."})
    leaf_hash = fields.String(metadata={"description": "In base64."})
    root = fields.String(metadata={"description": "Of the tree, in base64."})
    hashes = fields.List(fields.String(), metadata={"description": _HASHES})
    checkpoint = fields.String(
        allow_none=True,
        metadata={"description": "The note that signs the tree, if one does."},
    )


ConsistencyFilterSchema = type(
    "ConsistencyFilterSchema",
    (Closed,),
    {
        "from": _size("The size of the older tree.", required=True),
        "to": _size("The size of the newer tree; the latest if not said."),
        "__doc__": "Which two trees are to be proved to be one log.",
    },
)


class ConsistencyProofSchema(Open):
    """The proof that a log has only grown (RFC 6962, section 2.1.2)."""

    from_size = fields.Integer()
    from_root = fields.String(metadata={"description": "In base64."})
    to_size = fields.Integer()
    to_root = fields.String(metadata={"description": "In base64."})
    hashes = fields.List(fields.String(), metadata={"description": _HASHES})
    checkpoint = fields.String(
        allow_none=True,
        metadata={"description": "The note that signs the newer tree, if one does."},
    )
