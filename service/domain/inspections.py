"""Inspections: one publication each, of one body or of many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas import dates
from service.domain.base import (
    Aggregate,
    Event,
    Fact,
    RuleBrokenError,
    duplicates,
    must_not_precede,
)
from service.domain.ports import GradingProgramme

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class InspectionAnnounced(
    Event, type="inspection.announced", sealed=("note",), identity=("programme",)
):
    """An inspection is to come, or under way."""

    programme: str | None
    title: str
    subjects: Sequence[str]
    announced_on: str | None
    announced_on_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class InspectionPublished(
    Event,
    type="inspection.published",
    sealed=("note",),
    identity=("programme", "kind"),
):
    """The report, or the letter, was published."""

    kind: str
    programme: str | None
    title: str
    subjects: Sequence[str]
    published_on: str | None
    published_on_basis: str | None
    report_url: str | None
    section_55: bool | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class InspectionFieldworkStated(
    Event, type="inspection.fieldwork-stated", sealed=("note",)
):
    """A source says when some of the subjects were inspected."""

    subjects: Sequence[str]
    fieldwork_from: str | None
    fieldwork_from_basis: str | None
    fieldwork_to: str | None
    fieldwork_to_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class InspectionTotalsStated(
    Event, type="inspection.totals-stated", sealed=("note",), identity=("body",)
):
    """A source says how many areas of a body got which grade."""

    body: str
    areas: int | None
    grades: Sequence[Mapping[str, Any]]
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Inspection(Aggregate):
    """One publication by the inspectorate."""

    noun = "inspection"

    @property
    def publication(self) -> InspectionPublished | None:
        """What was published, as it stands."""
        return next(iter(self.live(InspectionPublished)), None)

    @property
    def subjects(self) -> Sequence[str]:
        """The bodies that were, or are to be, inspected."""
        known = self.publication or next(iter(self.live(InspectionAnnounced)), None)
        return known.subjects if known else ()

    def announce(self, **data: Any) -> InspectionAnnounced:
        """Put an inspection to come on record."""
        self._must_be_new()
        return InspectionAnnounced(**data)

    def publish(self, **data: Any) -> InspectionPublished:
        """Put the publication on record."""
        if self.version:
            self._must_exist()
        event = InspectionPublished(**data)
        if self.publication:
            raise RuleBrokenError(
                "already-recorded", f"{self.id} is already published."
            )
        self._must_be_sound(event)
        return event

    def state_fieldwork(self, **data: Any) -> InspectionFieldworkStated:
        """Put on record when some of the subjects were inspected."""
        self._must_exist()
        event = InspectionFieldworkStated(**data)
        self._must_be_possible(event)
        return event

    def state_totals(
        self, programme: GradingProgramme, /, **data: Any
    ) -> InspectionTotalsStated:
        """Put on record how many areas of a body got which grade."""
        self._must_exist()
        event = InspectionTotalsStated(**data)
        self.must_have_subject(event.body)
        self._must_add_up(event)
        _must_be_grades_of(programme, event)
        return event

    def must_have_subject(self, body: str) -> None:
        """Break a rule unless the body is a subject of the inspection."""
        if body not in self.subjects:
            raise RuleBrokenError(
                "not-a-subject",
                f"{body} is not a subject of {self.id} ({', '.join(self.subjects)}).",
            )

    def _must_be_sound(self, event: InspectionPublished) -> None:
        for announced in self.live(InspectionAnnounced):
            must_not_precede(
                event.published_on,
                announced.announced_on,
                "The publication",
                "its announcement",
            )
            if announced.programme != event.programme:
                raise RuleBrokenError(
                    "part-of-the-id", f"It was announced for {announced.programme}."
                )
        for fieldwork in self.live(InspectionFieldworkStated):
            _must_follow_fieldwork(event.published_on, fieldwork)

    def _must_be_possible(self, event: InspectionFieldworkStated) -> None:
        for body in event.subjects:
            self.must_have_subject(body)
        must_not_precede(
            event.fieldwork_to,
            event.fieldwork_from,
            "The end of fieldwork",
            "its start",
        )
        if self.publication:
            _must_follow_fieldwork(self.publication.published_on, event)

    def _must_add_up(self, event: InspectionTotalsStated) -> None:
        if twice := duplicates([each["grade"] for each in event.grades]):
            raise RuleBrokenError("grade-twice", f"Counted twice: {', '.join(twice)}.")
        total = sum(each["count"] for each in event.grades)
        if event.areas is not None and total > event.areas:
            raise RuleBrokenError(
                "more-than-all", f"{total} grades in {event.areas} areas."
            )

    def _must_hold(self, event: Event, fact: Fact) -> None:
        after = self._with(fact.version, event=event)
        match event:
            case InspectionAnnounced():
                if self.publication:
                    after._must_be_sound(self.publication)
            case InspectionPublished():
                after._must_be_sound(event)
                after._must_keep_subjects()
            case InspectionFieldworkStated():
                self._must_be_possible(event)
            case InspectionTotalsStated():
                self._must_add_up(event)

    def _must_keep_subjects(self) -> None:
        """Check that what is stated of bodies is still stated of subjects."""
        for fieldwork in self.live(InspectionFieldworkStated):
            for body in fieldwork.subjects:
                self.must_have_subject(body)
        for totals in self.live(InspectionTotalsStated):
            self.must_have_subject(totals.body)


def _must_follow_fieldwork(
    published_on: str | None, fieldwork: InspectionFieldworkStated
) -> None:
    last = fieldwork.fieldwork_to or fieldwork.fieldwork_from
    if last and dates.is_before(published_on, last):
        raise RuleBrokenError(
            "before-its-cause",
            f"The publication ({published_on}) is certainly before the fieldwork "
            f"({last}).",
        )


def _must_be_grades_of(
    programme: GradingProgramme, event: InspectionTotalsStated
) -> None:
    unknown = [
        each["grade"]
        for each in event.grades
        if each["grade"] not in programme.grades()
    ]
    if unknown:
        raise RuleBrokenError(
            "not-on-the-scale",
            f"Not on the scale of {programme.id}: {', '.join(unknown)}.",
        )


PILLARS_APART = ("peel-2014", "peel-2015", "peel-2016", "peel-2017")


def inspection_id(
    programme: str, place: str, *, pillar: str | None = None, is_revisit: bool = False
) -> str:
    """Return the id of an inspection of a programme, by the rule of the record.

    The pillars of PEEL 2014 to 2017 were published on different days: each has an
    inspection of its own.
    """
    parts = [programme, place.removeprefix("region-")]
    if pillar and programme in PILLARS_APART:
        parts.append(pillar)
    if is_revisit:
        parts.append("revisit")
    return ".".join(parts)
