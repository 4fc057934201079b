"""Imports: files of facts that editors send, how far they are, and their reports."""

from difflib import get_close_matches
from typing import Any

from flask import Blueprint, Response, request

from projections.listing import page_of
from schemas.imports import (
    ImportFilterSchema,
    ImportItemSchema,
    ImportLineFilterSchema,
    ImportLineSchema,
    ImportOptionsSchema,
    ImportSchema,
    TemplateSchema,
)
from service import importing
from service.context import record
from service.http.access import editor, requires, requires_key
from service.http.bodies import fault, invalid, read_parts
from service.http.contract import accepts, receives, returns, serves
from service.http.problems import ProblemError
from service.http.representations import FORMS, choose_form, to_json
from service.imports import templates
from service.imports.shapes import SHAPES
from service.uploads import LIMIT, UploadError

imports = Blueprint("imports", __name__, url_prefix="/v1/imports")
RETRY = {"Retry-After": "10"}


@imports.post("")
@requires("record", of_any_noun=True)
@receives(
    importing.MEDIA_TYPES, limit=LIMIT, query=ImportOptionsSchema, result=ImportSchema
)
def send(**options: bool) -> Any:
    """Send a file of facts: a CSV file, or a story of commands as JSON Lines.

    It is imported after the answer: ask at `Location` how far it is. Whatever is known
    already is not recorded again, so that a file can be sent again at any time.
    """
    parts = read_parts(LIMIT, importing.MEDIA_TYPES)
    try:
        row = importing.accept(record(), editor(), request.mimetype, parts, **options)
    except UploadError as error:
        raise invalid([fault("", str(error))]) from error
    except importing.TooManyImportsError as error:
        detail = f"{importing.MOST} imports wait or run already."
        raise ProblemError("too-many-imports", detail, headers=RETRY) from error
    return row, f"/v1/imports/{row['id']}"


@imports.get("")
@requires_key()
@accepts(query=ImportFilterSchema)
@returns(ImportSchema, many=True, may_be_kept=False)
def index(moment: Any, page: Any) -> Any:
    """List the imports of the last 30 days, by id."""
    return page_of(importing.every(record()), page, lambda row: (row["id"],))


@imports.get("/templates")
@accepts(query=ImportFilterSchema)
@returns(TemplateSchema, many=True, forms=("json",))
def shapes(moment: Any, page: Any) -> Any:
    """List the shapes that a file may have, and what each column holds."""
    rows = [templates.describe(each) for each in SHAPES]
    return page_of(rows, page, lambda row: (row["id"],))


@imports.get("/templates/<shape>")
@serves({"application/json": TemplateSchema, "text/csv": None}, problems=(404,))
def template(shape: str) -> Response:
    """Show the columns of a shape; as CSV a file to begin with, with example rows."""
    found = templates.find_shape(shape)
    if found is None:
        similar = get_close_matches(shape[:80], templates.names(), n=3)
        detail = "There is no such shape: /v1/imports/templates lists them."
        raise ProblemError("not-found", detail, {"did_you_mean": similar})
    form = choose_form(("json", "csv"))
    body = to_json(templates.describe(found))
    body = templates.to_csv(found).encode() if form == "csv" else body
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(body, content_type=FORMS[form].header, headers=headers)


@imports.get("/<id>")
@requires_key()
@accepts(query=ImportItemSchema)
@returns(ImportSchema, problems=(404,), may_be_kept=False)
def item(moment: Any, id: str) -> Any:
    """Show how far an import is, and how it ended."""
    return importing.find(record(), id)


@imports.get("/<id>/lines")
@requires_key()
@accepts(query=ImportLineFilterSchema)
@returns(ImportLineSchema, many=True, problems=(404, 503), may_be_kept=False)
def lines(moment: Any, page: Any, id: str, status: str | None = None) -> Any:
    """List what became of each line of an import that is done so far."""
    if importing.find(record(), id) is None:
        return None
    return record().imports.list_lines(id, page, status)
