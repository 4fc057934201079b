"""Rows: what every row says of the thing and of the facts that it is made from."""

from collections.abc import Callable, Sequence

from projections.facts import Fact, Thing
from projections.read_model import Batch, Projection, Row, generic, to_json
from schemas import dates
from schemas.events import RecordedEvent


def keep_rows(
    projection: Projection, make: Callable[[Thing], list[Row]], *types: str
) -> None:
    """Let the rows of a noun be those that `make` returns, after each of its events."""

    @projection.when(*types, *generic(projection.noun))
    def _restate(batch: Batch, event: RecordedEvent) -> None:
        thing = batch.thing(event.stream)
        assert thing  # The event itself is among its facts.
        batch.restate(projection.table, event.id, event.position, make(thing))


def row_of(thing: Thing, fact: Fact, part: str = "", *more: Fact) -> Row:
    """Return the columns that every versioned table has, but those of time.

    `more` are other facts that the row shows, such as the end of what it is about.
    """
    facts = (fact, *more)
    return {
        "id": thing.id,
        "part": part,
        "version": thing.version,
        "position": thing.position,
        "recorded_at": thing.recorded_at,
        "change": thing.change,
        "is_disputed": any(each.disputes for each in facts),
        "disputed_by": to_json(sorted({d for f in facts for d in _differences(f)})),
        "sources": to_json([source for each in facts for source in each.sources]),
        "source_titles": fact.sealed.get("source_titles"),
    }


def part_of(thing: Thing, fact: Fact, part: str) -> Row:
    """Return the same of a part, such as a report, that has an event of its own."""
    return {
        **row_of(thing, fact, part),
        "version": fact.version,
        "position": fact.position,
        "recorded_at": fact.recorded_at,
        "change": fact.change,
    }


def in_time(facts: Sequence[Fact], days: Sequence[str | None]) -> list[Fact]:
    """Return facts, given in the order of the log, in the order of these days."""
    return [facts[number] for number in dates.chronological(days)]


def sealed_of(fact: Fact | None, *names: str) -> Row:
    """Return the commitments to these sealed fields of a fact, null where none is."""
    return {name: fact.sealed.get(name) if fact else None for name in names}


def plain_of(fact: Fact | None, *names: str) -> Row:
    """Return these plain members of a fact; a world date brings its basis."""
    named = [each for name in names for each in _with_twin(name)]
    return {name: fact.data[name] if fact else None for name in named}


def _with_twin(name: str) -> tuple[str, ...]:
    return (name, f"{name}_basis") if dates.is_world_date(name) else (name,)


def _differences(fact: Fact) -> list[str]:
    return sorted(
        f"{name}: {other.data[name]}"
        for other in fact.disputes.values()
        for name in other.data
        if other.data[name] != fact.data.get(name) and not name.endswith("_basis")
    )
