"""The wire shape of what an editor signs: the signature, and the salts it needs."""

from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields

from schemas.fields import Closed, Id, Matches
from schemas.redactions import FIELD

MOST_SALTS = 50
SALT = r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
SIGNATURE = r"[A-Za-z0-9+/]{85}[AQgw]=="


class SignatureSchema(Closed):
    """An Ed25519 signature over what is recorded, and the id of the key."""

    key = Id(required=True)
    sig = fields.String(
        required=True,
        validate=Matches(SIGNATURE, "Not the base64 of 64 bytes."),
        metadata={"pattern": f"^{SIGNATURE}$"},
    )


class Salts(fields.Dict):
    """A salt for each sealed field: 32 random bytes, fresh for each event."""

    def __init__(self, **kwargs: Any) -> None:
        name = fields.String(validate=Matches(FIELD, "Not the name of a field."))
        salt = fields.String(
            validate=Matches(SALT, "Not the base64 of 32 bytes."),
            metadata={"pattern": f"^{SALT}$"},
        )
        metadata = {"maxProperties": MOST_SALTS, **kwargs.pop("metadata", {})}
        super().__init__(
            keys=name, values=salt, validate=_must_be_few, metadata=metadata, **kwargs
        )


@cache
def signable(schema: type[Schema]) -> type[Schema]:
    """Return the schema of a request that its editor may have signed."""
    members: dict[str, Any] = {
        "signature": fields.Nested(
            SignatureSchema,
            load_default=None,
            allow_none=True,
            metadata={"description": "By your own key: `copperplate sign` makes it."},
        ),
        "salts": Salts(
            load_default=None,
            allow_none=True,
            metadata={"description": "With a signature: one for each sealed text."},
        ),
        "__doc__": schema.__doc__,
    }
    return type(schema.__name__, (schema,), members)


def _must_be_few(salts: dict[str, str]) -> None:
    if len(salts) > MOST_SALTS:
        raise ValidationError(f"There are at most {MOST_SALTS} salts.")
