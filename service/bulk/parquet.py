"""Parquet: the same tables in columns, a file each, for DuckDB, pandas, R and Spark."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from service.bulk import csv_zip, described
from service.bulk.content import Content
from service.bulk.lists import TABLES, Table
from service.bulk.manifest import Written

NAMES = tuple(f"{table.name}.parquet" for table in TABLES)
MEDIA_TYPE = "application/vnd.apache.parquet"
_TYPES = {"integer": "BIGINT", "boolean": "BOOLEAN", "string": "VARCHAR"}
_SETTINGS: dict[str, str | int | float | list[str]] = {
    "threads": 1,  # With more, the order of rows and the bytes would vary.
    "memory_limit": "256MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


def write(content: Content, folder: Path) -> Iterator[Written]:
    """Write the files, from the CSV in the zip that must be there."""
    del content
    import duckdb  # It takes memory that a server need not hold.

    with (
        duckdb.connect(config=_SETTINGS) as database,
        zipfile.ZipFile(folder / csv_zip.NAME) as packed,
        TemporaryDirectory(dir=folder) as beside,
    ):
        for table in TABLES:
            source = packed.extract(f"{table.name}.csv", beside)
            path = folder / f"{table.name}.parquet"
            [(rows,)] = database.execute(_copy(table), [source, str(path)]).fetchall()
            Path(source).unlink()
            yield Written(path.name, table.about, MEDIA_TYPE, rows)


def _copy(table: Table) -> str:
    types = ", ".join(
        f"'{name}': '{_TYPES[described.type_of(each)]}'"
        for name, each in table.members.items()
    )
    return f"""
        COPY (
            SELECT *
            FROM read_csv($1, header = true, delim = ',', quote = '"', escape = '"',
                nullstr = '', columns = {{{types}}}, auto_detect = false,
                max_line_size = 16777216, parallel = false)
        ) TO $2 (FORMAT parquet, COMPRESSION zstd)"""
