"""The forms in which an answer can be had, and how one of them is chosen."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import orjson
from flask import request

from projections.composed import Composed
from projections.read_model import Row
from schemas.cells import cell_of, cells_of, line_of
from service.cloud_events import BATCH
from service.http.problems import ProblemError


@dataclass(frozen=True, slots=True)
class Form:
    """A form of answers: its media type, and what the header says of it besides.

    In some forms a list comes whole, unless a page is asked for.
    """

    media: str
    parameters: str = ""
    is_whole: bool = False
    policy: str | None = None  # What a browser lets it do.

    @property
    def header(self) -> str:
        """What `Content-Type` says."""
        return f"{self.media}{self.parameters}"


# By the suffix that asks for it. A form more is a line more.
FORMS = {
    "json": Form("application/json"),
    "csv": Form("text/csv", "; charset=utf-8; header=present", is_whole=True),
    "jsonl": Form("application/jsonl", is_whole=True),
    "txt": Form("text/plain", "; charset=utf-8", is_whole=True),
    "csv-metadata.json": Form("application/csvm+json"),
    "jsonld": Form("application/ld+json"),
    "cloudevents": Form(BATCH),
    "svg": Form("image/svg+xml", is_whole=True, policy="default-src 'none'; sandbox"),
}
METADATA = "csv-metadata.json"  # Beside each CSV: what its columns hold.
# Writes rows, or one item, and what is said of them, in a form of one endpoint.
Draw = Callable[[Sequence[Row], Mapping[str, Any]], bytes]
LISTED = ("json", "csv", "jsonl")  # Those that every list and every item has.
BOM = "\ufeff"
SUFFIX = "copperplate.suffix"
_LINE = orjson.OPT_APPEND_NEWLINE
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def to_json(value: Any) -> bytes:
    """Write an answer as JSON."""
    return orjson.dumps(value)


def to_csv(
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    for_excel: bool = False,
    is_first: bool = True,
) -> bytes:
    """Write rows by RFC 4180; null is empty, several values are joined with `;`.

    The first part of a file has the line of columns.
    """
    if isinstance(rows, Composed) and rows.names == tuple(columns) and not for_excel:
        return _composed_csv(rows, is_first=is_first)
    text = io.StringIO()
    if for_excel and is_first:
        text.write(BOM)
    writer = csv.writer(text, lineterminator="\r\n")
    if is_first:
        writer.writerow(columns)
    cell = _guarded if for_excel else cell_of
    plain = (NoneType, int) if for_excel else (str, NoneType, int)
    writer.writerows(
        [
            value if value.__class__ in plain else cell(value)
            for value in map(row.__getitem__, columns)
        ]
        for row in rows
    )
    return text.getvalue().encode()


def _composed_csv(rows: Composed, *, is_first: bool) -> bytes:
    """Write the same of rows that consist of pieces, each text of which is kept."""
    lines = [line_of(rows.names)] if is_first else []
    lines += map(",".join, zip(*rows.texts(line_of, cells_of), strict=True))
    return "\r\n".join([*lines, ""]).encode()


def to_json_lines(rows: Iterable[Row], names: Sequence[str]) -> bytes:
    """Write each row as an object of JSON on a line of its own."""
    return b"".join(
        orjson.dumps({name: row[name] for name in names}, option=_LINE) for row in rows
    )


def to_text(rows: Iterable[Row]) -> bytes:
    """Write the sentence of each row on a line of its own."""
    return "".join(f"{' '.join(row['sentence'].split())}\n" for row in rows).encode()


def choose_form(forms: Sequence[str]) -> str:
    """Return the form that the suffix or `Accept` asks for, or raise 406."""
    if suffix := request.environ.get(SUFFIX):
        if suffix not in (*forms, *([METADATA] if "csv" in forms else [])):
            raise _not_acceptable(f"There is no .{suffix} of this.", forms)
        return str(suffix)
    likes = request.accept_mimetypes
    if not likes:
        return forms[0]
    best = likes.best_match([*(FORMS[form].media for form in forms), "text/html"])
    if best is None:
        raise _not_acceptable(f"There is none of {str(likes)[:200]} to be had.", forms)
    # Until there are pages, a browser is shown the data.
    return next((form for form in forms if FORMS[form].media == best), forms[0])


def strip_suffix(wsgi_app: Any, keep: Iterable[str]) -> Callable[..., Any]:
    """Let `/v1/ratings.csv` mean `/v1/ratings` as CSV; the paths to keep have none."""
    kept = frozenset(keep)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        is_api = path.startswith(("/v1/", "/log/")) and path not in kept
        if is_api and (suffix := _suffix(path)):
            environ["PATH_INFO"] = path.removesuffix(f".{suffix}")
            environ[SUFFIX] = suffix
        return wsgi_app(environ, start_response)

    return app


def _suffix(path: str) -> str | None:
    """Return the suffix of a path that asks for a form, the longest if several do."""
    found = [each for each in FORMS if path.endswith(f".{each}")]
    return max(found, key=len, default=None)


def _not_acceptable(detail: str, forms: Sequence[str]) -> ProblemError:
    available = [FORMS[form].media for form in forms]
    return ProblemError("not-acceptable", detail, {"available": available})


def _guarded(value: Any) -> Any:
    """Return a cell that a spreadsheet will not take for a formula."""
    cell = cell_of(value)
    if isinstance(cell, str) and cell.startswith(_RISKY):
        return f"'{cell}"
    return cell
