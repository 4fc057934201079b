"""Meanings: what each word of each code list says, for those who read the record."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from marshmallow import fields

from schemas.codelists import Code
from schemas.fields import Open


@dataclass(frozen=True, slots=True)
class CodeList:
    """A closed set of words, by its name, with what the set is of."""

    name: str
    meaning: str
    codes: tuple[Code, ...]


class CodesSchema(Open):
    """A code list."""

    id = fields.String(metadata={"description": "Its name."})
    meaning = fields.String()
    codes = fields.Integer(metadata={"description": "How many codes it has."})
    address = fields.String(metadata={"description": "Where to see them: a path."})


class CodeSchema(Open):
    """A word of a code list."""

    code = fields.String()
    label = fields.String(metadata={"description": "As a person would write it."})
    meaning = fields.String()


@cache
def code_lists() -> dict[str, CodeList]:
    """Return every code list, by name: `BodyKind` is body-kind."""
    made = (list_of(kind) for kind in Code.__subclasses__())
    return {each.name: each for each in sorted(made, key=lambda each: each.name)}


@cache
def meanings() -> dict[tuple[str, str], str]:
    """Return what each code means, by its list and itself, from meanings.csv."""
    path = files("schemas").joinpath("meanings.csv")
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    return {(row["list"], row["code"]): row["meaning"] for row in rows}


def list_of(kind: type[Code]) -> CodeList:
    """Return the code list that a class holds."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()
    return CodeList(name, str(kind.__doc__), tuple(kind))
