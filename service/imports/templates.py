"""Templates: of each shape of file its columns, what they hold, and examples.

The examples are rows of the founding data. A list of the API is its own template.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from typing import Any

from schemas.codelists import Code
from schemas.dates import is_world_date
from service.founding import founding_files
from service.imports.explained import ALLOWED, BASES, BASIS, EXPLAINED
from service.imports.shapes import SHAPES, Shape
from service.imports.shapes.reader import EVERYWHERE

EXAMPLES = 2
Row = dict[str, Any]
_FILES = {path.stem: path for path in founding_files() if path.suffix == ".csv"}


def names() -> list[str]:
    """Return the names of all shapes, in the order in which facts rest on facts."""
    return [shape.name for shape in SHAPES]


def find_shape(name: str) -> Shape | None:
    """Return the shape that has a name, or None."""
    return next((shape for shape in SHAPES if shape.name == name), None)


def describe(shape: Shape) -> Row:
    """Return what a shape is for, and what each of its columns holds."""
    path = shape.about.partition(",")[0].partition("/v1/")[2]
    return {
        "id": shape.name,
        "about": shape.about,
        "is_list": shape.is_list,
        "template": f"/v1/{path}" if shape.is_list else template_path(shape),
        "columns": [_column(shape, name) for name in columns_of(shape)],
        "derived": list(shape.derived),
    }


def template_path(shape: Shape) -> str:
    """Return where the template of a shape is served."""
    return f"/v1/imports/templates/{shape.name}.csv"


def columns_of(shape: Shape) -> list[str]:
    """Return the columns that are read, in order: a date is followed by its basis."""
    own = [*shape.required, *shape.may_be_blank, *shape.optional]
    if not shape.is_list:
        own += [*EVERYWHERE, *(["ordinal"] if shape.key else [])]
    paired = [each for name in own for each in (name, f"{name}_basis")]
    known = shape.columns
    return [name for name in dict.fromkeys(paired) if name in known]


def to_csv(shape: Shape) -> str:
    """Return a file of the shape: its columns, and rows that can be imported."""
    text, names = io.StringIO(), columns_of(shape)
    writer = csv.DictWriter(text, names, restval="", extrasaction="ignore",
                            lineterminator="\r\n")  # fmt: skip
    writer.writeheader()
    writer.writerows(_examples(shape))
    return text.getvalue()


def to_text(shape: Shape) -> str:
    """Return what each column holds, a line each."""
    lines = [f"{shape.name}: {shape.about}."]
    for column in describe(shape)["columns"]:
        need = "needed" if column["required"] else "may be blank"
        allowed = (
            f" One of {', '.join(column['allowed'])}." if column["allowed"] else ""
        )
        lines.append(f"  {column['name']} ({need}): {column['holds']}{allowed}")
    return "\n".join([*lines, ""])


def _column(shape: Shape, name: str) -> Row:
    allowed = allowed_in(shape, name)
    return {
        "name": name,
        "required": name in shape.required,
        "must_be_there": name in shape.present,
        "holds": holds(shape, name),
        "allowed": [str(each) for each in allowed] if allowed else [],
        "is_sealed": name in shape.words,
    }


def holds(shape: Shape, name: str) -> str:
    """Return what a column holds, in words."""
    if shape.is_list:
        return "As the list shows it." if name != "id" else "The id of the thing."
    default = BASIS if _is_basis(name) else ""
    return EXPLAINED.get((shape.name, name)) or EXPLAINED.get(name) or default


def allowed_in(shape: Shape, name: str) -> Sequence[Code] | None:
    """Return the words that a column may hold, None if there is no list of them."""
    if shape.is_list:
        return None
    if _is_basis(name):
        return list(BASES)
    found: Any = ALLOWED.get((shape.name, name)) or ALLOWED.get(name)
    return list(found) if found else None


def _is_basis(name: str) -> bool:
    date, ending, _ = name.rpartition("_basis")
    others = ("from", "to", "entered", "left", "election_year", "fieldwork_start",
              "fieldwork_end", "response_dated")  # fmt: skip
    return bool(ending) and (is_world_date(date) or date in others)


def _examples(shape: Shape) -> list[Row]:
    """Return the fullest rows of the founding file that no other row is like."""
    if shape.name not in _FILES:
        return []
    with _FILES[shape.name].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    alike = Counter(_key(shape, row) for row in rows)
    alone = [row for row in rows if not shape.key or alike[_key(shape, row)] == 1]
    return sorted(alone, key=lambda row: -sum(map(bool, row.values())))[:EXAMPLES]


def _key(shape: Shape, row: Row) -> tuple[str, ...]:
    return tuple(row.get(name, "") for name in shape.key)
