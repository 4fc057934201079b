"""CSV on the Web: what the columns of a CSV file hold, for programs (W3C, 2015)."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from schemas.fields import Code
from schemas.meanings import list_of
from service.http.headers import LICENCE

CONTEXT = ["http://www.w3.org/ns/csvw", {"@language": "en"}]
DIALECT = {
    "encoding": "utf-8",
    "header": True,
    "delimiter": ",",
    "quoteChar": '"',
    "doubleQuote": True,
    "lineTerminators": ["\r\n"],
}
KINDS = {fields.Integer: "integer", fields.Float: "number", fields.Boolean: "boolean"}
Node = dict[str, Any]


def describe(
    schema: type[Schema], names: Iterable[str], url: str, said: Mapping[str, Any]
) -> Node:
    """Return the metadata of the CSV file at an address, with these columns."""
    known = schema().fields
    shape: Node = {"columns": [_column(name, known.get(name)) for name in names]}
    if "id" in known:
        shape["primaryKey"] = "id"
    return {
        "@context": CONTEXT,
        "@type": "Table",
        "url": url,
        "dc:title": said["title"],
        "dc:description": " ".join((schema.__doc__ or "").split()),
        "dc:bibliographicCitation": said["citation"],
        "dc:license": {"@id": LICENCE},
        "dialect": DIALECT,
        "tableSchema": shape,
    }


def _column(name: str, field: fields.Field[Any] | None) -> Node:
    column: Node = {"name": name, "titles": name, "null": ""}
    if field is None:  # It is of one answer: a question of the matrix.
        return {**column, "datatype": "string"}
    if words := _words(field):
        column["dc:description"] = words
    if _is_joined(field):
        column["separator"] = ";"
    return {**column, "datatype": _datatype(field), "required": field.required}


def _words(field: fields.Field[Any]) -> str:
    words = (
        [str(field.metadata["description"])] if "description" in field.metadata else []
    )
    if isinstance(field, Code):
        words.append(f"A word of /v1/codelists/{list_of(field.codes).name}.")
    return " ".join(filter(None, words))


def _is_joined(field: fields.Field[Any]) -> bool:
    """Whether a cell holds several values, joined; objects are JSON."""
    return isinstance(field, fields.List) and not _is_object(field.inner)


def _is_object(field: fields.Field[Any]) -> bool:
    return isinstance(field, fields.Nested | fields.Mapping)


def _datatype(field: fields.Field[Any]) -> Any:
    if isinstance(field, fields.List):
        return "json" if _is_object(field.inner) else _datatype(field.inner)
    if _is_object(field):
        return "json"
    if field.metadata.get("format") == "date-time":
        return "datetime"
    if words := [each for each in field.validators if isinstance(each, validate.OneOf)]:
        return {"base": "string", "format": "|".join(map(str, words[0].choices))}
    return next((kind for of, kind in KINDS.items() if isinstance(field, of)), "string")
