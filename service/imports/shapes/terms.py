"""The shapes of terms: who held which office, and who won which election."""

import re
from typing import Any

from service.domain.terms import Term, TermEnded, TermStarted
from service.imports.names import slug
from service.imports.shapes.cells import Cells, need, when
from service.imports.shapes.lookup import agree, body_in_office, force_of, id_in_series
from service.imports.shapes.reader import Reader, Shape
from service.imports.wanted import RefusedError, Wanted

_FOR_A_TIME = re.compile(r"\s*\((temporary|interim|acting)\)$", re.IGNORECASE)


def put_term(reader: Reader, cells: Cells) -> None:
    """Put one person's time in an office on record."""
    force = force_of(reader, cells)
    body = body_in_office(reader, force, cells, "office")
    office, name, note = _holder(cells)
    start, end = when(cells, "from", "started_on"), when(cells, "to", "ended_on")
    day = start["started_on"]

    def is_same(term: Term) -> bool:
        return _is_of(term, day, end["ended_on"])

    stem = f"{body}.{office}.{day[:4] if day else 'undated'}"
    id = id_in_series(reader, Term, stem, is_same, is_bare_first=True)
    data = {
        "body": body,
        "office": office,
        **start,
        "party": cells.get("party") or None,
        "person_name": name,
        "note": note,
    }
    _start(reader, id, data, reader.source(cells))
    if end["ended_on"]:
        _end(reader, id, end, reader.source(cells))


def put_winner(reader: Reader, cells: Cells) -> None:
    """Put the winner of an election on record, whose term begins with it."""
    office = {"office": "commissioner"}
    body = body_in_office(reader, force_of(reader, cells), office, "office")
    elected = when(cells, "election_year", "elected_on")
    day = elected["elected_on"]
    if not day:
        raise RefusedError("election_year: missing.")
    stem = f"{body}.commissioner.{day[:4]}"
    id = id_in_series(reader, Term, stem, _was_elected_in(day), is_bare_first=True)
    data = {
        "body": body,
        "office": "commissioner",
        **elected,
        "party": cells.get("party") or None,
        "person_name": need(cells, "name_as_in_source"),
        "note": cells.get("note") or None,
    }
    _start(reader, id, data, reader.source(cells))


def _was_elected_in(day: str) -> Any:
    def is_same(term: Term) -> bool:
        started = next(iter(term.live(TermStarted)), None)
        return started is not None and agree(started.elected_on, day)

    return is_same


def _holder(cells: Cells) -> tuple[str, str, str | None]:
    """Return the office, the name of its holder, and what is said beside the name."""
    office, name = slug(need(cells, "office")), need(cells, "holder_name")
    beside = _FOR_A_TIME.search(name)
    if beside and office == "chief-constable":
        office = "temporary-chief-constable"
    return office, _FOR_A_TIME.sub("", name), beside[1].lower() if beside else None


def _is_of(term: Term, start: str | None, end: str | None) -> bool:
    """Whether a term may be that of this span: names are sealed and never decide."""
    started = next(iter(term.live(TermStarted)), None)
    ended = next(iter(term.live(TermEnded)), None)
    if started is None:
        return True
    if start is None or ended is None or end is None:
        return agree(started.started_on, start)
    return agree(started.started_on, start) and agree(ended.ended_on, end)


def _start(reader: Reader, id: str, data: dict[str, Any], source: Any) -> None:
    dates = [name for name in ("elected_on", "started_on") if data.get(name)]
    reader.work.want(
        Wanted(
            Term,
            id,
            TermStarted.type_name,
            data,
            lambda thing, members: thing.start(**members),
            stated=(*dates, *_party(reader, id, data)),
            source=source,
        )
    )


def _party(reader: Reader, id: str, data: dict[str, Any]) -> list[str]:
    """Compare parties only where both are stated: a date alone may be filled in."""
    known = reader.work.find(Term, id).live(TermStarted)
    if known and known[0].party is None:
        return []
    return ["party"] if data["party"] else []


def _end(reader: Reader, id: str, end: dict[str, Any], source: Any) -> None:
    reader.work.want(
        Wanted(
            Term,
            id,
            TermEnded.type_name,
            end,
            lambda thing, members: thing.end(**members),
            stated=("ended_on",),
            source=source,
        )
    )


SHAPES = [
    Shape(
        "terms",
        ("force_id", "office", "holder_name"),
        ("from", "from_basis", "to", "to_basis", "party"),
        put_term,
        "who held which office, and when",
    ),
    Shape(
        "pcc_winners_partial",
        ("force_id", "election_year", "name_as_in_source"),
        ("election_year_basis", "party"),
        put_winner,
        "who won the elections of commissioners",
    ),
]
