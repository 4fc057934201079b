"""Bodies: what they are, their names and their links, each with its span."""

import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import orjson
from sqlalchemy import Column, Connection, select

from projections.body_labels import (
    COLUMNS,
    BodyLabels,
    BodyRows,
    chronological,
)
from projections.conditions import equal
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing
from projections.listing import (
    Listing,
    Opened,
    Page,
    all_rows,
    get_row,
    list_rows,
    open_words,
)
from projections.matching import saying
from projections.members import with_common
from projections.moment import Moment, span, standing, touched
from projections.query import Query
from projections.read_model import Batch, Projection, ReadModel, Row, generic, to_json
from projections.rows import row_of
from projections.selection import Wanted
from projections.spellings import fold, slug, spellings
from schemas.codelists import label
from schemas.events import RecordedEvent
from schemas.tokens import Sought

table = versioned_table(
    "bodies",
    Column("kind", KEY),
    Column("name", KEY),
    Column("relation", KEY),
    Column("other", KEY, index=True),
    Column("ons", KEY),
    Column("police_uk", KEY),
    Column("hmicfrs", KEY),
    Column("started_on", KEY),
    Column("started_on_basis", KEY),
    Column("ended_on", KEY),
    Column("ended_on_basis", KEY),
    Column("succeeded_by", KEY),
    Column("note", KEY),
)
bodies = Projection(table, noun="body")

NO_COLUMNS: Row = dict.fromkeys(
    (
        "kind",
        "name",
        "relation",
        "other",
        "ons",
        "police_uk",
        "hmicfrs",
        "started_on",
        "started_on_basis",
        "ended_on",
        "ended_on_basis",
        "succeeded_by",
        "note",
    )
)


@bodies.when(
    "body.registered",
    "body.renamed",
    "body.linked",
    "body.unlinked",
    "body.dissolved",
    *generic("body"),
)
def _restate(batch: Batch, event: RecordedEvent) -> None:
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    batch.restate(table, event.id, event.position, body_rows(thing))


def body_rows(thing: Thing) -> list[Row]:
    """Return all rows of a body: itself, its names, its links."""
    registered = thing.live("body.registered")
    if not registered:
        return []
    return [
        _itself(thing, registered[0]),
        *_names(thing),
        *_links(thing),
    ]


def _itself(thing: Thing, fact: Fact) -> Row:
    end = next(iter(thing.live("body.dissolved")), None)
    ended_on = end.data["ended_on"] if end else None
    succeeded_by = end.data["succeeded_by"] if end else []
    started_on = fact.data["started_on"]
    return {
        **NO_COLUMNS,
        **row_of(thing, fact),
        **span(started_on, ended=ended_on),
        **fact.data["outside_ids"],
        "kind": fact.data["kind"],
        "name": _named(thing)[-1].data["name"],
        "started_on": started_on,
        "started_on_basis": fact.data["started_on_basis"],
        "ended_on": ended_on,
        "ended_on_basis": end.data["ended_on_basis"] if end else None,
        "succeeded_by": to_json(succeeded_by),
        "note": fact.sealed.get("note"),
    }


def _names(thing: Thing) -> list[Row]:
    named = _named(thing)
    starts = [fact.data["started_on"] for fact in named]
    rows = []
    for number, fact in enumerate(named):
        later = next((day for day in starts[number + 1 :] if day), None)
        rows.append(
            {
                **NO_COLUMNS,
                **row_of(thing, fact, f"name.{fact.version}"),
                **span(starts[number], replaced=later),
                "name": fact.data["name"],
                "started_on": starts[number],
                "started_on_basis": fact.data["started_on_basis"],
            }
        )
    return rows


def _named(thing: Thing) -> list[Fact]:
    named = thing.live("body.registered", "body.renamed")
    order = chronological([fact.data["started_on"] for fact in named])
    return [named[number] for number in order]


def _links(thing: Thing) -> list[Row]:
    return [
        {
            **NO_COLUMNS,
            **row_of(thing, fact, f"link.{relation}.{other}.{fact.version}"),
            **span(fact.data["started_on"], ended=end[0]),
            "relation": relation,
            "other": other,
            "started_on": fact.data["started_on"],
            "started_on_basis": fact.data["started_on_basis"],
            "ended_on": end[0],
            "ended_on_basis": end[1],
            "note": fact.sealed.get("note"),
        }
        for fact in thing.live("body.linked")
        for relation, other in [(fact.data["relation"], fact.data["to"])]
        for end in [_end_of(thing, fact)]
    ]


