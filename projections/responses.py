"""Responses: what is held of the duty to answer a report of the inspectorate.

Police Act 1996 s.55(5A): a local policing body must publish its comments, and the
response to them, within 56 days of the day on which the report is published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson

from projections import bodies, gaps, inspections, statements
from projections.conditions import Condition, among, exactly
from projections.listing import Listing, Page, all_rows, page_of
from projections.moment import Moment
from projections.read_model import ReadModel, Row
from schemas import dates
from schemas.codelists import (
    BodyKind,
    GapKind,
    InspectionKind,
    ResponseStatus,
    StatementKind,
    label,
)

# Subsection (5A) was inserted by the Policing and Crime Act 2017, s.37, which came
# into force on 2 May 2017: S.I. 2017/399, reg. 4(a),
# https://www.legislation.gov.uk/uksi/2017/399/made.
APPLIES_FROM = "2017-05-02"
AFTER_THE_FIRST = 55  # The day of the publication is the first of the 56.


def list_responses(
    db: ReadModel,
    moment: Moment,
    page: Page,
    status: str | None = None,
    body: str | None = None,
    inspection: str | None = None,
) -> Listing:
    """Return responses, by inspection and body; `body`: a force, or its overseer."""
    rows = [
        row
        for row in response_rows(db, moment, body, inspection)
        if status in (None, row["status"])
        and body in (None, row["body"], row["overseen_by"])
    ]
    hidden = moment.as_of is not None and not moment.with_undated
    shown = [row for row in rows if row["published_on"] or not hidden]
    listing = page_of(shown, page, lambda row: (row["id"],))
    listing.undated = len(rows) - len(shown) if hidden else None
    return listing


def response_rows(
    db: ReadModel,
    moment: Moment,
    body: str | None = None,
    inspection: str | None = None,
) -> list[Row]:
    """Return a row for each published inspection and each of its subjects.

    Of one body: of those of which it, or one that it ever oversaw, is a subject.
    """
    known = Known(db, moment, body)
    return [
        known.row(published, subject)
        for asked in known.subjects or _ANYBODY
        for published in inspections.published(db, moment, asked, inspection)
        if _had_come(published["published_on"], moment)
        for subject in published["subjects"]
        if asked in (None, subject)
    ]


_ANYBODY: list[str | None] = [None]


@dataclass(frozen=True)
class Answer:
    """A statement that answers a report, as it stands."""

    id: str
    body: str
    date: str | None
    basis: str | None
    position: int


class Known:
    """What is on record at one moment of those who answer, and their answers.

    Of one body the `subjects` are itself and those that it ever oversaw.
    """

    def __init__(self, db: ReadModel, moment: Moment, body: str | None) -> None:
        self.moment = moment
        self.bodies = bodies.labels(db, moment)
        self.searched: dict[str | None, list[Row]] = {}
        for gap in gaps.open_gaps(db, moment, GapKind.RESPONSE_NOT_FOUND):
            self.searched.setdefault(gap["inspection"], []).append(gap)
        self.subjects = [body, *self.bodies.overseen(body)] if body else []
        self.answers: dict[str, list[Answer]] = {}
        for stream, answer in _answers(db, moment, self._answering()):
            self.answers.setdefault(stream, []).append(answer)

    def _answering(self) -> list[Condition]:
        """Keep what those say who ever oversaw the subjects."""
        if not self.subjects:
            return []
        found = {each for id in self.subjects for each in self.bodies.overseers(id)}
        return [among("body", sorted(found))]

    def row(self, inspection: Row, body: str) -> Row:
        """Return what is held of the response to one inspection of one body."""
        due = _due(inspection["published_on"])
        overseer = self._overseer(inspection["published_on"], body)
        answer = self._answer(inspection["id"], body)
        gap = self._gap(inspection["id"], body, overseer)
        status, text = self._status(inspection, overseer, answer, gap, due)
        positions = [inspection["position"], answer and answer.position]
        return {
            "id": f"{inspection['id']}.{body}",
            **self.bodies.columns(body),
            "overseen_by": overseer,
            "overseen_by_name": self.bodies.name(overseer),
            "inspection": inspection["id"],
            "inspection_title": inspection["title"],
            "programme": inspection["programme"],
            "section_55": inspection["section_55"],
            "published_on": inspection["published_on"],
            "published_on_basis": inspection["published_on_basis"],
            "published_on_text": dates.in_words(inspection["published_on"]),
            "due_on": due[0] if due and due[0] == due[1] else None,
            "due_from": due and due[0],
            "due_to": due and due[1],
            "status": str(status),
            "status_label": label(status),
            "status_text": text,
            "statement": answer and answer.id,
            "dated_on": answer and answer.date,
            "dated_on_basis": answer and answer.basis,
            "dated_on_text": dates.in_words(answer.date) if answer else None,
            "days": _days(inspection["published_on"], answer),
            "gap": gap["id"] if gap and status == ResponseStatus.NONE_FOUND else None,
            "position": max(
                each or 0 for each in (*positions, gap and gap["position"])
            ),
        }

    def _status(
        self,
        inspection: Row,
        overseer: str | None,
        answer: Answer | None,
        gap: Row | None,
        due: tuple[str, str] | None,
    ) -> tuple[ResponseStatus, str]:
        """Return the status of a response, and what it says and does not say."""
        if why := _not_applicable(inspection, overseer):
            return ResponseStatus.NOT_APPLICABLE, why
        if why := _unclear(inspection):
            return ResponseStatus.UNCLEAR, why
        if answer:
            return _recorded(answer, due)
        if gap:
            return ResponseStatus.NONE_FOUND, _searched(gap)
        if due is None:
            return (
                ResponseStatus.UNCLEAR,
                "The day of the publication is not on record.",
            )
        if self.moment.day <= due[1]:
            return ResponseStatus.DUE, f"The last day is {_span_in_words(due)}."
        return ResponseStatus.NONE_RECORDED, (
            f"The last day was {_span_in_words(due)}. This record holds no response: "
            "that is a hole in this record, and does not say that there was none."
        )

    def _overseer(self, published_on: str | None, body: str) -> str | None:
        """Return the local policing body on the day of the publication."""
        day = dates.first_day(published_on) if published_on else self.moment.day
        found = self.bodies.overseer_on(body, day)
        kind = self.bodies.kind(found)
        return found if kind in (None, BodyKind.LOCAL_POLICING_BODY) else None

    def _answer(self, inspection: str, body: str) -> Answer | None:
        """Return the first answer of any body that oversaw the force: they change."""
        overseers = self.bodies.overseers(body)
        found = self.answers.get(f"inspection-{inspection}", [])
        own = [each for each in found if each.body in overseers]
        return min(own, key=_by_date, default=None)

    def _gap(self, inspection: str, body: str, overseer: str | None) -> Row | None:
        found = self.searched.get(inspection, [])
        his = (gap for gap in found if gap["body"] in (None, body, overseer))
        return next(his, None)


def _answers(
    db: ReadModel, moment: Moment, by: Iterable[Condition]
) -> Iterator[tuple[str, Answer]]:
    """Give each response that had come by the moment, by what it answers."""
    kind = exactly(kind=str(StatementKind.SECTION_55_RESPONSE))
    for row in all_rows(db, statements.table, moment, *kind, *by):
        answer = _answer_of(row)
        if _had_come(answer.date, moment):
            yield from ((each, answer) for each in orjson.loads(row["responds_to"]))


def _answer_of(row: Row) -> Answer:
    name = "dated_on" if row["dated_on"] else "published_on"
    day, basis = row[name], row[f"{name}_basis"]
    return Answer(row["id"], row["body"], day, basis, row["position"])


def _not_applicable(inspection: Row, overseer: str | None) -> str | None:
    if overseer is None:
        return "The body has no local policing body that would have to respond."
    if inspection["section_55"] is False:
        return "It is not a report under section 55 of the Police Act 1996."
    day = inspection["published_on"]
    if day and dates.last_day(day) < APPLIES_FROM:
        since = dates.in_words(APPLIES_FROM)
        return f"It was published before {since}, when the rule of 56 days began."
    return None


def _unclear(inspection: Row) -> str | None:
    day = inspection["published_on"]
    if inspection["section_55"] is None:
        is_letter = inspection["kind"] == InspectionKind.LETTER
        what = "a letter" if is_letter else "this publication"
        return (
            f"Whether section 55 of the Police Act 1996 applies to {what} is unclear."
        )
    if day and dates.first_day(day) < APPLIES_FROM:
        since = dates.in_words(APPLIES_FROM)
        return f"It may have been published before the rule of 56 days began, {since}."
    return None


def _recorded(
    answer: Answer, due: tuple[str, str] | None
) -> tuple[ResponseStatus, str]:
    if answer.date is None:
        return ResponseStatus.RECORDED_UNDATED, "The response on record bears no date."
    words = dates.in_words(answer.date)
    first, last = dates.window(answer.date)
    if due is None:
        text = f"A response dated {words} is on record; the last day is unknown."
        return ResponseStatus.RECORDED, text
    until = _span_in_words(due)
    if first > due[1]:
        text = f"The response is dated {words}, after the last day, {until}."
        return ResponseStatus.RECORDED_LATE, (
            f"{text} The date of a letter is not the day on which it was published."
        )
    may_be = "" if last <= due[0] else " Its date may be before or after that day."
    text = f"The response is dated {words}; the last day was {until}.{may_be}"
    return ResponseStatus.RECORDED, text


def _searched(gap: Row) -> str:
    day = dates.in_words(gap["since"])
    return (
        f"An editor searched on {day} and found none."
        if day
        else ("An editor searched, on a day that is not on record, and found none.")
    )


def _due(published_on: str | None) -> tuple[str, str] | None:
    """Return the first and the last possible last day."""
    if published_on is None:
        return None
    first, last = dates.window(published_on)
    return _days_after(first), _days_after(last)


def _days_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=AFTER_THE_FIRST)).isoformat()


def _days(published_on: str | None, answer: Answer | None) -> int | None:
    """Return the number of the day of an answer, the publication being day 1."""
    dated_on = answer.date if answer else None
    if not (dates.is_day(published_on) and dates.is_day(dated_on)):
        return None
    assert published_on and dated_on  # They are days.
    passed = date.fromisoformat(dated_on) - date.fromisoformat(published_on)
    return passed.days + 1


def _span_in_words(due: tuple[str, str]) -> Any:
    return dates.in_words(due[0] if due[0] == due[1] else f"{due[0]}/{due[1]}")


def _by_date(answer: Answer) -> tuple[bool, str, str]:
    return answer.date is None, dates.first_day(answer.date or "2000"), answer.id


def _had_come(day: str | None, moment: Moment) -> bool:
    """Whether something had happened by the day asked for, if one was."""
    return moment.as_of is None or not day or dates.first_day(day) <= moment.as_of
