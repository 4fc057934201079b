"""The wire shape of a source: where a fact can be checked, and how far it is sure."""

from marshmallow import fields

from schemas.codelists import Confidence
from schemas.fields import Closed, Code, Matches, Text, Url, WorldDate


class SourceSchema(Closed):
    """One source of a fact; its title is sealed, since titles name people."""

    url = Url(load_default=None, allow_none=True)
    publisher = Text(load_default=None, allow_none=True)
    published_on = WorldDate(load_default=None, allow_none=True)
    accessed_on = WorldDate(load_default=None, allow_none=True)
    archived_url = Url(load_default=None, allow_none=True)
    sha256 = fields.String(
        load_default=None,
        allow_none=True,
        validate=Matches(r"[0-9a-f]{64}", "Not 64 lower-case hexadecimal digits."),
        metadata={"pattern": "^[0-9a-f]{64}$"},
    )
    confidence = Code(Confidence, required=True)
