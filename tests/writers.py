"""Writers that tests run as processes of their own: `python -m tests.writers …`."""

import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

from schemas.events import RecordedEvent
from service import erasure, redaction, rotation
from service.config import Settings
from service.domain.bodies import Body
from service.log.event_store import ConflictError, Draft, EventStore
from service.record import Record, draft_of

SOURCE = {
    "url": "https://example.org/report",
    "publisher": "HMICFRS",
    "published_on": "2024-05-14",
    "accessed_on": None,
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
}
BODY = {
    "kind": "police-force",
    "name": "Someforce",
    "note": "Nobody answered the letter",
    "started_on": None,
    "started_on_basis": None,
    "outside_ids": dict.fromkeys(("ons", "police_uk", "hmicfrs")),
    "sources": [{**SOURCE, "title": "A notice"}],
}


def draft(stream: str, version: int = 1, **changes: object) -> Draft:
    members = {
        "stream": stream,
        "version": version,
        "type": "rating.awarded",
        "by": "founding",
        "change": "backfill",
        "data": {"grade": "inadequate", "rank": version},
        "words": {"note": "Deeply disappointing"},
        "sources": [SOURCE],
    }
    return Draft(**{**members, **changes})


def note(name: str, version: int = 1) -> Draft:
    """Return an event of a type that no projection knows."""
    return draft(f"note-{name}", version, type="note.taken")


def start(task: str, folder: Path, url: str | None, name: str, count: int):
    """Start a writer; it prints the last position after each append."""
    words = [task, str(folder), url or "", name, str(count)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.writers", *words],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        text=True,
    )


def contend(store: EventStore, name: str, count: int) -> None:
    """Append to a stream that all writers share, and to one of our own."""
    own, lost = 0, 0
    while own < count:
        head = len(store.read_stream("rating-shared"))
        batch = [draft("rating-shared", head + 1), draft(f"rating-{name}", own + 1)]
        try:
            print(store.append(batch)[-1].position, flush=True)
            own += 1
        except ConflictError:
            lost += 1
    print(f"lost {lost}", flush=True)


def mix(folder: Path, url: str | None, name: str, count: int) -> None:
    """Record things one by one, and up to 60 at once, and tell of each what it is.

    Now and then words are redacted, and the key of the log is rotated or retired.
    """
    record = Record.open(Settings(data=folder, database_url=url))
    sizes = Random(name)
    for turn in range(count):
        many = sizes.choice((1, 1, 1, sizes.randrange(2, 61)))
        bodies = [Body(f"{name}-{turn}-{each}") for each in range(many)]
        events = register(record, bodies)
        if turn % 5 == 0:
            events.append(redact(record, events[0]))
        for event in events:
            print(event.position, event.leaf_hash, flush=True)
        if turn % 7 == 0:
            change_key(record)
    record.close()


def redact(record: Record, event: RecordedEvent) -> RecordedEvent:
    """Redact the note of an event, and let every holder erase it."""
    planned = redaction.plan(record, event.position, ("note",))
    why = {"basis": "other", "reference": None, "by": "system"}
    done = redaction.redact(record, planned, **why)
    erasure.run_pending(record, patience=0)
    return done


def change_key(record: Record) -> None:
    """Begin a rotation of the key, or end the one that is under way."""
    try:
        rotation.rotate(record)
    except rotation.RotationError:
        # The other writer may have ended it.
        with suppress(rotation.RotationError):
            rotation.retire_now(record)


def register(record: Record, bodies: list[Body]) -> list[RecordedEvent]:
    events = [each.register(**BODY) for each in bodies]
    if len(bodies) == 1:
        return [record.record(bodies[0], events[0], by="system")]
    drafts = map(partial(draft_of, by="system"), bodies, events)
    recorded = record.store.append(list(drafts), idempotency=(bodies[0].id, b"print"))
    record.catch_up()
    return recorded


def jot(store: EventStore, name: str, count: int) -> None:
    """Append to a stream of our own, as fast as may be."""
    for version in range(1, count + 1):
        print(store.append([note(name, version)])[-1].position, flush=True)


def main(task: str, folder: str, url: str, name: str, count: str) -> None:
    if task == "mix":
        mix(Path(folder), url or None, name, int(count))
        return
    store = EventStore.open(Path(folder), url or None)
    {"contend": contend, "jot": jot}[task](store, name, int(count))
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
