"""The courier: carries events to subscribers, to each in order and at least once.

The position of a subscription is stored after the receiver has taken a message: a
crash in between sends that one again, and skips none. Those who answer slowly, or
fail, have lanes of their own, and hold nobody else up.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any

from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from projections.feed import Wanted, chunk_of
from projections.moment import Moment
from projections.subscriptions import UNCONFIRMED
from schemas.dates import instant, london_day
from schemas.events import RecordedEvent
from service.log.keys import KeyFileError
from service.record import Record
from service.webhooks.keys import WebhookKey, webhook_keys
from service.webhooks.messages import Message, challenge_of, message_of, test_of
from service.webhooks.retrying import Jitter, after, judged
from service.webhooks.sending import Sender

LANES = {False: 6, True: 4}  # Turns at once: of the swift, and of the slow.
TURN_SECONDS = 15.0  # After which others come first.
PATIENCE = 2.0  # Seconds for what is under way when the process ends.
POLL = 0.5  # Seconds between two looks at what is due.
RETRY = 5.0  # Seconds after which a process asks again whether it may deliver.
FORGET_EVERY = 60.0
UNCONFIRMED_KEPT, IDLE_KEPT = timedelta(hours=1), timedelta(days=90)
Row = dict[str, Any]
_logger = logging.getLogger(__name__)


@dataclass
class Courier:
    """Delivers what is due to the subscribers of a record."""

    record: Record
    sender: Sender = field(default_factory=Sender)
    jitter: Jitter = random.uniform
    _stopped: Event = field(default_factory=Event)
    _busy: dict[str, tuple[bool, Thread]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def dispatch(self) -> list[Thread]:
        """Begin a turn for each subscription that is due, as far as there is room."""
        model = self.record.read_model
        now = self.record.clock()
        moment = Moment(model.position, model.position, london_day(now))
        keys: list[WebhookKey] = []
        turns = []
        for row in self._due(moment.position):
            if messages := self._messages(row, moment):
                keys = keys or webhook_keys(self.record.settings)
                turns.append(self._begin(row, messages, keys))
        return turns

    def stop(self) -> None:
        """Begin nothing more; what is under way may end, for a moment."""
        self._stopped.set()
        with self._lock:
            turns = [turn for _, turn in self._busy.values()]
        for turn in turns:
            turn.join(PATIENCE / len(turns))

    def _due(self, head: int) -> Iterator[Row]:
        """Give the subscriptions that are due and for which there is room."""
        now = instant(self.record.clock().isoformat())
        for row in self.record.subscriptions.due(head, now):
            with self._lock:
                used = sum(each == row["is_slow"] for each, _ in self._busy.values())
                is_free = row["id"] not in self._busy and used < LANES[row["is_slow"]]
            if is_free:
                yield row

    def _messages(self, row: Row, moment: Moment) -> list[Message]:
        """Return what is to be sent to a subscriber next, in order."""
        if row["state"] == UNCONFIRMED:
            return [challenge_of(row)]
        if row["test"]:
            return [test_of(row, self.record.clock())]
        return [message_of(row, event) for event in self._events(row, moment)]

    def _events(self, row: Row, moment: Moment) -> Sequence[RecordedEvent]:
        wanted = Wanted(nouns=row["nouns"], bodies=row["bodies"], types=row["types"])
        model = self.record.read_model
        events, reached = chunk_of(model, moment, row["position"], wanted)
        if not events:
            self.record.subscriptions.note(row, {"position": reached})
        return events

    def _begin(
        self, row: Row, messages: Sequence[Message], keys: Sequence[WebhookKey]
    ) -> Thread:
        # A daemon: whoever ends the process waits for no receiver.
        turn = Thread(target=self._turn, args=(row, messages, keys), daemon=True)
        with self._lock:
            self._busy[row["id"]] = row["is_slow"], turn
        turn.start()
        return turn

    def _turn(
        self, row: Row, messages: Sequence[Message], keys: Sequence[WebhookKey]
    ) -> None:
        end = time.monotonic() + TURN_SECONDS
        try:
            for message in messages:
                goes_on = not self._stopped.is_set() and time.monotonic() < end
                if not (goes_on and self._deliver(row, message, keys)):
                    return
        except (NoRoomError, DBAPIError, OSError) as error:
            # What was taken and could not be noted is sent again.
            _logger.warning("%s is to be sent to again: %s", row["id"], error)
        finally:
            with self._lock:
                del self._busy[row["id"]]

    def _deliver(self, row: Row, message: Message, keys: Sequence[WebhookKey]) -> bool:
        """Send one message and note what came of it; tell if the next may follow."""
        began = self.record.clock()
        headers = message.headers(keys, began)
        sent = self.sender.post(row["url"], message.body, headers)
        outcome = judged(row, message, sent)
        now = self.record.clock()
        changes = after(row, message, outcome, now, self.jitter)
        attempt = {
            "at": instant(began.isoformat()),
            "kind": str(message.kind),
            "position": message.position,
            "status": outcome.status,
            "error": outcome.error,
            "milliseconds": int(outcome.seconds * 1000),
        }
        is_noted = self.record.subscriptions.note(row, changes, attempt)
        row |= changes
        return is_noted and outcome.is_taken


def keep_delivering(record: Record, ended: Event, sender: Sender | None = None) -> None:
    """Deliver what is due until the event is set, if no other process does."""
    if record.is_mirror:
        return  # Its source sends what it records.
    while not ended.is_set():
        try:
            with record.subscriptions.turn() as is_ours:
                _keep(Courier(record, sender or _sender(record)), is_ours, ended)
        except (NoRoomError, DBAPIError, KeyFileError, OSError) as error:
            _logger.warning("events are to be sent later: %s", error)
        ended.wait(RETRY)


def _keep(courier: Courier, is_ours: Callable[[], bool], ended: Event) -> None:
    forgotten = -FORGET_EVERY
    try:
        while not ended.is_set() and is_ours():
            if time.monotonic() - forgotten >= FORGET_EVERY:
                forget(courier.record)
                forgotten = time.monotonic()
            courier.dispatch()
            ended.wait(POLL)
    finally:
        courier.stop()


def forget(record: Record) -> None:
    """Delete the subscriptions that nobody confirmed, or wants any more."""
    record.subscriptions.forget(record.clock(), UNCONFIRMED_KEPT, IDLE_KEPT)


def _sender(record: Record) -> Sender:
    url = record.settings.public_url
    return Sender(agent=f"{Sender.agent} (+{url})") if url else Sender()
