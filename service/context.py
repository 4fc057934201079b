"""What a request works with: the record, and its read model as of the start."""

from typing import cast

from flask import Flask, current_app, g

from projections.read_model import ReadModel
from service.http.live import Live
from service.http.permits import LONG_ANSWERS, LONG_ANSWERS_EACH, Permits
from service.record import Record

KEY, LIMITER = "copperplate", "copperplate.limiter"
CACHE, LIVE = "copperplate.cache", "copperplate.live"
SENDING = "copperplate.sending"


def init_app(app: Flask, record: Record | None) -> None:
    """Join the app to a record; without one it can only describe itself."""
    app.extensions[KEY] = record
    if record:
        settings = record.settings
        permits = Permits(settings.long_readers, settings.long_readers_each)
        app.extensions[LIVE] = Live(record, permits)
        app.extensions[SENDING] = Permits(LONG_ANSWERS, LONG_ANSWERS_EACH)


def record() -> Record:
    """Return the record that the app serves."""
    return cast(Record, current_app.extensions[KEY])


def live() -> Live:
    """Return what the readers of this process wait for."""
    return cast(Live, current_app.extensions[LIVE])


def read_model() -> ReadModel:
    """Return the read model, the same one all through a request."""
    if "read_model" not in g:
        g.read_model = record().read_model
    return cast(ReadModel, g.read_model)


def come_to(position: int) -> None:
    """Note that a request has brought the record to a position, if it shows already."""
    point = record().reached.point()
    if point and point.position >= position:
        g.head = point.position


def head() -> int:
    """Return the last position of the record, the same one all through a request."""
    if "head" not in g:
        g.head = read_model().position
    return int(g.head)
