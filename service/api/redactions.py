"""Redactions: which words were erased from the record, when, and on what basis."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from projections.history import list_versions
from projections.made_of import NOT_THE_LOG
from projections.moment import Moment
from projections.read_model import ReadModel, Row
from projections.redactions import get_redaction, list_redactions
from schemas.events import RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.redactions import RedactionFilterSchema, RedactionSchema
from service.api.revisions import add_revisions
from service.context import read_model, record
from service.erasure import state_of
from service.http.contract import accepts, returns

redactions = Blueprint("redactions", __name__, url_prefix="/v1/redactions")


@redactions.get("")
@accepts(query=RedactionFilterSchema)
@returns(RedactionSchema, many=True, made_of=NOT_THE_LOG)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List which words were erased, by id; `erasure` is always that of now."""
    listing = list_redactions(read_model(), moment, page, **filters)
    listing.rows = _with_state(listing.rows)
    return listing


@redactions.get("/<id>")
@accepts(query=MomentSchema)
@returns(RedactionSchema, noun="redaction", made_of=NOT_THE_LOG)
def item(moment: Any, id: str) -> Any:
    """Show one redaction; `erasure` is always that of now."""
    return _found(read_model(), moment, id)


@redactions.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="redaction")
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one redaction, the first first."""
    return list_versions(read_model(), moment, page, f"redaction-{id}")


def _found(db: ReadModel, moment: Moment, id: str) -> Row | None:
    found = get_redaction(db, moment, id)
    return found and _with_state([found])[0]


def _with_state(rows: Sequence[Row]) -> list[Row]:
    # Not of the read model, of which the digests must not depend on it.
    done = record().erasures.done()
    return [{**row, "erasure": state_of(row["position"], done)} for row in rows]


add_revisions(redactions, "redaction", _found, RedactionSchema, NOT_THE_LOG)
