"""Mirrors in processes of their own, and what is in their folders."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from service.cli import main
from service.config import Settings
from service.record import Record
from tests import server
from tests.log_places import PostgresPlace, SQLitePlace
from tests.sources import Source


@dataclass
class Copy:
    """The folder of a mirror, and the URL of its database if it is PostgreSQL."""

    folder: Path
    url: str | None = None

    @property
    def settings(self) -> Settings:
        return Settings(data=self.folder, database_url=self.url)

    @contextmanager
    def opened(self) -> Iterator[Record]:
        record = Record.open(self.settings)
        try:
            yield record
        finally:
            record.close()

    def place(self) -> SQLitePlace | PostgresPlace:
        if self.url is None:
            return SQLitePlace(self.folder)
        return PostgresPlace(self.folder, self.url, self.url)

    def environment(self) -> dict[str, str | None]:
        names = [name for name in os.environ if name.startswith("COPPERPLATE")]
        return {**dict.fromkeys(names), "COPPERPLATE_DATABASE_URL": self.url}


def start(source: Source, copy: Copy, *options: str) -> "subprocess.Popen[str]":
    """Start `copperplate mirror` in a process of its own."""
    environment = {**os.environ, **copy.environment()}
    return subprocess.Popen(
        [*server.CLI, "mirror", source.address, str(copy.folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in environment.items() if value},
    )


def mirror(source: Source, copy: Copy, *options: str, status: int = 0) -> Result:
    """Run `copperplate mirror` to its end, which must have this status."""
    return run(
        copy, "mirror", source.address, str(copy.folder), *options, status=status
    )


def run(copy: Copy, *words: str, status: int = 0) -> Result:
    """Run a command in this process; a mirror takes the place of its signal handler."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        result = CliRunner().invoke(main, words, env=copy.environment())
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit | None)
    return result
