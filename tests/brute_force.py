"""The record by brute force: raw events folded by the words of domain.md, §5 and §6.

It shares no code with the projections. Where the rules leave a choice, it is named.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from schemas.events import RecordedEvent

DAY = timedelta(days=1)
RENAMING = ("body.registered", "body.renamed")


@dataclass
class Original:
    """An original event, with corrected data in place."""

    type: str
    data: dict[str, Any]
    position: int
    disputes: dict[int, dict[str, Any]] = field(default_factory=dict)


class State:
    """What is on record after some events."""

    def __init__(self, events: Iterable[RecordedEvent]) -> None:
        self.things: dict[str, dict[int, Original]] = {}
        self.retracted: set[str] = set()
        for event in events:
            self._apply(event)
        self.announced = self.live("programme", "programme.announced")
        self.questions = self.live("programme", "programme.question-added")
        self.published = self.live("inspection", "inspection.published")

    def _apply(self, event: RecordedEvent) -> None:
        data, verb = event.data, event.type.split(".")[1]
        originals = self.things.setdefault(event.stream, {})
        if verb == "corrected":
            originals[data["corrects"]].data = data["data"]
        elif verb == "retracted" and data["retracts"] is None:
            self.retracted.add(event.stream)
        elif verb == "retracted":
            del originals[data["retracts"]]
        elif verb == "disputed":
            originals[data["disputes"]].disputes[event.version] = data["data"]
        elif verb == "dispute-settled":
            _settle(originals, data)
        elif verb != "sourced":
            originals[event.version] = Original(event.type, data, event.position)

    def live(self, noun: str, *types: str) -> dict[str, list[Original]]:
        """Give the events of these types that stand, by the id of the thing."""
        return {
            stream.partition("-")[2]: found
            for stream, originals in self.things.items()
            if stream.startswith(f"{noun}-") and stream not in self.retracted
            if (found := [each for each in originals.values() if each.type in types])
        }

    # Ratings.

    def ratings(self) -> dict[str, "Rating"]:
        """Give every rating that stands, with those that follow it."""
        awarded = self.live("rating", "rating.awarded")
        found = {id: self._rating(id, each[0]) for id, each in awarded.items()}
        for rating in found.values():
            rating.later = sorted(
                (each for each in found.values() if _follows(each, rating)),
                key=lambda each: each.order,
            )
        return found

    def _rating(self, id: str, original: Original) -> "Rating":
        data = original.data
        programme = self.announced.get(data["programme"])
        concept = None
        if programme:
            # A programme that is not on record has no questions either.
            for each in self.questions.get(data["programme"], ()):
                if each.data["question"] == data["question"]:
                    concept = each.data["concept"]
        # Choice: the date of an inspection that was taken back is unknown.
        own = self.published.get(data["inspection"])
        published_on = data["published_on"] or (own and own[0].data["published_on"])
        group = None
        if programme and concept:
            group = data["body"], concept, programme[0].data["family"]
        # Choice: an undated one comes after the dated ones of its programme.
        first = window(published_on)[0] if published_on else date.max
        order = (_order(data["programme"], self.announced), first, original.position)
        disputed = bool(original.disputes)
        return Rating(id, data["grade"], published_on, disputed, group, order)

    # Bodies.

    def names(self) -> dict[str, list[tuple[date, str]]]:
        """Give the names of each body: from which day, by time."""
        found = {}
        for id, named in self.live("body", *RENAMING).items():
            # A body of which the registration was taken back cannot be: rule.
            assert named[0].type == RENAMING[0]
            # Choice: an undated name comes where the log has it.
            names, last = [(date.min, date.min, named[0])], date.min
            for each in named[1:]:
                day = each.data["started_on"]
                last = window(day)[0] if day else last
                names.append((last, window(day)[0] if day else date.min, each))
            names.sort(key=lambda name: name[0])
            starts = named[0].data["started_on"]
            first = window(starts)[0] if starts else date.min
            rest = [(begins, each.data["name"]) for _, begins, each in names[1:]]
            found[id] = [(first, named[0].data["name"]), *rest]
        return found


@dataclass
class Rating:
    """A rating that stands, and those that follow it in its group."""

    id: str
    grade: str
    published_on: str | None
    is_disputed: bool
    group: tuple[str, str, str] | None
    order: tuple[int, date, int]
    later: list["Rating"] = field(default_factory=list)

    def ends(self) -> tuple[date, date] | None:
        """Give the first and last day on which another took its place."""
        dated = [each.published_on for each in self.later if each.published_on]
        return window(dated[0]) if dated and self.published_on else None

    def in_force(self, day: date) -> str | None:
        """Say whether it was in force on a day; None is: certainly not."""
        if self.published_on is None:
            return "unknown"
        first, last = window(self.published_on)
        ends = self.ends()
        if day < first or (ends and day >= ends[1]):
            return None
        # The first that follows is undated: it may have ended this one, or not.
        is_doubtful = bool(self.later) and self.later[0].published_on is None
        is_certain = day >= last and not (ends and day >= ends[0])
        return "certain" if is_certain and not is_doubtful else "possible"

    def answer(self, day: date) -> dict[str, Any]:
        """Give what the record says of it, as asked on a day."""
        ends = self.ends()
        return {
            "grade": self.grade,
            "published_on": self.published_on,
            "is_disputed": self.is_disputed,
            "valid_from": self.published_on
            and window(self.published_on)[0].isoformat(),
            "valid_to": ends[1].isoformat() if ends else None,
            "in_force": self.in_force(day),
        }


def name_on(names: Sequence[tuple[date, str]], day: date) -> str:
    """Give the name that a body bore: the last begun, or the first of all."""
    begun = [name for begins, name in names if begins <= day]
    return begun[-1] if begun else names[0][1]


def window(text: str) -> tuple[date, date]:
    """Give the first and the last day that a date may mean."""
    ends = [[int(part) for part in each.split("-")] for each in text.split("/")]
    first, last = [*ends[0], 1, 1][:3], ends[-1]
    if len(last) == 1:
        last = [*last, 12]
    if len(last) == 2:
        last = [*last, calendar.monthrange(*last)[1]]
    return date(*first), date(*last)


def edges(texts: Iterable[str | None]) -> list[date]:
    """Give the days at which something may begin or end, and those beside them."""
    days = {day for text in texts if text for day in window(text)}
    return sorted({day + shift * DAY for day in days for shift in (-1, 0, 1)})


def _settle(originals: dict[int, Original], data: dict[str, Any]) -> None:
    for version, original in originals.items():
        if data["settles"] in original.disputes:
            other = original.disputes.pop(data["settles"])
            if data["prevails"] != version:
                original.data = other


def _follows(one: Rating, other: Rating) -> bool:
    is_alike = one.group is not None and one.group == other.group
    return is_alike and one.order > other.order


def _order(programme: str, announced: dict[str, list[Original]]) -> int:
    """Count the programmes that one follows, in its chain whatever their families.

    Choice: it may follow one that is not on record; a circle is gone round once.
    """
    seen: list[str] = []
    while programme in announced and programme not in seen:
        follows = announced[programme][0].data["follows"]
        if follows is None:
            break
        seen.append(programme)
        programme = follows
    return len(seen)
