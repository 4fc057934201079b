"""Bodies: what they are, their names and their links, each with its span."""

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import orjson
from sqlalchemy import Column, select

from projections import database
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
    with_common,
)
from projections.matching import saying
from projections.moment import Moment, span, standing, touched
from projections.read_model import Batch, Projection, ReadModel, Row, generic, to_json
from projections.rows import row_of
from projections.spellings import fold, slug, spellings
from schemas import dates
from schemas.codelists import BodyKind, Relation, label
from schemas.events import RecordedEvent
from schemas.tokens import Sought

table = versioned_table(
    "bodies",
    Column("kind", KEY),
    Column("name", KEY),
    Column("relation", KEY),
    Column("other", KEY),
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

BODY_COLUMNS = ("body", "body_name", "body_ons", "region", "overseen_by")
FORCES = (BodyKind.POLICE_FORCE, BodyKind.SPECIAL_FORCE)

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
    order = _chronological([fact.data["started_on"] for fact in named])
    return [named[number] for number in order]


def _chronological(starts: Sequence[str | None]) -> list[int]:
    """Return the order in time of names given in the order of the log.

    The first is the oldest, whatever its date; an undated one comes where the log
    has it, after the dated ones before it.
    """
    days, last = [""], ""
    for start in starts[1:]:
        last = dates.first_day(start) if start else last
        days.append(last)
    return sorted(range(len(starts)), key=lambda number: days[number])


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
    conditions: list[Any] = [table.c.kind == kind] if kind else []
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


def _items(db: ReadModel, moment: Moment, rows: list[Row]) -> list[Row]:
    known = labels(db, moment)
    commitments = [row[name] for row in rows for name in ("note", "source_titles")]
    opened = open_words(db, commitments)
    return [_item(row, moment, known, opened) for row in rows]


def _item(row: Row, moment: Moment, known: "BodyLabels", opened: Opened) -> Row:
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


class BodyLabels:
    """The names, links and codes of all bodies, as they stood at one moment."""

    def __init__(self, rows: Iterable[Row], day: str | None, today: str) -> None:
        self.kinds: dict[str, str] = {}
        self._ons: dict[str, str | None] = {}
        self._names: dict[str, list[Row]] = {}
        self._links: dict[tuple[str, str], list[Row]] = {}
        self._columns: dict[str, Row] = {}
        self._day, self._today = day, today
        for row in rows:
            self._add(row)
        for id, names in self._names.items():
            order = _chronological([row["started_on"] for row in names])
            self._names[id] = [names[number] for number in order]

    def name(self, id: str | None) -> str | None:
        """Return the name that a body bore on the day asked for, or bears."""
        return _at(self._names.get(id or "", []), self._day, "name")

    def names(self) -> dict[str, list[str]]:
        """Return every name that each body ever bore."""
        return {id: [row["name"] for row in rows] for id, rows in self._names.items()}

    def former_names(self, id: str) -> list[str]:
        """Return the names of a body other than the one it bears."""
        names = [row["name"] for row in self._names.get(id, [])]
        return [name for name in names if name != self.name(id)]

    def ons(self, id: str) -> str | None:
        """Return the code that the Office for National Statistics gave to a body."""
        return self._ons.get(id)

    def region(self, id: str) -> str | None:
        """Return the region that a body is a member of."""
        return self._other(id, Relation.MEMBER_OF)

    def overseen_by(self, id: str) -> str | None:
        """Return the body that oversees a body."""
        return self._other(id, Relation.OVERSEEN_BY)

    def columns(self, id: str) -> Row:
        """Return what every row that has a body says of it."""
        if id not in self._columns:
            self._columns[id] = {
                "body": id,
                "body_name": self.name(id),
                "body_ons": self.ons(id),
                "region": self.region(id),
                "overseen_by": self.overseen_by(id),
            }
        return self._columns[id]

    def columns_of(self, ids: Sequence[str | None]) -> Row:
        """Return the same of the one body of a row; nulls for none, and for many."""
        if len(ids) == 1 and ids[0]:
            return self.columns(ids[0])
        return dict.fromkeys(BODY_COLUMNS)

    def overseer_on(self, id: str, day: str) -> str | None:
        """Return the body that oversaw a body on a day."""
        return self._other(id, Relation.OVERSEEN_BY, day)

    def overseers(self, id: str) -> list[str]:
        """Return every body that ever oversaw a body."""
        links = self._links.get((id, Relation.OVERSEEN_BY), [])
        return sorted({row["other"] for row in links})

    def columns_with_force(self, id: str) -> Row:
        """Return the same, and which force it is or oversees, with its region."""
        columns, force = self.columns(id), self.force(id)
        if force is None:
            return {**columns, "force": None, "force_ons": None}
        region = columns["region"] or self.region(force)
        ons = self.ons(force)
        return {**columns, "region": region, "force": force, "force_ons": ons}

    def force(self, id: str) -> str | None:
        """Return the body itself if it is a force, else the one it ever oversaw."""
        if self.kinds.get(id) in FORCES:
            return id
        overseen = [
            each for each in self._of_overseer(id) if self.kinds.get(each) in FORCES
        ]
        return overseen[0] if len(overseen) == 1 else None

    def around_force(self, force: str) -> list[str]:
        """Return a force, and every body that ever oversaw it."""
        return [force, *self.overseers(force)]

    def _of_overseer(self, id: str) -> list[str]:
        return sorted(
            body
            for (body, relation), links in self._links.items()
            if relation == Relation.OVERSEEN_BY
            and any(row["other"] == id for row in links)
        )

    def _other(self, id: str, relation: str, day: str | None = None) -> str | None:
        day = day or self._day
        last = day or self._today
        links = self._links.get((id, relation), [])
        lasting = [each for each in links if (each["valid_to"] or "9") > last]
        return _at(lasting, day, "other")

    def _add(self, row: Row) -> None:
        if row["relation"]:
            key = (row["id"], row["relation"])
            self._links.setdefault(key, []).append(row)
        elif row["part"]:
            self._names.setdefault(row["id"], []).append(row)
        else:
            self.kinds[row["id"]] = row["kind"]
            self._ons[row["id"]] = row["ons"]


def labels(db: ReadModel, moment: Moment) -> BodyLabels:
    """Return what other nouns show of bodies."""
    at = touched(db, moment, "body")
    key = ("bodies", at, moment.as_of, moment.today)
    return db.remember(key, lambda: _labels(db, moment))


def _labels(db: ReadModel, moment: Moment) -> BodyLabels:
    statement = select(table).where(standing(table, moment))
    with database.reading(db.engine) as connection:
        found = connection.execute(statement).mappings()
        rows = sorted(map(dict, found), key=_by_version)
    return BodyLabels(rows, moment.as_of, moment.today)


def _by_version(row: Row) -> tuple[str, int]:
    last = row["part"].rpartition(".")[2]
    return row["id"], int(last) if last else 0


def _at(rows: list[Row], day: str | None, column: str) -> str | None:
    """Return what held on the day, else the last; the first if all came later."""
    if not rows:
        return None
    if day is None:
        return str(rows[-1][column])
    begun = [row for row in rows if row["valid_from"] <= day]
    return str((begun or rows[:1])[-1][column])
