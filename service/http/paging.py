"""Paging: cursors, each of which pins a position, a day and the filters of a list."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from projections.listing import Page
from projections.moment import Moment
from schemas import dates
from schemas.listing import LIMIT
from service.http.problems import ProblemError

NO_DAY = "1970-01-01"  # In the cursors of answers that no day changes.
PAGING = ("limit", "cursor", "excel", "wait")
PART = 1000  # Rows that are held at once of a list that comes whole.
_KEY = re.compile(r"[a-z0-9.-]{0,400}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended, and what the walk is of."""

    key: tuple[str, ...]
    position: int
    as_of: str | None
    today: str
    filters: str

    def to_text(self) -> str:
        """Write the cursor as it stands in an address."""
        members = [self.key, self.position, self.as_of, self.today, self.filters]
        return base64.urlsafe_b64encode(orjson.dumps(members)).rstrip(b"=").decode()


def page_of(
    asked: Mapping[str, Any], given: Mapping[str, str], path: str, *, is_whole: bool
) -> tuple[Page, Cursor | None]:
    """Return the page asked for, and the cursor that names it.

    `is_whole`: a form in which the whole list comes if nothing else is said.
    """
    cursor = None
    if "cursor" in asked:
        cursor = _read(asked["cursor"])
        if cursor.filters != filters_of(path, given):
            detail = "Filters, times and path must be those of the page before."
            raise ProblemError("cursor-mismatch", detail)
    default = None if is_whole and cursor is None else LIMIT
    limit = asked.get("limit", default)
    part = PART if limit is None else None
    return Page(limit, cursor.key if cursor else None, part), cursor


def pin(moment: Moment, cursor: Cursor) -> Moment:
    """Return the moment at which the walk of a cursor began."""
    if cursor.position > moment.head:
        raise ProblemError("invalid-cursor", "The log has not reached its position.")
    return replace(
        moment, position=cursor.position, as_of=cursor.as_of, today=cursor.today
    )


def filters_of(path: str, given: Mapping[str, str]) -> str:
    """Return a short hash of the path, the filters and the times as given."""
    chosen = sorted((k, v) for k, v in given.items() if k not in PAGING)
    return hashlib.sha256(orjson.dumps([path, chosen])).hexdigest()[:16]


def _read(text: str) -> Cursor:
    try:
        padded = text + "=" * (-len(text) % 4)
        members = orjson.loads(base64.urlsafe_b64decode(padded))
        key, position, as_of, today, filters = members
        cursor = Cursor(tuple(key), position, as_of, today, filters)
    except (binascii.Error, ValueError, TypeError) as error:
        raise _invalid() from error
    if not _is_sound(cursor) or cursor.to_text() != text:
        raise _invalid()
    return cursor


def _is_sound(cursor: Cursor) -> bool:
    days = [cursor.today, cursor.as_of or cursor.today]
    return (
        all(isinstance(each, str) and _KEY.fullmatch(each) for each in cursor.key)
        and type(cursor.position) is int
        and cursor.position >= 0
        and all(isinstance(each, str) and _is_day(each) for each in days)
        and isinstance(cursor.filters, str)
    )


def _is_day(text: str) -> bool:
    try:
        return dates.calendar_day(text) == text
    except dates.InvalidDateError:
        return False


def _invalid() -> ProblemError:
    return ProblemError("invalid-cursor", "This service has not made that cursor.")
