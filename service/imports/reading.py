"""Reading: a file of any common encoding and dialect, as rows of tidy text."""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_FILE = 64 * 1024 * 1024  # Bytes.
LARGEST_CELL = 60_000  # Characters; a text on record has at most 50,000.


class UnreadableFileError(Exception):
    """The file cannot be read as a table; the message says why in one line."""


@dataclass(frozen=True)
class Table:
    """A file: its columns, and its rows by the number of the line they begin on."""

    columns: list[str]
    rows: Sequence[tuple[int, Mapping[str, str] | str]]


def read_table(path: Path) -> Table:
    """Read a CSV file; a row that does not fit its columns is a text that says so."""
    return parse_table(_decode(_read_bytes(path)))


def parse_table(text: str) -> Table:
    """Split text into columns and rows (RFC 4180; also with semicolons or tabs)."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(text))
    csv.field_size_limit(LARGEST_CELL)
    try:
        header = next(reader, None)
        if header is None:
            raise UnreadableFileError("The file is empty.")
        columns = _columns(header)
        return Table(columns, list(_rows(reader, columns)))
    except csv.Error as error:
        line = reader.line_num
        raise UnreadableFileError(f"Line {line} is not CSV: {error}.") from error


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UnreadableFileError("The file is larger than 64 MiB.")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(error.strerror or str(error)) from error


def _decode(raw: bytes) -> str:
    """Decode UTF-8 (with or without BOM) or UTF-16 with one, else Windows-1252."""
    encodings = ["utf-16"] if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else []
    for encoding in [*encodings, "utf-8-sig", "cp1252"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise UnreadableFileError("The file holds NUL characters: is it a table?")
        return text
    raise UnreadableFileError("The file is neither UTF-8 nor Windows-1252 text.")


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)


def _columns(header: list[str]) -> list[str]:
    columns = [re.sub(r"\W+", "_", tidy(name).casefold()).strip("_") for name in header]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise UnreadableFileError(f"Columns that occur twice: {', '.join(twice)}.")
    return columns


def _rows(
    reader: Any, columns: list[str]
) -> Iterator[tuple[int, dict[str, str] | str]]:
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        values = [tidy(cell) for cell in cells]
        if not any(values):
            continue
        if any(values[len(columns) :]):
            yield line, f"The row has {len(cells)} cells for {len(columns)} columns."
            continue
        padded = values + [""] * (len(columns) - len(values))
        yield line, dict(zip(columns, padded, strict=False))


def tidy(cell: str) -> str:
    """Return a cell without white space around it, with LF, in NFC."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n\u00a0\ufeff")
    return unicodedata.normalize("NFC", text)
