"""What a row of a list tells: the events of a thing, cell by cell.

The members of an event are those of its schema, so that a list needs to say only
where a column has another name than the member, or holds none.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from marshmallow import fields

from schemas.catalogue import DATA_SCHEMAS
from schemas.fields import SortedIds
from service.domain.base import Aggregate, Event, Fact, type_of
from service.domain.catalogue import EVENT_TYPES
from service.imports.reading import tidy
from service.imports.shapes.cells import Cells
from service.imports.wanted import RefusedError

Data = dict[str, Any]
_GUARDED = re.compile("'[=+@-]")  # How `?excel=true` keeps a cell from being a formula.


@dataclass(frozen=True)
class Told:
    """An event of which a row tells.

    `columns` names the column of a member that has another name. `shared` are members
    that the row shows of an event before; `unsaid` are those that it does not show,
    `fixed` those with one value. `flag` is the column that says whether it happened,
    `key` the members by which one of several is found. `is_of` says of which rows it
    tells, `stands` of which things it still holds. `also` returns what else a member
    may be shown as, `inherited` what is shown where a member is unknown.
    """

    type: str
    columns: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    flag: str | None = None
    key: tuple[str, ...] = ()
    may_be_blank: bool = False
    is_of: Callable[[Cells], bool] = lambda cells: True
    stands: Callable[[Any], bool] = lambda thing: True
    also: Callable[[Any, str], Sequence[Any]] = lambda thing, member: ()
    inherited: Callable[[Any, Cells], Data] = lambda reader, cells: {}

    @property
    def members(self) -> dict[str, str]:
        """The members that columns hold, each with its column."""
        out = (*self.fixed, *self.unsaid)
        names = [name for name in flat(self.type) if name not in out]
        return {name: self.columns.get(name, name.split(".")[-1]) for name in names}

    @property
    def own(self) -> dict[str, str]:
        """The members that tell of this event alone, each with its column."""
        return {n: c for n, c in self.members.items() if n not in self.shared}

    def is_told(self, cells: Cells) -> bool:
        """Whether the row says that the event happened: words alone do not."""
        if self.flag and is_shown(cells.get(self.flag, ""), True):
            return True
        plain = (c for n, c in self.own.items() if not is_sealed(self.type, n))
        return any(cells.get(column) for column in plain)

    def facts(self, thing: Aggregate) -> list[Fact]:
        """Return the events that may be meant, as they stand, in order."""
        if not self.stands(thing):
            return []
        return [
            fact
            for fact in thing.facts.values()
            if type_of(fact.event) == self.type
            and not fact.is_retracted
            and all(getattr(fact.event, n) == v for n, v in self.fixed.items())
        ]

    def has_key(self, event: Event, cells: Cells) -> bool:
        """Whether the event is the one that the row names."""
        return self._has(event, cells, self.key)

    def is_near(self, event: Event, cells: Cells) -> bool:
        """Whether the event is one of those among which the row names one."""
        return self._has(event, cells, self.key[:-1])

    def _has(self, event: Event, cells: Cells, names: tuple[str, ...]) -> bool:
        columns = self.members
        return all(
            shown_as(getattr(event, name)) == cells.get(columns[name], "")
            for name in names
        )


@cache
def flat(type: str) -> dict[str, fields.Field[Any]]:
    """Return the members of an event; those within an object as `about.body`."""
    return dict(_flat(type))


def _flat(type: str) -> Iterator[tuple[str, fields.Field[Any]]]:
    for name, each in DATA_SCHEMAS[type]().fields.items():
        if isinstance(each, fields.Nested):
            inner = each.schema.fields.items()
            yield from ((f"{name}.{sub}", below) for sub, below in inner)
        else:
            yield name, each


def is_sealed(type: str, member: str) -> bool:
    """Whether a member is sealed."""
    return member in EVENT_TYPES[type].sealed


def is_id_list(type: str, member: str) -> bool:
    """Whether a member is a list of ids, which is kept sorted."""
    return isinstance(flat(type)[member], SortedIds)


def value_in(data: Mapping[str, Any], member: str) -> Any:
    """Return the value of a member, also of one within an object."""
    name, _, sub = member.partition(".")
    value = data.get(name)
    return (value or {}).get(sub) if sub else value


def put_in(data: Data, member: str, value: Any) -> None:
    """Give a member a value, also one within an object, which is copied."""
    name, _, sub = member.partition(".")
    data[name] = {**(data.get(name) or {}), sub: value} if sub else value


def shown_as(value: Any) -> str:
    """Return a value as a cell of a list shows it, and as a file is read."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ";".join(shown_as(each) for each in value)
    if isinstance(value, Mapping):  # A grade of a scale is shown by its id.
        return shown_as(value.get("grade"))
    return tidy(str(value))


def is_shown(cell: str, value: Any) -> bool:
    """Whether a cell shows a value, perhaps guarded for a spreadsheet."""
    text = shown_as(value)
    if isinstance(value, bool):
        cell = cell.casefold()  # Spreadsheets write TRUE.
    return cell == text or bool(_GUARDED.match(cell) and cell[1:] == text)


def read(type: str, member: str, cell: str) -> Any:
    """Return the value that an edited or new cell states; the schema checks it."""
    field = flat(type)[member]
    text = cell[1:] if _GUARDED.match(cell) else cell
    if isinstance(field, fields.List):
        parts = [part.strip() for part in text.split(";") if part.strip()]
        if member == "scale.grades":
            return [_graded(grade, rank) for rank, grade in enumerate(parts, 1)]
        return parts or (None if field.allow_none else [])
    if not text:
        return None
    if isinstance(field, fields.Boolean):
        return _flag(member, text)
    if isinstance(field, fields.Integer) and text.isascii() and text.isdigit():
        return int(text[:20])
    return text


def _flag(member: str, text: str) -> bool:
    if text.casefold() not in ("true", "false"):
        raise RefusedError(f"{member}: write true or false.")
    return text.casefold() == "true"


def _graded(grade: str, rank: int) -> Data:
    label = grade.replace("-", " ").capitalize()
    return {"grade": grade, "rank": rank, "label": label}
