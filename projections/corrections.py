"""Corrections, retractions and disputes: what was wrong, since when, and who asked.

A row stands for one event that changed what an earlier one says, or took it back, or
set another source against it. It is made once, and holds both versions.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Integer, func, select

from projections import bodies, database
from projections.body_labels import BodyLabels
from projections.conditions import equal, holding
from projections.database import KEY, versioned_table
from projections.differences import Version, differences, in_words
from projections.facts import Fact, Thing
from projections.items import coded
from projections.listing import (
    Listing,
    Page,
    number_of,
    open_words,
)
from projections.members import with_common
from projections.moment import Moment, span, standing
from projections.read_model import Batch, Projection, ReadModel, Row, to_json
from projections.sentences import TEMPLATES, Teller, Told, shortened
from projections.timeline import NOUNS as TOLD_NOUNS
from projections.timeline import bodies_of
from schemas import dates
from schemas.codelists import Change, CorrectionKind
from schemas.events import RecordedEvent

KINDS = {
    "corrected": CorrectionKind.CORRECTION,
    "retracted": CorrectionKind.RETRACTION,
    "disputed": CorrectionKind.DISPUTE,
    "dispute-settled": CorrectionKind.SETTLEMENT,
}
NOUNS = sorted({*TOLD_NOUNS, "programme"})
NESTED = ("was", "was_sealed", "now", "now_sealed", "first", "first_sealed", "bodies")
SAYING = {
    CorrectionKind.CORRECTION: "Corrected: ",
    CorrectionKind.RETRACTION: "Taken back: ",
    CorrectionKind.DISPUTE: "Another source says otherwise: ",
    CorrectionKind.SETTLEMENT: "It was settled which source prevails: ",
}
ASKING = {
    "publisher": "its publisher",
    "subject": "those whom it is about",
    "editor": "an editor",
    "public": "a member of the public",
    "system": "the system",
}

table = versioned_table(
    "corrections",
    Column("kind", KEY),
    Column("type", KEY),
    Column("noun", KEY),
    Column("thing", KEY),
    Column("by", KEY),
    Column("reason", KEY),
    Column("asked_by", KEY),
    Column("reason_text", KEY),
    Column("of_type", KEY),
    Column("of_version", Integer),
    Column("of_position", Integer),
    Column("of_recorded_at", KEY),
    Column("is_whole", Boolean),
    Column("is_replaced", Boolean),
    Column("stood_from_position", Integer),
    Column("stood_from", KEY),
    *(Column(name, KEY) for name in NESTED),
)
corrections = Projection(table, noun="correction", by_stream=True)


@corrections.when(*(f"{noun}.{verb}" for noun in NOUNS for verb in KINDS))
def _add(batch: Batch, event: RecordedEvent) -> None:
    before, after = batch.before, batch.thing(event.stream)
    assert before and after  # What is corrected is on record.
    earlier = [each.values for each in batch.standing(table, event.stream).values()]
    row = correction_row(before, after, event, earlier)
    batch.restate(table, event.stream, event.position, [*earlier, row])


def correction_row(
    before: Thing, after: Thing, event: RecordedEvent, earlier: Sequence[Row]
) -> Row:
    """Return the row of an event, from its thing before and after it.

    `earlier` are the rows of the same thing.
    """
    kind = KINDS[event.verb]
    of, was, now = _sides(before, after, event)
    first = after.facts[min(after.facts)]
    since = _since(of, event, earlier)
    named = [each for each in (was, now) if each]
    return {
        "id": event.stream,
        "part": f"{event.version:09}",
        **span(event.recorded_at[:10]),
        "version": event.version,
        "position": event.position,
        "recorded_at": event.recorded_at,
        "change": event.change,
        "is_disputed": False,
        "disputed_by": to_json([]),
        "sources": to_json(event.sources),
        "source_titles": event.sealed.get("source_titles"),
        "kind": str(kind),
        "type": event.type,
        "noun": event.noun,
        "thing": event.id,
        "by": event.by,
        "reason": event.data.get("reason"),
        "asked_by": event.data.get("asked_by"),
        "reason_text": event.sealed.get("reason_text"),
        "of_type": of.type,
        "of_version": of.version,
        "of_position": of.position,
        "of_recorded_at": of.recorded_at,
        "is_whole": event.data.get("retracts", 0) is None,
        "is_replaced": kind == CorrectionKind.CORRECTION or _is_upset(event),
        **since,
        **_side("was", was),
        **_side("now", now),
        **_side("first", first),
        "bodies": to_json(bodies_of(after, named) or bodies_of(after, [first])),
    }


def _sides(
    before: Thing, after: Thing, event: RecordedEvent
) -> tuple[Fact, Fact, Fact | None]:
    """Return the fact that an event is about, what it said, and what it says now.

    Of a dispute these are the two sides; of a settled one, the loser comes first.
    """
    data = event.data
    match KINDS[event.verb]:
        case CorrectionKind.CORRECTION:
            of = before.facts[data["corrects"]]
            return of, of, after.facts[of.version]
        case CorrectionKind.RETRACTION:
            of = before.facts[data["retracts"] or min(before.facts)]
            return of, of, None
        case CorrectionKind.DISPUTE:
            of = before.facts[data["disputes"]]
            return of, of, after.facts[of.version].disputes[event.version]
    settles = data["settles"]
    of = next(each for each in before.facts.values() if settles in each.disputes)
    other = of.disputes[settles]
    return (of, of, other) if _is_upset(event) else (of, other, of)


def _is_upset(event: RecordedEvent) -> bool:
    """Whether a dispute was settled against what stood on record."""
    settles = event.data.get("settles")
    return settles is not None and bool(event.data["prevails"] == settles)


def _since(of: Fact, event: RecordedEvent, earlier: Sequence[Row]) -> Row:
    """Return since when what is now corrected stood on record."""
    position, recorded_at = of.position, of.recorded_at
    is_upheld = "settles" in event.data and not _is_upset(event)
    # A database gives rows in any order, and the last that is alike counts.
    for row in sorted(earlier, key=itemgetter("version")):
        is_same = row["of_version"] == of.version and row["is_replaced"]
        if row["version"] == event.data.get("settles") if is_upheld else is_same:
            position, recorded_at = row["position"], row["recorded_at"]
    return {"stood_from_position": position, "stood_from": recorded_at}


def _side(name: str, fact: Fact | None) -> Row:
    if fact is None:
        return {name: None, f"{name}_sealed": None}
    sealed = {k: v for k, v in fact.sealed.items() if k != "source_titles"}
    return {name: to_json(fact.data), f"{name}_sealed": to_json(sealed)}


# Queries.


def list_corrections(
    db: ReadModel,
    moment: Moment,
    page: Page,
    **filters: str | None,
) -> Listing:
    """Return corrections, retractions and disputes in the order of the log."""
    conditions = _conditions(moment, **filters)
    total = 0 if page.goes_on else _count(db, conditions)
    if page.after is not None:
        conditions.append(table.c.position > number_of(page.after))
    limit = None if page.most is None else page.most + 1
    rows = _rows(db, conditions, table.c.position, limit)
    shown = rows if page.most is None else rows[: page.most]
    last = (str(shown[-1]["position"]),) if len(shown) < len(rows) else None
    return Listing(_items(db, moment, shown), total, last)


def latest_corrections(
    db: ReadModel,
    moment: Moment,
    limit: int,
    before: int | None = None,
    **filters: str | None,
) -> tuple[list[Row], bool]:
    """Return the latest first, and whether there are older ones.

    There are `limit` before a position; without one, as many as leave whole pages of
    so many to the older ones, so that those stay as they are.
    """
    conditions = _conditions(moment, **filters)
    most = limit if before else limit + _count(db, conditions) % limit
    if before is not None:
        conditions.append(table.c.position < before)
    rows = _rows(db, conditions, table.c.position.desc(), most + 1)
    return _items(db, moment, rows[:most]), len(rows) > most


def _conditions(
    moment: Moment,
    body: str | None = None,
    since: str | None = None,
    about: str | None = None,
    **filters: str | None,
) -> list[Any]:
    wanted = [*equal(id=about, **filters), *holding("bodies", body)]
    found = [standing(table, moment), *(each.on(table) for each in wanted)]
    return [*found, table.c.recorded_at >= since] if since else found


def _count(db: ReadModel, conditions: Iterable[Any]) -> int:
    statement = select(func.count()).select_from(table).where(*conditions)
    with database.reading(db.engine) as connection:
        return int(connection.execute(statement).scalar_one())


def _rows(
    db: ReadModel, conditions: Iterable[Any], order: Any, limit: int | None
) -> list[Row]:
    statement = select(table).where(*conditions).order_by(order).limit(limit)
    with database.reading(db.engine) as connection:
        found = connection.execute(statement).mappings()
        return [_read({str(k): v for k, v in row.items()}) for row in found]


def _read(row: Row) -> Row:
    """Return a row with its nested values read; null is the side that is not."""
    return row | {name: row[name] and orjson.loads(row[name]) for name in NESTED}


def _items(db: ReadModel, moment: Moment, rows: Sequence[Row]) -> list[Row]:
    told = [each for row in rows for each in (_told(row, "was"), _told(row, "now"))]
    teller = Teller(db, moment, filter(None, told))
    known = bodies.labels(db, moment)
    words = [row[name] for row in rows for name in ("reason_text", "source_titles")]
    teller.opened.add(open_words(db, words))
    return [_item(row, moment, teller, known) for row in rows]


def _item(row: Row, moment: Moment, teller: Teller, known: BodyLabels) -> Row:
    was, now = _version(row, "was"), _version(row, "now")
    changes = differences(teller, was, now)
    is_dispute = row["kind"] == CorrectionKind.DISPUTE
    common = with_common({**row, **dict.fromkeys(NESTED)}, moment, teller.opened)
    return {
        **common,
        **known.columns_of(row["bodies"]),
        **{name: row[name] for name in _SHOWN},
        **coded(row, "kind", "reason", "asked_by"),
        "id": str(row["position"]),
        "stream": row["id"],
        "label": _label(row, teller),
        "bodies": row["bodies"],
        "stood_to": None if is_dispute else row["recorded_at"],
        "reason_text": teller.opened.get(row["reason_text"] or ""),
        "changes": changes,
        "changes_text": in_words(changes, " → "),
        "sentence": _sentence(row, changes, teller),
    }


_SHOWN = (
    "noun",
    "thing",
    "type",
    "by",
    "of_type",
    "of_version",
    "of_position",
    "of_recorded_at",
    "is_whole",
    "stood_from",
    "stood_from_position",
)


def _version(row: Row, side: str) -> Version | None:
    if row[side] is None:
        return None
    return Version(row[side], row[f"{side}_sealed"])


def _told(row: Row, side: str) -> Told | None:
    if row[side] is None:
        return None
    sides = (row[side], row[f"{side}_sealed"], row["first"], row["first_sealed"])
    return Told(row["of_type"], row["thing"], *sides)


def _label(row: Row, teller: Teller) -> str:
    """Return by what name people know the thing that was corrected."""
    first = row["first"]
    title = first.get("title") or first.get("name")
    title = title or teller.opened.get(row["first_sealed"].get("title", ""))
    if title:
        return shortened(title)
    if row["noun"] == "rating":
        return _rating_label(first, teller)
    name = teller.bodies.name(first.get("body"))
    said = first.get("office") or first.get("phase") or first.get("kind") or ""
    parts = (row["noun"].capitalize(), said.replace("-", " "), name or row["thing"])
    return ", ".join(filter(None, parts))


def _rating_label(first: Row, teller: Teller) -> str:
    asked = teller.programmes.question(first["programme"], first["question"])
    question = asked["label"] if asked else first["question"]
    body = teller.bodies.name(first["body"]) or first["body"]
    programme = teller.programmes.title(first["programme"]) or first["programme"]
    return f"{body}: {question} ({programme})"


def _sentence(row: Row, changes: Sequence[Row], teller: Teller) -> str:
    is_ours = row["change"] == Change.CORRECTION
    lead = "Our mistake, corrected: " if is_ours else SAYING[row["kind"]]
    is_of_the_old = row["kind"] in (CorrectionKind.RETRACTION, CorrectionKind.DISPUTE)
    told = _told(row, "was" if is_of_the_old else "now")
    assert told  # Only what is taken back has nothing in its place.
    # That a date is stated goes without saying where the date itself is told.
    members = {f"{each['member']}_basis" for each in changes}
    plain = [each for each in changes if each["member"] not in members]
    parts = (_said(told, row, teller), _moved(row, plain), _why(row, teller))
    return lead + " ".join(filter(None, parts))


def _said(told: Told, row: Row, teller: Teller) -> str:
    if told.type in TEMPLATES:
        return teller.sentence(told)
    what = told.type.partition(".")[2].replace("-", " ")
    return f"{row['noun'].capitalize()} {_label(row, teller)}: {what}."


def _moved(row: Row, changes: Sequence[Row]) -> str | None:
    since, until = (row[name][:10] for name in ("stood_from", "recorded_at"))
    if row["kind"] == CorrectionKind.RETRACTION:
        return f"It had stood on record since {dates.in_words(since)}."
    if not changes:
        return None
    if row["kind"] == CorrectionKind.DISPUTE:
        return f"The two say: {in_words(changes, ' against ')}."
    days = f"from {dates.in_words(since)} to {dates.in_words(until)}"
    when = f"on {dates.in_words(until)}" if since == until else days
    return f"The record had it otherwise {when}: {in_words(changes, ', now ')}."


def _why(row: Row, teller: Teller) -> str | None:
    if not row["reason"]:
        return None
    asked = ASKING.get(row["asked_by"] or "")
    text = teller.opened.get(row["reason_text"] or "")
    said = f"“{shortened(text)}”" if text else teller.gone(row["reason_text"])
    parts = [
        f"Reason: {row['reason'].replace('-', ' ')}",
        f", asked for by {asked}" if asked else "",
        f": {said}" if said else "",
    ]
    return f"{''.join(parts)}."
