"""Search: the things of any noun that say what is sought, the nearest first."""

from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

import orjson
from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Table,
    and_,
    false,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from projections import bodies, database, findings
from projections.body_labels import BodyLabels
from projections.conditions import among, exactly, holding
from projections.database import KEY
from projections.listing import (
    Listing,
    Opened,
    Page,
    all_rows,
    check_key,
    chunks,
    number_of,
    open_words,
)
from projections.matching import found, rank
from projections.moment import Moment, certainty, in_force, standing
from projections.read_model import ReadModel, Row
from projections.texts import NOUNS, texts
from projections.things import TABLES
from schemas.tokens import Sought, Token, tokens

MOST = 1000  # Things on one page, also of a form in which other lists come whole.
BEFORE, AROUND = 60, 240  # Characters of an excerpt.
TITLES = ("name", "title", "person_name")


def search(
    db: ReadModel,
    moment: Moment,
    page: Page,
    q: Sought,
    noun: str | None = None,
    body: str | None = None,
) -> Listing:
    """Return the things that say what is sought, the nearest first."""
    nouns = [noun] if noun else list(NOUNS)
    every = _things(db, moment, q, nouns, body)
    limit = min(page.limit or MOST, MOST)
    with database.reading(db.engine) as connection:
        shown = connection.execute(_part(every, page, limit)).mappings()
        hits = [dict(row) for row in shown]
        counted = [hit["total"] for hit in hits[:1]]
        total = counted or connection.execute(_count(every)).scalars().all()
    rows = _items(db, moment, q, hits[:limit])
    return Listing(rows, total[0], _key(hits[limit - 1]) if len(hits) > limit else None)


def _things(
    db: ReadModel, moment: Moment, q: Sought, nouns: Iterable[str], body: str | None
) -> CTE:
    """Return the query for the things found, each with its rank."""
    matched = (
        select(texts.c.noun, texts.c.thing, func.min(rank(q)).label("rank"))
        .where(*found(db, moment, q))
        .group_by(texts.c.noun, texts.c.thing)
        .cte("matched")
    )
    found_of = (_of_noun(noun, matched, moment, body) for noun in nouns)
    return union_all(*found_of).cte("every")


def _of_noun(noun: str, matched: CTE, moment: Moment, body: str | None) -> Select[Any]:
    table = TABLES[noun]
    is_same = and_(matched.c.thing == table.c.id, matched.c.noun == noun)
    conditions = [standing(table, moment), table.c.part == "", _held(noun, moment)]
    if body:
        conditions.append(_concerns(table, body))
    return (
        select(literal(noun, KEY).label("noun"), table.c.id, matched.c.rank)
        .select_from(table)
        .join(matched, is_same)
        .where(*conditions)
    )


def _held(noun: str, moment: Moment) -> ColumnElement[bool]:
    table = TABLES[noun]
    if noun != "finding" or moment.as_of is None:
        return in_force(table, moment)
    spans = findings.table.alias("spans")
    held = select(spans.c.id).where(
        spans.c.part.startswith("held."),
        standing(spans, moment),
        in_force(spans, moment),
    )
    return table.c.id.in_(held)


def _concerns(table: Table, body: str) -> ColumnElement[bool]:
    """Keep the rows of a body, and of what names it."""
    if table is bodies.table:
        return table.c.id == body
    if "body" in table.c:
        return table.c.body == body
    column = _naming(table)
    return false() if column is None else holding(column, body)[0].on(table)


def _naming(table: Table) -> str | None:
    """Return the column of a table in which bodies are listed."""
    return next((name for name in ("bodies", "subjects") if name in table.c), None)


def _part(every: CTE, page: Page, limit: int) -> Select[Any]:
    """Return the query for a page: asked together, all are looked for only once."""
    key = (every.c.rank, every.c.noun, every.c.id)
    total = _count(every).scalar_subquery().label("total")
    statement = select(*key, total).order_by(*key).limit(limit + 1)
    if page.after is None:
        return statement
    check_key(page.after, len(key))
    after = (number_of(page.after[:1]), *page.after[1:])
    return statement.where(tuple_(*key) > tuple_(*map(literal, after)))


def _count(every: CTE) -> Select[Any]:
    return select(func.count()).select_from(every)


def _key(hit: Row) -> tuple[str, str, str]:
    return str(hit["rank"]), hit["noun"], hit["id"]


# Items: what is shown of each thing that was found.


