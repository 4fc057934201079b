"""What was recorded of a body, event by event, each with a sentence that says it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import func, select

from projections import bodies, database
from projections.facts import world_date
from projections.listing import Listing, Page, chunks, number_of, page_of
from projections.moment import Moment
from projections.read_model import ReadModel, Row, generic, history, recorded_event
from projections.sentences import TEMPLATES, Teller, Told
from projections.timeline import dates_of_ratings, facts_about
from schemas import dates
from schemas.codelists import Change, label
from schemas.events import RecordedEvent

SAYING = {
    "corrected": "Corrected: ",
    "retracted": "Taken back: ",
    "disputed": "Another source says otherwise: ",
    "dispute-settled": "It was settled which source prevails: ",
    "sourced": "Another source was found: ",
}
# What names the event that an event of a generic type is about.
NAMING = ("corrects", "retracts", "disputes", "adds_to")
NOUNS = sorted({type.partition(".")[0] for type in TEMPLATES})
TYPES = [*TEMPLATES, *(type for noun in NOUNS for type in generic(noun))]
Events = dict[str, list[RecordedEvent]]


def list_recorded(
    db: ReadModel,
    moment: Moment,
    page: Page,
    id: str,
    since: str | None = None,
    after: int = 0,
) -> Listing | None:
    """Return what was recorded of a body, in the order of the log."""
    if bodies.get_body(db, moment.without_day(), id) is None:
        return None
    versions = _versions(db, moment, id)
    found = [
        (event, told)
        for event, told in _told(streams_of(db, moment, versions), versions)
        if event.position > after and event.recorded_at >= (since or "")
    ]
    return page_of(_items(db, moment, found, versions), page, _place)


def list_changes(
    db: ReadModel, moment: Moment, page: Page, body: str | None = None, **which: Any
) -> Listing:
    """Return what was recorded of any noun, in the order of the log."""
    if body:
        return page_of(_of_body(db, moment, body, **which), page, _place)
    conditions = _conditions(moment, **which)
    total = 0 if page.goes_on else _count(db, conditions)
    if page.after is not None:
        conditions.append(history.c.position > number_of(page.after))
    most = None if page.most is None else page.most + 1
    found = _events(db, conditions, history.c.position, most)
    shown = found if page.most is None else found[: page.most]
    last = (str(shown[-1].position),) if len(shown) < len(found) else None
    return Listing(_rows(db, moment, shown), total, last)


def latest_changes(
    db: ReadModel,
    moment: Moment,
    limit: int,
    before: int | None = None,
    body: str | None = None,
    **which: Any,
) -> tuple[list[Row], bool]:
    """Return the latest first, and whether there are older ones.

    There are `limit` before a position; without one, as many as leave whole pages of
    so many to the older ones, so that those stay as they are.
    """
    if body:
        rows = _of_body(db, moment, body, **which)[::-1]
        most = limit if before else limit + len(rows) % limit
        left = [row for row in rows if before is None or row["position"] < before]
        return left[:most], len(left) > most
    conditions = _conditions(moment, **which)
    most = limit if before else limit + _count(db, conditions) % limit
    if before is not None:
        conditions.append(history.c.position < before)
    found = _events(db, conditions, history.c.position.desc(), most + 1)
    return _rows(db, moment, found[:most]), len(found) > most


def _of_body(db: ReadModel, moment: Moment, body: str, **which: Any) -> list[Row]:
    times = {name: which.pop(name) for name in ("since", "after") if name in which}
    found = list_recorded(db, moment, Page(), body, **times)
    return [
        row
        for row in (found.rows if found else [])
        if all(row[name] == value for name, value in which.items() if value)
    ]


def _conditions(
    moment: Moment,
    since: str | None = None,
    after: int = 0,
    type: str | None = None,
    change: str | None = None,
) -> list[Any]:
    found = [
        history.c.position <= moment.position,
        history.c.position > after,
        history.c.type.in_([type] if type in TYPES else [] if type else TYPES),
    ]
    found += [history.c.recorded_at >= since] if since else []
    return found + ([history.c.change == change] if change else [])


def _count(db: ReadModel, conditions: list[Any]) -> int:
    statement = select(func.count()).select_from(history).where(*conditions)
    with database.reading(db.engine) as connection:
        return int(connection.execute(statement).scalar_one())


def _events(
    db: ReadModel, conditions: list[Any], order: Any, most: int | None
) -> list[RecordedEvent]:
    statement = select(history).where(*conditions).order_by(order).limit(most)
    with database.reading(db.engine) as connection:
        return [recorded_event(row) for row in connection.execute(statement).mappings()]


def _rows(db: ReadModel, moment: Moment, events: list[RecordedEvent]) -> list[Row]:
    """Return events as items, each with the sentence that says it."""
    streams = streams_of(db, moment, {event.stream for event in events})
    by_version = {
        stream: {event.version: event for event in found}
        for stream, found in streams.items()
    }
    told = [
        _as_told(event, original_of(event, by_version[event.stream]), first)
        for event in events
        for first in (streams[event.stream][0],)
    ]
    return _items(db, moment, list(zip(events, told, strict=True)), by_version)


def _items(
    db: ReadModel,
    moment: Moment,
    found: list[tuple[RecordedEvent, Told]],
    versions: Mapping[str, Any],
) -> list[Row]:
    teller = Teller(db, moment, [told for _, told in found])
    own = dates_of_ratings(db, moment, versions)
    return [
        _item(event, teller.sentence(told), _happened(told) or own.get(event.stream))
        for event, told in found
    ]


def _place(row: Row) -> tuple[str]:
    return (f"{row['position']:016}",)


def _versions(db: ReadModel, moment: Moment, id: str) -> dict[str, set[int]]:
    """Return which events of which streams were ever facts about the body."""
    versions: dict[str, set[int]] = {}
    for row in facts_about(db, moment, id, ever=True):
        versions.setdefault(row["id"], set()).add(row["fact_version"])
    return versions


def streams_of(db: ReadModel, moment: Moment, wanted: Iterable[str]) -> Events:
    """Return the events of these streams up to a position, by stream."""
    streams: Events = {}
    for chunk in chunks(wanted):
        statement = (
            select(history)
            .where(history.c.stream.in_(chunk), history.c.position <= moment.position)
            .order_by(history.c.position)
        )
        with database.reading(db.engine) as connection:
            for row in connection.execute(statement).mappings():
                event = recorded_event(row)
                streams.setdefault(event.stream, []).append(event)
    return streams


def _told(
    streams: Events, versions: dict[str, set[int]]
) -> Iterator[tuple[RecordedEvent, Told]]:
    """Give each event that is about the body, with what its sentence is made of."""
    for stream, events in streams.items():
        by_version = {event.version: event for event in events}
        for event in events:
            original = original_of(event, by_version)
            if original.version in versions[stream] and original.type in TEMPLATES:
                yield event, _as_told(event, original, events[0])


def original_of(
    event: RecordedEvent, events: dict[int, RecordedEvent]
) -> RecordedEvent:
    """Return the event that an event is about: itself, unless its type is generic."""
    data = event.data
    if event.verb == "dispute-settled":
        return original_of(events[data["settles"]], events)
    if event.verb not in SAYING:
        return event
    named = next((data[name] for name in NAMING if data.get(name)), min(events))
    return events[named]


def _as_told(
    event: RecordedEvent, original: RecordedEvent, first: RecordedEvent
) -> Told:
    is_restated = event.verb in ("corrected", "disputed")
    data: dict[str, Any] = event.data["data"] if is_restated else original.data
    sealed = original.sealed
    if is_restated:
        anew = event.data["sealed_fields"]
        kept = {name: each for name, each in sealed.items() if name not in anew}
        sealed = kept | {n: c for n, c in event.sealed.items() if n in anew}
    is_first = original.version == first.version
    first_data = data if is_first else first.data
    return Told(original.type, event.id, data, sealed, first_data, first.sealed)


def _happened(told: Told) -> Row | None:
    on, on_basis = world_date(told.data)
    return {"on": on, "on_basis": on_basis} if on else None


def _item(event: RecordedEvent, sentence: str, happened: Row | None) -> Row:
    """Return an event as an item; a rating without a date has its inspection's."""
    on = happened["on"] if happened else None
    return {
        "id": str(event.position),
        "position": event.position,
        "recorded_at": event.recorded_at,
        "change": event.change,
        "change_label": label(event.change),
        "sentence": _dated(event, on, sentence),
        "title": f"{_saying(event)}{sentence}",
        "type": event.type,
        "noun": event.noun,
        "thing": event.id,
        "stream": event.stream,
        "version": event.version,
        "on": on,
        "on_basis": happened["on_basis"] if happened else None,
        "on_text": dates.in_words(on),
    }


def _dated(event: RecordedEvent, on: str | None, sentence: str) -> str:
    recorded = dates.in_words(event.recorded_at[:10])
    happened = f"{dates.in_words(on)}: " if on else ""
    return f"Recorded {recorded}. {_saying(event)}{happened}{sentence}"


def _saying(event: RecordedEvent) -> str:
    is_ours = event.change == Change.CORRECTION
    return "Our mistake, corrected: " if is_ours else SAYING.get(event.verb, "")
