"""Event streams: what followers are sent as it is recorded (server-sent events)."""

import time
from collections.abc import Iterator

import orjson

from projections.feed import Entry, Wanted
from service.cloud_events import cloud_event
from service.http.live import Live

MEDIA_TYPE = "text/event-stream"
EVERY = 15.0  # Seconds after which something is said even if nothing is recorded.
RETRY = 3000  # Milliseconds after which a client that lost its connection returns.


def stream_of(
    live: Live,
    wanted: Wanted,
    after: int,
    origin: str,
    base_url: str,
    every: float = EVERY,
) -> Iterator[bytes]:
    """Give the events after a position that are wanted, for ever, as they come.

    A comment tells that the connection lives, and how far was looked: a client that
    returns goes on from there.
    """
    yield f"retry: {RETRY}\n\n".encode()
    said = time.monotonic()
    with live.watching() as watch:
        while not live.is_ended:
            found = live.read(watch, wanted, after)
            after = found.last
            if found.entries:
                yield b"".join(
                    _message(each, origin, base_url) for each in found.entries
                )
                said = time.monotonic()
            elif (left := said + every - time.monotonic()) > 0:
                watch.reaches(after + 1, left)
            else:
                yield f": nothing new\nid: {after}\n\n".encode()
                said = time.monotonic()


def _message(entry: Entry, origin: str, base_url: str) -> bytes:
    event = cloud_event(entry.item, origin, base_url)
    lines = (b"id: ", event["id"].encode(), b"\nevent: ", event["type"].encode())
    return b"".join((*lines, b"\ndata: ", orjson.dumps(event), b"\n\n"))
