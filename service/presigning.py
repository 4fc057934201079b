"""Signing before sending: the event of a request, made without the record.

What it rests on is not looked up, and no rule is asked: the service does both, and
refuses what differs from what was signed.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from schemas.fields import NewId
from schemas.requests import (
    RetractionRequestSchema,
    SettlementRequestSchema,
    SourceRequestSchema,
    request_of,
)
from service.commands import COMMANDS, kind_of
from service.desk import sourced
from service.domain.base import EVENT_TYPES, GENERIC, Event
from service.log.drafts import Draft
from service.log.notes import Signer
from service.record import draft_of
from service.signing import sign

VERBS: dict[str, type[Schema]] = {
    "retracted": RetractionRequestSchema,
    "dispute-settled": SettlementRequestSchema,
    "sourced": SourceRequestSchema,
}
TYPES = sorted(COMMANDS)


class NotSignableError(Exception):
    """There is no such type of event, or it cannot be signed beforehand."""


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
