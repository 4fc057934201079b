"""What a request asks for, once its contract has been checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from flask import g

from projections.listing import Page
from projections.moment import Moment
from service.http.representations import Draw
from service.http.validators import Validator

RECORD = ("known_at", "at_position")  # Parameters of the axis of this record.


@dataclass(frozen=True, slots=True)
class Asked:
    """The form of those there are, the moment, the page and the filters of one request.

    `given` holds the parameters as they stood in the address; `filters_hash` tells
    one walk through pages from another; `takes` names the parameters of the contract.
    The time `is_negotiated` where a header asks for it; `thing` is the noun and the id
    of an item that has versions. `caching` says how long anybody may keep the answer;
    the `etag` is that of the moment, None if there is none; what `has_day` changes at
    midnight.
    """

    form: str
    forms: tuple[str, ...]
    given: dict[str, str]
    moment: Moment
    page: Page
    filters: dict[str, Any]
    filters_hash: str
    for_excel: bool
    takes: frozenset[str]
    draws: Mapping[str, Draw] = field(default_factory=dict)
    is_negotiated: bool = False
    noun: str | None = None
    thing: tuple[str, str] | None = None
    caching: str = "no-store"
    validator: Validator | None = None
    etag: str | None = None
    has_day: bool = True

    @property
    def is_past(self) -> bool:
        """Whether a time of the record was asked for, and not its present state."""
        return self.is_negotiated or not self.given.keys().isdisjoint(RECORD)


def asked() -> Asked:
    """Return what the present request asks for."""
    return cast(Asked, g.asked)
