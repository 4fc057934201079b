"""The importer: files into facts, facts into the log, a batch at a time."""

import difflib
import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from projections import bodies, inspections, programmes
from projections.history import list_events
from projections.listing import Page, all_rows
from projections.moment import Moment
from projections.read_model import ReadModel
from schemas.dates import london_day
from service.domain.base import RuleBrokenError
from service.imports.following import Follower
from service.imports.listed import Listed, is_list, parse_list
from service.imports.names import fold, shown
from service.imports.reading import (
    Table,
    UnreadableFileError,
    parse_table,
    read_text,
)
from service.imports.report import (
    CHECKED,
    KNOWN,
    LONGEST_WHY,
    RECORDED,
    REDACTED,
    REFUSED,
    FileReport,
    Line,
    Report,
)
from service.imports.shapes import (
    FORCES,
    SHAPES,
    Cells,
    Reader,
    Shape,
    shape_of,
)
from service.imports.shapes.cells import faults_of, is_address
from service.imports.story import STORY, is_story, read_story
from service.imports.unread import why_unread
from service.imports.wanted import RefusedError
from service.imports.work import Options, Work
from service.imports.work import Row as Done
from service.log.errors import ConflictError
from service.record import Record

BATCH = 200  # Rows that share a transaction.
SELDOM = 50_000  # Objects after which the collector of garbage looks for cycles.
FOLLOWED_AFTER = 2  # Batches: what is shorter is not worth another process.
TRIES = 5  # Lost races after which a batch gives up.

OnRows = Callable[[int], None]
OnLines = Callable[[FileReport, list[Line]], None]
Row = tuple[int, Mapping[str, Any] | str]


@dataclass(frozen=True)
class Importer:
    """Imports files into a record, by the rules of domain.md, section 9."""

    record: Record
    options: Options
    is_dry_run: bool = False
    on_rows: OnRows = lambda count: None
    on_lines: OnLines = lambda file, lines: None
    batch: int = BATCH
    followed_after: int = FOLLOWED_AFTER

    def run(self, paths: Sequence[Path]) -> Report:
        """Import the files in the order given, and say what became of each line."""
        self.record.catch_up()
        report = Report(is_dry_run=self.is_dry_run)
        work = Work(self.record, self.options)
        reader = self._reader(work)
        with self._followed() as follower, _few_searches_for_cycles():
            for path in paths:
                done = self._import_file(
                    path, work, reader, follower, is_story=is_story(path)
                )
                report.files.append(done)
        return report

    def run_file(self, path: Path, *, is_story: bool) -> FileReport:
        """Import one file, of which it is known what it is."""
        self.record.catch_up()
        work = Work(self.record, self.options)
        reader = self._reader(work)
        return self._import_file(path, work, reader, None, is_story=is_story)

    @contextmanager
    def _followed(self) -> Iterator[Follower]:
        """Let another process make rows of what is recorded, if it takes long."""
        follower = Follower(self.record, self.followed_after)
        try:
            yield follower
        finally:
            follower.end()
        self.record.catch_up()

    def _import_file(
        self,
        path: Path,
        work: Work,
        reader: Reader,
        follower: Follower | None,
        *,
        is_story: bool,
    ) -> FileReport:
        report = FileReport(path.name)
        try:
            rows = self._open(path, reader, report, is_story=is_story)
        except UnreadableFileError as error:
            report.fault = str(error)
            return report
        shape = reader.shape
        assert shape  # Opening the file has told its shape.
        while batch := list(islice(rows, self.batch)):
            lines = self._import_batch(batch, work, reader, shape, follower)
            report.lines += lines
            self.on_lines(report, lines)
            self.on_rows(len(batch))
        return report

    def _open(
        self, path: Path, reader: Reader, report: FileReport, *, is_story: bool
    ) -> Iterator[Row]:
        """Read a file, tell its shape, and return its rows."""
        # What cannot be read is said before the first row.
        text = read_text(path)
        if is_story and not is_list(text):
            reader.shape, report.shape = STORY, STORY.name
            return read_story(path)
        table = parse_list(text) if is_story else parse_table(text)
        shape = _shape(table)
        reader.shape, report.shape = shape, shape.name
        report.ignored = [each for each in table.columns if each not in shape.columns]
        reader.together = _together(table, reader)
        return _told_apart(table, shape)

    def _import_batch(
        self,
        batch: Sequence[Row],
        work: Work,
        reader: Reader,
        shape: Shape,
        follower: Follower | None,
    ) -> list[Line]:
        """Import rows in one transaction; a lost race does them all again.

        If the key that is used is revoked meanwhile, nothing is recorded: RevokedError.
        """
        for left in reversed(range(TRIES)):
            with self.record.store.one_connection():
                lines = [
                    _import_row(line, row, work, reader, shape) for line, row in batch
                ]
            try:
                self._append(work, follower)
                return lines
            except ConflictError:
                work.forget()
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _append(self, work: Work, follower: Follower | None) -> None:
        if not self.is_dry_run and work.drafts:
            events = self.record.store.append(
                work.drafts, read_set=work.read_set, key_id=self.options.key_id
            )
            if not (follower and follower.follow()):
                self.record.catch_up(fresh=events)
        work.end_batch(is_dry_run=self.is_dry_run)

    def _reader(self, work: Work) -> Reader:
        model = self.record.read_model
        position = model.position
        moment = Moment(position, position, london_day(self.record.clock()))
        titled = all_rows(model, inspections.table, moment)
        return Reader(
            work,
            bodies.labels(model, moment),
            programmes.labels(model, moment),
            {row["id"]: row["title"] for row in titled if row["title"]},
            lambda: _responses(model, moment),
        )


