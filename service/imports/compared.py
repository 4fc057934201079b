"""Compared: what rows state, held against what is on record."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas import dates

Data = Mapping[str, Any]


def differences(
    known: Data, data: Data, stated: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the members that say more than the record, and those that contradict."""
    finer, other = [], []
    for name in stated:
        old, new = known.get(name), data[name]
        if new is None or new == old:
            continue
        if dates.is_world_date(name):
            if dates.is_finer(new, old):
                finer.append(name)
            elif not dates.agrees(new, old):
                other.append(name)
        else:
            other.append(name)
    return finer, other


def edits(
    known: Data, data: Data, stated: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the edited members that were unknown or are finer now, and all others."""
    finer: list[str] = []
    other: list[str] = []
    for name in stated:
        old, new = known.get(name), data[name]
        is_date = dates.is_world_date(name)
        is_finer = dates.is_finer(new, old) if is_date else _says_more(new, old)
        (finer if is_finer else other).append(name)
    return finer, other


def _says_more(new: Any, old: Any) -> bool:
    """Whether a value fills in what was unknown, and contradicts nothing."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(each in (None, new.get(name)) for name, each in old.items())
    return old is None or old == []


def with_members(known: Data, data: Data, names: list[str]) -> dict[str, Any]:
    """Return what is known, with these members as the row states them."""
    twins = [f"{name}_basis" for name in names if f"{name}_basis" in known]
    plain = [name for name in (*names, *twins) if name in known]
    return {**known, **{name: data[name] for name in plain}}


def is_known(source: Data, known: Sequence[Data]) -> bool:
    """Whether a source is among those; titles are sealed and never decide."""
    names = ("url", "sha256") if source["url"] or source["sha256"] else ("publisher",)
    return any(
        all(each.get(name) == source[name] for name in names)
        and bool(each.get("url")) == bool(source["url"])
        for each in known
    )


def shown(value: Any) -> str:
    """Write a value for people."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {shown(each)}" for name, each in value.items())
    if isinstance(value, list):
        return "; ".join(map(shown, value)) or "none"
    return "unknown" if value is None else str(value)
