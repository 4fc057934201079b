"""Sources: the addresses that facts rest on, who cites them, and what is kept of them.

`citations` has a row for each event and each address that it cites; `sources` one for
each address, made from the first event that cites it and from its own events.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Column, Integer, func, or_, select

from projections import database
from projections.conditions import equal, exactly, stated
from projections.database import KEY, versioned_table
from projections.items import coded
from projections.listing import (
    Listing,
    Page,
    all_rows,
    chunks,
    get_row,
    list_rows,
    page_of,
)
from projections.moment import Moment, span, standing
from projections.read_model import Batch, Projection, ReadModel, Row, to_json
from projections.selection import Wanted
from schemas.codelists import CheckOutcome, SourceState
from schemas.events import RecordedEvent

ARCHIVED, CHECKED = "source.archived", "source.checked"
STATED = (
    "publisher",
    "published_on",
    "accessed_on",
    "archived_url",
    "sha256",
    "confidence",
)
ID_LENGTH = 16

table = versioned_table(
    "sources",
    Column("url", KEY),
    Column("url_hash", KEY),
    Column("publisher", KEY),
    Column("first_cited_position", Integer),
    Column("first_cited_at", KEY),
    Column("sha256", KEY, index=True),
    Column("archived_at", KEY),
    Column("checked_at", KEY),
    Column("outcome", KEY),
    Column("withdrawn", KEY),
)
cited = versioned_table(
    "citations",
    Column("source", KEY, index=True),
    Column("type", KEY),
    *(Column(name if name != "sha256" else "stated_sha256", KEY) for name in STATED),
)
sources = Projection(table, noun="source", may_precede=True)
citations = Projection(cited, noun="citation", by_stream=True)


def id_of(url: str) -> str:
    """Return the id of the source that an address is."""
    return hash_of(url)[:ID_LENGTH]


def hash_of(url: str) -> str:
    """Return the SHA-256 of an address, in hexadecimal."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


@citations.always
def _cite(batch: Batch, event: RecordedEvent) -> None:
    named = {source["url"]: source for source in reversed(event.sources)}
    named.pop(None, None)
    if not named:
        return
    known = batch.standing(cited, event.stream).values()
    rows = [each.values for each in known]
    rows += [_citation(event, source) for source in named.values()]
    batch.restate(cited, event.stream, event.position, rows)
    for source in named.values():
        _introduce(batch, event, source)


def _citation(event: RecordedEvent, source: Row) -> Row:
    id = id_of(source["url"])
    stated = {name: source[name] for name in STATED}
    return {
        **_common(event),
        **span(None),
        "id": event.stream,
        "part": f"{event.version}.{id}",
        "version": event.version,
        "source": id,
        "type": event.type,
        "stated_sha256": stated.pop("sha256"),
        **stated,
    }


def _introduce(batch: Batch, event: RecordedEvent, source: Row) -> None:
    """Note the address and the publisher of a source, as first stated."""
    id, old = id_of(source["url"]), _old(batch, id_of(source["url"]))
    if old and old["url"] and (old["publisher"] or not source["publisher"]):
        return
    new = old or _blank(event, id)
    new |= {"url": source["url"], "url_hash": hash_of(source["url"])}
    new["publisher"] = new["publisher"] or source["publisher"]
    new["first_cited_position"] = new["first_cited_position"] or event.position
    new["first_cited_at"] = new["first_cited_at"] or event.recorded_at
    batch.restate(table, id, event.position, [new | _common(event)])


@sources.when(ARCHIVED, CHECKED)
def _check(batch: Batch, event: RecordedEvent) -> None:
    row = _old(batch, event.id) or _blank(event, event.id)
    row |= {**_common(event), "version": event.version}
    row["url_hash"] = event.data["url_hash"]
    if event.data["outcome"] == CheckOutcome.WITHDRAWN:
        known = {*orjson.loads(row["withdrawn"]), event.data["sha256"]}
        row["withdrawn"] = to_json(sorted(known))
    else:
        row |= _seen(row, event.data)
    batch.restate(table, event.id, event.position, [row])


def _seen(row: Row, data: Row) -> Row:
    """Return what a look at an address changes."""
    seen = {"checked_at": data["checked_at"], "outcome": data["outcome"]}
    if data["sha256"] in (None, row["sha256"]):
        return seen
    return {**seen, "sha256": data["sha256"], "archived_at": data["checked_at"]}


def _old(batch: Batch, id: str) -> Row | None:
    found = [each.values for each in batch.standing(table, id).values()]
    return dict(found[0]) if found else None


def _blank(event: RecordedEvent, id: str) -> Row:
    """Return the row of a source of which nothing is known, from this day on."""
    own = {column.name: None for column in table.columns}
    for name in ("position_from", "position_to"):
        del own[name]
    return {
        **own,
        **_common(event),
        **span(event.recorded_at[:10]),
        "id": id,
        "part": "",
        "version": 0,
        "outcome": str(SourceState.NOT_CHECKED),
        "withdrawn": "[]",
    }


