"""What every list and every item has in common: time, paging, and the envelope."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validate

from schemas import dates
from schemas.codelists import Change, Confidence, InForce, RedactionBasis
from schemas.fields import Closed, Matches, Open

LARGEST = 2**53 - 1
LIMIT, MOST = 100, 1000
_WHOLE = re.compile("0|[1-9][0-9]{0,15}")


def _must_be_a_day(value: str) -> str:
    try:
        return dates.calendar_day(value)
    except dates.InvalidDateError as error:
        raise ValidationError(str(error)) from error


def _must_be_a_moment(value: str) -> str:
    if len(value) <= len("2024-06-14"):
        return _must_be_a_day(value)
    try:
        return dates.instant(value)
    except dates.InvalidDateError as error:
        raise ValidationError(str(error)) from error


def day(description: str) -> fields.String:
    """Return a parameter that is a day of the calendar."""
    metadata = {"description": description, "format": "date"}
    return fields.String(validate=_must_be_a_day, metadata=metadata)


class Whole(fields.Integer):
    """A whole number in its one form: ASCII digits, no sign, no leading zero."""

    def _validated(self, value: Any) -> int:
        if not _WHOLE.fullmatch(str(value)):
            raise self.make_error("invalid", input=value)
        return int(value)


class Flag(fields.Boolean):
    """`true` or `false`, and no other word for them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={"true"}, falsy={"false"}, **kwargs)


class PositionSchema(Closed):
    """The axis of this record: according to what it held at some time."""

    known_at = fields.String(
        validate=_must_be_a_moment,
        metadata={
            "description": "According to this record at that time: an instant "
            "(2025-01-01T00:00:00Z) or a day, which means its end in UTC.",
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ],
        },
    )
    at_position = Whole(
        validate=validate.Range(min=0, max=LARGEST),
        metadata={
            "description": "According to this record at that position of the log; "
            "not together with known_at."
        },
    )
    min_position = Whole(
        validate=validate.Range(min=0, max=LARGEST),
        metadata={
            "description": "From at least that position of the log: it is waited for, "
            "5 seconds or as `Prefer: wait=` says, else 503."
        },
    )


class MomentSchema(PositionSchema):
    """The two axes of time: the world's, and this record's."""

    as_of = day("On that day: what was in force in the world (YYYY-MM-DD).")


class PagingSchema(Closed):
    """How much of a list."""

    limit = Whole(
        validate=validate.Range(min=1, max=MOST),
        metadata={"description": f"Items a page, {LIMIT} if not said; CSV: all."},
    )
    cursor = fields.String(
        validate=[
            validate.Length(min=1, max=2000),
            Matches(r"[A-Za-z0-9_-]+", "Not a cursor."),
        ],
        metadata={
            "description": "Where the next page begins, from `next`.",
            "pattern": "^[A-Za-z0-9_-]+$",
        },
    )
    excel = Flag(
        metadata={"description": "CSV only: a byte order mark, and no formulas."}
    )


class LogPageSchema(PositionSchema, PagingSchema):
    """How much of a list of events, and according to when."""


class FilterSchema(MomentSchema, PagingSchema):
    """How much of a list, and as of when."""

    current = Flag(
        metadata={"description": "`true` keeps what is in force today (London)."}
    )
    undated = fields.String(
        validate=validate.OneOf(["include"]),
        metadata={"description": "`include` lists undated things beside `as_of`."},
    )


class RedactedSchema(Open):
    """Why words are gone."""

    position = fields.Integer(metadata={"description": "Of the redaction, in the log."})
    recorded_at = fields.String(metadata={"format": "date-time"})
    basis = fields.String(
        validate=validate.OneOf([str(each) for each in RedactionBasis])
    )
    reference = fields.String(allow_none=True)


class RedactedMemberSchema(RedactedSchema):
    """A member whose words were erased, and why."""

    member = fields.String(required=True)


class ItemSchema(Open):
    """What every thing on record shows of itself."""

    id = fields.String(required=True)
    valid_from = fields.String(
        allow_none=True, metadata={"description": "The first possible day."}
    )
    valid_to = fields.String(
        allow_none=True,
        metadata={"description": "The day after the last possible day."},
    )
    in_force = fields.String(
        allow_none=True,
        validate=validate.OneOf([str(each) for each in InForce]),
        metadata={"description": "On the day asked for, or today; null: not then."},
    )
    version = fields.Integer(metadata={"description": "Events of this thing so far."})
    position = fields.Integer(metadata={"description": "Place of the last in the log."})
    recorded_at = fields.String(metadata={"format": "date-time"})
    change = fields.String(validate=validate.OneOf([str(each) for each in Change]))
    is_disputed = fields.Boolean()
    disputed_by = fields.List(
        fields.String(), metadata={"description": "What other sources say instead."}
    )
    source_url = fields.String(allow_none=True)
    source_title = fields.String(allow_none=True)
    source_publisher = fields.String(allow_none=True)
    confidence = fields.String(
        allow_none=True,
        validate=validate.OneOf([str(each) for each in Confidence]),
    )
    more_source_urls = fields.List(fields.String())
    redacted = fields.List(
        fields.Nested(RedactedMemberSchema),
        metadata={
            "description": "Members whose words were erased, at whatever time: they "
            "are gone from answers about the past too."
        },
    )

    LAST: ClassVar[tuple[str, ...]] = (
        "valid_from",
        "valid_to",
        "in_force",
        "version",
        "position",
        "recorded_at",
        "change",
        "is_disputed",
        "disputed_by",
        "source_url",
        "source_title",
        "source_publisher",
        "confidence",
        "more_source_urls",
        "redacted",
    )


class MetaSchema(Open):
    """What was resolved to make an answer, and how to cite it."""

    as_of = fields.String(allow_none=True)
    known_at = fields.String(
        allow_none=True, metadata={"description": "When `position` was recorded."}
    )
    position = fields.Integer()
    permalink = fields.String()
    citation = fields.String()
    licence = fields.String()
    gaps = fields.String(
        allow_none=True, metadata={"description": "Where to see what is not held."}
    )
    undated = fields.Integer(
        allow_none=True,
        metadata={"description": "Things left out because their date is unknown."},
    )
    notes = fields.List(
        fields.String(), metadata={"description": "Hints: a filter that names nothing."}
    )


@lru_cache(maxsize=256)
def columns(schema: type[Schema]) -> tuple[str, ...]:
    """Return the members of an item in order: the id, its own, what all have."""
    names = list(schema().fields)
    last = [name for name in getattr(schema, "LAST", ()) if name in names]
    first = [name for name in ("id",) if name in names]
    own = [name for name in names if name not in (*first, *last)]
    return (*first, *own, *last)


@lru_cache(maxsize=256)
def list_schema(schema: type[Schema]) -> type[Schema]:
    """Return the schema of a list: items, total, next and meta."""
    members: Mapping[str, Any] = {
        "items": fields.List(fields.Nested(schema), required=True),
        "total": fields.Integer(required=True),
        "next": fields.String(required=True, allow_none=True),
        "meta": fields.Nested(MetaSchema, required=True),
    }
    name = schema.__name__.removesuffix("Schema") + "ListSchema"
    return type(name, (Open,), dict(members))
