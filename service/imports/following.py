"""A process that makes rows of what a long import records: `python -m …following`.

So the read model catches up on another core while the next rows are read. It is told
by a line when something was recorded, and ends when no more can come: with the import,
or with the process that imported. Whoever opens the record makes up what it left.
"""

import os
import subprocess
import sys
from contextlib import closing, suppress
from typing import IO

from service.config import Settings
from service.record import Record


class Follower:
    """Lets the read model of a record catch up beside an import.

    It is begun when so many batches were recorded that it is worth its start.
    """

    def __init__(self, record: Record, after: int) -> None:
        self._record, self._waits = record, after
        self._process: subprocess.Popen[bytes] | None = None

    def follow(self) -> bool:
        """Let it catch up with what was just recorded; False: it does not run."""
        if self._process is None:
            self._waits -= 1
            if self._waits >= 0 or (os.cpu_count() or 1) < 2:
                return False
            self._process = _start(self._record.settings)
        return self._tell(_told(self._process))

    def end(self) -> None:
        """Wait until it has caught up with all that it was told of."""
        if self._process is not None:
            with suppress(BrokenPipeError):
                _told(self._process).close()
            self._process.wait()
            self._process = None

    def _tell(self, told: IO[bytes]) -> bool:
        try:
            told.write(b"\n")
            told.flush()
        except BrokenPipeError:  # What has stopped it, we shall meet ourselves.
            self.end()
            return False
        return True


def _start(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "service.imports.following"],
        env=settings.environment_of_child(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # It ends with its work, not at a key that is pressed.
    )


def _told(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdin
    return process.stdin


def main() -> None:
    """Catch up whenever a line comes in."""
    with closing(Record.open(Settings.from_environment())) as record:
        for _ in sys.stdin.buffer:
            record.catch_up()


if __name__ == "__main__":
    main()
