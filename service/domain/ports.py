"""What one noun may know of another: the modules of nouns import only this."""

from typing import Protocol


class GradingProgramme(Protocol):
    """A programme, as those see it who are graded by it."""

    @property
    def id(self) -> str:
        """The id of the programme."""

    def grades(self) -> list[str]:
        """Return the grades of its scale, the best first."""

    def must_grade(self, question: str, level: str, scale: str, grade: str) -> None:
        """Break a rule unless the programme gives this grade on this question."""


class Publication(Protocol):
    """What was published of an inspection."""

    @property
    def programme(self) -> str | None:
        """The programme that the inspection is part of."""

    @property
    def published_on(self) -> str | None:
        """The day of the publication."""


class PublishedInspection(Protocol):
    """An inspection, as its ratings see it."""

    @property
    def id(self) -> str:
        """The id of the inspection."""

    @property
    def publication(self) -> Publication | None:
        """What was published, if anything was."""

    def must_have_subject(self, body: str) -> None:
        """Break a rule unless the body is a subject of the inspection."""
