"""Signing before sending: the event of a request, made without the record.

What it rests on is not looked up: the service does so, asks all rules, and refuses what
differs from what was signed. What corrects or disputes an event states the whole of it
anew, and so needs the events of the thing, as `/versions` of it answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema

from schemas.events import RecordedEvent
from schemas.fields import NewId
from schemas.requests import (
    CorrectionRequestSchema,
    DisputeRequestSchema,
    RetractionRequestSchema,
    SettlementRequestSchema,
    SourceRequestSchema,
    request_of,
)
from service.commands import COMMANDS, kind_of
from service.corrections import RestatementError, differing, must_change, restate
from service.desk import sourced
from service.domain.base import EVENT_TYPES, GENERIC, Aggregate, Event
from service.log.drafts import Draft
from service.log.notes import Signer
from service.record import draft_of, fold
from service.signing import sign

VERBS: dict[str, type[Schema]] = {
    "retracted": RetractionRequestSchema,
    "dispute-settled": SettlementRequestSchema,
    "sourced": SourceRequestSchema,
    "corrected": CorrectionRequestSchema,
    "disputed": DisputeRequestSchema,
}
RESTATING = {"corrected": "corrects", "disputed": "disputes"}
TYPES = sorted(COMMANDS)


class NotSignableError(Exception):
    """There is no such type of event, or it cannot be signed beforehand."""


def restates(type_name: str) -> bool:
    """Whether an event of a type states the whole of an earlier one anew."""
    return type_name.partition(".")[2] in RESTATING


def schema_for(type_name: str) -> Schema:
    """Return the schema of the request that brings about an event of a type."""
    noun, _, verb = type_name.partition(".")
    if type_name in COMMANDS:
        return request_of(type_name, NewId(load_default=None, allow_none=True))()
    if verb in VERBS and any(each.startswith(f"{noun}.") for each in COMMANDS):
        return VERBS[verb]()
    raise NotSignableError(
        f"{type_name} cannot be signed here: there are {', '.join(TYPES)}, and of "
        f"every noun {', '.join(VERBS)}."
    )


def signed_members(
    type_name: str,
    said: Mapping[str, Any],
    *,
    id: str,
    version: int,
    signer: Signer,
    key_id: str,
) -> dict[str, Any]:
    """Return the members that sign a request, of which `said` is the loaded body.

    `version` is the place in its stream that the event will have.
    """
    draft = _draft(type_name, said, id, version)
    return sign(draft, signer, key_id).members()


def members_restating(
    type_name: str,
    said: Mapping[str, Any],
    answer: Any,
    *,
    id: str,
    signer: Signer,
    key_id: str,
) -> dict[str, Any]:
    """Return the same for what states an earlier event anew.

    `answer` is what `/versions` of the thing answers, whole. Raises RuleBrokenError.
    """
    thing = kind_of(type_name)(id)
    events = _events(answer, thing.stream)
    thing = fold(thing, events)
    draft = draft_of(thing, _restating(type_name, thing, events, said), by="system")
    return sign(draft, signer, key_id).members()


def _restating(
    type_name: str,
    thing: Aggregate,
    events: Sequence[RecordedEvent],
    said: Mapping[str, Any],
) -> Event:
    verb = type_name.partition(".")[2]
    why = {k: v for k, v in sourced(said).items() if k != "data"}
    version = said[RESTATING[verb]]
    try:
        whole, words = restate(thing, version, said["data"])
    except RestatementError as error:
        fault = f"/data: version {version} cannot say that."
        raise NotSignableError(fault) from error
    # Of the thing alone: a grade is held against its programme by the service.
    if verb == "disputed":
        return Aggregate.dispute(thing, data=whole, words=words, **why)
    words = differing(words, events, version)
    must_change(thing, version, whole, words)
    return Aggregate.correct(thing, data=whole, words=words, **why)


def _events(answer: Any, stream: str) -> list[RecordedEvent]:
    """Return the events of an answer, or raise NotSignableError."""
    try:
        is_whole = answer["next"] is None
        names = RecordedEvent._fields
        events = [
            RecordedEvent(*(each[name] for name in names)) for each in answer["items"]
        ]
    except (TypeError, KeyError) as error:
        raise NotSignableError("These are not the versions of a thing.") from error
    if not is_whole or [each.version for each in events] != list(
        range(1, len(events) + 1)
    ):
        raise NotSignableError("These are not all versions: ask with ?limit=1000.")
    if not events or {each.stream for each in events} != {stream}:
        raise NotSignableError(f"These are not the versions of {stream}.")
    return events


def _draft(type_name: str, said: Mapping[str, Any], id: str, version: int) -> Draft:
    thing = kind_of(type_name)(id, version=version - 1)
    members = {name: value for name, value in said.items() if name != "id"}
    # Who records it is no part of what is signed: the key tells.
    return draft_of(thing, _event(type_name, members), by="system")


def _event(type_name: str, said: Mapping[str, Any]) -> Event:
    noun, _, verb = type_name.partition(".")
    if kind := GENERIC.get(verb):
        return kind(**{"noun": noun, **sourced(said)})
    return EVENT_TYPES[type_name](**sourced(said))
