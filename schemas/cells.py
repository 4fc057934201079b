"""Cells: the values of items as the text that a CSV has for them."""

from collections.abc import Mapping
from typing import Any

import orjson


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
