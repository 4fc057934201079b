"""The process that imports one file that was sent: `python -m service.imports.running`.

It notes in the desk how far it is, and ends with the server that has started it.
"""

import logging
import os
import sys
import traceback
from collections import Counter
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from projections.database import NoRoomError
from schemas.codelists import ImportState
from service import editors
from service.config import Settings
from service.importing import CSV, instant, path_of
from service.imports.importer import Importer, count_rows_of
from service.imports.report import FileReport, Line
from service.imports.work import Options
from service.log.errors import RevokedError, StorageFullError
from service.record import Record
from service.uploads import turn

BATCH = 50  # Rows that share a transaction: others write between two of them.
MOST_ROWS = 100_000
REVOKED = "The key with which it was sent has been revoked."
COURTESY = 10  # Added to the niceness of the process: readers come first.
_logger = logging.getLogger(__name__)


class StoppedError(Exception):
    """The import must not go on; the message says why."""


class ServerGoneError(Exception):
    """The server that has started the process has ended."""


@dataclass
class Run:
    """One import under way."""

    record: Record
    row: dict[str, Any]
    server: int
    counts: Counter[str] = field(default_factory=Counter)
    done: int = 0
    events: int = 0

    def run(self) -> None:
        """Import the file, and note how it ended."""
        path = path_of(self.record, self.id)
        try:
            with turn(path.parent):
                report = self._import()
            state, fault = ImportState.DONE, report.fault
            if fault:
                state = ImportState.FAILED
            self._end(state, fault, report)
        except ServerGoneError:
            return  # It shows as interrupted as soon as the file is let go.
        except Exception as error:
            self._end(ImportState.FAILED, _said(error, self.id))
        finally:
            path.unlink(missing_ok=True)

    @property
    def id(self) -> str:
        """The id of the import."""
        return str(self.row["id"])

    def _import(self) -> FileReport:
        path, is_story = path_of(self.record, self.id), self.row["media_type"] != CSV
        self._may_go_on()
        total = count_rows_of(path, is_story=is_story)
        self._note(state=str(ImportState.RUNNING), lines_total=total)
        if total > MOST_ROWS:
            raise StoppedError(
                f"The file has {total:,} rows; at most {MOST_ROWS:,} are imported at "
                "once: split it."
            )
        importer = Importer(
            self.record,
            self._options(),
            bool(self.row["is_dry_run"]),
            on_lines=self._on_lines,
            batch=BATCH,
        )
        report = importer.run_file(path, is_story=is_story)
        self.record.digests.publish_due(self.record.read_model)
        return report

    def _options(self) -> Options:
        return Options(
            disputes=bool(self.row["disputed"]),
            fills=bool(self.row["fill"]),
            by=str(self.row["editor"]),
            may=lambda action, noun: self._editor().may(action, editors.plural(noun)),
            key_id=str(self.row["key_id"]),
        )

    def _editor(self) -> editors.Editor:
        found = editors.by_key_id(self.record, str(self.row["key_id"]))
        if found is None:
            raise StoppedError(REVOKED)
        return found

    def _may_go_on(self) -> None:
        """Raise if the server is gone, or the key of the editor was revoked."""
        if os.getppid() != self.server:
            raise ServerGoneError
        self._editor()

    def _on_lines(self, file: FileReport, lines: list[Line]) -> None:
        self.done += len(lines)
        self.counts.update(line.status for line in lines)
        self.events += sum(len(line.events) for line in lines)
        self.record.imports.add_lines(
            self.id, [asdict(line) for line in lines], **self._progress(file)
        )
        self._may_go_on()

    def _progress(self, file: FileReport) -> dict[str, Any]:
        return {
            "shape": file.shape,
            "ignored": file.ignored,
            "lines_done": self.done,
            "events": self.events,
            "counts": dict(self.counts),
            "seen_at": instant(self.record.clock()),
        }

    def _note(self, **values: Any) -> None:
        seen_at = instant(self.record.clock())
        self.record.imports.change(self.id, seen_at=seen_at, **values)

    def _end(
        self, state: ImportState, fault: str | None, file: FileReport | None = None
    ) -> None:
        progress = self._progress(file) if file else {}
        ended_at = instant(self.record.clock())
        self._note(state=str(state), fault=fault, ended_at=ended_at, **{
            name: value for name, value in progress.items() if name != "seen_at"
        })  # fmt: skip


def _said(error: Exception, id: str) -> str:
    """Return why an import failed, in words that hold nothing of the file."""
    if isinstance(error, StoppedError):
        return str(error)
    if isinstance(error, RevokedError):
        return REVOKED
    if isinstance(error, StorageFullError | NoRoomError):
        return "There is no room left on the disk of the service."
    # What the error itself says may hold words of the file.
    frames = "".join(traceback.format_tb(error.__traceback__))
    _logger.error("The import %s failed: %s\n%s", id, type(error).__name__, frames)
    return f"Something went wrong here; it has been logged under {id}."


def main(id: str) -> None:
    """Import the file of an import."""
    server = os.getppid()
    with suppress(OSError):
        os.nice(COURTESY)
    with closing(Record.open(Settings.from_environment())) as record:
        if row := record.imports.get(id):
            Run(record, row, server).run()


if __name__ == "__main__":
    main(sys.argv[1])
