"""Naming: the ids of new things, by the rules of the record."""

import re
import secrets
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from schemas.codelists import FindingKind
from schemas.fields import ID_LENGTH, ID_PATTERN
from service.commands import Data, Find
from service.domain.base import Aggregate
from service.domain.commitments import Commitment
from service.domain.findings import Finding
from service.domain.inspections import PILLARS_APART, Inspection, inspection_id
from service.domain.monitoring import Monitoring
from service.domain.ratings import Rating, rating_id
from service.domain.sessions import Session
from service.domain.statements import Statement
from service.domain.terms import Term

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LETTERS = {
    FindingKind.CAUSE_OF_CONCERN: "c",
    FindingKind.AREA_FOR_IMPROVEMENT: "a",
    FindingKind.RECOMMENDATION: "r",
    FindingKind.PROMISING_PRACTICE: "p",
}
_ID = re.compile(ID_PATTERN)


class NoIdError(Exception):
    """No id follows from what is said of a thing, or the id given does not fit."""


def new_id(find: Find, type_name: str, data: Data) -> str:
    """Return the id of a new thing, or raise NoIdError: it must then be given."""
    id = NEW[type_name](find, data)
    if len(id) > ID_LENGTH or not _ID.fullmatch(id):
        raise NoIdError(f"Give one: {id[:ID_LENGTH]} would not be an id.")
    return id


def must_fit(type_name: str, id: str, data: Data) -> None:
    """Raise NoIdError unless a given id begins as those of such things do."""
    stem = BEGINNINGS.get(type_name, _anything)(data)
    if stem and id != stem and not id.startswith(f"{stem}."):
        raise NoIdError(f"Here it begins with {stem} and a dot.")


def random_text() -> str:
    """Return the random part of an id."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


def dated_stem(body: str, day: str | None) -> str:
    """Return the beginning of an id that has a date: of an interval, its first."""
    return f"{body}.{day.partition('/')[0] if day else 'undated'}"


def _term(find: Find, data: Data) -> str:
    day = data["started_on"] or data["elected_on"]
    year = day[:4] if day else "undated"
    return _anew(find, Term, f"{data['body']}.{data['office']}.{year}")


def _inspection(find: Find, data: Data) -> str:
    place, programme = _place(data), data["programme"]
    if programme in PILLARS_APART:
        raise NoIdError("Give one: each pillar has an inspection of its own.")
    if programme:
        return _anew(find, Inspection, inspection_id(programme, place))
    day = data["published_on"]
    year = day[:4] if day else "undated"
    return _anew(find, Inspection, f"{data['kind']}.{place}.{year}")


def _place(data: Data) -> str:
    if len(data["subjects"]) > 1:
        raise NoIdError("Give one: none follows from several subjects.")
    return str(data["subjects"][0]) if data["subjects"] else "national"


def _rating(find: Find, data: Data) -> str:
    subjects = find(Inspection, data["inspection"]).subjects
    names = (data["inspection"], data["body"], data["question"])
    return _anew(find, Rating, rating_id(*names, has_several=len(subjects) > 1))


def _finding(find: Find, data: Data) -> str:
    if data["inspection"] is None:
        if data["outside_id"] is None:
            raise NoIdError("Give one: there is no inspection and no outside id.")
        return f"hmicfrs.{data['outside_id']}"
    stem = data["inspection"]
    if len(find(Inspection, stem).subjects) > 1 and len(data["bodies"]) == 1:
        stem = f"{stem}.{data['bodies'][0]}"
    return _next(find, Finding, f"{stem}.{LETTERS[FindingKind(data['kind'])]}")


def _statement(find: Find, data: Data) -> str:
    day = data["dated_on"] or data["published_on"]
    return _next(find, Statement, f"{dated_stem(data['body'], day)}.")


def _commitment(find: Find, data: Data) -> str:
    return _next(find, Commitment, f"{dated_stem(data['body'], data['made_on'])}.")


def _session(find: Find, data: Data) -> str:
    if len(data["bodies"]) != 1:
        raise NoIdError("Give one: none follows unless one body was held to account.")
    return _next(find, Session, f"{dated_stem(data['bodies'][0], data['held_on'])}.")


def _monitoring(find: Find, data: Data) -> str:
    return _next(find, Monitoring, f"{data['body']}.{data['phase']}.")


def _gap(_find: Find, data: Data) -> str:
    return f"{data['kind']}.{random_text()}"


NEW: dict[str, Callable[[Find, Data], str]] = {
    "term.started": _term,
    "inspection.published": _inspection,
    "rating.awarded": _rating,
    "finding.raised": _finding,
    "statement.published": _statement,
    "commitment.made": _commitment,
    "session.held": _session,
    "monitoring.entered": _monitoring,
    "gap.declared": _gap,
}


def _anything(_data: Data) -> str | None:
    return None


BEGINNINGS: dict[str, Callable[[Data], Any]] = {
    "term.started": lambda data: f"{data['body']}.{data['office']}",
    "inspection.published": lambda data: data["programme"] or data["kind"],
    "finding.raised": lambda data: data["inspection"],
    "statement.published": lambda data: data["body"],
    "commitment.made": lambda data: data["body"],
    "plan.opened": lambda data: data["body"],
    "monitoring.entered": lambda data: f"{data['body']}.{data['phase']}",
    "gap.declared": lambda data: data["kind"],
}


def _next(find: Find, kind: type[Aggregate], stem: str) -> str:
    """Return an id that no thing has ever had, after one of the series that is taken.

    A long series is not gone through: its end is sought by halves.
    """

    def is_taken(number: int) -> bool:
        return bool(find(kind, f"{stem}{number}").version)

    taken, free = 0, 1
    while is_taken(free):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if is_taken(middle) else (taken, middle)
    return f"{stem}{free}"


def _anew(find: Find, kind: type[Aggregate], stem: str) -> str:
    """Return the id itself, or after a retraction the next one that is not taken."""
    return next(id for id in _again(stem) if not find(kind, id).is_retracted)


def _again(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}.{number}" for number in count(2))
