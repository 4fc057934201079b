"""Writers that tests run as processes of their own: `python -m tests.writers …`."""

import subprocess
import sys
from pathlib import Path

from service.log.event_store import ConflictError, Draft, EventStore

SOURCE = {
    "url": "https://example.org/report",
    "publisher": "HMICFRS",
    "published_on": "2024-05-14",
    "accessed_on": None,
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
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


def hurry(store: EventStore, name: str, count: int) -> None:
    """Append batches of 1, 2 … 60 events to streams of their own, without end."""
    for turn in range(count):
        streams = [f"rating-{name}.{turn}.{each}" for each in range(turn % 60 + 1)]
        print(store.append(list(map(draft, streams)))[-1].position, flush=True)


def jot(store: EventStore, name: str, count: int) -> None:
    """Append to a stream of our own, as fast as may be."""
    for version in range(1, count + 1):
        print(store.append([note(name, version)])[-1].position, flush=True)


def main(task: str, folder: str, url: str, name: str, count: str) -> None:
    store = EventStore.open(Path(folder), url or None)
    {"contend": contend, "hurry": hurry, "jot": jot}[task](store, name, int(count))
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
