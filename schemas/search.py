"""The wire shape of searches: what is asked for, and what was found."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.body_columns import BodyColumns
from schemas.codelists import InForce
from schemas.fields import Id, must_be_text
from schemas.listing import FilterSchema
from schemas.tokens import Sought, UnreadableSearchError, sought

LONGEST = 200
NOUNS = (
    "body", "programme", "inspection", "rating", "term", "statement", "plan",
    "commitment", "session", "finding", "monitoring", "gap",
)  # fmt: skip
HOW = (
    "Words in any order, all of which must be there; case, accents and a final 's do "
    'not count. "Words in quotes" stand together; a trailing * asks for all endings.'
)


class Words(fields.String):
    """Words to be searched for."""

    def __init__(self, description: str, **kwargs: Any) -> None:
        metadata = {"description": f"{description} {HOW}", "maxLength": LONGEST}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return _read(text)


class SearchedSchema(FilterSchema):
    """Which part of a list whose items have words."""

    q = Words("Only what says this.")


class SearchSchema(FilterSchema):
    """What to search for, and among what."""

    q = Words("What to search for.", required=True)
    noun = fields.String(
        validate=validate.OneOf(NOUNS),
        metadata={"description": "Only among things of this noun."},
    )
    body = Id(metadata={"description": "Only of this body, or what concerns it."})


class FoundSchema(BodyColumns):
    """A thing that says what is sought, and the text of it that comes first."""

    id = fields.String(metadata={"description": "Its stream: the noun and its id."})
    noun = fields.String()
    thing = fields.String(metadata={"description": "Its id."})
    address = fields.String(metadata={"description": "Where to see it: a path."})
    title = fields.String(
        allow_none=True, metadata={"description": "Its name or title, if it has one."}
    )
    member = fields.String(
        metadata={
            "description": "What the words stand in: `text`, or `name`, which may be a "
            "former one; `spelling` is a variant that this service knows of."
        }
    )
    excerpt = fields.String(
        metadata={"description": "Plain text, never markup: escape it for HTML."}
    )
    highlights = fields.List(
        fields.List(fields.Integer()),
        metadata={
            "description": "Where the words stand in `excerpt`: first character and "
            "the one after the last, in Unicode characters, from 0."
        },
    )
    version = fields.Integer(
        metadata={"description": "Of the event that says it, in the thing's stream."}
    )
    matches = fields.Integer(metadata={"description": "Texts of it that match."})
    body = fields.String(
        allow_none=True, metadata={"description": "Null unless it concerns just one."}
    )
    bodies = fields.List(fields.String())
    valid_from = fields.String(allow_none=True)
    valid_to = fields.String(allow_none=True)
    in_force = fields.String(
        allow_none=True,
        validate=validate.OneOf([str(each) for each in InForce]),
        metadata={"description": "On the day asked for, or today; null: not then."},
    )


def _read(text: str) -> Sought:
    if len(text) > LONGEST:
        raise ValidationError(f"Longer than {LONGEST} characters.")
    must_be_text(unicodedata.normalize("NFC", text))
    try:
        return sought(text)
    except UnreadableSearchError as error:
        raise ValidationError(str(error)) from error
