"""Answers: a list or an item in the form asked for, with its meta and its headers."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from flask import Response, current_app, request, url_for
from marshmallow import Schema

from projections.listing import Listing
from projections.read_model import Row
from schemas.listing import columns
from service.http import csvw, memento, meta
from service.http.asked import Asked
from service.http.headers import link
from service.http.paging import NO_DAY, Cursor
from service.http.representations import (
    FORMS,
    METADATA,
    to_csv,
    to_json,
    to_json_lines,
    to_text,
)
from service.http.sending import sent_whole
from service.http.validators import ENVIRON


def of_list(
    listing: Listing,
    schema: type[Schema],
    asked: Asked,
    gaps: str | None,
    rest: Iterable[Listing] = (),
) -> Response:
    """Return a page of a list, or a whole one, of which the rest comes in parts."""
    names = (*columns(schema), *listing.more_columns)
    following = _next(listing, asked)
    if asked.form == "json" or asked.form in asked.draws:
        said = meta.meta_of(
            asked,
            gaps=gaps and _gaps(gaps, asked),
            undated=listing.undated,
            notes=listing.notes,
        )
        response = _respond(_page(listing, names, asked, said, following), asked)
    else:
        response = _in_lines(chain([listing], rest), names, asked)
    if following:
        response.headers.add("Link", link(following, "next"))
    return response


def of_item(row: Row, schema: type[Schema], asked: Asked) -> Response:
    """Return one item, flat."""
    names = columns(schema)
    if draw := asked.draws.get(asked.form):
        return _respond(draw([row], meta.meta_of(asked)), asked)
    if asked.form != "json":
        return _respond(_lines([row], names, asked), asked)
    item = {name: row[name] for name in names}
    return _respond(to_json({**item, "meta": meta.meta_of(asked)}), asked)


def of_columns(found: Listing | Row, schema: type[Schema], asked: Asked) -> Response:
    """Return what the columns of the CSV beside hold."""
    more = found.more_columns if isinstance(found, Listing) else ()
    url = meta.address(f"{request.path}.csv", asked.given)
    said = {**meta.meta_of(asked), "title": meta.title(asked)}
    body = csvw.describe(schema, (*columns(schema), *more), url, said)
    return _respond(to_json(body), asked)


def of_recorded(row: Row, schema: type[Schema]) -> Response:
    """Return what a request has recorded, with the address of the event.

    It is the same to the byte when the request is sent again.
    """
    body = to_json({name: row[name] for name in columns(schema)})
    response = Response(body, 201, content_type=FORMS["json"].header)
    event = row.get("event", row)
    response.headers["Location"] = meta.address(f"/v1/events/{event['position']}")
    response.headers["ETag"] = f'"{event["version"]}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def of_kept(row: Row, schema: type[Schema], at: str | None) -> Response:
    """Return what was made (201, at an address) or changed outside the log."""
    body = to_json({name: row[name] for name in columns(schema)})
    response = Response(body, 201 if at else 200, content_type=FORMS["json"].header)
    if at:
        response.headers["Location"] = meta.address(at)
    response.headers["Cache-Control"] = "no-store"
    return response


def of_accepted(row: Row, schema: type[Schema], at: str) -> Response:
    """Return what was accepted to be done, with the address that tells of it."""
    body = to_json({name: row[name] for name in columns(schema)})
    response = Response(body, 202, content_type=FORMS["json"].header)
    response.headers["Location"] = meta.address(at)
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(
    listing: Listing,
    names: Sequence[str],
    asked: Asked,
    said: dict[str, Any],
    following: str | None,
) -> bytes:
    """Write a list in a form that has room for what is said of it."""
    if draw := asked.draws.get(asked.form):
        return draw(listing.rows, said)
    items = [{name: row[name] for name in names} for row in listing.rows]
    return to_json(
        {"items": items, "total": listing.total, "next": following, "meta": said}
    )


def _in_lines(
    listings: Iterable[Listing], names: Sequence[str], asked: Asked
) -> Response:
    """Return a list in a form that has no room for what is said of it."""
    parts = (
        _lines(listing.rows, names, asked, is_first=number == 0)
        for number, listing in enumerate(listings)
    )
    return sent_whole(parts, lambda body: _respond(body, asked))


def _lines(
    rows: Sequence[Row], names: Sequence[str], asked: Asked, *, is_first: bool = True
) -> bytes:
    if asked.form == "csv":
        return to_csv(rows, names, for_excel=asked.for_excel, is_first=is_first)
    if asked.form == "jsonl":
        return to_json_lines(rows, names)
    return to_text(rows)


def _respond(body: bytes | Iterator[bytes], asked: Asked) -> Response:
    response = Response(body, content_type=FORMS[asked.form].header)
    response.headers["Cache-Control"] = asked.caching
    if asked.etag:
        response.set_etag(asked.etag)
        request.environ[ENVIRON] = asked.validator
    if FORMS[asked.form].is_whole:
        disposition = f"inline; filename={_file_name()}.{asked.form}"
        response.headers["Content-Disposition"] = disposition
    if asked.form == "csv":
        target = meta.address(f"{request.path}.{METADATA}", asked.given)
        media = FORMS[METADATA].media
        response.headers.add("Link", link(target, "describedby", media))
    if policy := FORMS[asked.form].policy:
        response.headers["Content-Security-Policy"] = policy
    for form in asked.forms:
        target = meta.address(f"{request.path}.{form}", asked.given)
        response.headers.add("Link", link(target, "alternate", FORMS[form].media))
    canonical = meta.address(request.path, asked.given)
    response.headers.add("Link", link(canonical, "canonical"))
    response.headers.add("Link", link(meta.permalink(asked), "cite-as"))
    if _has_versions():
        target = meta.address(f"{request.path}/versions")
        response.headers.add("Link", link(target, "version-history"))
    memento.tell(response, asked)
    return response


def _has_versions() -> bool:
    """Whether the answer is a thing, of which the versions can be had."""
    is_item = str(request.url_rule).endswith("/<id>")
    return is_item and f"{request.blueprint}.versions" in current_app.view_functions


def _next(listing: Listing, asked: Asked) -> str | None:
    if listing.looked is not None and asked.form in asked.draws:
        return _on(listing.looked, asked)
    if listing.last_key is None or asked.page.limit is None:
        return None
    moment = asked.moment
    cursor = Cursor(
        listing.last_key,
        moment.position,
        moment.as_of,
        moment.today if asked.has_day else NO_DAY,
        asked.filters_hash,
    )
    parameters: dict[str, Any] = {**asked.given, "cursor": cursor.to_text()}
    return meta.address(meta.own_path(), parameters)


def _on(looked: int, asked: Asked) -> str:
    """Return where a feed goes on, also where nothing more is on record yet."""
    after = max(looked, int(asked.given.get("after", 0)))
    kept = {k: v for k, v in asked.given.items() if k not in ("after", "cursor")}
    return meta.address(meta.own_path(), {**kept, "after": after})


def _gaps(endpoint: str, asked: Asked) -> str:
    """Return the address that shows what the record lacks of what was asked for."""
    view: Any = current_app.view_functions[endpoint]
    names = view.contract.loaded_by().fields
    id = (request.view_args or {}).get("id")
    about = {asked.noun: id} if asked.noun and id else {}
    wanted = {**about, **meta.filters(asked), **meta.pinned(asked)}
    shared = {name: value for name, value in wanted.items() if name in names}
    return meta.address(_path_of(endpoint), shared)


@cache
def _path_of(endpoint: str) -> str:
    """Return the path of an endpoint that has one only: to find it takes a while."""
    return url_for(endpoint)


def _file_name() -> str:
    return request.path.removeprefix("/v1/").replace("/", "-")
