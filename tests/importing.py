"""A record with the founding data, and files that tests write and import."""

import csv
import io
import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service import start
from service.app import create_app
from service.config import Settings
from service.imports.importer import Importer
from service.imports.work import Options
from service.record import Record

HEADER = (
    "force_id",
    "programme",
    "level",
    "question_or_pillar",
    "grade",
    "scale",
    "published_on",
    "source_url",
    "confidence",
    "note",
)
URL = "https://example.org/kent"
# Kent has no grade in PEEL 2023-25 in the founding data, nor have these.
ROW = {
    "force_id": "kent",
    "programme": "PEEL 2023-25",
    "question_or_pillar": "Leadership and force management",
    "grade": "good",
    "published_on": "2024-03",
    "source_url": URL,
    "confidence": "high",
}
STREAM = "rating-peel-2023-25.kent.leadership-and-force-management"
INSPECTION = "inspection-peel-2023-25.kent"


def found(folder: Path) -> None:
    """Make a record that holds the founding data."""
    record = Record.open(Settings(data=folder))
    start.found(record)
    record.close()


def grades(*rows, columns=HEADER, delimiter=",", **more):
    """Return a file of grades; each row is said by what is unlike ROW."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n", **more)
    writer.writerow(columns)
    for row in rows or [{}]:
        cells = ROW | row
        writer.writerow([cells.get(name, "") for name in columns])
    return text.getvalue()


class Desk:
    """A record in a folder of its own, into which files are imported."""

    def __init__(self, founded: Path, folder: Path) -> None:
        self._folder, self.folder = folder, folder / "data"
        shutil.copytree(founded, folder / "data")
        self.record = Record.open(Settings(data=folder / "data"))

    @cached_property
    def client(self) -> FlaskClient:
        return create_app(self.record).test_client()

    def write(self, content: str | bytes, name: str = "grades.csv") -> Path:
        path = self._folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, content, *, dry_run=False, **options):
        """Import a file; return its part of the report."""
        path = self.write(content)
        importer = Importer(self.record, Options(**options), dry_run)
        [file] = importer.run([path]).files
        return file

    def line(self, content, **options):
        """Import a file of one row; return what became of it."""
        [line] = self.run(content, **options).lines
        return line

    def types(self, stream: str) -> list[str]:
        return [each.type for each in self.record.store.read_stream(stream)]

    @property
    def size(self) -> int:
        return self.record.store.size()


@pytest.fixture
def desk(founded: Path, tmp_path: Path) -> Iterator[Desk]:
    """Give a desk over the founding data, to be written to."""
    desk = Desk(founded, tmp_path)
    yield desk
    desk.record.close()


@pytest.fixture(scope="module")
def held(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give a desk for tests that record nothing."""
    desk = Desk(founded, tmp_path_factory.mktemp("held"))
    yield desk
    desk.record.close()


def statuses(file) -> list[str]:
    return [line.status for line in file.lines]
