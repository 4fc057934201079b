"""What a request asks for, once its contract has been checked."""

from dataclasses import dataclass
from typing import Any, cast

from flask import g

from projections.listing import Page
from projections.moment import Moment


@dataclass(frozen=True, slots=True)
class Asked:
    """The form of those there are, the moment, the page and the filters of one request.

    `given` holds the parameters as they stood in the address; `filters_hash` tells
    one walk through pages from another; `takes` names the parameters of the contract.
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
    may_be_kept: bool = True
    kept_for: int = 0

    @property
    def is_pinned(self) -> bool:
        """Whether the address itself names the position."""
        return "at_position" in self.given or "cursor" in self.given


def asked() -> Asked:
    """Return what the present request asks for."""
    return cast(Asked, g.asked)