def _end_of(thing: Thing, link: Fact) -> tuple[str | None, str | None]:
    pair = (link.data["relation"], link.data["to"])
    for fact in thing.live("body.linked", "body.unlinked"):
        is_later = fact.version > link.version
        if is_later and pair == (fact.data["relation"], fact.data["to"]):
            end = fact if fact.type == "body.unlinked" else link
            return end.data["ended_on"], end.data["ended_on_basis"]
    return link.data["ended_on"], link.data["ended_on_basis"]


# Queries.


def list_bodies(
    db: ReadModel,
    moment: Moment,
    page: Page,
    kind: str | None = None,
    region: str | None = None,
    overseen_by: str | None = None,
    q: Sought | None = None,
) -> Listing:
    """Return bodies, by id."""
    conditions: list[Wanted] = [*equal(kind=kind)]
    if region:
        conditions.append(table.c.id.in_(_linked_to(moment, "member-of", region)))
    if overseen_by:
        linked = _linked_to(moment, "overseen-by", overseen_by)
        conditions.append(table.c.id.in_(linked))
    conditions += saying(db, moment, "body", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_body(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one body, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def lookup_body(db: ReadModel, moment: Moment, scheme: str, id: str) -> Row | None:
    """Return the body that bears an outside id, or any name, now or formerly."""
    found = _bearers(db, moment, scheme).get(_folded(id))
    if found is None and scheme == "name":
        variant = _by_variant(db, moment, id)
        return get_body(db, moment, variant) if variant else None
    return get_body(db, moment, found["id"]) if found else None


def moved_to(db: ReadModel, moment: Moment, id: str) -> str | None:
    """Return the one body that bears, or bore, a name of which this is the slug."""
    names = labels(db, moment.without_day()).names()
    found = {body for body, own in names.items() if id in map(slug, own)}
    return found.pop() if len(found) == 1 else None


def similar_outside_ids(
    db: ReadModel, moment: Moment, scheme: str, id: str
) -> list[str]:
    """Return outside ids, or names, that are close to one that nobody bears."""
    bearers = _bearers(db, moment, scheme)
    return [bearers[each][scheme] for each in get_close_matches(_folded(id), bearers)]


def _bearers(db: ReadModel, moment: Moment, scheme: str) -> dict[str, Row]:
    """Return the rows of bodies, by outside id or by name; an earlier id wins."""
    rows = all_rows(db, table, moment.without_day())
    return {_folded(row[scheme]): row for row in reversed(rows) if row[scheme]}


def _by_variant(db: ReadModel, moment: Moment, name: str) -> str | None:
    """Return the one body of which a name is a variant: `Devon & Cornwall`, `GMP`."""
    names = labels(db, moment.without_day()).names()
    listed = spellings().get(("body", fold(name)))
    if listed in names:
        return listed
    found = {id for id, own in names.items() if fold(name) in map(fold, own)}
    return found.pop() if len(found) == 1 else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _linked_to(moment: Moment, relation: str, other: str) -> Any:
    links = table.alias("links")
    return select(links.c.id).where(
        standing(links, moment),
        links.c.relation == relation,
        links.c.other == other,
    )


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = labels(db, moment)
    commitments = [row[name] for row in rows for name in ("note", "source_titles")]
    opened = open_words(db, commitments)
    return [_item(row, moment, known, opened) for row in rows]


def _item(row: Row, moment: Moment, known: BodyLabels, opened: Opened) -> Row:
    id = row["id"]
    region, overseer = known.region(id), known.overseen_by(id)
    return {
        "id": id,
        "kind": row["kind"],
        "kind_label": label(row["kind"]),
        "name": known.name(id),
        "former_names": known.former_names(id),
        "ons": row["ons"],
        "police_uk": row["police_uk"],
        "hmicfrs": row["hmicfrs"],
        "region": region,
        "region_name": known.name(region),
        "overseen_by": overseer,
        "overseen_by_name": known.name(overseer),
        "started_on": row["started_on"],
        "started_on_basis": row["started_on_basis"],
        "ended_on": row["ended_on"],
        "ended_on_basis": row["ended_on_basis"],
        "succeeded_by": orjson.loads(row["succeeded_by"]),
        "note": opened.get(row["note"] or ""),
        **with_common(row, moment, opened),
    }


# Labels: what other nouns show of a body.


def labels(db: ReadModel, moment: Moment) -> BodyLabels:
    """Return what other nouns show of bodies."""
    at = touched(db, moment, "body")
    key = ("bodies", at, moment.as_of, moment.today)
    return db.remember(key, lambda: _labels(db, moment))


def _labels(db: ReadModel, moment: Moment) -> BodyLabels:
    rows = db.of_all_time("body", moment.reach, _read)
    return BodyLabels(rows, moment.reach, moment.as_of, moment.today)


_EVER = Query(select(*(table.c[name] for name in COLUMNS)))


def _read(connection: Connection) -> BodyRows:
    return BodyRows(_EVER.find(connection, {}).rows())
