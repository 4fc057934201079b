"""The shape of sessions: formal meetings that hold a force to account."""

from typing import Any

from schemas import dates
from service.domain.sessions import Session, SessionHeld
from service.imports.names import slug
from service.imports.shapes.cells import Cells, need, when
from service.imports.shapes.lookup import (
    OVERSEERS,
    first_of,
    force_of,
    has_source,
    id_in_series,
    inspection_on_record,
    overseer_of,
    streams_of,
)
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import Wanted
from service.naming import dated_stem


def put_session(reader: Reader, cells: Cells) -> None:
    """Put a session on record; what announces it and its minutes are two sources."""
    force = force_of(reader, cells)
    held = when(cells, "held_on", "held_on")
    day, topic = held["held_on"], need(cells, "topic")
    source = reader.source(cells) | {"title": topic}
    data = {
        **held,
        "convened_by": _convener(reader, force, cells),
        "bodies": [force],
        "about": streams_of(inspection_on_record(reader, force, topic, "")),
        "title": topic,
        "minutes": cells.get("outcome_paraphrase") or None,
    }

    def is_same(session: Session) -> bool:
        known: Any = first_of(session)
        if known.convened_by != data["convened_by"]:
            return False
        return dates.is_day(day) or has_source(session, source["url"])

    id = id_in_series(reader, Session, dated_stem(force, day), is_same)
    words = {name: data[name] for name in ("title", "minutes") if data[name]}
    reader.work.want(
        Wanted(
            Session,
            id,
            SessionHeld.type_name,
            data,
            lambda thing, members: thing.hold(**members),
            stated=("convened_by", "bodies"),
            source=source,
            context={"words": words},
        )
    )


def _convener(reader: Reader, force: str, cells: Cells) -> str:
    name = need(cells, "convened_by")
    if slug(name) in OVERSEERS:
        return overseer_of(reader, force, "convened_by")
    return reader.body(name, "convened_by", ())


SHAPES = [
    Shape(
        "sessions",
        ("force_id", "convened_by", "topic"),
        ("outcome_paraphrase",),
        put_session,
        "formal meetings that hold a force to account",
        may_be_blank=("held_on",),
    )
]
