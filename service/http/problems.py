"""Every type of problem that the service answers with: its cause and its cure."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A type of problem, as it is published under /problems/{slug}."""

    title: str
    status: int
    cause: str
    cure: str


PROBLEMS = {
    "invalid-parameter": ProblemType(
        "A parameter is invalid",
        400,
        "One or more parameters are malformed, given twice, or missing; `errors` "
        "names them all.",
        "Correct each parameter that `errors` names; /docs says what each may be.",
    ),
    "unknown-parameter": ProblemType(
        "There is no such parameter",
        400,
        "The address has a parameter that this path does not have. It is not "
        "ignored, since the answer would then be to another question.",
        "Correct its name, perhaps to one of `did_you_mean`, or leave it out.",
    ),
    "invalid-cursor": ProblemType(
        "The cursor is invalid",
        400,
        "The cursor was not made by this service, or was cut short.",
        "Follow `next` of the page before as it is, or begin without a cursor.",
    ),
    "cursor-mismatch": ProblemType(
        "The cursor belongs to another list",
        400,
        "The cursor was made for other filters, another time or another path.",
        "Follow `next` of the page before as it is, or begin without a cursor.",
    ),
    "known-at-in-future": ProblemType(
        "The record cannot know the future",
        400,
        "`known_at`, or the header `Accept-Datetime`, is later than now.",
        "Ask for a time that has passed, or for none.",
    ),
    "position-beyond-head": ProblemType(
        "The log has not reached that position",
        400,
        "`at_position` is greater than the last position, which `head` tells.",
        "Ask for a position from 0 to `head`.",
    ),
    "conflicting-time-parameters": ProblemType(
        "Two parameters ask for different times",
        400,
        "`at_position`, `known_at` and the header `Accept-Datetime` name the same "
        "axis, as do `as_of` and `current=true`.",
        "Give only one of the two.",
    ),
    "not-found": ProblemType(
        "There is nothing here",
        404,
        "The address is not one of this service, or names a thing that is not on "
        "record, was retracted, or was not in force on the day asked for.",
        "See `detail` and `did_you_mean`; / and /docs list all addresses.",
    ),
    "not-known-then": ProblemType(
        "The record did not know of it then",
        404,
        "The thing was recorded after the position asked for.",
        "Ask for a position from `known_since` on.",
    ),
    "method-not-allowed": ProblemType(
        "This method is not allowed here",
        405,
        "The address exists and does not take this method.",
        "Use one of the methods of the header `Allow`.",
    ),
    "redacted": ProblemType(
        "It has been redacted",
        410,
        "The words were erased for good: `redactions` says when, and on what basis.",
        "There is no cure: they are kept nowhere. /v1/redactions lists all of these.",
    ),
    "rate-limited": ProblemType(
        "There were too many requests",
        429,
        "As many as are taken in a while have been sent, by you or by all together; "
        "`detail` says which. Nothing was done.",
        "Send it again after as many seconds as `Retry-After` says, and go on more "
        "slowly: `RateLimit` tells what is left. /docs/limits says what is free.",
    ),
    "not-acceptable": ProblemType(
        "It cannot be had in this form",
        406,
        "Neither the suffix nor `Accept` names a form in which this is offered.",
        "Ask for one of `available`.",
    ),
    "internal": ProblemType(
        "The service failed",
        500,
        "A fault of this service, which has been logged under `request_id`.",
        "Try again later; if it lasts, report it with its `request_id`.",
    ),
    "storage-full": ProblemType(
        "There is no room left",
        507,
        "The disk of the service is full: nothing of the request was recorded. What "
        "is on record can be read as before.",
        "Send the request again when the operator has made room.",
    ),
    "projection-behind": ProblemType(
        "What is read has not caught up with the log",
        503,
        "Events have been recorded that the read model has not applied yet, or the "
        "record has not reached `min_position`; `head` is how far it has come.",
        "Try again in a few seconds; `Prefer: wait=30` waits longer.",
    ),
    "too-many-readers": ProblemType(
        "Too many readers wait for something new",
        503,
        "Each reader who waits, or downloads a bulk file or a very long list, holds a "
        "thread of the service, and as many as may do; `detail` says whether in all or "
        "at your address.",
        "Try again after as many seconds as `Retry-After` says, or do not wait.",
    ),
    "not-made-yet": ProblemType(
        "The files have not been made yet",
        503,
        "Bulk files are made beside the server, and anew after a redaction: at present "
        "there are none.",
        "Ask again after the seconds of `Retry-After`, or follow /v1/events.",
    ),
    "range-not-satisfiable": ProblemType(
        "There is no such part of the file",
        416,
        "The header `Range` asks for several parts at once, or for bytes beyond the "
        "end; `Content-Range` tells how many there are.",
        "Ask for one part within the file, or for the whole without `Range`.",
    ),
    "authentication-required": ProblemType(
        "A key is needed",
        401,
        "Only editors may do this, or whoever holds the token of a subscription. The "
        "key or token is missing, malformed, unknown here or revoked; the answer is "
        "the same for each.",
        "Send `Authorization: Bearer` with the key that the operator gave you, or the "
        "token that you were shown when you subscribed.",
    ),
    "not-allowed": ProblemType(
        "This is not allowed",
        403,
        "The key does not open this, or this is a mirror, which records nothing.",
        "See `detail`: ask the operator for a key with the scope that it names, or "
        "write to the source of the mirror.",
    ),
    "key-in-address": ProblemType(
        "A key stands in the address",
        400,
        "The address holds a key of an editor, or the token of a subscription. "
        "Addresses are kept in logs and histories: it is no secret any more.",
        "Ask the operator to revoke the key, or subscribe anew; send keys and "
        "tokens in `Authorization` only.",
    ),
    "invalid-body": ProblemType(
        "The body is invalid",
        400,
        "The body is not what this address takes; `errors` names every fault by a "
        "JSON pointer, and says what is allowed.",
        "Correct each member that `errors` names and send the request again.",
    ),
    "payload-too-large": ProblemType(
        "The body is too large",
        413,
        "The body has more bytes than `limit`.",
        "Send less at once.",
    ),
    "unsupported-media-type": ProblemType(
        "The body is in another form",
        415,
        "The body is not of one of the media types in `accepted`, or is compressed.",
        "Send it uncompressed, with the right `Content-Type`.",
    ),
    "idempotency-key-required": ProblemType(
        "An idempotency key is needed",
        400,
        "The header `Idempotency-Key` is missing or malformed. With it a request can "
        "be sent again after a failure, and is recorded once.",
        "Send 1 to 255 printable ASCII characters, such as a new UUID, with each new "
        "request, and the same ones when you send a request again.",
    ),
    "idempotency-key-reused": ProblemType(
        "The idempotency key was used for another request",
        422,
        "You have sent another request under the same `Idempotency-Key` within 24 "
        "hours: another body, address, method or `If-Match`.",
        "Choose a new key for a new request; repeat a request exactly as it was.",
    ),
    "rule-broken": ProblemType(
        "A rule of the record forbids it",
        409,
        "The request is well formed, but what is on record forbids it; `rule` names "
        "the rule, `detail` says what stands against it.",
        "Look at what is on record: perhaps something is to be corrected first.",
    ),
    "conflict": ProblemType(
        "Somebody else was faster",
        409,
        "Something that this rests on has changed while it was being recorded; "
        "nothing was recorded.",
        "Read the thing again, look whether your change still holds, and send it anew.",
    ),
    "precondition-failed": ProblemType(
        "The thing is not at that version any more",
        412,
        "`If-Match` names a version that is not the last one of the thing: somebody "
        "else has added to it. Nothing was recorded.",
        "Read `/versions` of the thing, look whether your change still holds, and send "
        "it with the version of the last event there.",
    ),
    "clock": ProblemType(
        "The clock of the service is wrong",
        503,
        "The clock is behind the last event of the log; nothing is recorded until it "
        "is right, since times on the record never go back.",
        "Send the request again later, with the same `Idempotency-Key`.",
    ),
    "maintenance": ProblemType(
        "Nothing is recorded at present",
        503,
        "The log may be read but not written to: the operator must look after it. "
        "Nothing was recorded.",
        "Send the request again later, with the same `Idempotency-Key`.",
    ),
    "too-many-imports": ProblemType(
        "Too many imports are under way",
        429,
        "As many files wait to be imported as may wait at once.",
        "Send it again after the seconds of `Retry-After`; nothing of it was kept.",
    ),
    "subscription-state": ProblemType(
        "The subscription is in another state",
        409,
        "The subscription is in a state that does not allow this; `detail` says why.",
        "Look at its `state` and its `reason`.",
    ),
    "copy-damaged": ProblemType(
        "The copy that is kept is damaged",
        500,
        "The bytes that are kept are no longer those of the hash: a failing disk, or "
        "somebody who changed them. They are not served, and it has been logged.",
        "Fetch the source itself, if it is still there, and compare its hash.",
    ),
}


@dataclass
class ProblemError(Exception):
    """A request that ends in a problem of one of the types."""

    slug: str
    detail: str
    members: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def stranger(
    detail: str = "This takes a key of an editor, and none that opens anything was "
    "given.",
) -> ProblemError:
    """Return the problem of whoever presents no key that opens anything."""
    return ProblemError(
        "authentication-required",
        detail,
        headers={"WWW-Authenticate": "Bearer"},
    )


@dataclass
class MovedError(Exception):
    """A request for a thing by an id that is not its own; its address is `location`."""

    location: str


def type_of(slug: str) -> dict[str, Any]:
    """Return a type of problem as it is published."""
    known = PROBLEMS[slug]
    return {
        "type": f"/problems/{slug}",
        "title": known.title,
        "status": known.status,
        "cause": known.cause,
        "cure": known.cure,
    }
