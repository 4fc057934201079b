"""The report of an import: what became of each line, and why."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

RECORDED, KNOWN, CHECKED, REFUSED = "recorded", "already known", "checked", "refused"
REDACTED = "already known (redacted)"  # Its words were erased, and stay so.
STATUSES = (RECORDED, KNOWN, REDACTED, CHECKED, REFUSED)
LONGEST_WHY = 1_000  # Characters.


@dataclass(frozen=True)
class Line:
    """What became of one line: its status, the events it made, and why."""

    line: int
    status: str
    things: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    why: str | None = None


@dataclass
class FileReport:
    """What became of one file; `fault` says why nothing of it could be read.

    `ignored` are columns of the file that no fact is read from.
    """

    path: str
    shape: str | None = None
    fault: str | None = None
    ignored: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many lines have which status."""
        found = Counter(line.status for line in self.lines)
        return {status: found[status] for status in STATUSES}


@dataclass
class Report:
    """What became of an import."""

    files: list[FileReport] = field(default_factory=list)
    is_dry_run: bool = False

    @property
    def events(self) -> int:
        """How many events were recorded, or would have been."""
        return sum(len(line.events) for file in self.files for line in file.lines)

    @property
    def is_clean(self) -> bool:
        """Whether every file was read and no line was refused."""
        return not any(file.fault or file.counts[REFUSED] for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        return {
            "is_dry_run": self.is_dry_run,
            "events": self.events,
            "files": [{**asdict(each), "counts": each.counts} for each in self.files],
        }

    def to_text(self, *, every_line: bool = False) -> str:
        """Return the report for people: a line a file, and those that need a look."""
        lines = [text for file in self.files for text in _file_text(file, every_line)]
        verb = "would be recorded" if self.is_dry_run else "recorded"
        noun = "event" if self.events == 1 else "events"
        return "\n".join([*lines, f"{self.events:,} {noun} {verb}.", ""])


def _file_text(file: FileReport, every_line: bool) -> list[str]:
    if file.fault:
        return [f"{file.path}: refused: {file.fault}"]
    counts = ", ".join(f"{n} {status}" for status, n in file.counts.items() if n)
    shown = [each for each in file.lines if every_line or each.status == REFUSED]
    return [
        f"{file.path} ({file.shape}): {counts or 'no rows'}",
        *([f"  columns passed by: {', '.join(file.ignored)}"] if file.ignored else []),
        *(f"  line {each.line}: {_line_text(each)}" for each in shown),
    ]


def _line_text(line: Line) -> str:
    if line.status == REFUSED:
        return f"refused: {line.why}"
    made = f" ({', '.join(line.events)})" if line.events else ""
    return f"{line.status}: {', '.join(line.things)}{made}"
