"""Importing what was sent: each file by a process of its own.

So the threads of the server go on answering, and a crash of the one is none of the
other. The process holds a lock on its file for as long as it lives: an import that is
under way and whose file nobody holds was interrupted.
"""

import errno
import secrets
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from schemas.codelists import ImportState
from service.editors import Editor
from service.imports.importer import must_have_shape
from service.imports.reading import UnreadableFileError
from service.imports.wanted import is_id
from service.log.errors import StorageFullError
from service.record import Record
from service.uploads import Upload, UploadError, is_held, remove_left

CSV = "text/csv"
MEDIA_TYPES = (CSV, "application/jsonl", "application/x-ndjson")
MOST = 8  # Imports under way at once: one runs, the others wait.
KEPT = timedelta(days=30)
LOST = timedelta(seconds=60)  # Silence after which another machine's is given up.
ADVICE = {
    ImportState.WAITING: "Another import runs; ask again in a few seconds.",
    ImportState.RUNNING: "Ask again in a few seconds.",
    ImportState.DONE: "The report says what became of each line.",
    ImportState.FAILED: "`fault` says why. What was recorded stays; once that is "
    "mended, sending the file again goes on where it stopped.",
    ImportState.INTERRUPTED: "The process that imported it ended before the file did. "
    "What was recorded stays; sending the same file again goes on where it stopped.",
}
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
Row = dict[str, Any]


class TooManyImportsError(Exception):
    """As many imports are under way as may be at once."""


def accept(
    record: Record,
    editor: Editor,
    media_type: str,
    parts: Iterable[bytes],
    *,
    dry_run: bool,
    disputed: bool,
    fill: bool,
) -> Row:
    """Keep a file that is sent, and begin to import it; return the import.

    Raises UploadError, TooManyImportsError or StorageFullError: nothing is kept then.
    """
    settle(record)
    upload = Upload(path_of(record, f"im-{_random()}"))
    try:
        _receive(upload, media_type, parts)
        row = {
            "id": upload.path.name,
            "editor": editor.id,
            "key_id": editor.key_id,
            "media_type": media_type,
            "is_dry_run": dry_run,
            "disputed": disputed,
            "fill": fill,
            "sent_at": instant(record.clock()),
            "seen_at": instant(record.clock()),
        }
        if not record.imports.add(row, MOST):
            raise TooManyImportsError
        _start(record, upload)
    except BaseException:
        upload.remove()
        raise
    upload.close()
    return find(record, upload.path.name) or row


def find(record: Record, id: str) -> Row | None:
    """Return an import as it is now, or None."""
    if not is_id(id):
        return None
    row = record.imports.get(id)
    if row and row["state"] in (ImportState.WAITING, ImportState.RUNNING):
        settle(record)
        row = record.imports.get(id)
    return row and shown(row)


def every(record: Record) -> list[Row]:
    """Return every import that is not forgotten, as it is now."""
    settle(record)
    return [shown(row) for row in record.imports.all()]


def shown(row: Row) -> Row:
    """Return an import as it is shown."""
    counts = row["counts"]
    redacted = counts.get("already known (redacted)", 0)
    return {
        **row,
        "advice": ADVICE[ImportState(row["state"])],
        "recorded": counts.get("recorded", 0),
        "already_known": counts.get("already known", 0) + redacted,
        "checked": counts.get("checked", 0),
        "refused": counts.get("refused", 0),
        "lines_url": f"/v1/imports/{row['id']}/lines",
    }


def settle(record: Record) -> None:
    """Find out which imports were interrupted, and forget what is old.

    Files that nobody deals with are deleted: they may hold words.
    """
    now = record.clock()
    for row in record.imports.under_way():
        if not _is_alive(record, row, now):
            state = str(ImportState.INTERRUPTED)
            record.imports.change(row["id"], state=state, ended_at=instant(now))
    remove_left(path_of(record, "").parent)
    record.imports.forget(instant(now - KEPT))


def path_of(record: Record, id: str) -> Path:
    """Return where the file of an import lies while it is under way."""
    return record.settings.data / "imports" / (id or "none")


def instant(moment: datetime) -> str:
    """Return an instant as it is written."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _is_alive(record: Record, row: Row, now: datetime) -> bool:
    path = path_of(record, row["id"])
    if path.exists():
        return is_held(path)
    # On PostgreSQL another machine may have its file.
    return bool(record.settings.database_url) and row["seen_at"] > instant(now - LOST)


def _receive(upload: Upload, media_type: str, parts: Iterable[bytes]) -> None:
    try:
        upload.write(parts)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError("no room for a file that was sent") from error
        raise
    if media_type == CSV:
        try:
            must_have_shape(upload.head())
        except UnreadableFileError as error:
            raise UploadError(str(error)) from error


def _start(record: Record, upload: Upload) -> None:
    """Let a process import the file; the lock is its own as soon as it exists."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service.imports.running", upload.path.name],
        env=record.settings.environment_of_child(),
        pass_fds=(upload.descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=None,
    )
    Thread(target=process.wait, daemon=True).start()  # No zombie is left.


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))
