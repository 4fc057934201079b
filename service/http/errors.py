"""Errors as problem details (RFC 9457), whatever layer they come from."""

import logging
from uuid import uuid4

import orjson
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from projections.listing import WrongKeyError
from service.http.bodies import fault, invalid
from service.http.permits import RETRY_AFTER, TooManyReadersError
from service.http.problems import PROBLEMS, MovedError, ProblemError, stranger
from service.log.errors import (
    ClockError,
    IdempotencyReusedError,
    LogDamagedError,
    RevokedError,
    SigningRefusedError,
    StorageFullError,
)
from service.signing import SignatureError

MEDIA_TYPE = "application/problem+json"
SLUGS = {404: "not-found", 405: "method-not-allowed", 406: "not-acceptable"}
_logger = logging.getLogger(__name__)


def register_errors(app: Flask) -> None:
    """Turn every exception into problem details."""
    app.register_error_handler(ProblemError, respond)
    app.register_error_handler(MovedError, _moved)
    app.register_error_handler(WrongKeyError, _wrong_key)
    app.register_error_handler(TooManyReadersError, _too_many)
    app.register_error_handler(StorageFullError, _full)
    app.register_error_handler(ClockError, _clock)
    app.register_error_handler(SigningRefusedError, _closed)
    app.register_error_handler(LogDamagedError, _closed)
    app.register_error_handler(IdempotencyReusedError, _reused)
    app.register_error_handler(SignatureError, _unsigned)
    app.register_error_handler(RevokedError, _revoked)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _internal)


def respond(error: ProblemError) -> Response:
    """Return the answer that tells of a problem."""
    known = PROBLEMS[error.slug]
    members = {
        "type": f"/problems/{error.slug}",
        "title": known.title,
        "status": known.status,
        "detail": error.detail,
        **error.members,
    }
    response = Response(orjson.dumps(members), known.status, content_type=MEDIA_TYPE)
    is_missing = known.status == 404
    response.headers["Cache-Control"] = "max-age=10" if is_missing else "no-store"
    response.headers.update(error.headers)
    return response


def _moved(error: MovedError) -> Response:
    response = Response(status=301)
    del response.headers["Content-Type"]
    response.headers["Location"] = error.location
    # Another body may yet be registered under the id.
    response.headers["Cache-Control"] = "public, no-cache"
    return response


def _wrong_key(_error: WrongKeyError) -> Response:
    return respond(ProblemError("invalid-cursor", "The cursor is not of this list."))


def _too_many(error: TooManyReadersError) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER)}
    return respond(ProblemError("too-many-readers", str(error), headers=headers))


def _full(error: StorageFullError) -> Response:
    _logger.error("There is no room left: %s", error)
    detail = "There is no room to record this; what is on record can be read."
    return respond(ProblemError("storage-full", detail))


def _clock(error: ClockError) -> Response:
    _logger.error("Nothing is recorded: %s", error)
    detail = "The clock of the service is wrong; nothing is recorded until it is right."
    return respond(ProblemError("clock", detail))


def _closed(error: SigningRefusedError | LogDamagedError) -> Response:
    _logger.error("Nothing is recorded: %s", error)
    detail = "Nothing is recorded at present; what is on record can be read."
    return respond(ProblemError("maintenance", detail))


def _reused(_error: IdempotencyReusedError) -> Response:
    detail = "Idempotency-Key: you have sent another request under it."
    return respond(ProblemError("idempotency-key-reused", detail))


def _unsigned(error: SignatureError) -> Response:
    problem = invalid([fault(at, why) for at, why in error.faults])
    problem.members["expected"] = error.expected
    return respond(problem)


def _revoked(_error: RevokedError) -> Response:
    return respond(stranger())


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status >= 500:
        return _internal(error)
    slug = SLUGS.get(status, "invalid-parameter")
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return respond(ProblemError(slug, _detail(error), headers=headers))


def _detail(error: HTTPException) -> str:
    if error.code == 404:
        return "This service has no such address; / lists those that it has."
    return error.description or ""


def _internal(error: Exception) -> Response:
    request_id = uuid4().hex
    _logger.error("Request %s failed", request_id, exc_info=error)
    detail = "Something went wrong here; it has been logged."
    return respond(ProblemError("internal", detail, {"request_id": request_id}))