def _items(db: ReadModel, moment: Moment, q: Sought, hits: Sequence[Row]) -> list[Row]:
    said = _said(db, moment, q, hits)
    rows = _rows(db, moment, hits)
    known = bodies.labels(db, moment)
    best = [each[0]["commitment"] for each in said.values()]
    opened = open_words(db, [*best, *(_title(row) for row in rows.values())])
    return [
        _item(rows[key], moment, known, opened, said[key], q)
        for key in ((hit["noun"], hit["id"]) for hit in hits)
        if key in rows and key in said
    ]


def _said(
    db: ReadModel, moment: Moment, q: Sought, hits: Sequence[Row]
) -> dict[tuple[str, str], list[Row]]:
    """Return the texts that were found of each thing, the nearest first."""
    place = rank(q).label("rank")
    known: dict[tuple[str, str], list[Row]] = {}
    with database.reading(db.engine) as connection:
        for chunk in chunks(hit["id"] for hit in hits):
            among = texts.c.thing.in_(chunk)
            statement = select(texts, place).where(among, *found(db, moment, q))
            is_variant = texts.c.member == "spelling"  # What is on record goes first.
            ordered = statement.order_by(is_variant, place, texts.c.number)
            for row in connection.execute(ordered).mappings():
                known.setdefault((row["noun"], row["thing"]), []).append(dict(row))
    return known


def _rows(
    db: ReadModel, moment: Moment, hits: Sequence[Row]
) -> dict[tuple[str, str], Row]:
    always = moment.without_day()
    rows: dict[tuple[str, str], Row] = {}
    for noun in sorted({hit["noun"] for hit in hits}):
        table = TABLES[noun]
        for chunk in chunks(hit["id"] for hit in hits if hit["noun"] == noun):
            wanted = (among("id", chunk), *exactly(part=""))
            for row in all_rows(db, table, always, *wanted):
                rows[noun, row["id"]] = {**row, "noun": noun}
    return rows


def _title(row: Row) -> str | None:
    """Return the name or title of a row: plain, or the commitment that seals it."""
    return next((row[name] for name in TITLES if row.get(name)), None)


def _item(
    row: Row,
    moment: Moment,
    known: BodyLabels,
    opened: Opened,
    said: Sequence[Row],
    q: Sought,
) -> Row:
    noun, id = row["noun"], row["id"]
    named, best = _bodies(row), said[0]
    title = _title(row)
    return {
        "id": f"{noun}-{id}",
        "noun": noun,
        "thing": id,
        "address": f"/v1/{TABLES[noun].name}/{id}",
        "title": known.name(id) if noun == "body" else _shown(noun, title, opened),
        "member": best["member"],
        **excerpt(best["plain"] or opened.get(best["commitment"]) or "", q),
        "version": best["version"],
        "matches": len(said),
        **known.columns_of(named),
        "bodies": named,
        "valid_from": row["valid_from"] or None,
        "valid_to": row["valid_to"],
        "in_force": certainty(row, moment.day),
    }


def _shown(noun: str, title: str | None, opened: Opened) -> Any:
    return title if NOUNS[noun] else opened.get(title or "")


def _bodies(row: Row) -> list[str]:
    if row["noun"] == "body":
        return [row["id"]]
    if "body" in row:
        return [row["body"]] if row["body"] else []
    column = _naming(TABLES[row["noun"]])
    return list(orjson.loads(row[column])) if column else []


def excerpt(text: str, q: Sought) -> Row:
    """Return the part of a text around the first words found, and where they stand."""
    words = tokens(text)
    first = next((each for each in words if q.is_met_by(each.word)), None)
    if first is None:
        return {"excerpt": text[:AROUND], "highlights": []}
    start = _after_a_space(text, max(0, first.start - BEFORE), first.start)
    end = max(start + AROUND, first.end)
    inside = takewhile(lambda each: each.end <= end, words)
    met = [first, *(each for each in inside if q.is_met_by(each.word))]
    return {"excerpt": text[start:end], "highlights": _spans(met, start)}


def _after_a_space(text: str, start: int, last: int) -> int:
    """Return where the first whole word begins, from a place on."""
    if start == 0:
        return 0
    space = text.find(" ", start - 1, last)
    return start if space < 0 else space + 1


def _spans(met: Iterable[Token], start: int) -> list[list[int]]:
    spans = dict.fromkeys((each.start - start, each.end - start) for each in met)
    return [list(span) for span in spans]
