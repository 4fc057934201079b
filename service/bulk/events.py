"""events.jsonl.gz: every event, with all that `copperplate verify` needs.

A line is an event as `/v1/events` shows it, and two members more: `salts` has what
opens its sealed fields, by their names; `signed` is null, or the checkpoint that the
log signed when the event was its last. On the last line that also names the keys, and
the digests of the projections.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from projections.history import event_item
from projections.listing import Opened, open_words
from projections.read_model import CODE_VERSION
from schemas.events import RecordedEvent
from service.bulk.content import Content
from service.bulk.manifest import Written
from service.log.notes import encode_base64

NAME = "events.jsonl.gz"
NAMES = (NAME,)
ABOUT = "Every event in the order of the log, an event a line, with what verifies it."
MEDIA_TYPE = "application/gzip"
BATCH = 1000


def write(content: Content, folder: Path) -> Iterator[Written]:
    """Write the file: the same bytes for the same content."""
    with (
        (folder / NAME).open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as file,
    ):
        for lines in _batches(content):
            file.write(b"".join(lines))
    yield Written(NAME, ABOUT, MEDIA_TYPE, content.position)


def _batches(content: Content) -> Iterator[list[bytes]]:
    store, last = content.record.store, content.position
    for after in range(0, last, BATCH):
        limit = min(BATCH, last - after)
        salts = _salts(content, after, limit)
        signed = store.checkpoints(after, limit, after + limit)
        notes = {each.size: _signed(each.note) for each in signed}
        if after + limit == last:
            notes[last] = _head(content)
        yield [
            _line(content, event, salts[event.position], notes.get(event.position))
            for event in store.read(after, limit)
        ]


def _line(
    content: Content,
    event: RecordedEvent,
    salts: dict[str, str],
    signed: dict[str, Any] | None,
) -> bytes:
    opened = {event.sealed[name]: value for name, value in event.opened.items()}
    closed = event.sealed.keys() - event.opened.keys()
    erased = (
        open_words(content.record.read_model, map(event.sealed.get, closed)).erased
        if closed
        else {}
    )
    item = event_item(event, Opened(opened, erased))
    return orjson.dumps({**item, "salts": salts, "signed": signed}) + b"\n"


def _salts(content: Content, after: int, limit: int) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for each in content.record.store.openings(after, limit):
        found[each.position][each.name] = encode_base64(each.salt)
    return found


def _signed(note: bytes) -> dict[str, Any]:
    return {"checkpoint": note.decode(), "keys": [], "digests": []}


def _head(content: Content) -> dict[str, Any]:
    keys = content.record.store.verifier_keys()
    return {**_signed(content.checkpoint), "keys": keys, "digests": _digests(content)}


def _digests(content: Content) -> list[dict[str, Any]]:
    """Return the digests at the position, as `/v1/projections` has them."""
    return [
        {
            "id": name,
            "code_version": CODE_VERSION,
            "digest": digest,
            "digest_position": content.position,
        }
        for name, digest in sorted(_published(content).items())
    ]


def _published(content: Content) -> dict[str, str]:
    record, at = content.record, content.position
    model = record.read_model
    if record.is_mirror:  # It publishes those alone that its source has published.
        return {name: model.digest(name, at) for name in model.names()}
    record.digests.publish(model, at)
    return {row["projection"]: row["digest"] for row in record.digests.at(at)}
