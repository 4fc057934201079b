"""What answers are made of: by it the touch index tells when each of them last changed.

Where it is not certain what an answer is made of, it is the whole noun, or the record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from projections import texts, timeline
from projections.things import named_by
from projections.touch_index import TouchIndex

Said = Mapping[str, Any]
LABELS = "programme"  # What all that shows anything of programmes rests on, as a whole.
TOLD = frozenset((*timeline.NOUNS, *texts.NOUNS, LABELS))


class MadeOf(Protocol):
    """What the answers of one endpoint are made of.

    `has_day` tells whether they change at midnight, with no event; `is_of_log` whether
    they are made of the log alone.
    """

    @property
    def has_day(self) -> bool:
        """Whether the answer says what holds on a day, be it today."""

    @property
    def is_of_log(self) -> bool:
        """Whether nothing but events changes the answer."""

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return the position that last touched what the answer is made of."""


@dataclass(frozen=True, slots=True)
class TheRecord:
    """An answer that any event may change."""

    has_day: bool = True
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return the last position."""
        return index.seen


@dataclass(frozen=True, slots=True)
class Nothing:
    """An answer that only a change of the code changes."""

    has_day: bool = False
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return 0: no event ever does."""
        return 0


@dataclass(frozen=True, slots=True)
class OneEvent:
    """The event at the position that stands in the path."""

    has_day: bool = False
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return its own position."""
        return min(int(path["position"]), index.seen)


@dataclass(frozen=True, slots=True)
class Nouns:
    """An answer made of all things of some nouns, with the names of bodies."""

    nouns: tuple[str, ...]
    has_day: bool = True
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return the position that last touched any of these nouns."""
        return max(_whole(index, (*self.nouns, "body")), _hints(index, filters))


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of the things of one noun, and what it shows of others.

    Of one body, or of a force and those who oversee it, it is made of what names them.
    """

    noun: str
    shows: tuple[str, ...] = ()
    has_day: bool = True
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return the position that last touched the things of the list."""
        bodies = _bodies_asked_for(index, filters)
        if bodies is None:
            return Nouns((self.noun, *self.shows)).touched(index, path, filters)
        named = {n for each in bodies for n in index.around(each)}
        named |= {n for each in bodies for n in index.beside(self.noun, each)}
        return max(
            index.naming(self.noun, bodies),
            _naming(index, self.shows, bodies),
            index.labels(named),
            _hints(index, filters),
        )


@dataclass(frozen=True, slots=True)
class ItemOf:
    """One thing, and what it shows of others: of those that name the same bodies."""

    noun: str
    shows: tuple[str, ...] = ()
    has_day: bool = True
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return the position that last touched the thing."""
        bodies = index.bodies_of(self.noun, path["id"])
        named = {n for each in bodies for n in index.around(each)}
        if not bodies:
            shown = _whole(index, self.shows)
        else:
            shown = _naming(index, self.shows, bodies)
        own = index.thing(self.noun, path["id"])
        return max(own, shown, index.labels(named))


@dataclass(frozen=True, slots=True)
class VersionsOf:
    """The events of one thing, or what it was at positions that are named."""

    noun: str
    has_day: bool = False
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return the position that last touched the thing."""
        return index.thing(self.noun, path["id"])


@dataclass(frozen=True, slots=True)
class AboutBody:
    """What is derived from things of several nouns, of one body if one is asked for."""

    nouns: tuple[str, ...]
    has_day: bool = True
    is_of_log: bool = True

    def touched(self, index: TouchIndex, path: Said, filters: Said) -> int:
        """Return the position that last touched what is derived of the body."""
        body = path.get("id") or filters.get("body")
        if body is None:
            return Nouns((*self.nouns, LABELS)).touched(index, path, filters)
        around = index.around(body)
        named = around | {n for each in self.nouns for n in index.beside(each, body)}
        nobody = (index.naming_nobody(each) for each in self.nouns)
        return max(
            _naming(index, (*self.nouns, LABELS), around),
            index.labels(named),
            self._expected(index, body),
            _hints(index, filters),
            *nobody,
        )

    def _expected(self, index: TouchIndex, body: str) -> int:
        # Of a territorial force all is expected of which the record knows; what is
        # expected of others depends on who else was inspected.
        is_certain = index.is_police_force(body) or "inspection" not in self.nouns
        return 0 if is_certain else index.noun("inspection")


THE_RECORD = TheRecord()
# All that is told in sentences or found by words: not what was seen at an address, who
# may record, or what readers reported.
ALL_TOLD = Nouns(tuple(sorted(TOLD)))
NOTHING = Nothing()
ONE_EVENT = OneEvent()
# What other files tell besides, such as how far an erasure is.
NOT_THE_LOG = TheRecord(is_of_log=False)


def _bodies_asked_for(index: TouchIndex, filters: Said) -> set[str] | None:
    if body := filters.get("body"):
        return {body}
    force = filters.get("force")
    return index.around(force) if force else None


def _naming(index: TouchIndex, nouns: Iterable[str], bodies: Iterable[str]) -> int:
    """Return what last touched things that name bodies; of programmes, any of them."""
    bodies = set(bodies)
    return max(
        (
            index.noun(each) if each == LABELS else index.naming(each, bodies)
            for each in nouns
        ),
        default=0,
    )


def _whole(index: TouchIndex, nouns: Iterable[str]) -> int:
    return max(map(index.noun, nouns), default=0)


def _hints(index: TouchIndex, filters: Said) -> int:
    """Return what last touched the hints on filters that name nothing on record."""
    positions = [
        index.thing(noun, id) if index.is_on_record(noun, id) else index.noun(noun)
        for name, value in filters.items()
        for noun, id in named_by(name, value)
    ]
    return max(positions, default=0)
