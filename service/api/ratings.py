"""Ratings: every grade, as a list, as a matrix, and as moves from one to the next."""

from typing import Any

from flask import Blueprint

from projections.changes import list_grade_changes
from projections.coverage import list_matrix
from projections.history import list_versions
from projections.made_of import AboutBody, ItemOf, ListOf, Nouns, VersionsOf
from projections.ratings import get_rating, list_ratings
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.ratings import (
    ChangeFilterSchema,
    GradeChangeSchema,
    MatrixFilterSchema,
    MatrixRowSchema,
    RatingFilterSchema,
    RatingSchema,
)
from service import linked
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

ratings = Blueprint("ratings", __name__, url_prefix="/v1/ratings")


@ratings.get("")
@accepts(query=RatingFilterSchema)
@returns(
    RatingSchema,
    many=True,
    gaps="coverage.index",
    made_of=ListOf("rating", ("programme", "inspection")),
    draws={"jsonld": linked.ratings},
)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List ratings, by id."""
    return list_ratings(read_model(), moment, page, **filters)


@ratings.get("/matrix")
@accepts(query=MatrixFilterSchema)
@returns(
    MatrixRowSchema,
    many=True,
    gaps="coverage.index",
    made_of=Nouns(("rating", "programme", "inspection", "gap")),
)
def matrix(moment: Any, page: Any, programme: str) -> Any:
    """Lay out a programme: a row for each body, a column for each question."""
    return list_matrix(read_model(), moment, page, programme)


@ratings.get("/changes")
@accepts(query=ChangeFilterSchema)
@returns(
    GradeChangeSchema, many=True, gaps="coverage.index", made_of=AboutBody(("rating",))
)
def changes(moment: Any, page: Any, **filters: Any) -> Any:
    """List moves from one grade to the next, and say which do not compare, and why."""
    return list_grade_changes(read_model(), moment, page, **filters)


@ratings.get("/<id>")
@accepts(query=MomentSchema)
@returns(
    RatingSchema,
    noun="rating",
    made_of=ItemOf("rating", ("programme", "inspection")),
    draws={"jsonld": linked.ratings},
)
def item(moment: Any, id: str) -> Any:
    """Show one rating."""
    return get_rating(read_model(), moment, id)


@ratings.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="rating", made_of=VersionsOf("rating"))
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one rating, the first first."""
    return list_versions(read_model(), moment, page, f"rating-{id}")


add_revisions(ratings, "rating", get_rating, RatingSchema)