def _common(event: RecordedEvent) -> Row:
    return {
        "position": event.position,
        "recorded_at": event.recorded_at,
        "change": event.change,
        "is_disputed": False,
        "disputed_by": "[]",
        "sources": "[]",
        "source_titles": None,
    }


# Queries.


def list_sources(
    db: ReadModel,
    moment: Moment,
    page: Page,
    outcome: str | None = None,
    publisher: str | None = None,
    cited_by: str | None = None,
    checked_before: str | None = None,
    url: str | None = None,
) -> Listing:
    """Return sources, by id."""
    conditions: list[Wanted] = [*equal(outcome=outcome, publisher=publisher, url=url)]
    if cited_by:
        conditions.append(table.c.id.in_(_cited_by(cited_by, moment)))
    if checked_before:
        checked = table.c.checked_at
        conditions.append(or_(checked.is_(None), checked < checked_before))
    listing = list_rows(db, table, moment, page, *conditions)
    listing.rows = _items(db, moment, listing.rows)
    return listing


def get_source(db: ReadModel, moment: Moment, id: str) -> Row | None:
    """Return one source, or None."""
    row = get_row(db, table, moment, id)
    return _items(db, moment, [row])[0] if row else None


def list_citations(
    db: ReadModel, moment: Moment, page: Page, id: str
) -> Listing | None:
    """Return the events that cite a source, in the order of the log, or None."""
    if get_row(db, table, moment, id) is None:
        return None
    rows = all_rows(db, cited, moment.without_day(), *exactly(source=id))
    items = [_citing(row) for row in rows]
    return page_of(items, page, lambda row: (f"{row['position']:016}",))


def list_checks(db: ReadModel, moment: Moment) -> list[tuple[str, str | None]]:
    """Return the addresses that are cited, each with when it was last looked at.

    The one that was not looked at for longest comes first.
    """
    found = list_rows(db, table, moment, Page(), stated("url")).rows
    looked = [(row["url"], row["checked_at"]) for row in found]
    return sorted(looked, key=lambda each: (each[1] or "", each[0]))


def known_since(db: ReadModel, id: str) -> int | None:
    """Return the position at which a source was first cited or archived, or None."""
    statement = select(func.min(table.c.position_from)).where(table.c.id == id)
    with database.reading(db.engine) as connection:
        return connection.execute(statement).scalar_one_or_none()


def sources_with(db: ReadModel, sha256: str) -> list[str]:
    """Return the ids of the sources that ever had this copy."""
    statement = select(table.c.id).where(table.c.sha256 == sha256).distinct()
    with database.reading(db.engine) as connection:
        return sorted(connection.execute(statement).scalars())


def _cited_by(stream: str, moment: Moment) -> Any:
    mine = (cited.c.id == stream, standing(cited, moment))
    return select(cited.c.source).where(*mine)


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    counts = _counts(db, moment, (row["id"] for row in rows))
    return [_item(row, counts.get(row["id"], 0), moment) for row in rows]


def _item(row: Row, count: int, moment: Moment) -> Row:
    is_withdrawn = row["sha256"] in orjson.loads(row["withdrawn"])
    has_copy = row["sha256"] and not is_withdrawn
    return {
        "id": row["id"],
        "url": row["url"],
        "url_hash": row["url_hash"],
        "publisher": row["publisher"],
        "citations": count,
        "first_cited_position": row["first_cited_position"],
        "first_cited_at": row["first_cited_at"],
        "sha256": row["sha256"],
        "copy": f"/v1/archive/{row['sha256']}" if has_copy else None,
        "is_withdrawn": is_withdrawn,
        "archived_at": row["archived_at"],
        "checked_at": row["checked_at"],
        "checked_days_ago": _age(row["checked_at"], moment.day),
        **coded(row, "outcome"),
        "version": row["version"],
        "position": row["position"],
        "recorded_at": row["recorded_at"],
    }


def _age(checked_at: str | None, day: str) -> int | None:
    """Return the days from an instant to a day, or None if it came later."""
    if checked_at is None or checked_at[:10] > day:
        return None
    return (date.fromisoformat(day) - date.fromisoformat(checked_at[:10])).days


def _citing(row: Row) -> Row:
    return {
        "id": str(row["position"]),
        "position": row["position"],
        "type": row["type"],
        "stream": row["id"],
        "version": row["version"],
        "recorded_at": row["recorded_at"],
        **{name: row[name] for name in STATED if name != "sha256"},
        "sha256": row["stated_sha256"],
    }


def _counts(db: ReadModel, moment: Moment, ids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in chunks(ids):
        statement = (
            select(cited.c.source, func.count())
            .where(cited.c.source.in_(chunk), standing(cited, moment))
            .group_by(cited.c.source)
        )
        with database.reading(db.engine) as connection:
            found |= {id: count for id, count in connection.execute(statement)}
    return found
