"""Reports: anybody tells of a problem; editors look into it, and all see what came."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, after_this_request, g, request

from projections.history import get_event, list_versions
from projections.made_of import NOT_THE_LOG
from projections.moment import Moment
from projections.read_model import Row
from projections.report_texts import TooManyReportsError
from projections.reports import get_report, list_reports, summary
from schemas.events import RecordedEvent, RecordedEventSchema
from schemas.listing import LogPageSchema, MomentSchema
from schemas.reports import (
    ReportFilterSchema,
    ReportItemSchema,
    ReportReceiptSchema,
    ReportSchema,
    ReportSummarySchema,
    ResolutionSchema,
    ToldSchema,
)
from service import reports as desk
from service.api.proofs import first_inclusion_of
from service.context import read_model, record
from service.domain.base import RuleBrokenError
from service.http.access import editor, editor_if_any, open_to_anyone, requires
from service.http.addresses import client_address
from service.http.bodies import fault, invalid
from service.http.contract import accepts, returns, say_known
from service.http.errors import respond
from service.http.headers import add_vary
from service.http.problems import ProblemError
from service.http.writing import expected_version, idempotency
from service.log.errors import ConflictError
from service.record import NotOnRecordError

reports = Blueprint("reports", __name__, url_prefix="/v1/reports")


@reports.get("")
@accepts(query=ReportFilterSchema)
@returns(ReportSchema, many=True)
def index(moment: Any, page: Any, **filters: Any) -> Any:
    """List reports of problems, by id; what was told in them is not public."""
    return list_reports(read_model(), moment, page, **filters)


@reports.post("")
@open_to_anyone(reason="Whoever sees a mistake can say so, with no key.")
@accepts(body=ToldSchema)
@returns(ReportReceiptSchema, problems=(429,), may_be_known=True)
def receive(**told: Any) -> Any:
    """Report a problem with a thing or an event; it needs no key.

    What you write is kept outside the record, seen by editors only, and deleted 90
    days after the report is resolved. Whoever sends the same text on the same thing
    again gets the report that there is (200). Taken are one open report on a thing, and
    10 in all, an hour from one address, and 300 an hour from everybody (429).
    """
    event, is_new = desk.receive(record(), told, client_address())
    if not is_new:
        say_known()
    return _receipt(event)


@reports.get("/summary")
@accepts(query=MomentSchema)
@returns(ReportSummarySchema)
def summarise(moment: Any) -> Any:
    """Count the reports that nobody has resolved yet, and say how old they are."""
    return summary(read_model(), moment)


@reports.get("/<id>")
@accepts(query=MomentSchema)
@returns(ReportItemSchema, noun="report", problems=(401,), made_of=NOT_THE_LOG)
def item(moment: Any, id: str) -> Any:
    """Show one report; an editor with a key is shown what was told, too."""
    after_this_request(_vary)
    found = get_report(read_model(), moment, id)
    if not editor_if_any():
        return found and {**found, "told": None}
    g.asked = replace(g.asked, caching="no-store")
    return found and {**found, "told": desk.told(record(), id)}


@reports.get("/<id>/versions")
@accepts(query=LogPageSchema)
@returns(RecordedEventSchema, many=True, noun="report")
def versions(moment: Any, page: Any, id: str) -> Any:
    """List everything that was recorded of one report, the first first."""
    return list_versions(read_model(), moment, page, f"report-{id}")


@reports.post("/<id>/resolution")
@requires("correct")
@accepts(body=ResolutionSchema)
@returns(ReportReceiptSchema, noun="report")
def resolve(id: str, **said: Any) -> Any:
    """Record what came of a report, and which event put it right."""
    return _receipt(_resolved(id, said))


def _resolved(id: str, said: dict[str, Any]) -> RecordedEvent:
    """Return what the request records, or has recorded when it was sent before."""
    store, own = record().store, idempotency()
    if before := store.recorded_before(*own):
        return before[0]
    said |= {"expected": expected_version(), "idempotency": own}
    try:
        return desk.resolve(record(), id, by=editor().id, **said)
    except (RuleBrokenError, ConflictError):
        # The same request, sent twice at once: the other one was faster.
        if before := store.recorded_before(*own):
            return before[0]
        raise


def _receipt(event: RecordedEvent) -> Row:
    """Return a report as it stood after an event: the same whenever it is asked for."""
    # As of a position that lies in the past, whatever has been recorded since.
    moment = Moment(event.position, event.position + 1, event.recorded_at[:10])
    found = get_report(read_model(), moment, event.id)
    if found is None:
        detail = "It is on record; what is read will show it in a while."
        raise ProblemError("projection-behind", detail)
    proof = first_inclusion_of(record().store, event.position)
    shown = get_event(read_model(), event.position)
    return {**found, "event": shown, "inclusion": proof}


def _vary(response: Response) -> Response:
    add_vary(response, "Authorization")
    return response


# Refusals.


@reports.errorhandler(desk.UnknownEventError)
def _unknown(error: desk.UnknownEventError) -> Response:
    return respond(invalid([fault(f"/{error.member}", str(error))]))


@reports.errorhandler(TooManyReportsError)
def _too_many(error: TooManyReportsError) -> Response:
    headers = {"Retry-After": str(error.retry_after)}
    return respond(ProblemError("rate-limited", str(error), headers=headers))


@reports.errorhandler(RuleBrokenError)
def _broken(error: RuleBrokenError) -> Response:
    return respond(ProblemError("rule-broken", str(error), {"rule": error.rule}))


@reports.errorhandler(NotOnRecordError)
def _missing(error: NotOnRecordError) -> Response:
    detail = f"{error} is not on record."
    return respond(ProblemError("not-found", detail, {"did_you_mean": []}))


@reports.errorhandler(ConflictError)
def _lost(error: ConflictError) -> Response:
    slug = "precondition-failed" if "If-Match" in request.headers else "conflict"
    return respond(ProblemError(slug, f"{error}: read it again before you go on."))
