"""Changes: what was recorded of any noun, in sentences, also as feeds (Atom)."""

from difflib import get_close_matches
from typing import Any

from flask import Blueprint, Response

from projections.bodies import get_body
from projections.made_of import ALL_TOLD
from projections.read_model import Row
from projections.recorded import latest_changes, list_changes
from schemas.timeline import (
    BodyFeedSchema,
    ChangesFeedSchema,
    ChangesFilterSchema,
    RecordedSchema,
)
from service.api.bodies import moved
from service.api.event_schemas import TYPES
from service.context import head, read_model, record
from service.http import atom, followed, meta, moments
from service.http.contract import accepts, returns, serves
from service.http.followed import PAGE, About, at_position, name_of
from service.http.problems import ProblemError
from service.http.queries import fault
from service.http.representations import LISTED

changes = Blueprint("changes", __name__, url_prefix="/v1")

ALL = About(
    "changes",
    "what was recorded",
    "Every fact as it comes on record, and every correction.",
    ChangesFeedSchema,
)
CORRECTED = "Correction: "


@changes.get("/changes")
@accepts(query=ChangesFilterSchema)
@returns(RecordedSchema, many=True, forms=(*LISTED, "txt"), made_of=ALL_TOLD)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List what was recorded of any noun, in the order of the log, in sentences."""
    return list_changes(read_model(), moment, page, **filters)


@changes.get("/changes.atom")
@serves({atom.MEDIA_TYPE: None}, query=ChangesFeedSchema, problems=(400,))
def feed(**asked: Any) -> Response:
    """Follow what is recorded in a feed reader (Atom)."""
    return _answer(ALL, asked)


@changes.get("/bodies/<id>/changes.atom")
@serves(
    {atom.MEDIA_TYPE: None},
    query=BodyFeedSchema,
    problems=(400, 404),
    noun="body",
    moved=moved,
)
def feed_of_body(id: str, **asked: Any) -> Response | None:
    """Follow what is recorded of a body and those who oversee it (Atom)."""
    moment = moments.resolve(asked, read_model(), head(), record().clock())
    body = get_body(read_model(), moment.without_day(), id)
    if body is None:
        return None
    about = About(
        f"bodies/{id}/changes",
        f"what was recorded of {body['name']}",
        "Every fact about it as it comes on record, and every correction.",
        BodyFeedSchema,
    )
    return _answer(about, {**asked, "body": id})


def _answer(about: About, asked: dict[str, Any]) -> Response:
    moment = moments.resolve(asked, read_model(), head(), record().clock())
    _must_exist(asked.get("type"))
    filters = {k: v for k, v in asked.items() if k not in moments.TIME}
    rows, is_more = latest_changes(read_model(), moment, PAGE, **filters)
    older = rows[-1]["position"] if is_more else None
    return followed.respond(about, moment, list(map(_entry, rows)), older)


def _must_exist(type: str | None) -> None:
    """Refuse a type that there is not: a feed has no place for a note about it."""
    if type is None or type in TYPES:
        return
    detail = "There is no such type of event: /v1/schemas lists them."
    errors = [fault("type", detail, get_close_matches(type, TYPES, n=3))]
    raise ProblemError("invalid-parameter", f"type: {detail}", {"errors": errors})


def _entry(row: Row) -> atom.Entry:
    is_correction = row["type"].endswith(".corrected")
    return atom.Entry(
        name=name_of(str(row["position"])),
        title=f"{CORRECTED if is_correction else ''}{' '.join(row['title'].split())}",
        published=row["recorded_at"],
        updated=row["recorded_at"],
        summary=at_position(row["position"], row["sentence"]),
        categories=[row["type"], row["change"], row["noun"]],
        links=[("alternate", meta.address(f"/v1/events/{row['position']}"))],
    )
