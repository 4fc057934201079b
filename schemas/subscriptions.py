"""The wire shape of subscriptions: what is asked for, what is sent, what came of it."""

from typing import Any

from marshmallow import fields, validate

from schemas.codelists import AttemptKind, PauseReason, SubscriptionState
from schemas.fields import Closed, Code, Id, Open, Url, WholeNumber
from schemas.listing import LARGEST, PagingSchema

MOST = 20  # Words of one filter.


def _words(inner: fields.Field[Any], description: str) -> fields.List[Any]:
    return fields.List(
        inner,
        load_default=list,
        validate=validate.Length(max=MOST),
        metadata={"description": description},
    )


def _word() -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=80))


def _after(**more: Any) -> WholeNumber:
    return WholeNumber(
        validate=validate.Range(min=0, max=LARGEST),
        metadata={"description": "Only events that follow this position; 0: all."},
        **more,
    )


class SubscriptionRequestSchema(Closed):
    """Where events are to be sent, and which; without a filter, all of them."""

    url = Url(
        required=True,
        metadata={"description": "An https address on port 443 or 8443. Put something "
                  "into it that nobody can guess."},
    )  # fmt: skip
    nouns = _words(_word(), "Only events of these nouns: `rating`, `plan` …")
    bodies = _words(Id(), "Only events about these bodies: `west-mercia` …")
    types = _words(_word(), "Only events of these types: `rating.awarded` …")
    after = _after(load_default=None, allow_none=True)


class ReplaySchema(Closed):
    """From where events are to be sent once more."""

    after = _after(required=True)


class SubscriptionItemSchema(Closed):
    """A subscription has no time but now: it takes no parameter."""


class AttemptFilterSchema(PagingSchema):
    """How much of the list of attempts."""


class SubscriptionSchema(Open):
    """One subscription, as whoever holds its token sees it."""

    id = fields.String()
    url = fields.String()
    nouns = fields.List(fields.String())
    bodies = fields.List(fields.String())
    types = fields.List(fields.String())
    state = Code(SubscriptionState)
    reason = Code(
        PauseReason, allow_none=True, metadata={"description": "Why it is paused."}
    )
    position = fields.Integer(
        metadata={"description": "Up to here everything asked for has been taken."}
    )
    head = fields.Integer(metadata={"description": "The last position of the record."})
    made_at = fields.String(metadata={"format": "date-time"})
    confirmed_at = fields.String(
        allow_none=True,
        metadata={"description": "When the challenge was answered.",
                  "format": "date-time"},
    )  # fmt: skip
    changed_at = fields.String(
        metadata={"description": "Since when it is in its state.",
                  "format": "date-time"}
    )  # fmt: skip
    failures = fields.Integer(metadata={"description": "Failed attempts in a row."})
    failing_since = fields.String(allow_none=True, metadata={"format": "date-time"})
    next_attempt_at = fields.String(
        allow_none=True,
        metadata={"description": "After a failure; null: at once.",
                  "format": "date-time"},
    )  # fmt: skip
    is_test_pending = fields.Boolean()
    attempts_url = fields.String(metadata={"description": "The last attempts."})


class SubscriptionMadeSchema(SubscriptionSchema):
    """A subscription that was just made, with what is shown this one time."""

    token = fields.String(
        metadata={"description": "Whoever holds it may change the subscription: keep "
                  "it secret. It is not shown again."}
    )  # fmt: skip
    public_keys = fields.List(
        fields.String(),
        metadata={"description": "With these what is sent is signed: `whpk_…`."},
    )


class AttemptSchema(Open):
    """One attempt to send something; the last twenty are kept."""

    number = fields.Integer()
    at = fields.String(metadata={"format": "date-time"})
    kind = Code(AttemptKind)
    position = fields.Integer(allow_none=True)
    status = fields.Integer(
        allow_none=True, metadata={"description": "Of the answer; null: there is none."}
    )
    error = fields.String(
        allow_none=True, metadata={"description": "Why it failed; null: it was taken."}
    )
    milliseconds = fields.Integer()


class WebhookKeysSchema(Open):
    """The keys with which what is sent is signed."""

    public_keys = fields.List(
        fields.String(), metadata={"description": "Ed25519 keys: `whpk_` and base64."}
    )


class EventNoticeSchema(Open):
    """Where an event can be read."""

    position = fields.Integer(metadata={"description": "Its place in the log."})
    stream = fields.String(metadata={"description": "To which thing it happened."})
    event = fields.String(metadata={"description": "The address of the event."})
    subscription = fields.String()


class EventWebhookSchema(Open):
    """Something was recorded. It may come twice, and comes in the order of the log."""

    type = fields.String(metadata={"description": "What happened: `rating.awarded`."})
    timestamp = fields.String(
        metadata={"description": "When it was recorded.", "format": "date-time"}
    )
    data = fields.Nested(EventNoticeSchema)


class ChallengeSchema(Open):
    """What is to be sent back."""

    challenge = fields.String()
    subscription = fields.String()


class ChallengeWebhookSchema(Open):
    """Is the subscription wanted? Answer 200 with the challenge as the whole body."""

    type = fields.String(validate=validate.Equal("subscription.challenge"))
    timestamp = fields.String(metadata={"format": "date-time"})
    data = fields.Nested(ChallengeSchema)


class TestNoticeSchema(Open):
    """How far the subscription is."""

    __test__ = False

    position = fields.Integer()
    subscription = fields.String()


class TestWebhookSchema(Open):
    """A test that was asked for: it tells of nothing that was recorded."""

    __test__ = False

    type = fields.String(validate=validate.Equal("subscription.test"))
    timestamp = fields.String(metadata={"format": "date-time"})
    data = fields.Nested(TestNoticeSchema)
