"""Decorators that state, check and document the contract of an endpoint.

There is one way through all endpoints: contract, moment, query, representation.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, wraps
from typing import Any

from flask import Response, after_this_request, g, request
from marshmallow import Schema

from projections import database, things
from projections.listing import Listing
from projections.made_of import THE_RECORD, MadeOf
from projections.moment import Moment
from schemas.fields import ID_LENGTH, ID_PATTERN, Closed
from service.context import head, read_model, record
from service.http import answers, asking, moments, waiting
from service.http.asked import Asked, asked
from service.http.kept_answers import FOUND
from service.http.problems import MovedError, ProblemError
from service.http.queries import read_query
from service.http.representations import LISTED, METADATA, SUFFIX, Draw, choose_form
from service.http.validators import held, is_any_held, not_modified
from service.http.writing import read_members, read_write

View = Callable[..., Any]
FindMoved = Callable[[Moment, str], str | None]
_ID = re.compile(ID_PATTERN)


@dataclass(frozen=True)
class Contract:
    """What an endpoint accepts and returns; one with a body records something.

    `noun` is that of the thing in the path; `gaps` the endpoint that shows what is
    not held; `media` what is answered outside the forms of lists. If what is
    sent `may_be_known` already, the answer to that is 200: see `say_known`. `receives`
    are the media types of a file that is sent, of at most `limit` bytes. `keeps` is the
    status of an answer to what changes something outside the log; `sends` what is then
    sent to an address in the body, by name. What `is_file` has an ETag of its own, and
    parts if it is large. `made_of` says which events change the answer; one that
    `is_settled` only a redaction changes.
    """

    query: type[Schema] | None = None
    body: type[Schema] | None = None
    receives: tuple[str, ...] = ()
    limit: int | None = None
    result: type[Schema] | None = None
    many: bool = False
    forms: tuple[str, ...] = LISTED
    draws: Mapping[str, Draw] = field(default_factory=dict)
    noun: str | None = None
    gaps: str | None = None
    media: Mapping[str, type[Schema] | None] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    may_be_kept: bool = True
    may_be_known: bool = False
    moved: FindMoved | None = None
    kept_for: int = 0
    keeps: int | None = None
    sends: Mapping[str, type[Schema]] = field(default_factory=dict)
    is_file: bool = False
    made_of: MadeOf = THE_RECORD
    is_settled: bool = False

    @property
    def is_validated(self) -> bool:
        """Whether an ETag tells whether the answer has changed."""
        changes = self.body or self.receives or self.keeps
        is_read = self.result is not None and not changes
        return is_read and self.may_be_kept and self.made_of.is_of_log

    def loaded_by(self) -> Schema:
        """Return what loads the query."""
        assert self.query
        return _made(self.query)


def accepts(
    *, query: type[Schema] | None = None, body: type[Schema] | None = None
) -> Callable[[View], View]:
    """Check the query, and pass its moment, its page (to lists) and its filters.

    Who holds the present answer is told so (304) before anything is read.

    Where something is recorded check the body, and pass its members. It stands above
    `returns`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**path: Any) -> Any:
            # `_note` has put it there, below.
            contract: Contract = wrapper.contract  # type: ignore[attr-defined]
            if contract.body:
                return view(**path, **_read_write(contract, path))
            return _answer(view, contract, path)

        return _note(wrapper, query=query, body=body)

    return decorate


