"""What was loaded of late: things as they stood when somebody last read them.

They may be of before. An event that rests on one is recorded only if its stream has not
changed since: the event store sees to that. No words are among them.
"""

from collections import OrderedDict
from threading import Lock

from service.domain.base import Aggregate

MOST = 256  # Things that are remembered.


class Remembered:
    """The things that were loaded last, by stream."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._things: OrderedDict[str, Aggregate] = OrderedDict()

    def find(self, stream: str) -> Aggregate | None:
        """Return a thing as it stood when it was loaded, None if it is not known."""
        return self._things.get(stream)

    def keep(self, thing: Aggregate) -> None:
        """Remember a thing; let go of what was loaded longest ago."""
        with self._lock:
            self._things[thing.stream] = thing
            self._things.move_to_end(thing.stream)
            while len(self._things) > self._most:
                self._things.popitem(last=False)
