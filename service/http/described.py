"""What the OpenAPI document says in words, and of every answer alike."""

from service.http.headers import LICENCE as LICENCE_URL
from service.http.writing import IDEMPOTENCY_KEY, IF_MATCH, KEY_PATTERN

DESCRIPTION = """\
The permanent, provable public record of police inspection in England and Wales.

What can be read answers GET and HEAD, with no key. What is recorded is sent by POST,
with the key of an editor and an `Idempotency-Key`: the same request, sent again within
24 hours, is recorded once and gets the same answer. What is listed comes as JSON, CSV
and JSON Lines: a suffix (`/v1/ratings.csv`) wins over `Accept`. Time has two axes:
`as_of` is the world's (what was in force on that day), `known_at` and `at_position` are
this record's (what it would have answered then). An unknown parameter is refused, never
ignored. Answers may gain members as the API grows; none is changed or removed within
v1."""
LICENCE = {
    "name": "Open Government Licence v3.0",
    "url": LICENCE_URL,
}
HEADERS = {
    "API-Version": ("The version of the API.", "string", None),
    "Record-Position": ("The last position of the record.", "string", "^[0-9]+$"),
    "Link": ("Licence, contract, alternates, permalink, next page.", "string", None),
    "Cache-Control": ("How long the answer may be kept.", "string", None),
    "Access-Control-Allow-Origin": ("Any origin.", "string", None),
    "X-Content-Type-Options": ("Always nosniff.", "string", None),
    "Vary": ("By which headers answers differ.", "string", None),
    "Server-Timing": ("How long it took to make, in ms.", "string", None),
    "Repr-Digest": (
        "The SHA-256 of the bytes as they are sent, if they are known beforehand.",
        "string",
        "^sha-256=:[A-Za-z0-9+/]{43}=:$",
    ),
    "RateLimit-Policy": (
        "How many requests one address may send in so many seconds (`q`, `w`).",
        "string",
        '^"burst";q=[0-9]+;w=[0-9]+$',
    ),
    "RateLimit": (
        "How many are left (`r`), and after how many seconds all are (`t`).",
        "string",
        '^"burst";r=[0-9]+;t=[0-9]+$',
    ),
    "Location": ("The address of the event that was recorded.", "string", None),
    "ETag": ("The version of the thing, for If-Match.", "string", '^"[0-9]+"$'),
    "Validator": ("Strong: the same ETag, the same bytes.", "string", '^".+"$'),
    "WWW-Authenticate": ("How a key is presented.", "string", "^Bearer$"),
    "Retry-After": ("Seconds after which to try again.", "string", "^[0-9]+$"),
}
OF_ERRORS = {401: ("WWW-Authenticate",), 429: ("Retry-After",)}
OF_RECORDED = ("Location", "ETag")
OF_SOME_ANSWERS = {*OF_RECORDED, "Validator", "WWW-Authenticate", "Retry-After"}
# Where nothing is limited, nothing is said of a limit; errors have no digest; what is
# answered to an editor, or while others record, may have no validator.
NOT_ALWAYS = {"RateLimit-Policy", "RateLimit", "Repr-Digest", "Validator"}
NOT_MODIFIED = "It is the same as when it had the ETag in `If-None-Match`."
PART = "The part of the file that `Range` asks for."
RECORDED = "It is on record: the event as the public sees it."
# Of a request that records something: what it may say beside its body.
WRITE_PARAMETERS = {
    IDEMPOTENCY_KEY: {
        "description": "New for each new request, such as a UUID, and the same when a "
        "request is sent again. Kept for 24 hours.",
        "required": True,
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    },
    IF_MATCH: {
        "description": "The version of the thing that you saw, in quotes: with it the "
        "request fails (412) if the thing has changed since.",
        "required": False,
        "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,14}"$'},
    },
}
# Of a request that may ask for a time of the record, beside its query.
TIME_PARAMETER = {
    "in": "header",
    "name": "Accept-Datetime",
    "description": "As known_at (RFC 7089, Memento): according to this record at the "
    "end of that second, which Memento-Datetime tells. Not with known_at, at_position.",
    "schema": {
        "type": "string",
        "pattern": "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] (Jan|Feb|Mar|Apr|May|"
        "Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] GMT$",
    },
}
# What a reader may say beside the address.
PREFER = {
    "description": "`wait=10` waits at most so many seconds, 30 at most (RFC 7240).",
    "required": False,
    "schema": {"type": "string"},
}
LAST_EVENT_ID = {
    "description": "The id of the last event that a client has seen who returns.",
    "required": False,
    "schema": {"type": "string", "pattern": "^[0-9]{1,16}$"},
}
SECURITY, TOKEN = "editorKey", "subscriptionToken"
KEEP_ERRORS = (400, 403, 406, 429, 500)
WEBHOOK_HEADERS = {
    "webhook-id": {
        "description": "The same when a message is sent again.",
        "schema": {"type": "string"},
    },
    "webhook-timestamp": {
        "description": "When this attempt was made: seconds since 1970.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "webhook-signature": {
        "description": "`v1a,` and the base64 of the Ed25519 signature of "
        "`{webhook-id}.{webhook-timestamp}.{body}`; of several keys, with a space "
        "between them (Standard Webhooks 1.0.0). Its keys: /v1/webhook-keys.",
        "schema": {"type": "string"},
    },
}
WEBHOOK_ANSWERS = {
    "2XX": {"description": "It was taken. To a challenge, the body is the challenge."},
    "410": {"description": "Nothing more is wanted: nothing more is sent."},
    "default": {"description": "It failed, and is sent again, for 72 hours."},
}
WRITE_ERRORS = (400, 401, 403, 406, 409, 412, 413, 415, 422, 429, 500, 503, 507)
RECEIVE_ERRORS = (400, 401, 403, 406, 413, 415, 429, 500, 507)
ERRORS = {
    400: "A parameter or the body is unknown, malformed, or in conflict with another.",
    401: "A key of an editor is needed.",
    403: "The key does not open this, or this is a mirror.",
    404: "There is no such thing on record, or there was not at that time.",
    406: "It cannot be had in the form asked for.",
    500: "The service failed.",
    410: "It was redacted.",
    409: "A rule of the record forbids it, or somebody else was faster.",
    412: "The thing has changed since the version in `If-Match`.",
    413: "The body is too large.",
    416: "There is no such part of the file.",
    415: "The body is of another media type, or compressed.",
    422: "The idempotency key was used for another request.",
    429: "Too many requests: `Retry-After` says when to try again.",
    503: "What is read has not caught up with the log, or nothing can be recorded now.",
    507: "There is no room left.",
}


JSON_LINES = {
    "type": "string",
    "description": "An item a line, each an object of JSON as in the list.",
}
# Of these the members differ by the type of problem.
OF_SOME = {"Problem", "Fault"}
# The parts of the address of a tile (C2SP tlog-tiles); `n` has slashes of its own.
PATTERNS = {
    "sha256": "^[0-9a-f]{64}$",
    "level": "^(entries|[0-9]|[1-5][0-9]|6[0-3])$",
    "n": "^(x[0-9]{3}/)*[0-9]{3}(\\.p/([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$",
}
