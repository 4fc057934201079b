"""Bodies: forces, those who oversee them, and other organisations."""

from typing import Any

from flask import Blueprint

from projections.bodies import (
    get_body,
    list_bodies,
    lookup_body,
    moved_to,
    similar_outside_ids,
)
from projections.grades import list_grades
from projections.history import list_versions
from projections.made_of import ALL_TOLD, AboutBody, ItemOf, Nouns, VersionsOf
from projections.moment import known_since
from projections.profile import get_profile
from projections.recorded import list_recorded
from projections.timeline import list_timeline
from schemas.bodies import BodyFilterSchema, BodySchema, LookupSchema
from schemas.events import RecordedEventSchema
from schemas.grades import GradeFilterSchema, GradeSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.profile import ProfileSchema
from schemas.timeline import (
    RecordedFilterSchema,
    RecordedSchema,
    TimelineFilterSchema,
    TimelineSchema,
)
from service import grades_chart, linked
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns
from service.http.problems import ProblemError
from service.http.representations import LISTED

PROFILE = (
    "body",
    "rating",
    "inspection",
    "finding",
    "plan",
    "monitoring",
    "statement",
    "gap",
)

bodies = Blueprint("bodies", __name__, url_prefix="/v1/bodies")


def moved(moment: Any, id: str) -> str | None:
    """Return the id of the body of which an id is the slug of a name."""
    if known_since(read_model(), f"body-{id}"):
        return None
    return moved_to(read_model(), moment, id)


@bodies.get("")
@accepts(query=BodyFilterSchema)
@returns(BodySchema, many=True, made_of=Nouns(()), draws={"jsonld": linked.bodies})
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List bodies, by id."""
    return list_bodies(read_model(), moment, page, **filters)


@bodies.get("/lookup")
@accepts(query=LookupSchema)
@returns(BodySchema, problems=(404,), made_of=Nouns(()))
def lookup(moment: Any, scheme: str, id: str) -> Any:
    """Show the body that bears an outside id, or any present or former name."""
    found = lookup_body(read_model(), moment, scheme, id)
    if found is None:
        similar = similar_outside_ids(read_model(), moment, scheme, id)
        detail = f"No body on record has the {scheme} {id!r}."
        raise ProblemError("not-found", detail, {"did_you_mean": similar})
    return found


@bodies.get("/<id>")
@accepts(query=MomentSchema)
@returns(
    BodySchema,
    noun="body",
    moved=moved,
    made_of=ItemOf("body"),
    draws={"jsonld": linked.bodies},
)
def item(moment: Any, id: str) -> Any:
    """Show one body."""
    return get_body(read_model(), moment, id)


@bodies.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(
    RecordedEventSchema, many=True, noun="body", moved=moved, made_of=VersionsOf("body")
)
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one body, the first first."""
    return list_versions(read_model(), moment, page, f"body-{id}")


@bodies.get("/<id>/profile")
@accepts(query=MomentSchema)
@returns(
    ProfileSchema, noun="body", moved=moved, forms=("json",), made_of=AboutBody(PROFILE)
)
def profile(moment: Any, id: str) -> Any:
    """Show what one page about a body needs: grades, findings, plans, responses."""
    return get_profile(read_model(), moment, id)


@bodies.get("/<id>/timeline")
@accepts(query=TimelineFilterSchema)
@returns(
    TimelineSchema,
    many=True,
    noun="body",
    moved=moved,
    gaps="gaps.index",
    made_of=ALL_TOLD,
)
def timeline(moment: Any, page: Any, id: str) -> Any:
    """List what happened to a body and those who oversee it, undated things last."""
    return list_timeline(read_model(), moment, page, id)


@bodies.get("/<id>/grades")
@accepts(query=GradeFilterSchema)
@returns(
    GradeSchema,
    many=True,
    noun="body",
    moved=moved,
    gaps="coverage.index",
    made_of=AboutBody(("rating", "inspection")),
    draws={"svg": grades_chart.draw},
)
def grades(moment: Any, page: Any, id: str, **filters: Any) -> Any:
    """List the grades of a body over time; as `.svg` a chart, for an article."""
    return list_grades(read_model(), moment, page, id, **filters)


@bodies.get("/<id>/changes")
@accepts(query=RecordedFilterSchema)
@returns(
    RecordedSchema,
    many=True,
    noun="body",
    moved=moved,
    forms=(*LISTED, "txt"),
    made_of=ALL_TOLD,
)
def changes(moment: Any, page: Any, id: str, **filters: Any) -> Any:
    """List what was recorded of a body and those who oversee it, in sentences."""
    return list_recorded(read_model(), moment, page, id, **filters)


add_revisions(bodies, "body", get_body, BodySchema, moved=moved)
