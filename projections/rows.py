"""Rows: what every row says of the thing and of the fact that it is made from."""

from projections.facts import Fact, Thing
from projections.read_model import Row, to_json


def row_of(thing: Thing, fact: Fact, part: str = "") -> Row:
    """Return the columns that every versioned table has, but those of time."""
    return {
        "id": thing.id,
        "part": part,
        "version": thing.version,
        "position": thing.position,
        "recorded_at": thing.recorded_at,
        "change": thing.change,
        "is_disputed": bool(fact.disputes),
        "disputed_by": to_json(_differences(fact)),
        "sources": to_json(list(fact.sources)),
        "source_titles": fact.sealed.get("source_titles"),
    }


def _differences(fact: Fact) -> list[str]:
    return sorted(
        f"{name}: {other.data[name]}"
        for other in fact.disputes.values()
        for name in other.data
        if other.data[name] != fact.data.get(name) and not name.endswith("_basis")
    )
