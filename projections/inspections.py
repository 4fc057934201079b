"""Inspections: what was published, when, of whom, and what it is said to hold."""

from collections.abc import Sequence

import orjson
from sqlalchemy import Boolean, Column

from projections import programmes as programmes_
from projections.conditions import among, equal, holding, stated
from projections.database import KEY, versioned_table
from projections.facts import Fact, Thing
from projections.listing import (
    Listing,
    Page,
    all_rows,
    chunks,
    get_row,
    list_rows,
    open_words,
)
from projections.matching import saying
from projections.members import with_common
from projections.moment import Moment, span
from projections.read_model import Batch, Projection, ReadModel, Row, generic, to_json
from projections.rows import row_of
from projections.selection import Wanted
from schemas import dates
from schemas.codelists import label
from schemas.events import RecordedEvent
from schemas.tokens import Sought

table = versioned_table(
    "inspections",
    Column("kind", KEY),
    Column("title", KEY),
    Column("programme", KEY),
    Column("subjects", KEY),
    Column("announced_on", KEY),
    Column("announced_on_basis", KEY),
    Column("published_on", KEY),
    Column("published_on_basis", KEY),
    Column("report_url", KEY),
    Column("section_55", Boolean),
    Column("fieldwork", KEY),
    Column("totals", KEY),
    Column("note", KEY),
)
inspections = Projection(table, noun="inspection")

PUBLISHED = ("kind", "published_on", "published_on_basis", "report_url", "section_55")


@inspections.when(
    "inspection.announced",
    "inspection.published",
    "inspection.fieldwork-stated",
    "inspection.totals-stated",
    *generic("inspection"),
)
def _restate(batch: Batch, event: RecordedEvent) -> None:
    thing = batch.thing(event.stream)
    assert thing  # The event itself is among its facts.
    batch.restate(table, event.id, event.position, inspection_rows(thing))


def inspection_rows(thing: Thing) -> list[Row]:
    """Return the row of an inspection; a publication outweighs its announcement."""
    announced = next(iter(thing.live("inspection.announced")), None)
    published = next(iter(thing.live("inspection.published")), None)
    main = published or announced
    if main is None:
        return []
    return [
        {
            **row_of(thing, main),
            **span(main.data["published_on" if published else "announced_on"]),
            **_announced(announced),
            **{name: main.data.get(name) for name in PUBLISHED},
            "title": main.data["title"],
            "programme": main.data["programme"],
            "subjects": to_json(main.data["subjects"]),
            "fieldwork": to_json(_fieldwork(thing)),
            "totals": to_json(_totals(thing)),
            "note": main.sealed.get("note"),
        }
    ]


def _announced(fact: Fact | None) -> Row:
    names = ("announced_on", "announced_on_basis")
    return {name: fact.data[name] if fact else None for name in names}


def _fieldwork(thing: Thing) -> list[Row]:
    names = ("subjects", "fieldwork_from", "fieldwork_to")
    stated = thing.live("inspection.fieldwork-stated")
    return [{name: fact.data[name] for name in names} for fact in stated]


def _totals(thing: Thing) -> list[Row]:
    stated = thing.live("inspection.totals-stated")
    return [
        {
            "body": fact.data["body"],
            "areas": fact.data["areas"],
            "grades": fact.data["grades"],
            "source_url": fact.sources[0]["url"] if fact.sources else None,
        }
        for fact in stated
    ]


def publication_of(batch: Batch, id: str) -> Row | None:
    """Return the row of an inspection while events are applied, or None."""
    rows = [row.values for row in batch.standing(table, id).values()]
    return rows[0] if rows else None


# Queries.


