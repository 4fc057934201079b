"""csv.zip: the lists of the API as CSV, with their data package; and Datasette's page.

The rows are those of the lists' own `.csv`. The zip has no time of its own, so that the
same content gives the same bytes.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from service.bulk import described, sqlite
from service.bulk.content import Content
from service.bulk.lists import TABLES, Table, rows_of
from service.bulk.manifest import Written
from service.http.representations import to_csv

NAME, METADATA = "csv.zip", "metadata.json"
NAMES = (NAME, METADATA)
ABOUT = (
    "What stands on record, a CSV file a noun, with datapackage.json (Frictionless)."
)
ABOUT_METADATA = "What Datasette shows beside record.sqlite: titles, labels, licence."


def write(content: Content, folder: Path) -> Iterator[Written]:
    """Write the files; record.sqlite must be there, which tells what names nothing."""
    rows = 0
    found: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(folder / NAME, "w", zipfile.ZIP_DEFLATED) as packed:
        for table in TABLES:
            with packed.open(
                _entry(f"{table.name}.csv"), "w", force_zip64=True
            ) as file:
                found[table.name] = _write(content, table, cast(BinaryIO, file))
            rows += found[table.name].pop("rows")
        broken = sqlite.broken_references(folder / sqlite.NAME)
        of = described.Description(content.position, content.recorded_at)
        package = described.data_package(of, lambda table: found[table.name])
        for table, resource in zip(TABLES, package["resources"], strict=True):
            if keys := described.foreign_keys(table, broken):
                resource["schema"]["foreignKeys"] = keys
        packed.writestr(_entry("datapackage.json"), _json(package))
    yield Written(NAME, ABOUT, "application/zip", rows)
    shown = described.datasette(content)
    (folder / METADATA).write_bytes(_json(shown))
    tables = len(shown["databases"]["record"]["tables"])
    yield Written(METADATA, ABOUT_METADATA, "application/json", tables)


def _write(content: Content, table: Table, file: BinaryIO) -> dict[str, Any]:
    """Write the CSV of a table; return what its resource says of the bytes."""
    hash, size, rows = hashlib.sha256(), 0, 0
    for part, count in _parts(content, table):
        file.write(part)
        hash.update(part)
        size, rows = size + len(part), rows + count
    return {
        "path": f"{table.name}.csv",
        "bytes": size,
        "hash": f"sha256:{hash.hexdigest()}",
        "rows": rows,
    }


def _parts(content: Content, table: Table) -> Iterator[tuple[bytes, int]]:
    header = to_csv([], table.columns)
    yield header, 0
    for page in rows_of(content, table):
        yield to_csv(page, table.columns)[len(header) :], len(page)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)  # Of 1 January 1980, the first day of the format.
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
