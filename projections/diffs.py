"""Diffs: what changed of a thing between two positions of the log.

As JSON Patch (RFC 6902), which makes the later item of the earlier one, and in plain
English.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from projections.read_model import Row

# What says how far the record was, and what another member says in a code.
UNTOLD = ("version", "position", "recorded_at", "change", "redacted")
TWINS = ("_label", "_text", "_name")
LONGEST = 240


def patch(before: Row | None, after: Row | None) -> list[Row]:
    """Return the operations that make the one of the other; null where it is not."""
    if before is None or after is None:
        is_same = before is None and after is None
        return [] if is_same else [{"op": "replace", "path": "", "value": after}]
    return [
        {"op": "replace", "path": f"/{name}", "value": after[name]}
        for name in after
        if before[name] != after[name]
    ]


def sentences(before: Row | None, after: Row | None) -> list[str]:
    """Say in plain English what changed."""
    if before is None and after is not None:
        return ["It came on record."]
    if after is None or before is None:
        return ["It is no longer on record."]
    said = [_sentence(name, before, after) for name in _changed(before, after)]
    return said or ["Nothing that it says of the world changed."]


def _changed(before: Row, after: Row) -> Iterator[str]:
    for name in after:
        is_twin = any(
            name.endswith(end) and name.removesuffix(end) in after for end in TWINS
        )
        if name not in UNTOLD and not is_twin and before[name] != after[name]:
            yield name


def _sentence(name: str, before: Row, after: Row) -> str:
    title = name.replace("_", " ").capitalize()
    old, new = _in_words(name, before), _in_words(name, after)
    if old is None:
        return f"{title} is now {new}; before, nothing was stated."
    if new is None:
        return f"{title} was {old}; now, nothing is stated."
    return f"{title} was {old} and is now {new}."


def _in_words(name: str, row: Row) -> str | None:
    value = row[name]
    if value is None or value == []:
        return None
    for end in TWINS:
        if row.get(f"{name}{end}") is not None:
            return str(row[f"{name}{end}"])
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, Mapping):
        return orjson.dumps(value).decode()
    if isinstance(value, str):
        words = " ".join(value.split())
        is_long = len(words) > LONGEST
        return f"“{words[:LONGEST].rstrip()} …”" if is_long else f"“{words}”"
    return str(value)
