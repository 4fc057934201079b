"""The wire shape of what happens to the keys of the log."""

from marshmallow import fields, validate

from schemas.events import event_data
from schemas.fields import EventData

_LONGEST = 2_000


class VerifierKey(fields.String):
    """A public key as signed notes write it: `name+hash+base64`."""

    def __init__(self) -> None:
        super().__init__(
            required=True,
            validate=validate.Length(min=1, max=_LONGEST),
            metadata={"description": "The key, as C2SP signed-note writes it."},
        )


@event_data("log-key.added")
class LogKeyAddedSchema(EventData):
    """A new key signs the log, beside the one that it will replace."""

    verifier_key = VerifierKey()


@event_data("log-key.retired")
class LogKeyRetiredSchema(EventData):
    """A key signs the log no longer; it signs the checkpoint of this event at last."""

    verifier_key = VerifierKey()
