"""What Schemathesis must know: dates, and which 400 a well-formed request may meet."""

import json
import os
import re
import unicodedata
from datetime import date
from ipaddress import IPv4Address
from itertools import count
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

# These depend on more than one parameter, on the clock, or on the log.
ALLOWED = {
    "conflicting-time-parameters",
    "position-beyond-head",
    "known-at-in-future",
    "invalid-cursor",
    "cursor-mismatch",
    "incomparable-scales",
}
# What no schema says of a body: it depends on the log, or on several members.
UNSAID = re.compile(
    "is on record.|was retracted.|is no noun of the record|Here it begins with|"
    "fit no shape|has no version|Give one|There is no date for this basis|"
    "ends before it begins|is not a date|"
    # Said by patterns, which `quick` of the test leaves out.
    "The character U|Not an http or https address|Give its address|"
    # Names of salts, for which a schema has no place.
    "Not the name of a field|No public key is registered|Salts are taken|"
    # Of what is subscribed to, and of files, no schema says what there is.
    "There is no (noun|such type|type of event) |The last position is|"
    "The file is empty|not text in UTF-8|"
    # A schema takes 1.0 for a whole number.
    "not in Unicode form NFC|without a point or an exponent"
)
# What the test says of the record: its last position, ids of things by the paths that
# take them, subscriptions with the tokens to them, and the key of an editor, if any.
KNOWN = json.loads(os.environ["KNOWN"])
HEAD, KEY = KNOWN["head"], KNOWN["key"]
TIME = "Accept-Datetime"
SENT = count(11 << 24)
DAYS = st.dates(
    min_value=date(1800, 1, 1),
    max_value=date(2199, 12, 31),
).map(str)

schemathesis.openapi.format("date", DAYS)
schemathesis.openapi.format(
    "reduced-date", DAYS.flatmap(lambda day: st.sampled_from([day, day[:7], day[:4]]))
)
schemathesis.openapi.format("date-time", DAYS.map(lambda day: f"{day}T12:00:00Z"))


@schemathesis.check
def accepts_what_is_well_formed(ctx, response, case):
    """Let no well-formed request be refused, but for what no schema can say."""
    if response.status_code == 400 and slug(response) in ALLOWED:
        return None
    if response.status_code == 400 and slug(response).startswith("invalid-"):
        faults = json.loads(response.content).get("errors", [])
        if faults and all(is_unsaid(each) for each in faults):
            return None
    return positive_data_acceptance(ctx, response, case)


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Take conflicts out of well-formed requests, so that most reach a query."""
    _wait_for_what_is_there(case)
    _come_from_somewhere(case)
    _send_to_nobody(case)
    _hold_a_key(case)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    _write_anew(case)
    _name_what_is_there(case)
    _report_about_what_is_on_record(case)
    _ask_for_a_time_that_was(case)
    query = case.query
    if "at_position" in query:
        query.pop("known_at", None)
        if str(query["at_position"]).isdigit():
            query["at_position"] = int(query["at_position"]) % HEAD
    if "as_of" in query:
        query.pop("current", None)
    query.pop("wait", None)  # Nothing is recorded meanwhile.
    query.pop("cursor", None)
    query.pop("size", None)  # At least the position, which the schema cannot say.
    if "from" in query and "to" in query:
        query["to"] = query["from"]


def _come_from_somewhere(case):
    """Let each request come from an address of its own: of one, few are taken."""
    case.headers["X-Forwarded-For"] = str(IPv4Address(next(SENT)))


def _send_to_nobody(case):
    """Let an address that would be sent to be one that leads nowhere."""
    url = case.body.get("url") if isinstance(case.body, dict) else None
    if case.path == "/v1/subscriptions" and isinstance(url, str):
        if case.meta and case.meta.generation.mode.is_positive:
            case.body["url"] = f"https://receiver-{next(SENT)}.invalid/"
        elif len(url) <= 2000 and re.match("https?://[^/]", url):
            case.body["url"] = "https://receiver.invalid/" + "0" * (len(url) - 25)


def _name_what_is_there(case):
    """Let a thing, an event or a version be one that there is."""
    given = case.path_parameters
    noun = "/".join(case.path.split("/")[:3])
    if "id" in given and noun in KNOWN["ids"] and next(SENT) % 4:
        ids = KNOWN["ids"][noun]
        given["id"] = ids[next(SENT) % len(ids)]
        given |= {"version": "1"} if "version" in given else {}
    if str(given.get("position")).isdecimal():
        given["position"] = 1 + int(given["position"]) % HEAD


def _hold_a_key(case):
    """Let an editor send it, or whoever holds the token of a subscription."""
    if KEY:
        case.headers["Authorization"] = f"Bearer {KEY}"
    if KNOWN["tokens"] and case.path.startswith("/v1/subscriptions/{id}"):
        # What deletes one has one that nothing else needs.
        known = KNOWN["tokens"][
            slice(0, 1) if case.method == "DELETE" else slice(1, None)
        ]
        id, token = known[next(SENT) % len(known)]
        case.path_parameters["id"] = id
        case.headers["Authorization"] = f"Bearer {token}"


def _wait_for_what_is_there(case):
    """Let no position be waited for that does not come: 503 would be right."""
    query = case.query
    said = str(query.get("min_position")) if isinstance(query, dict) else ""
    if said.isdecimal() and int(said) < 2**53:
        query["min_position"] = int(said) % HEAD


def _ask_for_a_time_that_was(case):
    """Let the header name a date of the calendar, which its pattern cannot say."""
    if TIME in case.headers:
        case.headers[TIME] = "Thu, 31 May 2007 20:35:00 GMT"
        case.query.pop("known_at", None)
        case.query.pop("at_position", None)


def _write_anew(case):
    """Let a request that records something be new, and of no version."""
    if case.method == "POST":
        case.headers["Idempotency-Key"] = str(uuid4())
        case.headers.pop("If-Match", None)


def is_unsaid(fault):
    """Whether no schema can say this: members of `data` depend on the event."""
    is_of_an_event = fault.get("pointer", "").startswith("/data/")
    # No schema says what a word is, or that a quote has an end.
    is_sought = fault.get("parameter") == "q"
    return is_of_an_event or is_sought or bool(UNSAID.search(fault["detail"]))


def _report_about_what_is_on_record(case):
    """Let a report be about a thing that there is, in text that a leaf could hold.

    No schema can say which these are, nor that an event is named in one way only.
    """
    if case.path == "/v1/reports/{id}/resolution" and "correction" in case.body:
        case.body.pop("position", None)
    if (case.method, case.path) != ("POST", "/v1/reports"):
        return
    case.body.pop("position", None)
    case.body["about"] = "body-west-mercia"
    for name in {"text", "contact", "source_url"} & case.body.keys():
        if case.body[name] is not None:
            case.body[name] = sayable(case.body[name]) or "https://example.org/"


def sayable(text):
    """Return a text without characters that the log refuses, in normal form C."""
    printable = "".join(each for each in text if each.isprintable())
    return unicodedata.normalize("NFC", printable)


def slug(response):
    """Return which problem an answer tells of."""
    return json.loads(response.content)["type"].rpartition("/")[2]
