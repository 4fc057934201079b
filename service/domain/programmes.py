"""Programmes: what the inspectorate asks, and the scale on which it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from schemas.codelists import Graded
from service.domain.base import Aggregate, Event, Fact, RuleBrokenError, duplicates

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class ProgrammeAnnounced(Event, type="programme.announced", sealed=("note",)):
    """A cycle of inspections was announced, with its scale of grades."""

    family: str
    title: str
    follows: str | None
    scale: Mapping[str, Any] | None
    announced_on: str | None
    announced_on_basis: str | None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProgrammeQuestionAdded(
    Event,
    type="programme.question-added",
    sealed=("note",),
    identity=("question",),
):
    """A programme asks a question, of which the concept outlives the wording."""

    question: str
    concept: str
    level: str
    pillar: str | None
    number: int | None
    label: str
    text: str | None
    graded: str
    aliases: Sequence[str]
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProgrammeQuestionAliasAdded(Event, type="programme.question-alias-added"):
    """A question is also met under another label."""

    question: str
    alias: str


# Rules: what may happen next.


@dataclass(frozen=True)
class Programme(Aggregate):
    """One cycle of inspections that asks the same questions of every body."""

    noun = "programme"

    @cached_property
    def announcement(self) -> ProgrammeAnnounced | None:
        """What was announced, as it stands."""
        return next(iter(self.live(ProgrammeAnnounced)), None)

    @property
    def scale(self) -> Mapping[str, Any] | None:
        """The scale on which it grades: {id, grades: [{grade, rank, label}]}."""
        return self.announcement.scale if self.announcement else None

    @cached_property
    def questions(self) -> dict[str, ProgrammeQuestionAdded]:
        """The questions, by id."""
        return {each.question: each for each in self.live(ProgrammeQuestionAdded)}

    def announce(self, **data: Any) -> ProgrammeAnnounced:
        """Put the programme on record."""
        self._must_be_new()
        event = ProgrammeAnnounced(**data)
        self._must_be_sound(event)
        return event

    def add_question(self, **data: Any) -> ProgrammeQuestionAdded:
        """Add a question to the programme."""
        self._must_exist()
        event = ProgrammeQuestionAdded(**data)
        if event.question in self.questions:
            raise RuleBrokenError(
                "already-recorded", f"{self.id} already asks {event.question}."
            )
        self._must_be_unclaimed(_labels(event), event.question)
        return event

    def add_question_alias(self, **data: Any) -> ProgrammeQuestionAliasAdded:
        """Let a question be met under another label."""
        self._must_exist()
        event = ProgrammeQuestionAliasAdded(**data)
        self.question(event.question)
        self._must_be_unclaimed((event.alias,), event.question)
        return event

    def question(self, id: str) -> ProgrammeQuestionAdded:
        """Return a question of the programme, or break a rule."""
        if found := self.questions.get(id):
            return found
        raise RuleBrokenError("unknown-question", f"{self.id} does not ask {id!r}.")

    def aliases(self) -> dict[str, str]:
        """Return every label under which a question is met, with its id."""
        labels: dict[str, str] = {}
        for each in self.questions.values():
            labels |= dict.fromkeys(_labels(each), each.question)
        added = self.live(ProgrammeQuestionAliasAdded)
        asked = [each for each in added if each.question in self.questions]
        return labels | {each.alias: each.question for each in asked}

    def must_grade(self, question: str, level: str, scale: str, grade: str) -> None:
        """Break a rule unless the programme gives this grade on this question."""
        asked = self.question(question)
        if asked.graded == Graded.NO:
            raise RuleBrokenError(
                "ungraded-question", f"{self.id} gives no grade on {question}."
            )
        if asked.level != level:
            raise RuleBrokenError(
                "other-level", f"{question} is a {asked.level} of {self.id}."
            )
        self._must_be_on_scale(scale, grade)

    def grades(self) -> list[str]:
        """Return the grades of the scale, the best first."""
        return [each["grade"] for each in (self.scale or {"grades": []})["grades"]]

    def _must_be_on_scale(self, scale: str, grade: str) -> None:
        if self.scale is None:
            raise RuleBrokenError(
                "unknown-scale", f"The scale of {self.id} is not known: no grade."
            )
        if self.scale["id"] != scale or grade not in self.grades():
            raise RuleBrokenError(
                "not-on-the-scale",
                f"{grade!r} on {scale} is not a grade of {self.id}: its scale is "
                f"{self.scale['id']} ({', '.join(self.grades())}).",
            )

    def _must_be_sound(self, event: ProgrammeAnnounced) -> None:
        if event.follows == self.id:
            raise RuleBrokenError("follows-itself", "A programme follows another one.")
        grades = (event.scale or {"grades": []})["grades"]
        twice = duplicates([each["grade"] for each in grades])
        ranks = duplicates([str(each["rank"]) for each in grades])
        if twice or ranks:
            raise RuleBrokenError(
                "ambiguous-scale", f"Twice on the scale: {', '.join(twice + ranks)}."
            )

    def _must_be_unclaimed(self, labels: Sequence[str], question: str) -> None:
        claimed = self.aliases()
        for label in labels:
            if claimed.get(label, question) != question:
                raise RuleBrokenError(
                    "label-is-taken", f"{label!r} already means {claimed[label]}."
                )

    def _must_hold(self, event: Event, fact: Fact) -> None:
        match event:
            case ProgrammeAnnounced():
                self._must_be_sound(event)
            case ProgrammeQuestionAdded():
                self._must_be_unclaimed(_labels(event), event.question)
            case ProgrammeQuestionAliasAdded():
                self._must_be_unclaimed((event.alias,), event.question)


def _labels(event: ProgrammeQuestionAdded) -> list[str]:
    texts = [event.text] if event.text else []
    return [event.question, event.label, *texts, *event.aliases]
