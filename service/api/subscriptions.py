"""Subscriptions: anybody may have what is recorded sent to a receiver of their own."""

import logging
from typing import Any

from flask import Blueprint, Response

from projections.subscriptions import TooManySubscriptionsError
from schemas.subscriptions import (
    AttemptFilterSchema,
    AttemptSchema,
    ChallengeWebhookSchema,
    EventWebhookSchema,
    ReplaySchema,
    SubscriptionItemSchema,
    SubscriptionMadeSchema,
    SubscriptionRequestSchema,
    SubscriptionSchema,
    TestWebhookSchema,
    WebhookKeysSchema,
)
from service import subscriptions as known
from service.context import record
from service.http.access import holding, open_to_anyone, requires_token
from service.http.addresses import client_address
from service.http.bodies import fault, invalid
from service.http.contract import accepts, keeps, returns, serves
from service.http.errors import respond
from service.http.meta import base_url
from service.http.problems import ProblemError
from service.http.representations import to_json
from service.log.keys import KeyFileError
from service.webhooks.asked import InvalidSubscriptionError
from service.webhooks.keys import webhook_keys

subscriptions = Blueprint("subscriptions", __name__, url_prefix="/v1/subscriptions")
# Not below the subscriptions, where it would be taken for the id of one.
keys = Blueprint("webhook_keys", __name__, url_prefix="/v1/webhook-keys")
_logger = logging.getLogger(__name__)
WEBHOOKS = {
    "event": EventWebhookSchema,
    "challenge": ChallengeWebhookSchema,
    "test": TestWebhookSchema,
}


def _held(id: str, token: str) -> Any:
    return known.held(record(), id, token)


@subscriptions.post("")
@open_to_anyone(reason="The receiver must agree before anything is sent to it.")
@keeps(
    SubscriptionMadeSchema,
    body=SubscriptionRequestSchema,
    status=201,
    problems=(429, 503),
    sends=WEBHOOKS,
)
def subscribe(**asked: Any) -> Any:
    """Have events sent to an address of yours; it needs no key.

    The address is first sent a challenge, and must answer with it within an hour. The
    answer to this request holds the token that every later request takes, once.
    """
    public_keys = _public_keys()  # Where nothing can be signed, nothing is made.
    made, token = known.subscribe(record(), asked, client_address(), base_url())
    shown = {**made, "token": token, "public_keys": public_keys}
    return shown, f"/v1/subscriptions/{made['id']}"


@keys.get("")
@open_to_anyone(reason="With it anybody can check what is sent.")
@serves({"application/json": WebhookKeysSchema}, problems=(403, 503))
def index() -> Response:
    """Show the keys with which what is sent to subscribers is signed."""
    body = to_json({"public_keys": _public_keys()})
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(body, content_type="application/json", headers=headers)


@subscriptions.get("/<id>")
@requires_token(_held)
@accepts(query=SubscriptionItemSchema)
@returns(SubscriptionSchema, problems=(401, 403), may_be_kept=False)
def item(moment: Any, id: str) -> Any:
    """Show a subscription: its state, and how far it is."""
    return known.shown(record(), holding())


@subscriptions.delete("/<id>")
@requires_token(_held)
@keeps(SubscriptionSchema)
def delete(id: str) -> Any:
    """Delete a subscription, and all that is kept of it."""
    return known.remove(record(), holding())


@subscriptions.get("/<id>/attempts")
@requires_token(_held)
@accepts(query=AttemptFilterSchema)
@returns(AttemptSchema, many=True, problems=(401, 403), may_be_kept=False)
def attempts(moment: Any, page: Any, id: str) -> Any:
    """List the last twenty attempts to send something, the latest first."""
    return record().subscriptions.list_attempts(id, page)


@subscriptions.post("/<id>/pause")
@requires_token(_held)
@keeps(SubscriptionSchema, problems=(409,))
def pause(id: str) -> Any:
    """Send nothing any more until it is resumed; its position stays."""
    return known.pause(record(), holding())


@subscriptions.post("/<id>/resume")
@requires_token(_held)
@keeps(SubscriptionSchema, problems=(409, 429))
def resume(id: str) -> Any:
    """Go on where it stopped, at once. A receiver that was gone is asked once more."""
    return known.resume(record(), holding())


@subscriptions.post("/<id>/replay")
@requires_token(_held)
@keeps(SubscriptionSchema, body=ReplaySchema, problems=(409,))
def replay(id: str, after: int) -> Any:
    """Send once more everything that follows a position, in order."""
    return known.replay(record(), holding(), after)


@subscriptions.post("/<id>/test")
@requires_token(_held)
@keeps(SubscriptionSchema, problems=(409,))
def test(id: str) -> Any:
    """Send a test message within seconds; `attempts` tells what came of it."""
    return known.test(record(), holding())


def _public_keys() -> list[str]:
    return [each.public for each in webhook_keys(record().settings)]


# Refusals.


@subscriptions.errorhandler(InvalidSubscriptionError)
def _invalid(error: InvalidSubscriptionError) -> Response:
    return respond(invalid([fault(*each) for each in error.faults]))


@subscriptions.errorhandler(TooManySubscriptionsError)
def _too_many(error: TooManySubscriptionsError) -> Response:
    headers = {"Retry-After": str(error.retry_after)}
    return respond(ProblemError("rate-limited", str(error), headers=headers))


@subscriptions.errorhandler(known.TooSoonError)
def _too_soon(error: known.TooSoonError) -> Response:
    headers = {"Retry-After": str(int(known.PATIENCE.total_seconds()))}
    return respond(ProblemError("rate-limited", str(error), headers=headers))


@keys.errorhandler(KeyFileError)
@subscriptions.errorhandler(KeyFileError)
def _no_key(error: KeyFileError) -> Response:
    _logger.error("Nothing can be signed for subscribers: %s", error)
    detail = "Nothing can be signed at present: the operator must look after it."
    return respond(ProblemError("maintenance", detail))


@subscriptions.errorhandler(known.SubscriptionError)
def _not_now(error: known.SubscriptionError) -> Response:
    return respond(ProblemError("subscription-state", str(error)))
