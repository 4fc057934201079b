"""World dates of reduced precision: a year, a month, a day, or an interval.

The forms are `2024`, `2024-06`, `2024-06-14` and `2023-06/2023-07` (ISO 8601-1
and, for intervals, 8601-2 level 0), in ASCII digits. A date stands for the window
of days on which the thing may have happened. World days are Europe/London.
"""

import calendar
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
FIRST_YEAR, LAST_YEAR = 1800, 2199
PATTERN = (
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?(/[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?"  # No `^$`.
)
DATE_MEMBERS = ("on", "since", "fieldwork_from", "fieldwork_to")
_FORM = re.compile(PATTERN)
_MONTHS = calendar.month_name  # English, as the service sets no locale.


class InvalidDateError(ValueError):
    """The text is not a possible date of the record."""


def is_world_date(member: str) -> bool:
    """Whether a member of an event's data is a world date, by its name."""
    return member in DATE_MEMBERS or member.endswith("_on")


@lru_cache(maxsize=4096)
def window(text: str) -> tuple[str, str]:
    """Return the first and the last possible day, or raise InvalidDateError."""
    if not _FORM.fullmatch(text):
        raise InvalidDateError(
            f"{text!r} is not a date: write 2024, 2024-06, 2024-06-14 or two of "
            "these with a slash between them."
        )
    first, _, last = text.partition("/")
    start, end = _days(first)[0], _days(last or first)[1]
    if start > end:
        raise InvalidDateError(f"{text!r} ends before it begins.")
    return start.isoformat(), end.isoformat()


def first_day(text: str) -> str:
    """Return the first possible day (YYYY-MM-DD)."""
    return window(text)[0]


def last_day(text: str) -> str:
    """Return the last possible day (YYYY-MM-DD)."""
    return window(text)[1]


def day_after(day: str) -> str:
    """Return the day after a day (YYYY-MM-DD)."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def is_day(text: str | None) -> bool:
    """Whether the date is known to the day."""
    return text is not None and len(text) == 10 and "/" not in text


def is_before(one: str | None, other: str | None) -> bool:
    """Whether the one is certainly before the other; never for an unknown date."""
    if one is None or other is None:
        return False
    return last_day(one) < first_day(other)


def is_finer(one: str | None, other: str | None) -> bool:
    """Whether the one says more than the other and does not contradict it."""
    if one is None or one == other:
        return False
    return other is None or (_is_within(one, other) and not _is_within(other, one))


def agrees(one: str | None, other: str | None) -> bool:
    """Whether the one says nothing that the other does not say as well."""
    if one is None or other is None:
        return one is None
    return _is_within(other, one)


@lru_cache(maxsize=4096)
def in_words(text: str | None) -> str | None:
    """Write a date for people: `14 May 2024`, `May 2024`, `2024`."""
    if text is None:
        return None
    first, slash, last = text.partition("/")
    if slash:
        return f"between {_in_words(first)} and {_in_words(last)}"
    return _in_words(first)


def london_day(moment: datetime) -> str:
    """Return the day in Europe/London at a moment."""
    return moment.astimezone(LONDON).date().isoformat()


def utc_now() -> datetime:
    """Return the time of the machine's clock, in UTC."""
    return datetime.now(UTC)


def earliest(dates: Iterable[str | None]) -> str | None:
    """Return the date whose first possible day comes first, of those known."""
    return min((each for each in dates if each), key=first_day, default=None)


def chronological(days: Sequence[str | None]) -> list[int]:
    """Return the order in time of dates given in the order of the log.

    An unknown one comes where the log has it, after the dated ones before it; of
    two with the same first possible day, the one that the log has first.
    """
    firsts, last = [], ""
    for day in days:
        last = first_day(day) if day else last
        firsts.append(last)
    return sorted(range(len(days)), key=lambda number: firsts[number])


def _is_within(inner: str, outer: str) -> bool:
    (first, last), (start, end) = window(inner), window(outer)
    return start <= first and last <= end


def _days(text: str) -> tuple[date, date]:
    year, month, day = (*(int(part) for part in text.split("-")), 0, 0)[:3]
    try:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError("the year is out of range")
        if day or len(text) == 10:
            return date(year, month, day), date(year, month, day)
        if month or len(text) == 7:
            final = calendar.monthrange(year, month)[1]
            return date(year, month, 1), date(year, month, final)
    except (ValueError, IndexError) as error:
        raise InvalidDateError(f"{text!r} is not a possible date.") from error
    return date(year, 1, 1), date(year, 12, 31)


def _in_words(text: str) -> str:
    parts = text.split("-")
    if len(parts) == 1:
        return text
    month = _MONTHS[int(parts[1])]
    day = f"{int(parts[2])} " if len(parts) == 3 else ""
    return f"{day}{month} {parts[0]}"


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def calendar_day(text: str) -> str:
    """Return a day of the calendar (YYYY-MM-DD), or raise InvalidDateError."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError("form")
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InvalidDateError(f"{text!r} is not a day: 2024-06-14.") from error


def instant(text: str) -> str:
    """Return an instant (RFC 3339) in the one form of the record: 27 characters, UTC.

    One beyond the calendar, once it is in UTC, becomes its nearest end.
    """
    given = text.upper().replace(" ", "+")  # A plus sign in an address is a space.
    try:
        if not _INSTANT.fullmatch(given):
            raise ValueError("form")
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise InvalidDateError(
            f"{text!r} is not an instant: 2025-01-01T00:00:00Z."
        ) from error
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        moment = _FIRST if moment.year == 1 else _LAST
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"


def end_of_day(day: str) -> str:
    """Return the last instant of a day, in UTC."""
    return f"{day}T23:59:59.999999Z"
