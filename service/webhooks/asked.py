"""What may be asked of a subscription: where things may be sent, and which events."""

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from projections import bodies
from projections.moment import Moment
from schemas.dates import london_day
from schemas.events import LOG_KEY
from service.domain.catalogue import EVENT_TYPES, GENERIC, NOUNS
from service.fetching import NotFetchedError, ascii_address, is_public
from service.record import Record

PORTS = (443, 8443)
OTHER_NOUNS = ("redaction", "report", "source", "editor", LOG_KEY)
KNOWN_NOUNS = sorted((*NOUNS, *OTHER_NOUNS))
KNOWN_TYPES = sorted(
    {*EVENT_TYPES, *(f"{noun}.{verb}" for noun in NOUNS for verb in GENERIC)}
)
Fault = tuple[str, str, list[str]]


class InvalidSubscriptionError(Exception):
    """What is asked for cannot be: `faults` are (pointer, cause, what was meant)."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(why for _, why, _ in faults))
        self.faults = faults


def faults_of(record: Record, asked: Mapping[str, Any], head: int) -> Iterator[Fault]:
    """Give every fault of what is asked for, at a position of the record."""
    if why := _url_fault(asked["url"]):
        yield "/url", why, []
    if (asked["after"] or 0) > head:
        yield beyond(head)
    for name, known, what in (
        ("nouns", KNOWN_NOUNS, "noun"),
        ("types", KNOWN_TYPES, "type of event"),
    ):
        for index, each in enumerate(asked[name]):
            if each not in known:
                near = get_close_matches(each, known, n=3)
                yield f"/{name}/{index}", f"There is no {what} {each!a}.", near
    model, moment = record.read_model, Moment(head, head, london_day(record.clock()))
    for index, each in enumerate(asked["bodies"]):
        if bodies.get_body(model, moment, each) is None:
            near = get_close_matches(each, bodies.labels(model, moment).names(), n=3)
            yield f"/bodies/{index}", f"No body {each!a} is on record.", near


def _url_fault(url: str) -> str | None:
    """Return why nothing can be sent to an address, or None.

    What a name leads to is looked at whenever it is sent to.
    """
    try:
        parts = urlsplit(ascii_address(url))
    except NotFetchedError as error:
        said = str(error)
        return f"{said[0].upper()}{said[1:]}."
    if parts.scheme != "https" or (parts.port or 443) not in PORTS:
        return "An https address on port 443 or 8443 is needed."
    with suppress(ValueError):
        ipaddress.ip_address(parts.hostname or "")
        if not is_public(parts.hostname or ""):
            return "It is not a host of the public Internet."
    return None


def beyond(head: int) -> Fault:
    """Return the fault of a position that the record has not reached."""
    return "/after", f"The last position is {head:,}.", []
