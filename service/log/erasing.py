"""Erasing: openings that a redaction names are deleted, wherever they stand."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from schemas.events import RecordedEvent
from service.log.errors import AlreadyErasedError
from service.log.rows import read_rows
from service.log.sessions import Session

Named = tuple[int, str]  # The position of an event, and the name of a sealed field.
SHORTEST = 8  # Bytes: shorter words stand in other places by chance.
FRAGMENT, STRIDE = 64, 256
_TYPE = "field.redacted"
_CHUNK = 2000  # Positions that are searched at a time.


class Redacted(NamedTuple):
    """A redaction, and the commitments that it leaves for ever closed, by field."""

    position: int
    stream: str
    version: int
    target: int
    sealed: dict[str, str]


def erase_openings(session: Session, named: Sequence[Named]) -> None:
    """Delete openings, or raise AlreadyErasedError if one of them is not there."""
    for position, name in named:
        if not _delete(session, position, name):
            raise AlreadyErasedError(f"{name} of position {position} is erased already")


def erase_again(session: Session, redactions: Iterable[Redacted]) -> list[Redacted]:
    """Delete what redactions name, where a restored copy holds it; say where it did."""
    return [
        each
        for each in redactions
        if any([_delete(session, each.target, *pair) for pair in each.sealed.items()])
    ]


def held_openings(session: Session, redactions: Iterable[Redacted]) -> bool:
    """Whether any opening that a redaction names is there."""
    return any(
        _find(session, each.target, *pair)
        for each in redactions
        for pair in each.sealed.items()
    )


def redactions_of(session: Session) -> list[Redacted]:
    """Return all redactions of the log, in their order."""
    # The streams of redactions lie together: the log is not searched.
    events = read_rows(
        session, "e.originator_id >= ? AND e.originator_id < ?", _STREAMS
    )
    return [_redacted(session, each) for each in events if each.type == _TYPE]


def standing_in(
    session: Session,
    needles: Sequence[bytes],
    size: int,
    on_position: Callable[[int], None],
) -> Iterator[tuple[int, str | None]]:
    """Yield where any of these bytes stand: (position, field), None for the leaf."""
    for start in range(0, size, _CHUNK):
        span = (start, start + _CHUNK)
        for position, name, value in session.rows(_OPENINGS, span):
            if any(each in bytes(value) for each in needles):
                yield position, name
        for position, state in session.rows(
            _LEAVES.format(joined=session.joined), span
        ):
            if any(each in bytes(state) for each in needles):
                yield position, None
        on_position(min(start + _CHUNK, size))


def needles_of(value: Any) -> list[bytes]:
    """Return the bytes by which words can be found wherever they were written."""
    texts = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(each for text in texts for each in _forms(text)))


def _forms(text: Any) -> Iterator[bytes]:
    if not isinstance(text, str):
        return
    escaped = orjson.dumps(text)[1:-1], json.dumps(text).encode()[1:-1]
    for form in (text.encode(), *escaped):
        if len(form) >= SHORTEST:
            yield from _fragments(form)


def _fragments(form: bytes) -> Iterator[bytes]:
    """Yield parts of what is longer than a page may hold in one piece."""
    if len(form) <= STRIDE:
        yield form
        return
    for start in range(0, len(form) - FRAGMENT, STRIDE):
        yield form[start : start + FRAGMENT]


def _delete(
    session: Session, position: int, name: str, commitment: str | None = None
) -> bool:
    if not _find(session, position, name, commitment):
        return False
    sql = "DELETE FROM openings WHERE position = ? AND name = ?"
    session.rows(sql, (position, name))
    return True


def _find(
    session: Session, position: int, name: str, commitment: str | None = None
) -> bool:
    sql = "SELECT commitment FROM openings WHERE position = ? AND name = ?"
    rows = session.rows(sql, (position, name))
    return bool(rows) and commitment in (None, rows[0][0])


def _redacted(session: Session, event: RecordedEvent) -> Redacted:
    named = event.data["target"]
    [target] = read_rows(
        session,
        "e.originator_id = ? AND e.originator_version = ?",
        (named["stream"], named["version"]),
    )
    sealed = {name: target.sealed[name] for name in event.data["fields"]}
    key = (named["stream"], named["version"], target.position)
    return Redacted(event.position, *key, sealed)


_STREAMS = ("redaction-", "redaction.")  # The character after the hyphen.
_OPENINGS = """
    SELECT position, name, value
    FROM openings
    WHERE position > ? AND position <= ?
    ORDER BY position, name"""
_LEAVES = """
    SELECT l.position, e.state
    FROM log l
    JOIN stored_events e ON {joined}
    WHERE l.position > ? AND l.position <= ?
    ORDER BY l.position"""
