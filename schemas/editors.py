"""The wire shape of what happens to editors and their keys."""

from typing import Any

from marshmallow import fields, validate

from schemas.codelists import EditorAction, RevocationReason
from schemas.events import event_data
from schemas.fields import NAME_LENGTH, Code, EventData, Id, Matches, Words

_ACTIONS = "|".join(EditorAction)
SCOPE = rf"({_ACTIONS})(:[a-z]+)?"
PUBLIC_KEY = r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="


class Scopes(fields.List[str]):
    """What a key opens: actions, each for all nouns or for one; sorted and unique."""

    def __init__(self, **kwargs: Any) -> None:
        form = Matches(SCOPE, "Not a scope: record, correct:ratings …")
        scope = fields.String(validate=[validate.Length(max=40), form])
        super().__init__(scope, validate=validate.Length(min=1, max=100), **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> list[Any]:
        return sorted(set(super()._deserialize(*args, **kwargs)))


@event_data("key.added")
class KeyAddedSchema(EventData):
    """An editor was given a key; the record holds neither it nor a hash of it."""

    editor = Id(required=True)
    key_id = Id(required=True)
    public_key = fields.String(
        load_default=None,
        allow_none=True,
        validate=Matches(PUBLIC_KEY, "Not the base64 of 32 bytes."),
        metadata={"description": "Ed25519, with which the editor signs events."},
    )
    scopes = Scopes(required=True)


@event_data("key.revoked")
class KeyRevokedSchema(EventData):
    """A key opens nothing any more."""

    key_id = Id(required=True)
    reason = Code(RevocationReason, required=True)


@event_data("editor.named")
class EditorNamedSchema(EventData):
    """An editor chose to be known by a name."""

    editor = Id(required=True)
    name = Words(NAME_LENGTH)
