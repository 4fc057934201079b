"""Moments: what the time parameters of a request mean."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from projections.moment import Moment, position_at
from projections.read_model import ReadModel
from schemas import dates
from service.http.problems import ProblemError

TIME = ("known_at", "at_position", "as_of", "current", "undated")


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
    if "at_position" in asked and "known_at" in asked:
        raise _conflict("at_position", "known_at")
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
    instant = dates.instant(text) if "T" in text else dates.end_of_day(text)
    if instant > dates.instant(f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"):
        raise ProblemError("known-at-in-future", f"{text} has not come yet.")
    return min(head, position_at(db, instant))
