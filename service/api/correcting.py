"""Correcting: what may be said of every event, to the things of every noun."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from marshmallow import Schema

from schemas.receipts import ReceiptSchema
from schemas.requests import (
    CorrectionRequestSchema,
    DisputeRequestSchema,
    RetractionRequestSchema,
    SettlementRequestSchema,
    SourceRequestSchema,
)
from schemas.signing import signable
from service.api.receipts import at_desk, receipt
from service.api.refusals import register_refusals
from service.desk import Desk
from service.domain.base import Aggregate
from service.domain.catalogue import NOUNS
from service.http.access import requires
from service.http.contract import accepts, returns

correcting = Blueprint("correcting", __name__, url_prefix="/v1")
register_refusals(correcting)

PLURALS = {
    "body": "bodies",
    "commitment": "commitments",
    "finding": "findings",
    "gap": "gaps",
    "inspection": "inspections",
    "monitoring": "monitoring",
    "plan": "plans",
    "programme": "programmes",
    "rating": "ratings",
    "session": "sessions",
    "statement": "statements",
    "term": "terms",
}


@dataclass(frozen=True)
class Verb:
    """What may happen to things of every noun; `scope` is the action of the editor."""

    name: str
    scope: str
    request: type[Schema]
    tell: Callable[..., Any]
    summary: str


def _tell(method: str) -> Callable[..., Any]:
    def tell(desk: Desk, kind: type[Aggregate], id: str, **said: Any) -> Any:
        return desk.tell(kind, id, method, **said)

    return tell


VERBS = [
    Verb(
        "correction",
        "correct",
        CorrectionRequestSchema,
        Desk.correct,
        "Correct an event of the {noun}: both versions can be read, and why.",
    ),
    Verb(
        "retraction",
        "correct",
        RetractionRequestSchema,
        _tell("retract"),
        "Take an event of the {noun} back, or the whole {noun}; its history stays.",
    ),
    Verb(
        "dispute",
        "record",
        DisputeRequestSchema,
        Desk.dispute,
        "Record that another source says otherwise of the {noun}: both stand.",
    ),
    Verb(
        "settlement",
        "correct",
        SettlementRequestSchema,
        _tell("settle_dispute"),
        "Record which side of a dispute about the {noun} prevails.",
    ),
    Verb(
        "source",
        "record",
        SourceRequestSchema,
        _tell("add_source"),
        "Add sources to an event of the {noun}.",
    ),
]


def _view(verb: Verb, noun: str) -> Callable[..., Any]:
    def view(id: str, **said: Any) -> Any:
        return receipt(verb.tell(at_desk(), NOUNS[noun], id, **said))

    view.__doc__ = verb.summary.format(noun=noun)
    view.__name__ = f"{noun}_{verb.name}"
    return requires(verb.scope, noun=PLURALS[noun])(
        accepts(body=signable(verb.request))(returns(ReceiptSchema)(view))
    )


for one in NOUNS:
    for each in VERBS:
        correcting.add_url_rule(
            f"/{PLURALS[one]}/<id>/{each.name}",
            f"{one}_{each.name}",
            _view(each, one),
            methods=["POST"],
        )
