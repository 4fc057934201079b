"""Retrying: what becomes of a subscription after an attempt to send to it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas.codelists import AttemptKind, PauseReason, SubscriptionState
from schemas.dates import instant
from service.webhooks.messages import Message
from service.webhooks.sending import Outcome

LASTING = timedelta(hours=72)  # Of failures only, after which it is paused.
FIRST, FACTOR, LONGEST = timedelta(seconds=5), 4, timedelta(hours=12)
JITTER = (0.75, 1.25)  # So that those who failed together do not come back together.
SLOW = 2.0  # Seconds of an answer from which on a receiver waits with the slow ones.
GONE = 410
NOT_ECHOED = "it did not answer with the challenge"
Changes = dict[str, Any]
Jitter = Callable[[float, float], float]


def after(
    row: Mapping[str, Any],
    message: Message,
    outcome: Outcome,
    now: datetime,
    jitter: Jitter,
) -> Changes:
    """Return what changes of a subscription after an attempt."""
    changes = {"tried_at": _at(now), "is_slow": outcome.seconds >= SLOW}
    if message.kind == AttemptKind.TEST:
        return changes | {"test": None}
    if outcome.status == GONE:
        return changes | _closed(SubscriptionState.GONE, None, now)
    if not outcome.is_taken:
        return changes | {"is_slow": True} | _failed(row, outcome, now, jitter)
    changes |= {"failures": 0, "failing_since": None, "next_at": ""}
    if message.kind == AttemptKind.CHALLENGE:
        return changes | _state(SubscriptionState.ACTIVE, now, confirmed_at=_at(now))
    return changes | {"position": message.position}


def judged(row: Mapping[str, Any], message: Message, outcome: Outcome) -> Outcome:
    """Return the outcome; a challenge is taken only by who answers with it."""
    is_asked = message.kind == AttemptKind.CHALLENGE and outcome.is_taken
    if not is_asked or outcome.said.strip() == row["challenge"].encode():
        return outcome
    return Outcome(None, NOT_ECHOED, outcome.seconds)


def wait(failures: int, jitter: Jitter) -> timedelta:
    """Return how long to wait after so many failures in a row."""
    # The exponent is bounded: powers are worked out before they are compared.
    longer: timedelta = FIRST * FACTOR ** min(failures - 1, 12)
    return min(longer, LONGEST) * jitter(*JITTER)


def _failed(
    row: Mapping[str, Any], outcome: Outcome, now: datetime, jitter: Jitter
) -> Changes:
    since = row["failing_since"] or _at(now)
    failures = row["failures"] + 1
    end = datetime.fromisoformat(since) + LASTING
    if now >= end:
        is_active = row["state"] == SubscriptionState.ACTIVE
        return (
            _closed(SubscriptionState.PAUSED, PauseReason.FAILURES, now)
            if is_active
            else _closed(SubscriptionState.GONE, None, now)
        )
    asked = min(timedelta(seconds=outcome.retry_after or 0), LONGEST)
    again = now + max(wait(failures, jitter), asked)
    # The last attempt comes when the time is up, not when it has long been.
    next_at = _at(min(again, end))
    return {"failures": failures, "failing_since": since, "next_at": next_at}


def _closed(
    state: SubscriptionState, reason: PauseReason | None, now: datetime
) -> Changes:
    reasoned = reason and str(reason)
    fresh = {"failures": 0, "failing_since": None, "next_at": "", "test": None}
    return {**fresh, **_state(state, now, reason=reasoned)}


def _state(state: SubscriptionState, now: datetime, **more: Any) -> Changes:
    return {"state": str(state), "changed_at": _at(now), **more}


def _at(moment: datetime) -> str:
    return instant(moment.isoformat())
