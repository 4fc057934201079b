"""Recording: one address for each type of event, to which editors send it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint
from marshmallow import Schema

from schemas.fields import NewId
from schemas.receipts import ReceiptSchema
from schemas.requests import new_id, request_of
from schemas.signing import signable
from service.api.receipts import at_desk, receipt
from service.api.refusals import register_refusals
from service.http.access import requires
from service.http.contract import accepts, returns

recording = Blueprint("recording", __name__, url_prefix="/v1")
register_refusals(recording)

GIVEN = new_id(
    is_required=True,
    description="The id that it is to have for good: a-z, 0-9, hyphens, dots.",
)
PLAN = new_id(
    is_required=True,
    description="The id that it is to have for good: the body's, a dot and its name, "
    "as in west-mercia.soc-delivery.",
)
DERIVED = new_id(
    is_required=False,
    description="The id that it is to have for good; without one it gets the id that "
    "follows from the other members.",
)


@dataclass(frozen=True)
class Route:
    """Where events of a type are sent; `id` is the field for that of a new thing."""

    event: str
    path: str
    summary: str
    id: NewId | None = None

    @property
    def nouns(self) -> str:
        """The noun in the plural, as it stands in addresses and scopes."""
        return self.path.split("/")[1]

    @property
    def name(self) -> str:
        """The name of the endpoint."""
        return self.event.replace(".", "_").replace("-", "_")

    @property
    def request(self) -> type[Schema]:
        """The schema of what is sent."""
        return request_of(self.event, self.id)


ROUTES = [
    Route(
        "body.registered",
        "/bodies",
        "Put a body on record: a force, who oversees it, who inspects it, a region.",
        GIVEN,
    ),
    Route("body.renamed", "/bodies/<id>/names", "Record that a body took a new name."),
    Route(
        "body.linked",
        "/bodies/<id>/links",
        "Record that a body is overseen by, a member of, or the successor of another.",
    ),
    Route(
        "body.unlinked",
        "/bodies/<id>/unlinking",
        "Record that such a link of a body has ended.",
    ),
    Route(
        "body.dissolved",
        "/bodies/<id>/dissolution",
        "Record that a body has ceased to exist, and what succeeded it.",
    ),
    Route("term.started", "/terms", "Record that a person took up an office.", DERIVED),
    Route("term.ended", "/terms/<id>/ending", "Record that a person left an office."),
    Route(
        "programme.announced",
        "/programmes",
        "Put a cycle of inspections on record, with the scale of its grades.",
        GIVEN,
    ),
    Route(
        "programme.question-added",
        "/programmes/<id>/questions",
        "Add a question that a programme asks of every body.",
    ),
    Route(
        "programme.question-alias-added",
        "/programmes/<id>/aliases",
        "Add a label under which a question is met elsewhere.",
    ),
    Route(
        "inspection.announced",
        "/inspections/<id>/announcement",
        "Put an inspection on record that is to come; its id is that of the address.",
    ),
    Route(
        "inspection.published",
        "/inspections",
        "Record that a report was published, of an inspection new or announced.",
        DERIVED,
    ),
    Route(
        "inspection.fieldwork-stated",
        "/inspections/<id>/fieldwork",
        "Record when some of its subjects were inspected.",
    ),
    Route(
        "inspection.totals-stated",
        "/inspections/<id>/totals",
        "Record how many areas of a body are said to have got which grade.",
    ),
    Route(
        "rating.awarded",
        "/ratings",
        "Record the grade of a body on one question in one inspection; its id follows.",
    ),
    Route(
        "finding.raised",
        "/findings",
        "Put a finding on record: a cause of concern, a recommendation and so on.",
        DERIVED,
    ),
    Route(
        "finding.status-reported",
        "/findings/<id>/status",
        "Record how far a finding is said to have been answered.",
    ),
    Route(
        "finding.commented",
        "/findings/<id>/comments",
        "Record what somebody said of a finding, also of a closed one.",
    ),
    Route(
        "finding.closed", "/findings/<id>/closing", "Record that a finding was closed."
    ),
    Route(
        "finding.reopened",
        "/findings/<id>/reopening",
        "Record that a closed finding was opened again.",
    ),
    Route(
        "finding.superseded",
        "/findings/<id>/superseding",
        "Record that other findings took the place of a finding.",
    ),
    Route(
        "statement.published",
        "/statements",
        "Put on record what a body, or somebody in its office, said publicly.",
        DERIVED,
    ),
    Route(
        "statement.withdrawn",
        "/statements/<id>/withdrawal",
        "Record that a statement was withdrawn by who made it.",
    ),
    Route(
        "plan.opened",
        "/plans",
        "Put an improvement plan on record, and what it addresses.",
        PLAN,
    ),
    Route(
        "plan.action-added",
        "/plans/<id>/actions",
        "Add an action that a plan promises.",
    ),
    Route(
        "plan.progress-reported",
        "/plans/<id>/updates",
        "Record progress that is claimed, of an action or of the whole plan.",
    ),
    Route(
        "plan.progress-assessed",
        "/plans/<id>/assessments",
        "Record progress that the inspectorate saw, apart from what is claimed.",
    ),
    Route("plan.closed", "/plans/<id>/closing", "Record that a plan was closed."),
    Route(
        "monitoring.entered",
        "/monitoring",
        "Record that a force was moved into a phase of monitoring.",
        DERIVED,
    ),
    Route(
        "monitoring.observed",
        "/monitoring/<id>/observations",
        "Record that on a day a force was in a phase of monitoring.",
    ),
    Route(
        "monitoring.left",
        "/monitoring/<id>/leaving",
        "Record that a force was moved out of a phase of monitoring.",
    ),
    Route(
        "session.held",
        "/sessions",
        "Put a formal meeting on record that held a force to account.",
        DERIVED,
    ),
    Route(
        "commitment.made",
        "/commitments",
        "Put a promise on record that can be checked.",
        DERIVED,
    ),
    Route(
        "commitment.reported",
        "/commitments/<id>/reports",
        "Record what is said to have become of a promise.",
    ),
    Route(
        "gap.declared",
        "/gaps",
        "Declare a hole in the record, so that silence is not taken for a fact.",
        DERIVED,
    ),
    Route(
        "gap.closed",
        "/gaps/<id>/closing",
        "Record that a hole in the record is filled.",
    ),
]


def _view(route: Route) -> Callable[..., Any]:
    def view(id: str | None = None, **said: Any) -> Any:
        return receipt(at_desk().put(route.event, id, **said))

    view.__doc__ = route.summary
    view.__name__ = route.name
    return requires("record", noun=route.nouns)(
        accepts(body=signable(route.request))(returns(ReceiptSchema)(view))
    )


for each in ROUTES:
    recording.add_url_rule(each.path, each.name, _view(each), methods=["POST"])
