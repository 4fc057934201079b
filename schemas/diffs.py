"""The wire shape of what changed of a thing between two positions."""

from typing import Any

from marshmallow import fields, validate

from schemas.fields import Closed, Open
from schemas.listing import LARGEST, Whole


def _position(description: str) -> Whole:
    return Whole(
        required=True,
        validate=validate.Range(min=0, max=LARGEST),
        metadata={"description": description},
    )


class OperationSchema(Open):
    """One operation of a JSON Patch."""

    op = fields.String(validate=validate.OneOf(["replace"]))
    path = fields.String(
        metadata={"description": "A JSON Pointer (RFC 6901); empty: the whole item."}
    )
    value = fields.Raw(allow_none=True)


# `from` is a word of Python, and no attribute of a class can bear its name.
_ASKED: dict[str, Any] = {
    "from": _position("The item as it stood at this position of the log."),
    "to": _position("The item as it stood at this one."),
}
_SHOWN: dict[str, Any] = {
    "id": fields.String(),
    "from": fields.Integer(),
    "to": fields.Integer(),
    "patch": fields.List(
        fields.Nested(OperationSchema),
        metadata={
            "description": "JSON Patch (RFC 6902): it makes the item at `to` of the "
            "item at `from`; null stands for one that was not on record."
        },
    ),
    "sentences": fields.List(
        fields.String(), metadata={"description": "The same in plain English."}
    ),
    "events": fields.List(
        fields.Integer(),
        metadata={"description": "The positions of its events between the two."},
    ),
}
BetweenSchema = Closed.from_dict(_ASKED, name="BetweenSchema")
BetweenSchema.__doc__ = "Between which positions."
DiffSchema = Open.from_dict(_SHOWN, name="DiffSchema")
DiffSchema.__doc__ = "What changed of a thing."