def returns(
    result: type[Schema],
    *,
    many: bool = False,
    noun: str | None = None,
    gaps: str | None = None,
    forms: tuple[str, ...] = LISTED,
    draws: Mapping[str, Draw] | None = None,
    problems: tuple[int, ...] = (),
    may_be_kept: bool = True,
    may_be_known: bool = False,
    moved: FindMoved | None = None,
    kept_for: int = 0,
    made_of: MadeOf = THE_RECORD,
    is_settled: bool = False,
) -> Callable[[View], View]:
    """Show what the view returns in the form asked for; None is 404.

    What a request has recorded is answered with 201, and the address of the event at
    the `position` of the result. What may be erased at any time is not to be kept by
    anybody's cache; what no event changes is `kept_for` so many seconds by any.
    `draws` are forms of its own, and what writes them. `moved` finds the id under which
    the thing is on record, if it is, for an address by another.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**kwargs: Any) -> Response:
            if "write" in g:
                return answers.of_recorded(view(**kwargs), result)
            found = _at_one_moment(view, kwargs)
            if found is None:
                raise _absent(noun, moved, kwargs.get("id"), _whole_moment())
            if asked().form == METADATA:
                return answers.of_columns(found, result, asked())
            if isinstance(found, Listing):
                found.notes += _notes(asked())
                rest = _rest(view, kwargs, found)
                return answers.of_list(found, result, asked(), gaps, rest)
            return answers.of_item(found, result, asked())

        return _note(
            wrapper,
            result=result,
            many=many,
            noun=noun,
            gaps=gaps,
            forms=(*forms, *(draws or {})),
            draws=draws or {},
            problems=problems,
            may_be_kept=may_be_kept,
            may_be_known=may_be_known,
            moved=moved,
            kept_for=kept_for,
            made_of=made_of,
            is_settled=is_settled,
        )

    return decorate


def say_known() -> None:
    """Let the answer be 200: what was sent was on record before."""

    @after_this_request
    def _set(response: Response) -> Response:
        response.status_code = 200
        return response


def serves(
    media: Mapping[str, type[Schema] | None],
    *,
    query: type[Schema] | None = None,
    problems: tuple[int, ...] = (),
    noun: str | None = None,
    moved: FindMoved | None = None,
    is_file: bool = False,
) -> Callable[[View], View]:
    """Document an endpoint that answers in media types of its own; None is 404.

    If it has a query, check it and pass its parameters.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**path: Any) -> Any:
            loaded = read_query(request.query_string, _made(query))[1] if query else {}
            waiting.await_position(loaded)
            _check_id(noun, path.get("id"))
            found = view(**path, **loaded)
            if found is None:
                raise _absent(noun, moved, path.get("id"), _now())
            return found

        return _note(
            wrapper,
            media=media,
            query=query,
            problems=problems,
            noun=noun,
            moved=moved,
            is_file=is_file,
        )

    return decorate


def receives(
    media: tuple[str, ...],
    *,
    limit: int,
    query: type[Schema],
    result: type[Schema],
) -> Callable[[View], View]:
    """Check the query of a request that sends a file, and pass its parameters.

    What becomes of it is told at the address that the view returns: 202.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**path: Any) -> Response:
            choose_form(("json",))
            said = read_query(request.query_string, _made(query))[1]
            row, at = view(**path, **said)
            return answers.of_accepted(row, result, at)

        return _note(wrapper, receives=media, limit=limit, query=query, result=result)

    return decorate


def keeps(
    result: type[Schema],
    *,
    body: type[Schema] | None = None,
    status: int = 200,
    problems: tuple[int, ...] = (),
    sends: Mapping[str, type[Schema]] | None = None,
) -> Callable[[View], View]:
    """Check the body, if one is taken, of what changes something outside the log.

    Its members are passed; what the view returns is shown. What is made (201) comes
    with the address at which it is found.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(**path: Any) -> Response:
            choose_form(("json",))
            read_query(request.query_string, _made(Closed))
            said = read_members(_made(body)) if body else {}
            found = view(**path, **said)
            row, at = found if status == 201 else (found, None)
            return answers.of_kept(row, result, at)

        return _note(
            wrapper,
            keeps=status,
            body=body,
            result=result,
            problems=problems,
            sends=sends or {},
        )

    return decorate


def _read_write(contract: Contract, path: Mapping[str, Any]) -> dict[str, Any]:
    _check_id(contract.noun, path.get("id"))
    choose_form(("json",))
    _, said = read_query(request.query_string, _made(contract.query or Closed))
    assert contract.body
    return {**said, **read_write(_made(contract.body))}


def _at_one_moment(view: View, arguments: dict[str, Any]) -> Any:
    """Return what the view finds, with nothing recorded since the request began.

    A question about the head sees what arrives while it is asked. It is then put
    again, about a position that lies in the past.
    """
    found = view(**arguments)
    moment = asked().moment
    now = read_model().position
    if not moment.is_head or now == moment.head:
        return found
    arguments["moment"] = replace(moment, head=now)
    return view(**arguments)


