"""Moments: what the time parameters of a request mean."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.http import http_date

from projections.moment import Moment, position_at
from projections.read_model import ReadModel
from schemas import dates
from service.http.problems import ProblemError

# What each part of a request that names a time of the record is called.
_RECORD = {
    "at_position": "at_position",
    "known_at": "known_at",
    "accept_datetime": "the header Accept-Datetime",
}
TIME = ("known_at", "at_position", "min_position", "as_of", "current", "undated")


def resolve(
    asked: Mapping[str, Any], db: ReadModel, head: int, now: datetime
) -> Moment:
    """Return the moment that a request asks for."""
    _refuse_conflicts(asked)
    today = dates.london_day(now)
    return Moment(
        position=_position(asked, db, head, now),
        head=head,
        today=today,
        as_of=today if asked.get("current") else asked.get("as_of"),
        with_undated=asked.get("undated") == "include",
    )


def _refuse_conflicts(asked: Mapping[str, Any]) -> None:
    times = [word for name, word in _RECORD.items() if name in asked]
    if len(times) > 1:
        raise _conflict(*times[:2])
    if "as_of" in asked and asked.get("current"):
        raise _conflict("as_of", "current=true")


def _conflict(one: str, other: str) -> ProblemError:
    detail = f"Give {one} or {other}, not both."
    return ProblemError("conflicting-time-parameters", detail)


def _position(asked: Mapping[str, Any], db: ReadModel, head: int, now: datetime) -> int:
    if "at_position" in asked:
        return _at_position(asked["at_position"], head)
    if "known_at" in asked:
        return _known_at(asked["known_at"], db, head, now)
    # A cursor names the position at which its walk began.
    if "accept_datetime" in asked and "cursor" not in asked:
        return _at_second(asked["accept_datetime"], db, head, now)
    return head


def _at_position(position: int, head: int) -> int:
    if position > head:
        detail = f"The last position is {head}."
        raise ProblemError("position-beyond-head", detail, {"head": head})
    return position


def _known_at(text: str, db: ReadModel, head: int, now: datetime) -> int:
    today = now.astimezone(UTC).date().isoformat()
    if text == today:
        return head
    instant = dates.end_of_day(text) if dates.is_day(text) else dates.instant(text)
    if instant > _instant(now):
        raise _in_future(text)
    return min(head, position_at(db, instant))


def _at_second(time: datetime, db: ReadModel, head: int, now: datetime) -> int:
    """Return the last position recorded up to the end of a second, or now."""
    if time > now:
        raise _in_future(http_date(time))
    ends = min(time.replace(microsecond=999_999), now)
    return min(head, position_at(db, _instant(ends)))


def _instant(time: datetime) -> str:
    return dates.instant(time.astimezone(UTC).isoformat())


def _in_future(text: str) -> ProblemError:
    return ProblemError("known-at-in-future", f"{text} has not come yet.")
