"""Findings: what was checked of a log, how many of it, and what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_WAITING = "not reached"
SHOWN = 20  # Faults that are kept whole; of the rest only the number.


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, in plain words, and its position where it has one."""

    check: str
    what: str
    position: int | None = None

    def __str__(self) -> str:
        at = "" if self.position is None else f"position {self.position:,}: "
        return at + self.what


@dataclass(slots=True)
class Check:
    """One thing that is checked of a log."""

    title: str
    count: int = 0
    faults: int = 0
    skipped: str | None = None

    @property
    def status(self) -> str:
        """PASS, FAIL or `not checked`."""
        if self.faults:
            return "FAIL"
        return "PASS" if self.skipped is None else "not checked"


@dataclass
class Findings:
    """The checks of one verification, by name, and the first faults."""

    checks: dict[str, Check]
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def of(cls, titles: dict[str, str]) -> "Findings":
        """Return findings of nothing yet, for checks with these titles."""
        return cls({name: Check(title) for name, title in titles.items()})

    def wait_for(self, *checks: str) -> None:
        """Count checks as not made until they are reached."""
        for check in checks:
            self.skip(check, _WAITING)

    def reached(self, *checks: str) -> None:
        """Note that checks have been made."""
        for check in checks:
            if self.checks[check].skipped == _WAITING:
                self.checks[check].skipped = None

    def skip_rest(self, why: str) -> None:
        """Say why the checks that were not reached are not made."""
        for each in self.checks.values():
            if each.skipped == _WAITING:
                each.skipped = why

    def count(self, check: str, number: int = 1) -> None:
        """Note that so many things have been checked."""
        self.checks[check].count += number

    def fault(self, check: str, what: str, position: int | None = None) -> None:
        """Note that something is wrong."""
        self.checks[check].faults += 1
        if len(self.faults) < SHOWN:
            self.faults.append(Fault(check, what, position))

    def skip(self, check: str, why: str) -> None:
        """Note that something is not checked."""
        self.checks[check].skipped = why

    def skip_if_there(self, check: str, why: str) -> None:
        """Note the same of a check that not every verification has."""
        if check in self.checks:
            self.skip(check, why)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not any(each.faults for each in self.checks.values())

    @property
    def first(self) -> Fault | None:
        """The fault with the first position; without any, the first that was found."""
        placed = [each for each in self.faults if each.position is not None]
        return min(placed, key=_place, default=next(iter(self.faults), None))

    def lines(self) -> Iterator[str]:
        """Give the findings for a person, line by line."""
        for check in self.checks.values():
            number = f" ({check.count:,})" if check.count else ""
            why = f": {check.skipped}" if check.skipped else ""
            yield f"{check.status:<11}  {check.title}{number}{why}"
        for fault in self.faults:
            yield f"  {fault.check}: {fault}"
        if (more := sum(each.faults for each in self.checks.values())) > SHOWN:
            yield f"  … and {more - SHOWN:,} more"
        if self.is_good:
            yield "PASS"
        elif first := self.first:
            yield f"FAIL: {first}"

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as data."""
        return {
            "passed": self.is_good,
            "checks": [
                {
                    "name": name,
                    "title": each.title,
                    "status": each.status,
                    "count": each.count,
                    "faults": each.faults,
                    "reason": each.skipped,
                }
                for name, each in self.checks.items()
            ],
            "faults": [
                {"check": each.check, "position": each.position, "what": each.what}
                for each in self.faults
            ],
        }


def _place(fault: Fault) -> int:
    return fault.position or 0
