"""Statements: what was said publicly."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from projections.statements import get_statement, list_statements
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.statements import StatementFilterSchema, StatementSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

statements = Blueprint("statements", __name__, url_prefix="/v1/statements")


@statements.get("")
@accepts(query=StatementFilterSchema)
@returns(StatementSchema, many=True, made_of=ListOf("statement"))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List statements, by id."""
    return list_statements(read_model(), moment, page, **filters)


@statements.get("/<id>")
@accepts(query=MomentSchema)
@returns(StatementSchema, noun="statement", made_of=ItemOf("statement"))
def item(moment: Any, id: str) -> Any:
    """Show one statement."""
    return get_statement(read_model(), moment, id)


@statements.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(
    RecordedEventSchema, many=True, noun="statement", made_of=VersionsOf("statement")
)
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one statement, the first first."""
    return list_versions(read_model(), moment, page, f"statement-{id}")


add_revisions(statements, "statement", get_statement, StatementSchema)
