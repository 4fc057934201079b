"""What bulk files say of themselves: the data package, and what Datasette shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from service.bulk.content import Content
from service.bulk.lists import TABLES, Table

TITLE = "Copperplate: the public record of police inspection in England and Wales"
ABOUT = (
    "What was judged of police forces, what those in charge said and promised, and "
    "what was then done; as data, each fact with its date and source."
)
LICENCE = {
    "name": "OGL-UK-3.0",
    "title": "Open Government Licence v3.0",
    "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
}
SOURCE = {
    "title": "HMICFRS and others, each fact with its own source",
    "path": "https://hmicfrs.justiceinspectorates.gov.uk/",
}
LABELS = {"statements": "title", "commitments": "text", "terms": "person_name"}
FACETS = {
    "ratings": ["programme", "grade"],
    "findings": ["status", "kind"],
    "statements": ["kind"],
    "coverage": ["state"],
    "events": ["type", "change"],
}
SHOWN = 50  # Rows on a page of Datasette.
Resource = dict[str, Any]


@dataclass(frozen=True)
class Description:
    """What a data package is of: the position, when it was recorded, its tables."""

    position: int
    recorded_at: str | None
    tables: Sequence[Table] = TABLES


def data_package(
    of: Description, resource_of: Callable[[Table], Resource]
) -> dict[str, Any]:
    """Return the descriptor of the tables (Frictionless Data Package).

    `resource_of` says where the rows of a table are.
    """
    return {
        "profile": "tabular-data-package",
        "name": "copperplate",
        "title": TITLE,
        "description": ABOUT,
        "version": str(of.position),
        **({"created": of.recorded_at} if of.recorded_at else {}),
        "licenses": [LICENCE],
        "sources": [SOURCE],
        "resources": [_resource(each) | resource_of(each) for each in of.tables],
    }


def foreign_keys(table: Table, broken: set[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return which columns name things of other tables, all of which are there."""
    return [
        {"fields": [name], "reference": {"resource": other, "fields": ["id"]}}
        for name, other in table.references.items()
        if (table.name, name) not in broken
    ]


def datasette(content: Content) -> dict[str, Any]:
    """Return the metadata that Datasette shows beside record.sqlite."""
    tables = {table.name: _shown(table) for table in TABLES}
    events = {
        "title": "events",
        "description": "Every event, in the order of the log: what was recorded, when.",
        "label_column": "type",
        "sort_desc": "position",
        "facets": FACETS["events"],
    }
    return {
        "title": f"{TITLE}, at position {content.position}",
        "description": ABOUT,
        "license": LICENCE["title"],
        "license_url": LICENCE["path"],
        "source": SOURCE["title"],
        "source_url": SOURCE["path"],
        "databases": {"record": {"tables": {**tables, "events": events}}},
    }


def _resource(table: Table) -> Resource:
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "title": table.name.replace("_", " ").capitalize(),
        "description": table.about,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "header": True},
        "schema": {
            "fields": [_field(name, each) for name, each in table.members.items()],
            "primaryKey": list(table.key),
            "missingValues": [""],
        },
    }


def _field(name: str, member: fields.Field[Any]) -> dict[str, Any]:
    about = _about(member)
    more = {"description": about} if about else {}
    return {"name": name, "type": type_of(member), **more}


def type_of(member: fields.Field[Any]) -> str:
    """Return the type of a column: dates of the world may be years or intervals."""
    if isinstance(member, fields.Boolean):
        return "boolean"
    return "integer" if isinstance(member, fields.Integer) else "string"


def _shown(table: Table) -> Mapping[str, Any]:
    described = {n: about for n, m in table.members.items() if (about := _about(m))}
    names = [name for name in ("name", "title") if name in table.columns]
    label = LABELS.get(table.name) or next(iter(names), table.key[-1])
    shown = {
        "title": table.name.replace("_", " "),
        "description": table.about,
        "label_column": label,
        "size": SHOWN,
        "columns": described,
    }
    return shown | ({"facets": f} if (f := FACETS.get(table.name)) else {})


def _about(member: fields.Field[Any]) -> str:
    return str(member.metadata.get("description", ""))
