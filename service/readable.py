"""Readable: whether the data of an event from elsewhere is what its type has.

The limits of a later version of the contract are not asked of what is on record: only
that all members are there, are of their kinds, and that dates are dates.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from marshmallow import Schema, fields

from schemas.catalogue import DATA_SCHEMAS
from schemas.fields import WorldDate
from service.domain.base import EVENT_TYPES, GENERIC
from service.log.connections import shown
from service.log.errors import BadLeafError

_WHOLE = (int,)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "corrects": _WHOLE,
    "retracts": (int, type(None)),
    "disputes": _WHOLE,
    "settles": _WHOLE,
    "prevails": _WHOLE,
    "adds_to": _WHOLE,
    "data": (dict,),
    "sealed_fields": (list,),
}


def must_be_readable(position: int, leaf: Mapping[str, Any]) -> None:
    """Raise BadLeafError unless the data of a leaf can be read; other types pass."""
    if faults := list(_faults(leaf["type"], leaf["data"])):
        raise BadLeafError(position, shown(f"{leaf['type']}: {'; '.join(faults)}"))


def _faults(type: str, data: Mapping[str, Any]) -> Iterator[str]:
    kind = EVENT_TYPES.get(type) or GENERIC.get(type.partition(".")[2])
    if kind is None:
        return
    wanted = [name.rstrip("_") for name in kind.plain_members()]
    yield from (f"{name} is missing" for name in wanted if name not in data)
    if type in EVENT_TYPES:
        found = _lenient(DATA_SCHEMAS[type]).validate(data)
        yield from (f"{name}: {why}" for name, why in found.items())
        return
    for name in sorted(data.keys() & _KINDS.keys()):
        if not isinstance(data[name], _KINDS[name]) or data[name] is True:
            yield f"{name} is of another kind"
        elif name == "data" and not _is_of(type.partition(".")[0], data[name]):
            yield "data is that of no event of its noun"


def _is_of(noun: str, data: Mapping[str, Any]) -> bool:
    """Whether data that is stated anew is what some type of the noun has."""
    types = [each for each in EVENT_TYPES if each.startswith(f"{noun}.")]
    return any(not list(_faults(each, data)) for each in types)


@lru_cache(maxsize=256)
def _lenient(kind: type[Schema]) -> Schema:
    """Return a schema that asks for kinds, and for no limits."""
    schema = kind()
    for field in schema.fields.values():
        _loosen(field)
    return schema


def _loosen(field: fields.Field[Any]) -> None:
    if not isinstance(field, WorldDate):
        field.validators = []
    if isinstance(field, fields.List):
        _loosen(field.inner)
    if isinstance(field, fields.Nested):
        for each in field.schema.fields.values():
            _loosen(each)