def _rest(view: View, arguments: dict[str, Any], listing: Listing) -> Iterator[Listing]:
    """Give the later parts of a list that is wanted whole, one by one."""
    while listing.last_key is not None and arguments["page"].limit is None:
        page = replace(arguments["page"], after=listing.last_key)
        listing = view(**{**arguments, "page": page})
        yield listing


def _check_id(noun: str | None, id: str | None) -> None:
    if noun and id is not None and not _is_id(id):
        detail = f"No {noun} has such an id: a-z, 0-9, hyphens and dots."
        raise ProblemError("not-found", detail, {"did_you_mean": []})


def _is_id(text: str) -> bool:
    return len(text) <= ID_LENGTH and bool(_ID.fullmatch(text))


def _notes(asked: Asked) -> list[str]:
    return things.notes(read_model(), asked.moment, asked.filters)


def _answer(view: View, contract: Contract, path: Mapping[str, Any]) -> Response:
    said = asking.read(contract, path)
    _check_id(contract.noun, path.get("id"))
    known = asking.etag_unasked(said) if request.if_none_match else None
    if known and (tag := held(known[1])):
        return not_modified(known[0], tag, asking.caching_of(said))
    # One state of the tables for the whole answer, whatever is recorded.
    with database.reading(read_model().engine):
        g.asked = asking.resolve(said)
        if g.asked.etag and (tag := held(g.asked.etag)):
            return not_modified(g.asked.validator, tag, g.asked.caching)
        if _is_kept_elsewhere(g.asked):
            return Response()  # The cache before the app gives what it has found.
        page = {"page": g.asked.page} if contract.many else {}
        found = view(**path, moment=g.asked.moment, **page, **g.asked.filters)
        return _unless_held(found, g.asked)


def _is_kept_elsewhere(asked: Asked) -> bool:
    find = request.environ.get(FOUND)
    if find is None or asked.etag is None:
        return False
    return bool(find(asked.validator, asked.etag))


def _unless_held(response: Response, asked: Asked) -> Response:
    """Return an answer, or 304 to one who says that any is held (`*`)."""
    if not (asked.etag and is_any_held() and "ETag" in response.headers):
        return response
    response.close()
    return not_modified(asked.validator, asked.etag, asked.caching)


def _whole_moment() -> Moment:
    """Return the moment as all things stood at it, not only those asked for."""
    moment = asked().moment
    return replace(moment, is_last=False) if asked().is_past else moment


def _now() -> Moment:
    return moments.resolve({}, read_model(), head(), record().clock())


def _absent(
    noun: str | None, moved: FindMoved | None, id: str | None, moment: Moment
) -> Exception:
    """Return what tells that there is no such thing, or by which id it is found."""
    if moved and id and (found := moved(replace(moment, as_of=None), id)):
        return MovedError(_path_with(found))
    return _missing(noun, id, moment)


def _path_with(id: str) -> str:
    """Return the path and the query of the request with another id."""
    # A view that runs was found by a rule.
    before, _, after = request.url_rule.rule.partition("<id>")  # type: ignore[union-attr]
    suffix = request.environ.get(SUFFIX)
    ending = f".{suffix}" if suffix else ""
    query = request.query_string.decode("ascii", "ignore")
    return f"{before}{id}{after}{ending}" + (f"?{query}" if query else "")


def _missing(noun: str | None, id: str | None, moment: Moment) -> ProblemError:
    if noun is None or id is None:
        return ProblemError("not-found", "There is nothing on record here.")
    why = things.absence(read_model(), moment, noun, id)
    if why.known_since:
        members = {"known_since": why.known_since}
        return ProblemError("not-known-then", why.detail, members)
    return ProblemError("not-found", why.detail, {"did_you_mean": list(why.similar)})


def _note(wrapper: View, **changes: Any) -> View:
    """Add to the contract that `wraps` has copied from the view."""
    contract = getattr(wrapper, "contract", Contract())
    # No type of a function says that it takes attributes.
    wrapper.contract = replace(contract, **changes)  # type: ignore[attr-defined]
    return wrapper


@cache
def _made(schema: type[Schema]) -> Schema:
    """Return a schema to load with, made once: that takes longer than to load."""
    return schema()
