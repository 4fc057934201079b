"""Reports: somebody says that something on record is wrong, and what came of it.

What they say is no part of the record: it is kept elsewhere, and for a while.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.codelists import ReportOutcome
from service.domain.base import Aggregate, Event, RuleBrokenError

# Events: what has happened.


@dataclass(frozen=True, kw_only=True)
class ReportReceived(Event, type="report.received"):
    """Somebody reported a problem.

    `about` is `{stream, version}` of what is said to be wrong; version null is the
    whole thing.
    """

    about: Mapping[str, Any]
    kind: str


@dataclass(frozen=True, kw_only=True)
class ReportResolved(Event, type="report.resolved"):
    """An editor looked into a report; `correction` is the event that came of it."""

    outcome: str
    correction: Mapping[str, Any] | None


# Rules: what may happen next.


@dataclass(frozen=True)
class Correction:
    """An event that puts something right: where it is, its type, and of which thing."""

    stream: str
    version: int
    type: str
    of: str


ENDS_IN = {
    ReportOutcome.CORRECTED: ".corrected",
    ReportOutcome.RETRACTED: ".retracted",
    ReportOutcome.DISPUTED: ".disputed",
    ReportOutcome.REDACTED: "field.redacted",
}


@dataclass(frozen=True)
class Report(Aggregate):
    """One report of a problem, which is open until an editor resolves it."""

    noun = "report"

    @property
    def received(self) -> ReportReceived | None:
        """What was reported, if anything was."""
        return next(iter(self.live(ReportReceived)), None)

    @property
    def is_open(self) -> bool:
        """Whether it was received, and nobody has resolved it."""
        return self.received is not None and not self.live(ReportResolved)

    def receive(self, *, about: Mapping[str, Any], kind: str) -> ReportReceived:
        """Put on record that a problem was reported."""
        self._must_be_new()
        return ReportReceived(about=about, kind=kind)

    def resolve(self, *, outcome: str, correction: Correction | None) -> ReportResolved:
        """Put on record what came of it."""
        if self.received is None:
            raise RuleBrokenError("not-on-record", f"{self.stream} is not on record.")
        if not self.is_open:
            raise RuleBrokenError("report-resolved", f"{self.stream} is resolved.")
        _must_agree(outcome, correction)
        if correction is None:
            return ReportResolved(outcome=outcome, correction=None)
        if correction.of != self.received.about["stream"]:
            raise RuleBrokenError(
                "other-thing",
                f"The event named is of {correction.of}, and the report about "
                f"{self.received.about['stream']}.",
            )
        place = {"stream": correction.stream, "version": correction.version}
        return ReportResolved(outcome=outcome, correction=place)

    def _must_exist(self) -> None:
        """Refuse what may happen to other things: corrections and so on."""
        raise RuleBrokenError(
            "report-is-final", "A report is no fact: it is resolved, not corrected."
        )


def _must_agree(outcome: str, correction: Correction | None) -> None:
    """Break a rule unless the outcome is that of the event that is named."""
    ending = next((ENDS_IN[each] for each in ENDS_IN if each == outcome), None)
    if ending is None and correction is not None:
        raise RuleBrokenError(
            "nothing-put-right", f"The outcome {outcome!r} names no correction."
        )
    if ending is not None and correction is None:
        raise RuleBrokenError(
            "correction-missing", f"The outcome {outcome!r} must name the event."
        )
    if correction and ending and not correction.type.endswith(ending):
        raise RuleBrokenError(
            "no-correction",
            f"The event named is {correction.type}: the outcome {outcome!r} needs "
            f"one whose type ends in {ending!r}.",
        )
