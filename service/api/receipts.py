"""Receipts: the event that a request has recorded, as the public sees it."""

from typing import Any

from projections.history import event_item, get_event
from projections.listing import Opened
from projections.read_model import Row
from schemas.events import RecordedEvent
from service.api.proofs import first_inclusion_of
from service.context import come_to, record
from service.desk import Desk
from service.http.access import editor
from service.http.writing import expected_version, idempotency, signing


def at_desk() -> Desk:
    """Return the desk of the editor whose request this is."""
    said = (expected_version(), idempotency(), signing())
    return Desk(record(), editor().id, *said, key_id=editor().key_id)


def receipt(event: RecordedEvent) -> Row:
    """Return what the editor gets: the event, and its proof as it was first signed.

    The event stands even if the read model is behind. What was erased since the request
    came first is known there alone.
    """
    come_to(event.position)
    is_whole = event.opened.keys() == event.sealed.keys()
    shown = None if is_whole else get_event(record().read_model, event.position)
    proof = first_inclusion_of(record().store, event.position)
    return {**(shown or _as_recorded(event)), "inclusion": proof}


def _as_recorded(event: RecordedEvent) -> Any:
    opened = {event.sealed[name]: value for name, value in event.opened.items()}
    return event_item(event, Opened(opened, {}))
