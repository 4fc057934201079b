"""Messages: what is sent to a subscriber, and how it is signed.

They are thin: they say that something was recorded, and where it can be read. So they
hold no words, and a redaction leaves none behind in what was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.codelists import AttemptKind
from schemas.dates import instant
from schemas.events import RecordedEvent
from service.webhooks.keys import WebhookKey

CHALLENGE, TEST = "subscription.challenge", "subscription.test"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; sent again, it has the same id and the same bytes."""

    id: str
    kind: AttemptKind
    body: bytes
    position: int | None = None

    def headers(self, keys: Sequence[WebhookKey], now: datetime) -> dict[str, str]:
        """Return the headers of an attempt to send it: each attempt is signed anew."""
        seconds = str(int(now.timestamp()))
        signed = b".".join((self.id.encode(), seconds.encode(), self.body))
        return {
            "Content-Type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(key.signature(signed) for key in keys),
        }


def message_of(row: Row, event: RecordedEvent) -> Message:
    """Return the message that tells a subscriber of an event."""
    data = {
        "position": event.position,
        "stream": event.stream,
        "event": f"{row['base_url']}/v1/events/{event.position}",
        "subscription": row["id"],
    }
    body = _body(event.type, event.recorded_at, data)
    id = f"{row['id']}-{event.position}"
    return Message(id, AttemptKind.EVENT, body, event.position)


def challenge_of(row: Row) -> Message:
    """Return the message that asks an address whether it wants the subscription.

    It agrees by an answer whose body is the challenge.
    """
    data = {"challenge": row["challenge"], "subscription": row["id"]}
    id = f"{row['id']}-challenge-{row['edition']}"
    return Message(id, AttemptKind.CHALLENGE, _body(CHALLENGE, row["changed_at"], data))


def test_of(row: Row, now: datetime) -> Message:
    """Return the message that only shows that messages arrive."""
    data = {"subscription": row["id"], "position": row["position"]}
    id = f"{row['id']}-test-{row['test']}"
    return Message(id, AttemptKind.TEST, _body(TEST, instant(now.isoformat()), data))


def _body(type: str, timestamp: str, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": type, "timestamp": timestamp, "data": data})
