"""Wanted: the facts that rows want on record, checked before anything is done."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, TypeVar

import orjson
from marshmallow import Schema, ValidationError

from schemas.catalogue import DATA_SCHEMAS
from schemas.fields import ID_LENGTH, ID_PATTERN, EventData
from schemas.sources import SourceSchema
from service.domain.base import Aggregate, Event

S = TypeVar("S", bound=Schema)
Data = Mapping[str, Any]
Command = Callable[[Any, dict[str, Any]], Event]
Context = dict[str, Any]
_ID = re.compile(ID_PATTERN)


class RefusedError(Exception):
    """The row cannot be recorded; `faults` say why, each with its column."""

    def __init__(self, *faults: str) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def _any(_event: Any) -> bool:
    return True


@dataclass(frozen=True)
class Wanted:
    """A fact that a row states: an event of a thing, unless it is there already.

    `data` are all members; `stated` names those that the row itself says something
    about, by which it is compared. `is_same` finds the facts of the same natural key,
    of which `nth` says which is meant, where a file may state several alike.
    `context` is passed to the commands that correct or dispute it. With `is_edit` the
    row showed the fact as it stands, and `stated` names what was changed of it, sealed
    members too: what was unknown is filled in, everything else differs.
    """

    kind: type[Aggregate]
    id: str
    type: str
    data: Data
    command: Command
    stated: Sequence[str] = ()
    is_same: Callable[[Any], bool] = _any
    source: Data | None = None
    context: Context = field(default_factory=dict)
    nth: int | None = None
    is_edit: bool = False


def said(wanted: Wanted) -> tuple[Any, ...] | None:
    """Return all that tells whether a fact is there, None if that is not plain."""
    if wanted.is_same is not _any or wanted.nth or wanted.is_edit:
        return None
    return wanted.type, wanted.data, wanted.stated, wanted.source


def checked(wanted: Wanted) -> dict[str, Any]:
    """Return the data as the wire contract has it, or name all its faults."""
    try:
        data = _load(DATA_SCHEMAS[wanted.type], wanted.data)
        if wanted.source:
            _check_source(_without_title(wanted.source))
    except ValidationError as error:
        # marshmallow leaves this method without types.
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        raise RefusedError(*_faults(messages)) from error
    return data


def _check_source(source: Data) -> None:
    """Check a source; rows near each other often have the same."""
    try:
        raw = orjson.dumps(source)
    except TypeError:  # A lone surrogate, say: the schema names it.
        _schema(SourceSchema).load(dict(source))
    else:
        _check_source_in(raw)


@lru_cache(maxsize=1000)
def _check_source_in(raw: bytes) -> None:
    _schema(SourceSchema).load(orjson.loads(raw))


def _load(kind: type[EventData], data: Data) -> dict[str, Any]:
    schema = _schema(kind)
    loaded = schema.load_plainly(data)
    return dict(schema.load(dict(data))) if loaded is None else loaded


@cache
def _schema(kind: type[S]) -> S:
    # To make one costs more than all else that is done for a row.
    return kind()


def _faults(messages: Mapping[str, Any], prefix: str = "") -> list[str]:
    texts: list[str] = []
    for name, found in messages.items():
        where = f"{prefix}{name}"
        if isinstance(found, Mapping):
            texts += _faults({str(k): v for k, v in found.items()}, f"{where}.")
        else:
            texts.append(f"{where}: {' '.join(map(str, found))}")
    return texts


def sourcing(wanted: Wanted) -> dict[str, Any]:
    """Return the source of what is wanted, as commands take it."""
    return sourcing_of(wanted.source) if wanted.source else {}


def sourcing_of(source: Data) -> dict[str, Any]:
    """Return a source as commands take it: its title apart, since that is sealed."""
    title = source.get("title")
    titles = {"source_titles": [title]} if title else {}
    return {"sources": [_without_title(source)], **titles}


def _without_title(source: Data) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name != "title"}


def is_id(text: str) -> bool:
    """Whether a text is an id as things have it."""
    return len(text) <= ID_LENGTH and bool(_ID.fullmatch(text))


def cut(text: str) -> str:
    """Return as much of a text as helps to find it, quoted."""
    return repr(text if len(text) <= ID_LENGTH else f"{text[:ID_LENGTH]}…")
