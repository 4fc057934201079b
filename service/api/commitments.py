"""Commitments: promises that can be checked."""

from typing import Any

from flask import Blueprint

from projections.commitments import get_commitment, list_commitments
from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from schemas.commitments import CommitmentFilterSchema, CommitmentSchema
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

commitments = Blueprint("commitments", __name__, url_prefix="/v1/commitments")


@commitments.get("")
@accepts(query=CommitmentFilterSchema)
@returns(CommitmentSchema, many=True, made_of=ListOf("commitment"))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List commitments, by id."""
    return list_commitments(read_model(), moment, page, **filters)


@commitments.get("/<id>")
@accepts(query=MomentSchema)
@returns(CommitmentSchema, noun="commitment", made_of=ItemOf("commitment"))
def item(moment: Any, id: str) -> Any:
    """Show one commitment."""
    return get_commitment(read_model(), moment, id)


@commitments.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(
    RecordedEventSchema, many=True, noun="commitment", made_of=VersionsOf("commitment")
)
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one commitment, the first first."""
    return list_versions(read_model(), moment, page, f"commitment-{id}")


add_revisions(commitments, "commitment", get_commitment, CommitmentSchema)
