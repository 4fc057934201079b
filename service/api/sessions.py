"""Sessions: formal meetings that hold a force to account."""

from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.made_of import ItemOf, ListOf, VersionsOf
from projections.sessions import get_session, list_sessions
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.sessions import SessionFilterSchema, SessionSchema
from service.api.revisions import add_revisions
from service.context import read_model
from service.http.contract import accepts, returns

sessions = Blueprint("sessions", __name__, url_prefix="/v1/sessions")


@sessions.get("")
@accepts(query=SessionFilterSchema)
@returns(SessionSchema, many=True, made_of=ListOf("session"))
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List sessions, by id."""
    return list_sessions(read_model(), moment, page, **filters)


@sessions.get("/<id>")
@accepts(query=MomentSchema)
@returns(SessionSchema, noun="session", made_of=ItemOf("session"))
def item(moment: Any, id: str) -> Any:
    """Show one session."""
    return get_session(read_model(), moment, id)


@sessions.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="session", made_of=VersionsOf("session"))
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one session, the first first."""
    return list_versions(read_model(), moment, page, f"session-{id}")


add_revisions(sessions, "session", get_session, SessionSchema)