@contextmanager
def _few_searches_for_cycles() -> Iterator[None]:
    """Let the collector look seldom: here are few cycles, and looking costs a sixth."""
    thresholds = gc.get_threshold()
    gc.set_threshold(SELDOM, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _responses(model: ReadModel, moment: Moment) -> Iterator[tuple[str, str, str]]:
    """Yield who has responded to what, and in which statement."""
    found = list_events(model, moment, Page(), type="statement.published")
    for event in found.rows:
        for stream in event["data"]["responds_to"]:
            yield event["data"]["body"], stream, event["stream"].partition("-")[2]


def _told_apart(table: Table | Listed, shape: Shape) -> Iterator[Row]:
    """Yield the rows; those that are alike by their key with their ordinal."""
    met: Counter[tuple[str, ...]] = Counter()
    for line, cells in table.rows:
        if isinstance(cells, str) or not shape.key or cells.get("ordinal"):
            yield line, cells
            continue
        key = tuple(_key(name, cells.get(name, "")) for name in shape.key)
        met[key] += 1
        yield line, {**cells, "ordinal": str(met[key])}


def _key(name: str, text: str) -> str:
    return text if is_address(name) else fold(text)


def count_rows(paths: Sequence[Path]) -> int:
    """Return how many rows there are in those of the files that are read."""
    return sum(count_rows_of(path, is_story=is_story(path)) for path in paths)


def count_rows_of(path: Path, *, is_story: bool) -> int:
    """Return how many rows a file has, none if it cannot be read."""
    try:
        text = read_text(path)
        if is_story and not is_list(text):
            return sum(1 for _ in read_story(path))
        table = parse_list(text) if is_story else parse_table(text)
        _shape(table)
        return sum(1 for _ in table.rows)
    except UnreadableFileError:
        return 0  # The import itself reports it.


def must_have_shape(head: str) -> None:
    """Raise UnreadableFileError unless the beginning of a file tells its shape."""
    if not head:
        raise UnreadableFileError("The file is empty, or has no line of column names.")
    _shape(parse_table(head))


def _import_row(line: int, row: Any, work: Work, reader: Reader, shape: Shape) -> Line:
    if isinstance(row, str):
        return Line(line, REFUSED, why=row)
    work.begin_row()
    reader.begin_row()
    if faults := _faults(row, work, reader, shape):
        return Line(line, REFUSED, why=_without_words(" ".join(faults), row, shape))
    reader.end_row()
    return _line(line, work.end_row())


def _without_words(why: str, row: Cells, shape: Shape) -> str:
    """Return why a row is refused without its words that would be sealed.

    A report is kept outside the log, and words that are redacted must not stay there.
    """
    for name in shape.words:
        if (word := row.get(name)) and isinstance(word, str):
            why = why.replace(shown(word), "'…'")
    return why if len(why) <= LONGEST_WHY else f"{why[:LONGEST_WHY]}…"


def _faults(cells: Cells, work: Work, reader: Reader, shape: Shape) -> list[str]:
    """Try the row, and return everything that is found to be wrong with it."""
    is_told = shape is STORY or shape.is_list  # Their schemas check all members.
    found = {} if is_told else faults_of(cells, shape.columns, shape.required)
    faults = [f"{column}: {fault}" for column, fault in found.items()]
    try:
        shape.put(reader, cells)
    except RefusedError as error:
        named = (*found, *("url" for name in found if is_address(name)))
        return faults + [
            each for each in error.faults if each.partition(":")[0] not in named
        ]
    except RuleBrokenError as error:
        return [*faults, str(error)]
    fault = None if faults else work.fault()
    return [fault] if fault else faults


def _line(line: int, row: Done) -> Line:
    events = [draft.type for draft in row.drafts]
    is_new = any(not each.endswith(".sourced") for each in events)
    known = REDACTED if row.is_redacted else CHECKED if row.is_check else KNOWN
    status = RECORDED if is_new else known
    return Line(line, status, things=row.things, events=events)


def _shape(table: Table | Listed) -> Shape:
    shape = shape_of(table.columns)
    if shape is None:
        raise UnreadableFileError(_unknown_shape(table.columns))
    return shape


def _unknown_shape(columns: list[str]) -> str:
    if why := why_unread(columns):
        return f"This list cannot be imported back. {why}"
    nearest = max(
        SHAPES,
        key=lambda shape: difflib.SequenceMatcher(
            None, sorted(shape.present), sorted(columns)
        ).ratio(),
    )
    missing = sorted(nearest.present - set(columns))
    return (
        f"Its columns fit no shape; {nearest.name} comes nearest, "
        f"and lacks {', '.join(missing)}."
    )


def _together(table: Table | Listed, reader: Reader) -> dict[str, set[str]]:
    """Return the subjects of each region's inspection: members, and bodies graded.

    An inspection of a region has many subjects, of which the rows name one each.
    """
    if not reader.shape or reader.shape.name != "soc_grades":
        return {}
    return reader.subjects_by_region(
        [row for _, row in table.rows if not isinstance(row, str)], FORCES
    )
