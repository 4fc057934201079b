"""Ratings: one grade of one body on one question, in one inspection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.codelists import RatingBasis
from service.domain.base import (
    Aggregate,
    Corrected,
    Disputed,
    Event,
    Fact,
    RuleBrokenError,
    must_not_precede,
)
from service.domain.ports import GradingProgramme, PublishedInspection

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class RatingAwarded(
    Event,
    type="rating.awarded",
    sealed=("note",),
    identity=("inspection", "programme", "body", "question"),
):
    """The inspectorate gave a grade; a null date means the inspection's."""

    inspection: str
    programme: str
    body: str
    question: str
    level: str
    scale: str
    grade: str
    basis: str
    carried_from: str | None
    published_on: str | None
    published_on_basis: str | None
    note: str | None = None


# Rules: what may happen next.


@dataclass(frozen=True)
class Rating(Aggregate):
    """One grade, from its award until another takes its place."""

    noun = "rating"

    def award(
        self,
        programme: GradingProgramme,
        inspection: PublishedInspection,
        /,
        **data: Any,
    ) -> RatingAwarded:
        """Put a grade on record."""
        self._must_be_new()
        event = RatingAwarded(**data)
        if inspection.publication is None:
            raise RuleBrokenError(
                "not-published", f"{inspection.id} is not on record as published."
            )
        if not event.programme == inspection.publication.programme == programme.id:
            raise RuleBrokenError(
                "other-programme", f"{inspection.id} is not part of {event.programme}."
            )
        inspection.must_have_subject(event.body)
        programme.must_grade(event.question, event.level, event.scale, event.grade)
        must_not_precede(
            event.published_on,
            inspection.publication.published_on,
            "The grade",
            "the publication of its inspection",
        )
        self._must_be_sound(event)
        return event

    def correct(
        self, *, programme: GradingProgramme | None = None, **members: Any
    ) -> Corrected:
        """Correct the rating; the new grade must be one of its programme."""
        _must_be_graded_by(programme, members["data"])
        return super().correct(**members)

    def dispute(
        self, *, programme: GradingProgramme | None = None, **members: Any
    ) -> Disputed:
        """Dispute the rating; the other grade must be one of its programme."""
        _must_be_graded_by(programme, members["data"])
        return super().dispute(**members)

    def _must_hold(self, event: Event, fact: Fact) -> None:
        if isinstance(event, RatingAwarded):
            self._must_be_sound(event)

    def _must_be_sound(self, event: RatingAwarded) -> None:
        is_carried = event.basis == RatingBasis.CARRIED_FORWARD
        if event.carried_from and not is_carried:
            raise RuleBrokenError(
                "not-carried", "Only a grade carried forward has carried_from."
            )
        if event.carried_from == self.id:
            raise RuleBrokenError("carried-from-itself", "It is carried from another.")


def _must_be_graded_by(
    programme: GradingProgramme | None, data: Mapping[str, Any]
) -> None:
    if programme is None or programme.id != data["programme"]:
        raise TypeError("A grade is checked against the programme that gave it.")
    programme.must_grade(data["question"], data["level"], data["scale"], data["grade"])


def rating_id(inspection: str, body: str, question: str, *, has_several: bool) -> str:
    """Return the id of a rating, by the rule of the record."""
    parts = [inspection, body, question] if has_several else [inspection, question]
    return ".".join(parts)
