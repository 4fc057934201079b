"""Asking: what a request says by itself, and then of which state of the record."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request

from projections.listing import Page
from projections.moment import Moment
from projections.touch_index import TouchIndex
from schemas import dates
from service.context import head, read_model, record
from service.http import memento, meta, moments, paging, waiting
from service.http.asked import Asked
from service.http.paging import Cursor
from service.http.queries import read_query
from service.http.representations import FORMS, choose_form
from service.http.validators import Validator, schema_of, variant_of

if TYPE_CHECKING:
    from service.http.contract import Contract


@dataclass(frozen=True, slots=True)
class Said:
    """What a request says, checked against its contract, with nothing looked up.

    The time `is_negotiated` where a header asks for it.
    """

    contract: "Contract"
    path: Mapping[str, Any]
    form: str
    takes: frozenset[str]
    given: dict[str, str]
    loaded: dict[str, Any]
    filters: dict[str, Any]
    page: Page
    cursor: Cursor | None
    is_negotiated: bool

    @property
    def is_of_the_past(self) -> bool:
        """Whether it names a time of the record."""
        return self.cursor is not None or any(n in self.loaded for n in _RECORD)


_RECORD = ("at_position", "known_at", "accept_datetime")


def read(contract: "Contract", path: Mapping[str, Any]) -> Said:
    """Return what the request says, or raise ProblemError with all its faults.

    The position that it waits for has been reached.
    """
    form = choose_form(contract.forms)
    query = contract.loaded_by()
    time, faults = memento.asked_time(query.fields)
    given, loaded = read_query(request.query_string, query, faults)
    waiting.await_position(loaded)
    # An answer is the same whatever was waited for.
    given.pop("min_position", None)
    loaded |= time
    is_whole = FORMS[form].is_whole
    page, cursor = paging.page_of(loaded, given, request.path, is_whole=is_whole)
    reserved = (*moments.TIME, *paging.PAGING, *time)
    return Said(
        contract=contract,
        path=path,
        form=form,
        takes=frozenset(query.fields),
        given=given,
        loaded=loaded,
        filters={k: v for k, v in loaded.items() if k not in reserved},
        page=page,
        cursor=cursor,
        is_negotiated=bool(time) and cursor is None,
    )


def etag_unasked(said: Said) -> tuple[Validator, str] | None:
    """Return the ETag of the present answer with no query; None if it takes one."""
    known = record().known()
    by_position = said.cursor or "at_position" in said.loaded
    if known is None or (said.is_of_the_past and not by_position):
        return None
    point, index = known
    at = said.cursor.position if said.cursor else said.loaded.get("at_position")
    if at is not None and at > point.position:
        return None
    g.head = point.position
    today = dates.london_day(record().clock())
    validator = validator_of(said, at)
    return (validator, validator.etag(index, today)) if validator else None


def resolve(said: Said) -> Asked:
    """Return what is asked for, of the state of the record that is being read."""
    contract = said.contract
    moment = moments.resolve(said.loaded, read_model(), head(), record().clock())
    if said.cursor:
        moment = paging.pin(moment, said.cursor)
    if not contract.many:
        # A thing whose date is unknown is shown, and says so.
        moment = replace(moment, with_undated=True)
    index = read_model().touch_index()
    moment = _touched(said, moment, index)
    at = moment.position if said.is_of_the_past else None
    validator = validator_of(said, at)
    return Asked(
        form=said.form,
        forms=contract.forms,
        draws=contract.draws,
        given=said.given,
        moment=moment,
        page=said.page,
        filters=said.filters,
        filters_hash=paging.filters_of(request.path, said.given),
        for_excel=bool(said.loaded.get("excel")),
        takes=said.takes,
        is_negotiated=said.is_negotiated,
        noun=contract.noun,
        thing=_thing(contract, said.path),
        caching=caching_of(said),
        has_day=contract.made_of.has_day,
        validator=validator,
        etag=_etag(validator, moment, index),
    )


def caching_of(said: Said) -> str:
    """Return how long anybody may keep the answer."""
    contract = said.contract
    if not contract.may_be_kept:
        return "no-store"
    if contract.kept_for:
        return f"public, max-age={contract.kept_for}"
    if not contract.made_of.is_of_log:
        return "public, no-cache"
    if said.cursor or "at_position" in said.loaded or contract.is_settled:
        return "public, max-age=300, must-revalidate"
    if said.is_of_the_past:
        return "public, max-age=60"
    return "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400"


def validator_of(said: Said, position: int | None) -> Validator | None:
    """Return what an ETag is made of, None for what is not to be validated."""
    contract = said.contract
    if not contract.is_validated:
        return None
    assert contract.result
    cursor = said.cursor
    day = (cursor.as_of or cursor.today) if cursor else said.loaded.get("as_of")
    variant = variant_of(
        request.path, said.form, sorted(said.given.items()), meta.base_url()
    )
    return Validator(
        made_of=contract.made_of,
        path=said.path,
        filters=said.filters,
        noun=request.blueprint or "record",
        schema=schema_of(contract.result),
        variant=variant,
        position=position,
        day=day,
    )


def _touched(said: Said, moment: Moment, index: TouchIndex) -> Moment:
    """Return the moment at the position that last touched what is asked for."""
    with index.lock:
        touched = said.contract.made_of.touched(index, said.path, said.filters)
    touched = min(touched, moment.head)
    if said.is_of_the_past:
        return replace(moment, is_last=touched <= moment.position)
    return replace(moment, position=touched, is_last=True)


def _etag(validator: Validator | None, moment: Moment, index: TouchIndex) -> str | None:
    """Return the ETag of the answer about a moment, None if it has none."""
    with index.lock:
        # If others have read further meanwhile, they know of what this answer lacks.
        if validator is None or index.seen != moment.head:
            return None
        return validator.etag_at(moment.position, index.epoch, moment.today)


def _thing(contract: "Contract", path: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the noun and the id of what has a TimeMap, if the answer is just that."""
    has_map = f"{request.blueprint}.{memento.TIMEMAP}" in current_app.view_functions
    is_item = str(request.url_rule).endswith("/<id>")
    return (
        (contract.noun, path["id"]) if has_map and is_item and contract.noun else None
    )
