"""Making: all bulk files of the present position, unless they are there."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from projections.read_model import CODE_VERSION
from service.bulk import csv_zip, events, parquet, sqlite
from service.bulk.content import Content, folder_of
from service.bulk.folder import BulkFolder
from service.bulk.manifest import Made, Manifest, Written
from service.log.errors import StoreError

if TYPE_CHECKING:
    from service.record import Record

OnFile = Callable[[int], None]
ATTEMPTS = 3  # How often files are made anew because words were redacted meanwhile.


class RedactedMeanwhileError(StoreError):
    """Words were redacted while the files were made, again and again."""


class Maker(NamedTuple):
    """What makes files in a folder: which ones at least, and how."""

    names: Sequence[str]
    write: Callable[[Content, Path], Iterator[Written]]


# List here whatever makes files; they are written in this order, into one folder.
MAKERS = tuple(
    Maker(each.NAMES, each.write) for each in (events, sqlite, csv_zip, parquet)
)


def make(
    record: "Record",
    folder: BulkFolder | None = None,
    on_file: OnFile = lambda count: None,
) -> Manifest | None:
    """Make the files of the present position; None if nothing is on record.

    Those that are there are not made again. Raises BulkInUseError while another
    process makes some.
    """
    folder = folder or folder_of(record)
    with folder.locked():
        folder.tidy()
        for _ in range(ATTEMPTS):
            content = Content.now(record)
            if content is None:
                return None
            folder.remove_before(content.epoch)
            if known := _known(folder, content):
                return known
            if made := _made(folder, content, on_file):
                return made
    raise RedactedMeanwhileError("words were redacted while bulk files were made")


def count_files() -> int:
    """Return how many files are made."""
    return sum(len(maker.names) for maker in MAKERS)


def _known(folder: BulkFolder, content: Content) -> Manifest | None:
    found = folder.find(content.position, content.epoch)
    return found if found and found.code_version == CODE_VERSION else None


def _made(folder: BulkFolder, content: Content, on_file: OnFile) -> Manifest | None:
    """Make the files and give them their place, unless words were redacted."""
    with folder.beside() as place:
        files = []
        for maker in MAKERS:
            for each in maker.write(content, place):
                files.append(_hashed(place, each))
                on_file(1)
        manifest = Manifest(
            position=content.position,
            epoch=content.epoch,
            recorded_at=content.recorded_at,
            day=content.day,
            code_version=CODE_VERSION,
            checkpoint=content.checkpoint.decode(),
            files=tuple(files),
        )
        # What is redacted after this finds the files in their place, and removes them.
        if not content.is_current:
            return None
        folder.take(place, manifest)
    return manifest


def _hashed(folder: Path, written: Written) -> Made:
    with (folder / written.name).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.seek(0, 2)
    return Made(**asdict(written), bytes=size, sha256=sha256)
