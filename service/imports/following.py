"""A process that makes rows of what a long import records: `python -m …following`.

So the read model catches up on another core while the next rows are read. It is told
by a line when something was recorded, and ends when no more can come: with the import,
or with the process that imported. Whoever opens the record makes up what it left.
"""

import os
import select
import subprocess
import sys
from contextlib import closing, suppress
from typing import IO

from service.config import Settings
from service.record import Record


class Follower:
    """Lets the read model of a record catch up beside an import.

    It is begun when so many batches were recorded that it is worth its start, which
    takes a while: until it is ready, the read model is left to the import.
    """

    def __init__(self, record: Record, after: int) -> None:
        self._record, self._waits = record, after
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False

    def follow(self) -> bool:
        """Let it catch up with what was just recorded; False: it does not run."""
        if self._process is None:
            self._waits -= 1
            if self._waits != -1 or (os.cpu_count() or 1) < 2:
                return False
            self._process = _start(self._record.settings)
        return self._looks_ready(self._process) and self._tell(self._process)

    def end(self) -> None:
        """Wait until it has caught up with all that it was told of."""
        if self._process is not None:
            if not self._is_ready:
                self._process.kill()
            with self._process as process, suppress(BrokenPipeError):
                _pipe(process.stdin).close()
            self._process, self._is_ready = None, False

    def _looks_ready(self, process: subprocess.Popen[bytes]) -> bool:
        if not self._is_ready:
            # Readable too when it has ended: to tell it anything shows that.
            self._is_ready = bool(select.select([_pipe(process.stdout)], [], [], 0)[0])
        return self._is_ready

    def _tell(self, process: subprocess.Popen[bytes]) -> bool:
        told = _pipe(process.stdin)
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
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # It ends with its work, not at a key that is pressed.
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe
    return pipe


def main() -> None:
    """Say that it is ready, and catch up whenever a line comes in."""
    with closing(Record.open(Settings.from_environment())) as record:
        print(flush=True)
        for _ in sys.stdin.buffer:
            record.catch_up()


if __name__ == "__main__":
    main()
