"""A record for the tests of findings, monitoring, gaps, responses and timelines."""

from dataclasses import replace
from typing import Any

from projections.listing import Listing
from service.domain.base import Aggregate, Event
from service.domain.bodies import Body
from service.domain.findings import Finding
from service.domain.gaps import Gap
from service.domain.inspections import Inspection
from service.domain.monitoring import Monitoring
from service.domain.plans import Plan
from service.domain.statements import Statement
from tests import graded
from tests.examples import but
from tests.graded import SOURCES
from tests.records import SmallRecord
from tests.writers import SOURCE

WHY = {"reason": "entry-error", "asked_by": "editor"}
ABOUT = dict.fromkeys(("programme", "inspection", "body", "question"))


def dated(name: str, day: str | None) -> dict[str, Any]:
    return {name: day, f"{name}_basis": "stated" if day else None}


class Record(graded.Record):
    """Facts of more nouns, put on record in the words of the tests."""

    def overseen(self, force: str, overseer: str, until: str | None = None) -> None:
        if not self.find(Body, overseer).version:
            self.body(overseer, "local-policing-body")
        body = self.find(Body, force)
        days = {**dated("started_on", None), **dated("ended_on", until)}
        event = body.link(relation="overseen-by", to=overseer, **days, **SOURCES)
        self.put(body, event)

    def published(self, id: str, *subjects: str, **changes: Any) -> None:
        inspection = self.find(Inspection, id)
        data = {"kind": "commissioned", "programme": None, "title": f"Report {id}"}
        more = {"subjects": list(subjects), "report_url": None, "section_55": True}
        day = changes.pop("on", "2024-05-14")
        data = {**data, **more, **dated("published_on", day), **changes}
        self.put(inspection, inspection.publish(**data, **SOURCES))

    def finding(self, id: str, on: str | None = "2024-05-14", **changes: Any) -> None:
        data = {"inspection": None, "bodies": ["durham"], "kind": "cause-of-concern"}
        more = {"accelerated": False, "outside_id": None, **dated("raised_on", on)}
        finding = self.find(Finding, id)
        data = {**data, **more, "title": f"Title of {id}", **changes}
        self.put(finding, finding.raise_(None, **data, **SOURCES))

    def status(self, id: str, status: str | None, on: str | None, **more: Any) -> None:
        finding = self.find(Finding, id)
        data = {"status": status, "reported_by": None, **dated("reported_on", on)}
        self.put(finding, finding.report_status(**data, **more, **SOURCES))

    def decided(self, id: str, command: str, on: str | None, **more: Any) -> None:
        finding = self.find(Finding, id)
        by = {} if command == "supersede" else {"decided_by": "hmicfrs"}
        event = getattr(finding, command)(**dated("on", on), **by, **more, **SOURCES)
        self.put(finding, event)

    def spell(self, id: str, entered: str | None, left: str | None = None) -> None:
        spell = self.find(Monitoring, id)
        data = {"body": id.split(".")[0], "phase": "engage"}
        event = spell.enter(**data, **dated("entered_on", entered), **SOURCES)
        self.put(spell, event)
        if left:
            spell = self.find(Monitoring, id)
            data = {"to_phase": "scan", **dated("left_on", left)}
            self.put(spell, spell.leave(**data, **SOURCES))

    def observed(self, id: str, on: str) -> None:
        spell = self.find(Monitoring, id)
        self.put(spell, spell.observe(**dated("observed_on", on), **SOURCES))

    def gap(self, id: str, since: str | None = None, **about: Any) -> None:
        gap = self.find(Gap, id)
        data = {"kind": id.split(".")[0], "about": {**ABOUT, **about}, "note": "Why"}
        self.put(gap, gap.declare(**data, **dated("since", since), **SOURCES))

    def filled(self, id: str, on: str | None) -> None:
        gap = self.find(Gap, id)
        self.put(gap, gap.close(**dated("on", on), **SOURCES))

    def response(self, id: str, to: str, on: str | None, **changes: Any) -> None:
        statement = self.find(Statement, id)
        data = {
            "kind": "section-55-response",
            "body": id.split(".")[0],
            "term": None,
            "about": [],
            "responds_to": [f"inspection-{to}"],
            "section_55": True,
            "title": "Our response",
            **dated("published_on", None),
            **dated("dated_on", on),
            **changes,
        }
        self.put(statement, statement.publish(**data, **SOURCES))

    def plan(self, id: str, *addresses: str, on: str | None = None) -> None:
        plan = self.find(Plan, id)
        data = {"body": id.split(".")[0], "addresses": list(addresses)}
        more = {**dated("opened_on", on), "title": "SOC delivery plan"}
        self.put(plan, plan.open(**data, **more, **SOURCES))

    def action(self, id: str, action: str, due: str | None) -> None:
        plan = self.find(Plan, id)
        event = plan.add_action(action=action, **dated("due_on", due), **SOURCES)
        self.put(plan, event)

    def corrected(self, kind: Any, id: str, version: int, **changes: Any) -> None:
        thing = self.find(kind, id)
        fact = thing.facts[version].event
        data = {k: v for k, v in but(fact, **changes).items() if k in fact.data}
        self.put(thing, thing.correct(corrects=version, data=data, **WHY))

    def retracted(self, kind: Any, id: str, version: int | None = None) -> None:
        thing = self.find(kind, id)
        self.put(thing, thing.retract(retracts=version, **WHY))


def ids(listing: Listing) -> list[str]:
    return [row["id"] for row in listing.rows]


def keep(small: SmallRecord, thing: Aggregate, *events: Event) -> None:
    """Put events of one thing on a record that an app serves."""
    for event in events:
        found = small.record.find(type(thing), thing.id)
        sourced = replace(event, sources=[SOURCE])
        small.record.record(found, sourced, by="system")
