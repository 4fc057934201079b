"""Reading: a file of any common encoding and dialect, as rows of tidy text."""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LARGEST_FILE = 64 * 1024 * 1024  # Bytes.
MOST_COLUMNS = 1_000
MOST_UNCLOSED = 20  # Quotes that are never closed: the rest is read again for each.

_LINE_END = re.compile("\r\n|\r|\n")
Row = tuple[int, Mapping[str, str] | str]


class UnreadableFileError(Exception):
    """The file cannot be read as a table; the message says why in one line."""


@dataclass(frozen=True)
class Table:
    """A file: its columns, and its rows by the number of the line they begin on."""

    columns: list[str]
    _lines: "_Lines"
    _delimiter: str

    @property
    def rows(self) -> Iterator[Row]:
        """Read the rows, from the first; blank ones are passed by."""
        records = _records(self._lines.again(), self._delimiter)
        next(records)  # The header.
        return (_row(each, self.columns) for each in records)


def read_table(path: Path) -> Table:
    """Read a CSV file; a row that does not fit its columns is a text that says so."""
    return parse_table(read_text(path))


def read_text(path: Path) -> str:
    """Read a file as text, in whichever of the common encodings it is."""
    return _decode(_read_bytes(path))


def parse_table(text: str) -> Table:
    """Split text into columns and rows (RFC 4180; also with semicolons or tabs)."""
    csv.field_size_limit(LARGEST_FILE)
    lines, delimiter = _Lines(text), _delimiter(text)
    _, header = next(_records(lines, delimiter), (0, None))
    if header is None:
        raise UnreadableFileError("The file is empty.")
    if isinstance(header, str):
        raise UnreadableFileError(f"The line of column names: {header}")
    return Table(_columns(header), lines, delimiter)


def _read_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UnreadableFileError("The file is larger than 64 MiB.")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(error.strerror or str(error)) from error


def _decode(raw: bytes) -> str:
    """Decode UTF-8 (with or without BOM) or UTF-16 with one, else Windows-1252."""
    if raw[:4] == b"PK\x03\x04":
        raise UnreadableFileError("It is a spreadsheet or a ZIP file: save it as CSV.")
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
    header = next(_Lines(text.lstrip("\ufeff \r\n")), "")
    return max(",;\t", key=header.count)


def _columns(header: list[str]) -> list[str]:
    if len(header) > MOST_COLUMNS:
        raise UnreadableFileError(
            f"The file has {len(header):,} columns; at most {MOST_COLUMNS:,} are read."
        )
    columns = [re.sub(r"\W+", "_", tidy(name).casefold()).strip("_") for name in header]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise UnreadableFileError(f"Columns that occur twice: {', '.join(twice)}.")
    return columns


class _Lines(Iterator[str]):
    """The lines of a text, and the way back to the line after a record's first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place, self._number, self._second = 0, 0, 0
        self.first: int | None = None

    def __next__(self) -> str:
        end = _LINE_END.search(self._text, self._place)
        after = end.end() if end else len(self._text)
        if after == self._place:
            raise StopIteration
        line = self._text[self._place : after]
        self._place = after
        self._number += 1
        if self.first is None:
            self.first, self._second = self._number, after
        return line

    def again(self) -> "_Lines":
        """Return the same lines, from the first."""
        return _Lines(self._text)

    def begin_record(self) -> None:
        """Take the next line for the first of a record."""
        self.first = None

    def go_back(self) -> None:
        """Let the line after the first of the record be the next."""
        self._number = self.first or 0
        self._place = self._second


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield records that are not blank; a broken one as text that says why.

    A quote that is not closed would swallow the rest of the file: what follows its
    line is read again.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    unclosed = 0
    while True:
        lines.begin_record()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            unclosed += "unexpected end" in str(error)
            if unclosed > MOST_UNCLOSED:
                yield lines.first or 0, "Too many quotes are never closed: the end."
                return
            yield lines.first or 0, _cause(error)
            lines.go_back()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if cells is None:
            return
        if any(values := [tidy(cell) for cell in cells]):
            yield lines.first or 0, values


def _cause(error: csv.Error) -> str:
    if "unexpected end" in str(error):
        return "A quote is opened on this line and never closed."
    if "expected after" in str(error):
        return "A quote on this line is not closed, or one within quotes not doubled."
    return f"The line is not CSV: {error}."


def _row(record: tuple[int, list[str] | str], columns: list[str]) -> Row:
    line, values = record
    if isinstance(values, str):
        return line, values
    if any(values[len(columns) :]):
        return line, f"The row has {len(values)} cells for {len(columns)} columns."
    padded = values + [""] * (len(columns) - len(values))
    return line, dict(zip(columns, padded, strict=False))


def tidy(cell: str) -> str:
    """Return a cell without white space around it, with LF, in NFC."""
    if "\r" in cell:
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    text = cell.strip(" \t\n\u00a0\ufeff")
    return text if text.isascii() else unicodedata.normalize("NFC", text)
