"""Subscriptions: whoever has a receiver on the web may have events sent to it.

No key is needed, so the receiver must agree (`webhooks/messages.py`: the challenge),
and all is bounded. What changes a subscription later takes the token that was shown
once, when it was made.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from projections.database import NoRoomError
from projections.subscriptions import ACTIVE, UNCONFIRMED
from schemas.codelists import PauseReason, SubscriptionState
from schemas.dates import instant
from service.editors import hash_of
from service.fetching import ascii_address
from service.log.errors import StorageFullError
from service.record import Record
from service.webhooks.asked import InvalidSubscriptionError, beyond, faults_of

TOKEN_PATTERN = r"cpt_[0-9a-z]{8}_[A-Za-z0-9_-]{43}"
PATIENCE = timedelta(seconds=10)  # Between two tries that the owner asks for.
Row = dict[str, Any]
_TOKEN = re.compile(TOKEN_PATTERN)
_ID = re.compile(r"sub-[0-9a-z]{8}")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_NOTHING = hash_of("").hex()


class SubscriptionError(Exception):
    """What is asked of a subscription cannot be done; the message says why."""


class TooSoonError(SubscriptionError):
    """It was tried a moment ago: the message says so."""


def subscribe(
    record: Record, asked: Mapping[str, Any], address: str, base_url: str
) -> tuple[Row, str]:
    """Make a subscription; return it, and its token, this one time.

    Nothing is sent to it but a challenge, until that is answered. Raises
    InvalidSubscriptionError or TooManySubscriptionsError.
    """
    head = record.read_model.position
    if faults := list(faults_of(record, asked, head)):
        raise InvalidSubscriptionError(faults)
    id, now = _random(8), record.clock()
    token = f"cpt_{id}_{secrets.token_urlsafe(32)}"
    url, at = ascii_address(asked["url"]), instant(now.isoformat())
    after = asked["after"]
    row: Row = {
        **{name: list(asked[name]) for name in ("nouns", "bodies", "types")},
        "id": f"sub-{id}",
        "token_hash": hash_of(token).hex(),
        "url": url,
        "host": (urlsplit(url).hostname or "").rstrip("."),
        "base_url": base_url,
        "position": head if after is None else after,
        "edition": 0,
        "made_at": at,
        **_unconfirmed(at),
        "tried_at": "",
        "is_slow": True,  # Until it has shown that it is not.
    }
    try:
        record.subscriptions.add(row, address, now)
    except NoRoomError as error:
        raise StorageFullError(str(error)) from error
    return shown(record, record.subscriptions.get(row["id"]) or row), token


def find(record: Record, id: str) -> Row | None:
    """Return what is kept of a subscription, or None."""
    return record.subscriptions.get(id) if _ID.fullmatch(id) else None


def held(record: Record, id: str, token: str) -> Row | None:
    """Return a subscription to whoever holds its token, else None."""
    row = find(record, id)
    given = token if _TOKEN.fullmatch(token) else ""
    known = row["token_hash"] if row else _NOTHING
    is_its = hmac.compare_digest(hash_of(given).hex(), known)
    return row if row and given and is_its else None


def pause(record: Record, row: Row, reason: PauseReason = PauseReason.OWNER) -> Row:
    """Send nothing any more until it is resumed."""
    if row["state"] == SubscriptionState.PAUSED and reason == PauseReason.OWNER:
        return shown(record, row)
    if row["state"] not in (ACTIVE, SubscriptionState.PAUSED):
        raise SubscriptionError(f"It is {row['state']}: there is nothing to pause.")
    paused = _state(record, SubscriptionState.PAUSED, reason=str(reason))
    return _changed(record, row, **paused)


def resume(record: Record, row: Row, *, by_operator: bool = False) -> Row:
    """Go on from its own position, at once; who was gone is asked once more."""
    if row["state"] == UNCONFIRMED or not row["confirmed_at"]:
        raise SubscriptionError("Its receiver has not answered the challenge.")
    is_barred = row["reason"] == PauseReason.OPERATOR and not by_operator
    if row["state"] == SubscriptionState.PAUSED and is_barred:
        raise SubscriptionError("The operator has paused it: ask the operator.")
    is_gone = row["state"] == SubscriptionState.GONE
    if (is_gone or row["failures"]) and not by_operator:
        _must_be_later(record, row)
    if is_gone:
        return _changed(record, row, **_unconfirmed(_now(record)))
    return _changed(record, row, **_state(record, SubscriptionState.ACTIVE))


def replay(record: Record, row: Row, after: int) -> Row:
    """Send once more what follows a position."""
    head = record.read_model.position
    if after > head:
        raise InvalidSubscriptionError([beyond(head)])
    return _changed(record, row, position=after)


def test(record: Record, row: Row) -> Row:
    """Let a message be sent that only shows that messages arrive."""
    if row["state"] not in (ACTIVE, SubscriptionState.PAUSED):
        raise SubscriptionError(f"It is {row['state']}: nothing is sent to it.")
    return _changed(record, row, test=_random(8), next_at="")


def remove(record: Record, row: Row) -> Row:
    """Delete a subscription, and all that is kept of it; return what it was."""
    record.subscriptions.delete(row["id"])
    return shown(record, row)


def shown(record: Record, row: Row) -> Row:
    """Return a subscription as its owner sees it."""
    return {
        **row,
        "head": record.read_model.position,
        "next_attempt_at": row["next_at"] or None,
        "is_test_pending": bool(row["test"]),
        "attempts_url": f"/v1/subscriptions/{row['id']}/attempts",
    }


def _changed(record: Record, row: Row, **values: Any) -> Row:
    fresh = {"failures": 0, "failing_since": None, "next_at": "", **values}
    found = record.subscriptions.change(row["id"], **fresh)
    if found is None:
        raise SubscriptionError("It has just been deleted.")
    return shown(record, found)


def _must_be_later(record: Record, row: Row) -> None:
    if row["tried_at"] > instant((record.clock() - PATIENCE).isoformat()):
        raise TooSoonError("It was tried a moment ago: wait ten seconds.")


def _state(record: Record, state: SubscriptionState, reason: str | None = None) -> Row:
    return {"state": str(state), "reason": reason, "changed_at": _now(record)}


def _unconfirmed(at: str) -> Row:
    return {
        "state": UNCONFIRMED,
        "reason": None,
        "changed_at": at,
        "challenge": secrets.token_urlsafe(24),
        "failures": 0,
        "next_at": "",
    }


def _now(record: Record) -> str:
    return instant(record.clock().isoformat())


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
