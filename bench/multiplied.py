"""The founding record many times over: the same histories, told of other bodies.

Each copy is a story that is made from the founding log and imported as any other: it
goes through the rules, the log and the read model. Programmes and their questions are
shared; whatever else has an id has one of its own in each copy.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import Progress

from schemas.events import RecordedEvent
from service.commands import COMMANDS
from service.config import Settings
from service.imports.importer import Importer
from service.imports.work import Options
from service.record import Record
from service.start import found

SHARED = "programme"
TITLES = "source_titles"  # Sealed beside the words of an event, one for each source.


def founded(folder: Path, times: int = 1) -> None:
    """Make a record with the founding data, and so many copies of it in all."""
    with closing(Record.open(Settings(data=folder))) as record:
        found(record)
        if times > 1:
            multiply(record, times, folder.with_name("stories"))


def multiply(record: Record, times: int, folder: Path) -> None:
    """Put all copies but the first on record, from stories in a folder."""
    events = list(_told(record))
    ids = {id_of(event) for event in events}
    folder.mkdir(exist_ok=True)
    paths = [folder / f"story-{number}.jsonl" for number in range(2, times + 1)]
    for number, path in enumerate(paths, 2):
        path.write_bytes(b"\n".join(_copied(events, ids, number)))
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(f"Founding data x {times}", total=len(events) * len(paths))
        importer = Importer(
            record, Options(by="founding"), on_rows=lambda n: bar.advance(task, n)
        )
        report = importer.run(paths)
    if not report.is_clean:
        raise SystemExit(report.to_text()[:2000])
    record.publish_digests()


def id_of(event: RecordedEvent) -> str:
    """Return the id of the thing to which an event happened."""
    return event.stream.partition("-")[2]


def _told(record: Record) -> Iterator[RecordedEvent]:
    """Yield what a story can tell of all that is on record."""
    position = 0
    while events := record.store.read(position):
        yield from (e for e in events if e.type in COMMANDS and e.type[:9] != SHARED)
        position = events[-1].position


def _copied(events: list[RecordedEvent], ids: set[str], number: int) -> Iterator[bytes]:
    """Yield the commands that tell the events of other things."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: other(each) for name, each in value.items()}
        if isinstance(value, list):
            return [other(each) for each in value]
        return f"{value}.copy-{number}" if value in ids else value

    for event in events:
        data, words = other(dict(event.data)), dict(event.opened)
        titles = words.pop(TITLES, None) or [None] * len(event.sources)
        if "name" in data:
            data["name"] = f"{data['name']} {number}"
        yield orjson.dumps(
            {
                "do": event.type,
                "id": f"{id_of(event)}.copy-{number}",
                "data": data,
                "words": words,
                "sources": [
                    {**source, "title": title}
                    for source, title in zip(event.sources, titles, strict=True)
                ],
            }
        )
