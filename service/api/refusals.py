"""Refusals: why an event was not recorded, as problems."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from projections.things import similar_ids
from service.context import head, read_model, record
from service.corrections import RestatementError
from service.desk import StaleVersionError, UnknownReferenceError
from service.domain.base import RuleBrokenError
from service.domain.catalogue import NOUNS
from service.http import moments
from service.http.bodies import Fault, fault, invalid
from service.http.errors import respond
from service.http.loading import load
from service.http.problems import ProblemError
from service.log.errors import (
    AlreadyErasedError,
    ConflictError,
    DraftError,
)
from service.naming import NoIdError
from service.record import NotOnRecordError
from service.redaction import NotRedactableError

AGAIN = "Read it again, look whether your change still holds, and send it anew."


def register_refusals(blueprint: Blueprint) -> None:
    """Turn what the rules and the log refuse into problem details."""
    for kind, problem in PROBLEMS.items():
        blueprint.register_error_handler(kind, _answering(problem))


def _answering(problem: Callable[[Any], ProblemError]) -> Callable[[Any], Response]:
    return lambda error: respond(problem(error))


def _broken(error: RuleBrokenError) -> ProblemError:
    return ProblemError("rule-broken", str(error), {"rule": error.rule})


def _unknown(error: UnknownReferenceError) -> ProblemError:
    return invalid([fault(at, why) for at, why in error.faults])


def _no_id(error: NoIdError) -> ProblemError:
    return invalid([fault("/id", str(error))])


def _restatement(error: RestatementError) -> ProblemError:
    faults: list[Fault] = []
    load(error.schema, error.data, faults)
    return invalid([{**each, "pointer": f"/data{each['pointer']}"} for each in faults])


def _malformed(error: DraftError) -> ProblemError:
    return invalid(
        [fault("", f"{why[0].upper()}{why[1:]}.") for _, why in error.faults]
    )


def _stale(error: StaleVersionError) -> ProblemError:
    detail = f"{error.stream} is at version {error.version}, not at that of If-Match."
    members = {"version": error.version}
    return ProblemError("precondition-failed", f"{detail} {AGAIN}", members)


def _lost(error: ConflictError) -> ProblemError:
    detail = f"Somebody else has added to {error.stream} at the same time."
    is_conditional = "If-Match" in request.headers
    slug = "precondition-failed" if is_conditional else "conflict"
    return ProblemError(slug, f"{detail} {AGAIN}")


def _already_erased(_error: AlreadyErasedError) -> ProblemError:
    detail = "Somebody else has redacted some of it at the same time."
    return ProblemError("conflict", f"{detail} {AGAIN}")


def _not_on_record(error: NotOnRecordError) -> ProblemError:
    noun, _, id = str(error).partition("-")
    moment = moments.resolve({}, read_model(), head(), record().clock())
    similar = similar_ids(read_model(), moment, noun, id) if noun in NOUNS else []
    members = {"did_you_mean": list(similar)}
    return ProblemError("not-found", f"No {noun} {id!r} is on record.", members)


def _not_redactable(error: NotRedactableError) -> ProblemError:
    return ProblemError("not-found", str(error), {"did_you_mean": []})


PROBLEMS: dict[type[Exception], Callable[[Any], ProblemError]] = {
    RuleBrokenError: _broken,
    UnknownReferenceError: _unknown,
    NoIdError: _no_id,
    RestatementError: _restatement,
    DraftError: _malformed,
    StaleVersionError: _stale,
    ConflictError: _lost,
    AlreadyErasedError: _already_erased,
    NotOnRecordError: _not_on_record,
    NotRedactableError: _not_redactable,
}
