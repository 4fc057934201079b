"""Opening the record that a command works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from service import witnessing
from service.cli.progress import progress
from service.config import Settings
from service.log.errors import StoreUnreadableError
from service.record import Record


def settings_of(data: Path | None) -> Settings:
    """Return the settings of the environment, with another data folder if given."""
    settings = Settings.from_environment()
    return replace(settings, data=data) if data else settings


def must_exist(settings: Settings) -> None:
    """Raise FileNotFoundError unless a record is there."""
    if not settings.database_url and not (settings.data / "events.db").exists():
        raise FileNotFoundError(
            f"There is no record in {settings.data}: `copperplate serve` makes one."
        )


@contextmanager
def opened(settings: Settings) -> Iterator[Record]:
    """Open the record, and close it at the end."""
    record = _open(settings)
    try:
        _bring_up_to_date(record)
        yield record
    finally:
        record.close()


@contextmanager
def signing(settings: Settings) -> Iterator[Record]:
    """Open the record to sign it: witnesses and mirrors are asked before."""
    with opened(settings) as record:
        witnessing.look_around(record)
        yield record


def _open(settings: Settings) -> Record:
    try:
        return Record.open(settings)
    except StoreUnreadableError as error:
        if settings.database_url or str(settings.data) in str(error):
            raise
        path = settings.data / "events.db"
        raise StoreUnreadableError(f"{path}: {error}") from error


def _bring_up_to_date(record: Record) -> None:
    """Make what is read anew, if an older version of the projections made it."""
    if record.read_model.is_outdated:
        title, size = "Rebuilding for this version", record.store.size()
        with progress(title, size, is_position=True) as stand_at:
            record.rebuild(stand_at)
