"""Corrections: what was wrong on record, since when, and who asked for the change."""

from typing import Any

from flask import Blueprint, Response

from projections.corrections import latest_corrections, list_corrections
from projections.made_of import ALL_TOLD
from projections.read_model import Row
from schemas.corrections import (
    CorrectionFeedSchema,
    CorrectionFilterSchema,
    CorrectionSchema,
)
from service.context import head, read_model, record
from service.http import atom, followed, meta, moments
from service.http.contract import accepts, returns, serves
from service.http.followed import PAGE, About, at_position, name_of

corrections = Blueprint("corrections", __name__, url_prefix="/v1")

ABOUT = About(
    "corrections",
    "corrections",
    "What this record had wrong, took back, or holds in dispute.",
    CorrectionFeedSchema,
)
TITLES = {
    "correction": "Correction: ",
    "retraction": "Retraction: ",
    "dispute": "Dispute: ",
    "settlement": "Dispute: settled, ",
}


@corrections.get("/corrections")
@accepts(query=CorrectionFilterSchema)
@returns(CorrectionSchema, many=True, made_of=ALL_TOLD)
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
    return followed.respond(ABOUT, moment, list(map(_entry, rows)), older)


def _entry(row: Row) -> atom.Entry:
    event = meta.address(f"/v1/events/{row['position']}")
    original = meta.address(f"/v1/events/{row['of_position']}")
    return atom.Entry(
        name=name_of(str(row["position"])),
        title=TITLES[row["kind"]] + " ".join(row["label"].split()),
        published=row["recorded_at"],
        updated=_updated(row),
        summary=at_position(row["position"], row["sentence"]),
        categories=[row["kind"], row["noun"], *row["bodies"]],
        links=[("alternate", event), ("related", original)],
    )


def _updated(row: Row) -> str:
    """Return when what an entry says last changed: words of it may be redacted."""
    sides = [each[f"{side}_redacted"] for each in row["changes"] for side in _SIDES]
    gone = [each["recorded_at"] for each in (*row["redacted"], *filter(None, sides))]
    return str(max([row["recorded_at"], *gone]))


_SIDES = ("was", "now")
