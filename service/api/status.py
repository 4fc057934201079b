"""Status: how far the record goes, and whether the service is well."""

from typing import Any

from flask import Blueprint, Response, current_app

from projections import things
from projections.made_of import NOT_THE_LOG
from projections.moment import recorded_at
from projections.read_model import CODE_VERSION
from projections.reports import open_reports
from schemas.fields import Closed
from schemas.status import ProcessSchema, StatusSchema
from service.context import LIMITER, head, read_model, record
from service.http.contract import accepts, returns, serves
from service.http.problems import ProblemError

status = Blueprint("status", __name__)
TEXT = "text/plain; charset=utf-8"


@status.get("/v1/status")
@accepts(query=Closed)
@returns(StatusSchema, forms=("json",), made_of=NOT_THE_LOG)
def index(moment: Any) -> Any:
    """Show how far the record goes, and what it holds."""
    size = record().store.size()
    count, oldest = open_reports(read_model(), moment)
    return {
        "head": moment.head,
        "recorded_at": recorded_at(read_model(), moment.head),
        "log_size": size,
        "is_behind": size > moment.head,
        "counts": things.counts(read_model(), moment),
        "open_reports": count,
        "oldest_open_report_at": oldest,
        "code_version": CODE_VERSION,
    }


@status.get("/v1/status/process")
@accepts(query=Closed)
@returns(ProcessSchema, forms=("json",), may_be_kept=False)
def process(moment: Any) -> Any:
    """Show what the one process counted that answers: of Redis, and of limits."""
    redis, limiter = record().redis, current_app.extensions.get(LIMITER)
    return {
        "redis": redis.state,
        "redis_failures": redis.failures,
        "redis_skipped": redis.skipped,
        "limited_addresses": limiter.addresses if limiter else 0,
        "refused_requests": limiter.refused if limiter else 0,
    }


@status.get("/healthz")
@serves({"text/plain": None})
def is_alive() -> Response:
    """Say that the process answers."""
    return _ok()


@status.get("/readyz")
@serves({"text/plain": None}, problems=(503,))
def is_ready() -> Response:
    """Say whether what is read has caught up with the log."""
    behind = record().store.size() - head()
    if behind > 0:
        detail = f"{behind} events have not been applied yet."
        raise ProblemError("projection-behind", detail)
    return _ok()


def _ok() -> Response:
    return Response("ok\n", content_type=TEXT, headers={"Cache-Control": "no-store"})