def list_inspections(
    db: ReadModel,
    moment: Moment,
    page: Page,
    programme: str | None = None,
    body: str | None = None,
    kind: str | None = None,
    q: Sought | None = None,
) -> Listing:
    """Return inspections, by id."""
    conditions: list[Wanted] = [*equal(programme=programme, kind=kind)]
    conditions += holding("subjects", body)
    conditions += saying(db, moment, "inspection", table, q)
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_inspection(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one inspection, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def titles(db: ReadModel, moment: Moment, ids: set[str]) -> dict[str, str]:
    """Return the titles of inspections, by id."""
    found: dict[str, str] = {}
    always = moment.without_day()
    for chunk in chunks(ids):
        rows = all_rows(db, table, always, among("id", chunk), columns=("id", "title"))
        found |= {row["id"]: row["title"] for row in rows}
    return found


def latest_inspections(
    db: ReadModel, moment: Moment, body: str, number: int
) -> list[Row]:
    """Return so many inspections of a body, the latest first."""
    found = list_rows(db, table, moment, Page(), *holding("subjects", body)).rows
    ordered = sorted(found, key=_by_day, reverse=True)
    return _items(db, moment, ordered[:number])


def _by_day(row: Row) -> tuple[str, str]:
    return row["valid_from"], row["id"]


def stated_totals(
    db: ReadModel, moment: Moment, body: str | None = None
) -> dict[tuple[str, str], list[Row]]:
    """Return what sources say that a report holds, by programme and body."""
    found: dict[tuple[str, str], list[Row]] = {}
    always, shown = moment.without_day(), ("programme", "totals")
    for row in all_rows(db, table, always, *holding("subjects", body), columns=shown):
        for each in orjson.loads(row["totals"]):
            found.setdefault((row["programme"], each["body"]), []).append(each)
    return found


def inspected(
    db: ReadModel, moment: Moment, body: str | None = None
) -> set[tuple[str, str, str]]:
    """Return each inspection of a programme, with the programme and a subject.

    Of one body: those of which it is a subject.
    """
    always, shown = moment.without_day(), ("id", "programme", "subjects")
    rows = all_rows(db, table, always, *holding("subjects", body), columns=shown)
    return {
        (row["id"], row["programme"], subject)
        for row in rows
        if row["programme"]
        for subject in orjson.loads(row["subjects"])
    }


def published(
    db: ReadModel,
    moment: Moment,
    body: str | None = None,
    inspection: str | None = None,
) -> list[Row]:
    """Return the rows of inspections that were published, whatever their dates."""
    wanted = [*holding("subjects", body), *equal(id=inspection), stated("kind")]
    rows = all_rows(db, table, moment.without_day(), *wanted)
    return [{**row, "subjects": orjson.loads(row["subjects"])} for row in rows]


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    known = programmes_.labels(db, moment)
    commitments = [row[name] for row in rows for name in ("note", "source_titles")]
    opened = open_words(db, commitments)
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "kind_label": label(row["kind"]),
            "title": row["title"],
            "programme": row["programme"],
            "programme_title": known.title(row["programme"]),
            "subjects": orjson.loads(row["subjects"]),
            "announced_on": row["announced_on"],
            "announced_on_basis": row["announced_on_basis"],
            "published_on": row["published_on"],
            "published_on_basis": row["published_on_basis"],
            "published_on_text": dates.in_words(row["published_on"]),
            "report_url": row["report_url"],
            "section_55": row["section_55"],
            "fieldwork": [_in_words(each) for each in orjson.loads(row["fieldwork"])],
            "stated_totals": [_total(each) for each in orjson.loads(row["totals"])],
            "note": opened.get(row["note"] or ""),
            **with_common(row, moment, opened),
        }
        for row in rows
    ]


def _in_words(stated: Row) -> str:
    days = f"{stated['fieldwork_from'] or '?'} to {stated['fieldwork_to'] or '?'}"
    return f"{', '.join(stated['subjects'])}: {days}"


def _total(stated: Row) -> str:
    counts = ", ".join(f"{each['count']} {each['grade']}" for each in stated["grades"])
    areas = "an unstated number of" if stated["areas"] is None else stated["areas"]
    return f"{stated['body']}: {areas} areas: {counts}"
