"""The timeline of a body: everything about it and those who oversee it, in order.

A row stands for one fact of any noun and one thing that it concerns: a body, or what
the fact refers to. A body's timeline is made of the facts that concern it, and of
those that refer to what concerns it alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Column, Integer, select

from projections import bodies, database, ratings
from projections.body_labels import BodyLabels
from projections.conditions import among
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing, world_date
from projections.listing import (
    Listing,
    Opened,
    Page,
    all_rows,
    chunks,
    open_words,
    page_of,
)
from projections.members import with_common
from projections.moment import Moment, span
from projections.read_model import Batch, Projection, ReadModel, Row, generic, to_json
from projections.rows import row_of
from projections.sentences import TEMPLATES, Teller, Told
from schemas import dates
from schemas.events import RecordedEvent

table = versioned_table(
    "timeline",
    Column("type", KEY),
    Column("target", KEY, index=True),
    Column("bodies", KEY),
    Column("fact_version", Integer),
    Column("on", KEY),
    Column("on_basis", KEY),
    Column("data", KEY),
    Column("sealed", KEY),
    Column("first", KEY),
    Column("first_sealed", KEY),
)
timeline = Projection(table, noun="timeline", by_stream=True)

# Of programmes nothing is told here: they concern no body.
NOUNS = sorted({type.partition(".")[0] for type in TEMPLATES})
NAMING = ("body", "to", "convened_by")
NAMING_MANY = ("bodies", "subjects", "succeeded_by")
REFERRING = ("about", "responds_to", "addresses")
UNDATED = "9999"


@timeline.when(*TEMPLATES, *(type for noun in NOUNS for type in generic(noun)))
def _restate(batch: Batch, event: RecordedEvent) -> None:
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    batch.restate(table, event.stream, event.position, fact_rows(thing))


def fact_rows(thing: Thing) -> list[Row]:
    """Return a row for each fact of a thing, and each thing that it concerns."""
    facts = thing.live(*TEMPLATES)
    return [row for fact in facts for row in _rows(thing, fact, facts)]


def _rows(thing: Thing, fact: Fact, facts: Sequence[Fact]) -> Iterator[Row]:
    """Give a row of a fact for each thing that it concerns: they differ in little."""
    row = _row(thing, fact, facts[0])
    for target in _targets(thing, fact, facts):
        yield {**row, "part": f"{fact.version}.{target}", "target": target}


def _row(thing: Thing, fact: Fact, first: Fact) -> Row:
    on, on_basis = world_date(fact.data)
    data, sealed = to_json(fact.data), to_json(fact.sealed)
    is_first = fact is first
    return {
        **row_of(thing, fact),
        **span(on),
        "id": thing.stream,
        "version": fact.version,
        "position": fact.position,
        "recorded_at": fact.recorded_at,
        "change": fact.change,
        "type": fact.type,
        "bodies": to_json(bodies_of(thing, [fact]) or bodies_of(thing, [first])),
        "fact_version": fact.version,
        "on": on,
        "on_basis": on_basis,
        "data": data,
        "sealed": sealed,
        "first": data if is_first else to_json(first.data),
        "first_sealed": sealed if is_first else to_json(first.sealed),
    }


def bodies_of(thing: Thing, facts: Iterable[Fact]) -> list[str]:
    """Return the bodies that facts of a thing name, the thing itself included."""
    found = {id for fact in facts for id in _named(fact.data)}
    if thing.stream.startswith("body-"):
        found.add(thing.id)
    return sorted(found)


def targets_of(thing: Thing, version: int) -> list[str]:
    """Return the streams that the fact of a version concerns, while it stands."""
    facts = thing.live(*TEMPLATES)
    mine = [fact for fact in facts if fact.version == version]
    return [each for fact in mine for each in _targets(thing, fact, facts)]


def _targets(thing: Thing, fact: Fact, facts: Sequence[Fact]) -> list[str]:
    """Return the streams that a fact concerns: if it says none, those of its thing."""
    own = _streams(thing, [fact])
    return own or _streams(thing, facts)


def _streams(thing: Thing, facts: Iterable[Fact]) -> list[str]:
    facts = list(facts)
    named = {f"body-{id}" for id in bodies_of(thing, facts)}
    referred = {stream for fact in facts for stream in _references(fact.data)}
    return sorted(named | referred)


def _named(data: Row) -> list[str]:
    about = data.get("about")
    ids = [data.get(name) for name in NAMING]
    ids += [id for name in NAMING_MANY for id in data.get(name) or []]
    ids += [about["body"]] if isinstance(about, dict) else []
    return [id for id in ids if id]


def _references(data: Row) -> list[str]:
    streams: list[str] = []
    for name in REFERRING:
        value = data.get(name) or []
        if isinstance(value, dict):
            value = [f"inspection-{value['inspection']}"] if value["inspection"] else []
        streams += value
    return streams


# Queries.


def list_timeline(db: ReadModel, moment: Moment, page: Page, id: str) -> Listing | None:
    """Return what happened to a body, the first first, undated things last."""
    if bodies.get_body(db, moment.without_day(), id) is None:
        return None
    rows = _dated(db, moment, facts_about(db, moment, id))
    shown = [row for row in rows if _is_shown(row, moment)]
    listing = page_of(shown, page, _key)
    listing.rows = _items(db, moment, listing.rows)
    if moment.as_of and not moment.with_undated:
        listing.undated = sum(row["on"] is None for row in rows)
    return listing


def facts_about(
    db: ReadModel, moment: Moment, id: str, *, ever: bool = False
) -> list[Row]:
    """Return the rows of the facts about a body; `ever`: also of those taken back."""
    known = bodies.labels(db, moment.without_day())
    streams = {f"body-{each}" for each in (id, *known.overseers(id))}
    direct = _of_targets(db, moment, streams, ever)
    alone = {row["id"] for row in direct if len(orjson.loads(row["bodies"])) == 1}
    referring = _of_targets(db, moment, alone - streams, ever)
    found = {(row["id"], row["fact_version"]): row for row in (*referring, *direct)}
    return [found[key] for key in sorted(found)]


def _of_targets(
    db: ReadModel, moment: Moment, targets: Iterable[str], ever: bool
) -> list[Row]:
    rows: list[Row] = []
    for chunk in chunks(targets):
        if ever:
            rows += _all_ever(db, moment, table.c.target.in_(chunk))
        else:
            is_of = among("target", chunk)
            rows += all_rows(db, table, moment.without_day(), is_of)
    return rows


def _all_ever(db: ReadModel, moment: Moment, is_of: Any) -> list[Row]:
    statement = select(table).where(is_of, table.c.position_from <= moment.position)
    with database.reading(db.engine) as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def _dated(db: ReadModel, moment: Moment, rows: list[Row]) -> list[Row]:
    """Give ratings that state no date of their own that of their inspection."""
    undated = [row["id"] for row in rows if row["on"] is None]
    own = dates_of_ratings(db, moment, undated)
    return [{**row, **own.get(row["id"], {})} for row in rows]


def dates_of_ratings(
    db: ReadModel, moment: Moment, streams: Iterable[str]
) -> dict[str, Row]:
    """Return when ratings were published and what that rests on, by stream."""
    noun = "rating-"
    ids = [each.removeprefix(noun) for each in streams if each.startswith(noun)]
    found: dict[str, Row] = {}
    for chunk in chunks(ids):
        is_one = ratings.table.c.id.in_(chunk)
        for row in ratings.rating_rows(db, moment.without_day(), is_one):
            dated = {"on": row["published_on"], "on_basis": row["published_on_basis"]}
            found[f"{noun}{row['id']}"] = dated
    return found


def _is_shown(row: Row, moment: Moment) -> bool:
    if moment.as_of is None:
        return True
    if row["on"] is None:
        return moment.with_undated
    return dates.first_day(row["on"]) <= moment.as_of


def _key(row: Row) -> tuple[str, str]:
    day = dates.first_day(row["on"]) if row["on"] else UNDATED
    return day, f"{row['position']:016}"


def told_of(row: Row) -> Told:
    """Return what the sentence about a row is made of."""
    names = ("data", "sealed", "first", "first_sealed")
    members = {name: orjson.loads(row[name]) for name in names}
    return Told(row["type"], row["id"].partition("-")[2], **members)


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = bodies.labels(db, moment.without_day())
    told = [told_of(row) for row in rows]
    teller = Teller(db, moment.without_day(), told)
    opened = open_words(db, [row["source_titles"] for row in rows])
    return [
        _item(row, moment, known, opened, teller.sentence(each))
        for row, each in zip(rows, told, strict=True)
    ]


def _item(
    row: Row,
    moment: Moment,
    known: BodyLabels,
    opened: Opened,
    sentence: str,
) -> Row:
    noun, _, thing = row["id"].partition("-")
    named = orjson.loads(row["bodies"])
    return {
        **with_common(row, moment, opened),
        **known.columns_of(named),
        "id": str(row["position"]),
        "on": row["on"],
        "on_basis": row["on_basis"],
        "on_text": dates.in_words(row["on"]),
        "type": row["type"],
        "sentence": sentence,
        "noun": noun,
        "thing": thing,
        "stream": row["id"],
        "bodies": named,
    }
