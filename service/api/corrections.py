"""Corrections: what was wrong on record, since when, and who asked for the change."""

from typing import Any

from flask import Blueprint, Response, request

from projections.corrections import latest_corrections, list_corrections
from projections.moment import Moment, recorded_at
from projections.read_model import Row
from schemas.corrections import (
    CorrectionFeedSchema,
    CorrectionFilterSchema,
    CorrectionSchema,
)
from service.context import head, read_model, record
from service.http import atom, meta, moments
from service.http.contract import accepts, returns, serves
from service.http.headers import LICENCE
from service.http.queries import read_query

corrections = Blueprint("corrections", __name__, url_prefix="/v1")

PAGE = 100  # Entries of the feed.
BEFORE_ALL = "1970-01-01T00:00:00.000000Z"
TITLES = {
    "correction": "Correction: ",
    "retraction": "Retraction: ",
    "dispute": "Dispute: ",
    "settlement": "Dispute: settled, ",
}


@corrections.get("/corrections")
@accepts(query=CorrectionFilterSchema)
@returns(CorrectionSchema, many=True)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List corrections, retractions and disputes, in the order of the log."""
    return list_corrections(read_model(), moment, page, **filters)


@corrections.get("/corrections.atom")
@serves({atom.MEDIA_TYPE: None}, query=CorrectionFeedSchema, problems=(400,))
def feed(before: int | None = None, **asked: Any) -> Response:
    """Follow corrections, retractions and disputes in a feed reader (Atom)."""
    moment = moments.resolve(asked, read_model(), head(), record().clock())
    filters = {k: v for k, v in asked.items() if k not in moments.TIME}
    rows, is_more = latest_corrections(read_model(), moment, PAGE, before, **filters)
    older = rows[-1]["position"] if is_more else None
    body = atom.to_atom(_feed(moment, rows, older), map(_entry, rows))
    response = Response(body, content_type=f"{atom.MEDIA_TYPE}; charset=utf-8")
    response.headers["Cache-Control"] = "public, no-cache"
    return response


def _feed(moment: Moment, rows: list[Row], older: int | None) -> atom.Feed:
    given, _ = read_query(request.query_string, CorrectionFeedSchema())
    path, first = request.path, {k: v for k, v in given.items() if k != "before"}
    links = [
        ("self", meta.address(path, given)),
        ("first", meta.address(path, first)),
        ("alternate", meta.address(path.removesuffix(".atom"), _filters(first))),
    ]
    if older is not None:
        links.append(("next", meta.address(path, {**first, "before": older})))
    chosen = ", ".join(f"{k} {v}" for k, v in sorted(_filters(first).items()))
    updated = [_updated(row) for row in rows]
    return atom.Feed(
        name=_name(f"corrections?{chosen}"),
        title=f"Copperplate: corrections{f' ({chosen})' if chosen else ''}",
        subtitle="What this record had wrong, took back, or holds in dispute.",
        author="Copperplate",
        rights=f"Open Government Licence v3.0: {LICENCE}",
        updated=max(updated, default=None) or _time_of(moment),
        links=links,
    )


def _filters(given: dict[str, str]) -> dict[str, str]:
    return {k: v for k, v in given.items() if k not in moments.TIME}


def _time_of(moment: Moment) -> str:
    return recorded_at(read_model(), moment.position) or BEFORE_ALL


def _entry(row: Row) -> atom.Entry:
    event = meta.address(f"/v1/events/{row['position']}")
    original = meta.address(f"/v1/events/{row['of_position']}")
    return atom.Entry(
        name=_name(str(row["position"])),
        title=TITLES[row["kind"]] + " ".join(row["label"].split()),
        published=row["recorded_at"],
        updated=_updated(row),
        summary=row["sentence"],
        categories=[row["kind"], row["noun"], *row["bodies"]],
        links=[("alternate", event), ("related", original)],
    )


def _updated(row: Row) -> str:
    """Return when what an entry says last changed: words of it may be redacted."""
    sides = [each[f"{side}_redacted"] for each in row["changes"] for side in _SIDES]
    gone = [each["recorded_at"] for each in (*row["redacted"], *filter(None, sides))]
    return str(max([row["recorded_at"], *gone]))


_SIDES = ("was", "now")


def _name(name: str) -> str:
    """Return the name of something of this log: the same on its mirrors."""
    return f"{record().settings.origin}#{name}"
