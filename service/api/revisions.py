"""Revisions: one version of a thing, and what changed of it; alike for every noun."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema

from projections import diffs
from projections.history import get_version, positions_between
from projections.made_of import MadeOf, VersionsOf
from projections.mementos import mementos
from projections.moment import Moment, known_since
from projections.read_model import ReadModel, Row
from schemas.diffs import BetweenSchema, DiffSchema
from schemas.events import RecordedEventSchema
from schemas.fields import Closed
from schemas.listing import PositionSchema, columns
from service.context import head, read_model
from service.http import memento
from service.http.contract import accepts, returns, serves
from service.http.problems import ProblemError

Find = Callable[[ReadModel, Moment, str], Row | None]


def add_revisions(
    blueprint: Blueprint,
    noun: str,
    find: Find,
    schema: type[Schema],
    made_of: MadeOf | None = None,
    **how: Any,
) -> None:
    """Add the endpoints of versions and differences to those of a noun.

    `made_of` is what the differences are made of, where that is more than the thing;
    `how` is what the contracts of the noun's own endpoints say beside.
    """
    # Two positions that are named show the same for ever, but for the day.
    of_differences = made_of or VersionsOf(noun, has_day=True)

    @blueprint.get("/<id>/versions/<position:version>")
    @accepts(query=PositionSchema)
    @returns(
        RecordedEventSchema, noun=noun, made_of=VersionsOf(noun), is_settled=True, **how
    )
    def version(moment: Any, id: str, version: int) -> Any:
        """Show the event that made one version of a thing: the first is 1."""
        found = get_version(read_model(), moment, f"{noun}-{id}", version)
        if found is None:
            _refuse_if_known(moment, noun, id)
        return found

    @blueprint.get("/<id>/diff")
    @accepts(query=BetweenSchema)
    @returns(DiffSchema, noun=noun, forms=("json",), made_of=of_differences, **how)
    def diff(moment: Any, id: str, **between: int) -> Any:
        """Show what changed of a thing between two positions, and say it in English."""
        first, last = between["from"], between["to"]
        before, after = (
            _item(_at(moment, each), id, find, schema) for each in (first, last)
        )
        if before is None and after is None:
            _refuse_if_later(moment, noun, id, max(first, last))
            return None
        stream = f"{noun}-{id}"
        return {
            "id": id,
            **between,
            "patch": diffs.patch(before, after),
            "sentences": diffs.sentences(before, after),
            "events": positions_between(read_model(), stream, first, last),
        }

    @blueprint.get(f"/<id>/{memento.TIMEMAP}")
    @serves({memento.LINK_FORMAT: None}, query=Closed, noun=noun, **how)
    def timemap(id: str) -> Response | None:
        """Show where each version of a thing is to be had (RFC 7089, a TimeMap)."""
        found = mementos(read_model(), noun, id, until=head())
        return memento.of_versions(found) if found else None


def _refuse_if_known(moment: Moment, noun: str, id: str) -> None:
    """Tell that a thing has no such version, if the thing itself is on record."""
    since = known_since(read_model(), f"{noun}-{id}")
    if since is not None and since <= moment.position:
        detail = f"The {noun} {id!r} has no such version: /versions lists them."
        raise ProblemError("not-found", detail, {"did_you_mean": []})


def _refuse_if_later(moment: Moment, noun: str, id: str, last: int) -> None:
    """Tell that a thing came on record later, if it did."""
    since = known_since(read_model(), f"{noun}-{id}")
    if since is not None and last < since <= moment.head:
        detail = f"At position {last} the {noun} {id!r} was not yet known."
        raise ProblemError("not-known-then", detail, {"known_since": since})


def _at(moment: Moment, position: int) -> Moment:
    if position > moment.head:
        detail = f"The last position is {moment.head}."
        raise ProblemError("position-beyond-head", detail, {"head": moment.head})
    return replace(moment, position=position, is_last=False)


def _item(moment: Moment, id: str, find: Find, schema: type[Schema]) -> Row | None:
    row = find(read_model(), moment, id)
    return row and {name: row[name] for name in columns(schema)}
