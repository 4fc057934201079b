"""Cells: the values of items as the text that a CSV has for them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson


def line_of(values: Iterable[Any]) -> str:
    """Return the cells of values as RFC 4180 has them in a line."""
    return ",".join(cells_of(list(values)))


def cells_of(values: Sequence[Any]) -> list[str]:
    """Return the cells of values: quoted are those that have to be."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return list(map(str, values))
    # To look at all of them together takes a tenth of the time.
    texts = list(values) if kinds == {str} else list(map(_text_of, values))
    return list(map(_quoted, texts)) if _is_special("".join(texts)) else texts


def _text_of(value: Any) -> str:
    if value.__class__ is str:
        return str(value)
    return "" if value is None else str(cell_of(value))


def _quoted(text: str) -> str:
    if not _is_special(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _is_special(text: str) -> bool:
    """Whether RFC 4180 has quotes around a cell."""
    # A loop over the four would take longer than to look for them.
    return '"' in text or "," in text or "\r" in text or "\n" in text


def cell_of(value: Any) -> Any:
    """Return what a CSV says of a value: several are joined, objects are JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return orjson.dumps(value).decode()
    if isinstance(value, list):
        if any(isinstance(each, Mapping) for each in value):
            return orjson.dumps(value).decode()
        return ";".join(str(cell_of(each)) for each in value)
    return value
