"""Watching: each worker asks the database now and then how far it has come."""

import logging
from collections.abc import Callable, Iterator
from threading import Event

from sqlalchemy.exc import DBAPIError

from projections import database
from projections.read_model import CHANNEL
from service.log.errors import StoreError
from service.reached import Point
from service.record import Record

EVERY = 0.5  # Seconds between two looks.
_logger = logging.getLogger(__name__)


def keep_looking(
    record: Record, ended: Event, tell: Callable[[Point], None] = lambda point: None
) -> None:
    """Look again and again, until the event is set; tell of each point.

    On PostgreSQL whoever applies events on another machine is heard at once.
    """
    for _ in _looks(record, ended):
        try:
            point = record.look()
        except (DBAPIError, StoreError, OSError) as error:
            # Answers are not kept meanwhile.
            _logger.warning("the database cannot be asked: %s", error)
            continue
        record.reached.hear(point)
        tell(point)


def _looks(record: Record, ended: Event) -> Iterator[None]:
    """Give the moments at which to look."""
    url = record.settings.database_url
    while not ended.is_set():
        if url:
            yield from database.heard(url, CHANNEL, EVERY, ended)
        yield
        ended.wait(EVERY)
