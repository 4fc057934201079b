"""Programmes: cycles of inspection, their scales and their questions."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.made_of import Nouns, VersionsOf
from projections.programmes import get_programme, list_programmes, list_questions
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.programmes import ProgrammeFilterSchema, ProgrammeSchema, QuestionSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

programmes = Blueprint("programmes", __name__, url_prefix="/v1/programmes")


@programmes.get("")
@accepts(query=ProgrammeFilterSchema)
@returns(ProgrammeSchema, many=True, made_of=Nouns(("programme",)))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List programmes, by id."""
    return list_programmes(read_model(), moment, page, **filters)


@programmes.get("/<id>")
@accepts(query=MomentSchema)
@returns(ProgrammeSchema, noun="programme", made_of=Nouns(("programme",)))
def item(moment: Any, id: str) -> Any:
    """Show one programme."""
    return get_programme(read_model(), moment, id)


@programmes.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(
    RecordedEventSchema, many=True, noun="programme", made_of=VersionsOf("programme")
)
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one programme, the first first."""
    return list_versions(read_model(), moment, page, f"programme-{id}")


@programmes.get("/<id>/questions")
@accepts(query=LogPageSchema)
@returns(QuestionSchema, many=True, noun="programme")
def questions(moment: Any, page: Any, id: str) -> Any:
    """List the questions of one programme, in the order in which it asks them."""
    return list_questions(read_model(), moment, page, id)


add_revisions(programmes, "programme", get_programme, ProgrammeSchema)
