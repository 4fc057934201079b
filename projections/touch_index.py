"""The touch index: the table of touches in memory, so that to look costs no query."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import RLock

from sqlalchemy import Connection, select

from projections.touches import (
    NOBODY,
    Touch,
    is_read,
    key_of_body,
    key_of_thing,
    touch_of,
    touches,
)
from schemas.codelists import BodyKind

REDACTIONS = "redaction"
FORCES = (BodyKind.POLICE_FORCE, BodyKind.SPECIAL_FORCE)


@dataclass
class TouchIndex:
    """Which event last changed what is read, as of the event that was `seen` last.

    Whoever asks several questions holds the `lock` meanwhile.
    """

    seen: int = 0

    def __post_init__(self) -> None:
        """Begin with nothing: a record that holds no event."""
        self.lock = RLock()
        self._touches: dict[str, Touch] = {}

    def advance(self, connection: Connection, position: int) -> None:
        """Take in what was touched since, as the state at a position has it."""
        with self.lock:
            if position <= self.seen:
                return
            statement = select(touches).where(touches.c.position > self.seen)
            for row in connection.execute(statement):
                if is_read(row.key):
                    self._touches[row.key] = touch_of(
                        row.position, row.kind, row.bodies
                    )
            self.seen = position

    @property
    def epoch(self) -> int:
        """The position of the last redaction, 0 before the first."""
        return self.noun(REDACTIONS)

    def noun(self, noun: str) -> int:
        """Return the position that last touched anything of a noun."""
        return self._at(noun)

    def thing(self, noun: str, id: str) -> int:
        """Return the position that last touched a thing."""
        return self._at(key_of_thing(noun, id))

    def naming(self, noun: str, bodies: Iterable[str]) -> int:
        """Return the position that last touched what names any of these bodies."""
        return max((self._at(key_of_body(noun, each)) for each in bodies), default=0)

    def naming_nobody(self, noun: str) -> int:
        """Return the position that last touched what names no body."""
        return self._at(key_of_body(noun, NOBODY))

    def is_on_record(self, noun: str, id: str) -> bool:
        """Whether a thing is on record now."""
        found = self._touches.get(key_of_thing(noun, id))
        return found is not None and found.kind is not None

    def is_police_force(self, body: str) -> bool:
        """Whether a body is a territorial police force."""
        return self._kind(body) == BodyKind.POLICE_FORCE

    def bodies_of(self, noun: str, id: str) -> set[str]:
        """Return the bodies that a thing has ever named."""
        return self._bodies(key_of_thing(noun, id))

    def beside(self, noun: str, body: str) -> set[str]:
        """Return the bodies that things of a noun ever named together with this one."""
        return self._bodies(key_of_body(noun, body))

    def labels(self, bodies: Iterable[str]) -> int:
        """Return the position that last touched what answers show of bodies."""
        return max((self.thing("body", each) for each in bodies), default=0)

    def around(self, body: str) -> set[str]:
        """Return a body, and those of which its links, or theirs to it, can show.

        A region is shown by its members; they are shown by the region alone.
        """
        return {body} | {far for each in self._linked(body) for far in self._far(each)}

    def _linked(self, body: str) -> set[str]:
        return self._bodies(key_of_thing("body", body)) | self.beside("body", body)

    def _far(self, body: str) -> Iterator[str]:
        yield body
        if self._kind(body) != BodyKind.REGION:
            yield from self._linked(body)

    def _kind(self, body: str) -> str | None:
        found = self._touches.get(key_of_thing("body", body))
        return found.kind if found else None

    def _bodies(self, key: str) -> set[str]:
        found = self._touches.get(key)
        return found.bodies if found else set()

    def _at(self, key: str) -> int:
        found = self._touches.get(key)
        return found.position if found else 0
