"""Replay: the read model of a position, made anew, and its digests compared."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from projections import database
from projections.catalogue import ALL
from projections.digests import Digests
from projections.read_model import ReadModel
from service.log.reader import LogReader

BATCH = 5000


@dataclass(frozen=True, slots=True)
class Compared:
    """The digest of a projection at a position, and the one that is published."""

    projection: str
    digest: str
    published: str | None

    @property
    def differs(self) -> bool:
        """Whether another digest is published."""
        return self.published not in (None, self.digest)

    def __str__(self) -> str:
        said = "not published" if self.published is None else "as published"
        if self.differs:
            said = f"DIFFERS: {self.published} is published"
        return f"{self.projection:<20} {self.digest}  {said}"


def replay(
    log: LogReader, at: int, path: Path, on_position: Callable[[int], None]
) -> None:
    """Make the read model as of a position, in a new SQLite file.

    It is made beside the file and takes its place when it is whole.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        model = open_model(beside)
        model.create_tables()
        model.catch_up(
            lambda after: log.read(after, min(BATCH, at - after)), on_position
        )
        model.engine.dispose()
        beside.replace(path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            beside.with_name(beside.name + suffix).unlink(missing_ok=True)


def open_model(path: Path) -> ReadModel:
    """Return the read model that is kept in a SQLite file."""
    return ReadModel(database.open_engine(f"sqlite:///{path}"), ALL)


def compare(model: ReadModel, digests: Digests, at: int) -> Iterator[Compared]:
    """Give the digest of each projection beside the one that is published."""
    known = {each["projection"]: each["digest"] for each in digests.at(at)}
    for name in model.names():
        yield Compared(name, model.digest(name, at), known.get(name))
