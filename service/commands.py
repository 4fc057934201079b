"""Commands: how an event of each type is brought about, and on what that rests.

Stories, imports and the API share this one table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from service.domain.base import Aggregate, Event, RuleBrokenError
from service.domain.catalogue import NOUNS
from service.domain.inspections import Inspection
from service.domain.programmes import Programme

A = TypeVar("A", bound=Aggregate)
Data = Mapping[str, Any]


class Find(Protocol):
    """Finds a thing as it stands, or one to which nothing has happened."""

    def __call__(self, kind: type[A], id: str, /) -> A:
        """Return the thing of a kind that has this id."""


Others = list[Aggregate | None]
RestsOn = Callable[[Find, str, Data], Others]


def _nothing(_find: Find, _id: str, _data: Data) -> Others:
    return []


def _programme_and_inspection(find: Find, _id: str, data: Data) -> Others:
    inspection = find(Inspection, data["inspection"])
    return [find(Programme, data["programme"]), inspection]


def _inspection_if_any(find: Find, _id: str, data: Data) -> Others:
    named = data["inspection"]
    return [find(Inspection, named) if named else None]


def _programme_of_the_inspection(find: Find, id: str, _data: Data) -> Others:
    publication = find(Inspection, id).publication
    programme = publication.programme if publication else None
    if programme is None:
        raise RuleBrokenError(
            "no-programme", f"{id} is not on record as part of a programme."
        )
    return [find(Programme, programme)]


@dataclass(frozen=True)
class Command:
    """The method of a thing that brings an event about.

    `begins`: a thing may begin with the event, and has it once. `is_once`: it has it
    once too; the same with other facts contradicts it.
    `rests_on` finds the other things that the method is told of.
    """

    method: str
    begins: bool = False
    is_once: bool = False
    rests_on: RestsOn = _nothing


COMMANDS = {
    "body.registered": Command("register", begins=True, is_once=True),
    "body.renamed": Command("rename"),
    "body.linked": Command("link"),
    "body.unlinked": Command("unlink"),
    "body.dissolved": Command("dissolve"),
    "term.started": Command("start", begins=True, is_once=True),
    "term.ended": Command("end", is_once=True),
    "programme.announced": Command("announce", begins=True, is_once=True),
    "programme.question-added": Command("add_question"),
    "programme.question-alias-added": Command("add_question_alias"),
    "inspection.announced": Command("announce", begins=True, is_once=True),
    "inspection.published": Command("publish", begins=True, is_once=True),
    "inspection.fieldwork-stated": Command("state_fieldwork"),
    "inspection.totals-stated": Command(
        "state_totals", rests_on=_programme_of_the_inspection
    ),
    "rating.awarded": Command(
        "award", begins=True, is_once=True, rests_on=_programme_and_inspection
    ),
    "finding.raised": Command(
        "raise_", begins=True, is_once=True, rests_on=_inspection_if_any
    ),
    "finding.status-reported": Command("report_status"),
    "finding.commented": Command("comment"),
    "finding.closed": Command("close"),
    "finding.reopened": Command("reopen"),
    "finding.superseded": Command("supersede"),
    "statement.published": Command("publish", begins=True, is_once=True),
    "statement.withdrawn": Command("withdraw", is_once=True),
    "plan.opened": Command("open", begins=True, is_once=True),
    "plan.action-added": Command("add_action"),
    "plan.progress-reported": Command("report_progress"),
    "plan.progress-assessed": Command("assess_progress"),
    "plan.closed": Command("close", is_once=True),
    "monitoring.entered": Command("enter", begins=True, is_once=True),
    "monitoring.observed": Command("observe"),
    "monitoring.left": Command("leave", is_once=True),
    "session.held": Command("hold", begins=True, is_once=True),
    "commitment.made": Command("make", begins=True, is_once=True),
    "commitment.reported": Command("report"),
    "gap.declared": Command("declare", begins=True, is_once=True),
    "gap.closed": Command("close", is_once=True),
}


def kind_of(type_name: str) -> type[Aggregate]:
    """Return the kind of thing to which events of a type happen."""
    return NOUNS[type_name.partition(".")[0]]


def bring_about(find: Find, type_name: str, thing: Aggregate, members: Data) -> Event:
    """Return the next event of a thing, or raise RuleBrokenError."""
    command = COMMANDS[type_name]
    others = command.rests_on(find, thing.id, members)
    event: Event = getattr(thing, command.method)(*others, **members)
    return event


def context_of(find: Find, type_name: str, data: Data) -> dict[str, Any]:
    """Return what a correction or dispute of such an event rests on, by name."""
    if type_name != "rating.awarded":
        return {}
    return {"programme": find(Programme, str(data.get("programme")))}
