"""Following: every event from a position on, once it is recorded, and never twice."""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from copperplate_client.events import Event
from copperplate_client.problems import BadAnswerError
from copperplate_client.transport import Transport


@dataclass(frozen=True)
class Place:
    """How far a reader has come, and the last checkpoint that it has checked."""

    position: int = 0
    checkpoint: str | None = None

    @classmethod
    def load(cls, path: Path) -> "Place":
        """Return what is kept in a file; without the file, the beginning."""
        if not path.exists():
            return cls()
        kept = json.loads(path.read_text())
        return cls(int(kept["position"]), kept["checkpoint"])

    def save(self, path: Path) -> None:
        """Keep it in a file, which is whole at any time."""
        members = {"position": self.position, "checkpoint": self.checkpoint}
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(json.dumps(members))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


@dataclass
class Feed:
    """The feed of events; `filters` are those of `/v1/events`."""

    transport: Transport
    filters: dict[str, Any]
    limit: int
    wait: int
    pause: float

    def batches(self, after: int) -> Iterator[list[Event]]:
        """Give events in batches; an empty one says that there are no more yet."""
        while True:
            found, has_waited = self._after(after)
            yield found
            if found:
                after = found[-1].position
            elif not has_waited:
                self.transport.sleep(self.pause)

    def _after(self, position: int) -> tuple[list[Event], bool]:
        """Return what follows a position, and whether the service waited for it."""
        asked = {**self.filters, "after": position, "limit": self.limit}
        answer = self.transport.get("/v1/events", asked, prefer=f"wait={self.wait}")
        events = [Event.of(each) for each in answer.json()["items"]]
        self._refuse_gaps(position, events)
        return events, "preference-applied" in answer.headers

    def _refuse_gaps(self, after: int, events: list[Event]) -> None:
        found = [each.position for each in events]
        wanted = range(after + 1, after + 1 + len(found))
        is_sound = found == sorted(set(found)) and all(each > after for each in found)
        if not is_sound or not (self.filters or found == [*wanted]):
            raise BadAnswerError(f"After {after} came {found[:3]} …: out of order.")
