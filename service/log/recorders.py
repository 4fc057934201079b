"""Which database a log is kept in, opened once in each process.

Events are kept by the recorders of the eventsourcing library; the tables of the log
stand beside its own and are written in the same transaction.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from service.log.sessions import Database
from service.log.sqlite_log import SQLiteLog


def connector(path: Path, url: str | None) -> Callable[[], Database]:
    """Return what makes the database of a log: PostgreSQL if there is a URL."""
    if not url:
        return lambda: SQLiteLog(path)
    # Here, since the driver of PostgreSQL takes long to load and much memory.
    from service.log.postgres_log import PostgresLog

    return lambda: PostgresLog(url)


class PerProcess:
    """A database for each process: connections and locks do not survive a fork."""

    def __init__(self, connect: Callable[[], Database]) -> None:
        self._connect = connect
        self._opening = threading.Lock()
        self._by_process: dict[int, Database] = {}

    def get(self) -> Database:
        """Return the database of this process, opened at the first call."""
        found = self._by_process.get(os.getpid())
        return found or self._open()

    def close(self) -> None:
        """Close the connections of this process."""
        if found := self._by_process.pop(os.getpid(), None):
            found.close()

    def _open(self) -> Database:
        with self._opening:
            # A parent's entry stays: to drop it would close the parent's connections.
            if os.getpid() not in self._by_process:
                self._by_process[os.getpid()] = self._connect()
            return self._by_process[os.getpid()]
