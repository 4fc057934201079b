"""Keeping: bulk files are made now and then beside the server."""

import logging
import os
import subprocess
import sys
import time
from contextlib import suppress
from threading import Event

from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from projections.read_model import CODE_VERSION
from service.bulk.content import epoch_of, folder_of
from service.bulk.manifest import Manifest
from service.log.errors import StoreError
from service.record import Record

LOOK = 2.0  # Seconds between two looks at the record.
EVERY = 300.0  # Seconds between two makings while the record grows.
SOON = 30.0  # The same where there are no files: the last try failed.
COURTESY = 10  # The niceness of the process: readers come first.
_POLL = 0.1
_logger = logging.getLogger(__name__)


def keep_made(record: Record, ended: Event) -> None:
    """Make the files as they become due, in a process of its own each time."""
    tried = -EVERY
    while not ended.is_set():
        with suppress(StoreError, NoRoomError, DBAPIError, OSError):
            if is_due(record, time.monotonic() - tried):
                _make(record, ended)
                tried = time.monotonic()
        ended.wait(LOOK)


def is_due(record: Record, seconds: float) -> bool:
    """Whether files should be made, so many seconds after the last try."""
    folder, epoch = folder_of(record), epoch_of(record)
    # On PostgreSQL another machine may have recorded a redaction.
    folder.remove_before(epoch)
    latest = folder.latest(epoch)
    pause = EVERY if latest else SOON
    return seconds >= pause and not _is_up_to_date(latest, record.store.size())


def _is_up_to_date(latest: Manifest | None, size: int) -> bool:
    if latest is None:
        return size == 0
    return latest.position >= size and latest.code_version == CODE_VERSION


def _make(record: Record, ended: Event) -> None:
    """Let a process make the files: what it takes of memory goes with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "bulk"],
        env=record.settings.environment_of_child(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, COURTESY)
    while process.poll() is None:
        if ended.wait(_POLL):
            process.terminate()
    _, said = process.communicate()
    if process.returncode > 0:
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        _logger.warning("bulk files were not made: %s", last)
