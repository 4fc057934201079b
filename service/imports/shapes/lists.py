"""The shapes of lists: what each column of a list of the API tells of a thing."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from marshmallow import Schema

from schemas.bodies import BodySchema
from schemas.commitments import CommitmentSchema
from schemas.findings import FindingSchema
from schemas.gaps import GapSchema
from schemas.inspections import InspectionSchema
from schemas.listing import columns
from schemas.monitoring import MonitoringSchema
from schemas.plans import PlanActionSchema, PlanSchema, PlanUpdateSchema
from schemas.programmes import ProgrammeSchema
from schemas.ratings import RatingSchema
from schemas.sessions import SessionSchema
from schemas.statements import StatementSchema
from schemas.terms import TermSchema
from service.domain.bodies import BodyRegistered, BodyRenamed
from service.domain.inspections import Inspection
from service.imports.shapes.cells import Cells
from service.imports.shapes.item_sources import SOURCE
from service.imports.shapes.items import put_item
from service.imports.shapes.reader import Reader, Shape
from service.imports.shapes.told import Data, Told, is_sealed
from service.imports.wanted import is_id


def _list(
    path: str,
    schema: type[Schema],
    noun: str,
    present: tuple[str, ...],
    *tolds: Told,
) -> Shape:
    """Return the shape of the list at a path of the API."""
    read = {column for told in tolds for column in told.members.values()}
    flags = {told.flag for told in tolds if told.flag}
    own = {"id", *read, *flags, *SOURCE}
    known = columns(schema)
    return Shape(
        f"list-of-{path.rpartition('/')[2]}",
        ("id",),
        tuple(name for name in known if name in own and name not in ("id", *present)),
        partial(put_item, noun=noun, tolds=tolds),
        f"the list /v1/{path}.csv, as it is given or edited",
        may_be_blank=present,
        derived=tuple(name for name in known if name not in own),
        public=tuple(_public(tolds)),
        is_list=True,
    )


def _public(tolds: Sequence[Told]) -> Iterator[str]:
    """Yield the columns of which the text is not sealed."""
    for told in tolds:
        yield from (c for n, c in told.members.items() if not is_sealed(told.type, n))


def _names(body: Any, member: str) -> list[str]:
    """Return what a body is or was called: a list shows its last name."""
    borne = body.live(BodyRegistered, BodyRenamed) if member == "name" else []
    return [each.name for each in borne]


def _published(reader: Reader, cells: Cells) -> Data:
    """Return the date of a rating's inspection: it is shown where it has none."""
    id = cells.get("inspection", "")
    found = reader.work.find(Inspection, id).publication if is_id(id) else None
    names = ("published_on", "published_on_basis")
    return {name: getattr(found, name) for name in names} if found else {}


def _linked(relation: str, column: str) -> Told:
    return Told(
        "body.linked",
        columns={"to": column},
        fixed={"relation": relation},
        unsaid=("started_on", "started_on_basis", "ended_on", "ended_on_basis", "note"),
        may_be_blank=True,
    )


def _claim(**more: Any) -> Told:
    return Told(
        "plan.progress-reported",
        columns={
            "status": "claimed_status",
            "reported_on": "claimed_on",
            "reported_on_basis": "claimed_on_basis",
            "reported_by": "claimed_by",
            "status_word": "claimed_word",
        },
        unsaid=("text",),
        **more,
    )


def _assessment(**more: Any) -> Told:
    return Told(
        "plan.progress-assessed",
        columns={
            "status": "assessed_status",
            "inspection": "assessed_in",
            "status_word": "assessed_word",
        },
        unsaid=("text",),
        **more,
    )


BODIES = _list(
    "bodies",
    BodySchema,
    "body",
    ("kind", "name"),
    Told("body.registered", also=_names),
    Told("body.dissolved", unsaid=("note",)),
    _linked("member-of", "region"),
    _linked("overseen-by", "overseen_by"),
)
PROGRAMMES = _list(
    "programmes",
    ProgrammeSchema,
    "programme",
    ("family", "title"),
    Told("programme.announced", columns={"scale.id": "scale"}),
)
INSPECTIONS = _list(
    "inspections",
    InspectionSchema,
    "inspection",
    ("kind", "title", "subjects"),
    Told("inspection.published", is_of=lambda cells: bool(cells.get("kind"))),
    Told(
        "inspection.announced",
        is_of=lambda cells: not cells.get("kind"),
    ),
    Told(
        "inspection.announced",
        shared=("programme", "title", "subjects", "note"),
        is_of=lambda cells: bool(cells.get("kind")),
    ),
)
RATINGS = _list(
    "ratings",
    RatingSchema,
    "rating",
    ("programme", "body", "question", "grade", "inspection"),
    Told("rating.awarded", inherited=_published),
)
TERMS = _list(
    "terms",
    TermSchema,
    "term",
    ("body", "office"),
    Told("term.started"),
    Told("term.ended", columns={"note": "end_note"}, flag="has_ended"),
)
FINDINGS = _list(
    "findings",
    FindingSchema,
    "finding",
    ("kind", "bodies", "inspection"),
    Told("finding.raised"),
    Told(
        "finding.status-reported",
        columns={
            "reported_on": "status_on",
            "reported_on_basis": "status_on_basis",
            "reported_by": "status_by",
            "note": "status_note",
        },
        key=("reported_on",),
    ),
    Told(
        "finding.closed",
        columns={"on": "closed_on", "on_basis": "closed_on_basis"},
        unsaid=("note",),
        flag="is_closed",
        is_of=lambda cells: not cells.get("superseded_by"),
        stands=lambda finding: finding.is_closed,
    ),
    Told(
        "finding.superseded",
        columns={
            "on": "closed_on",
            "on_basis": "closed_on_basis",
            "by": "superseded_by",
        },
        unsaid=("note",),
        is_of=lambda cells: bool(cells.get("superseded_by")),
        stands=lambda finding: finding.is_closed,
    ),
)
STATEMENTS = _list(
    "statements",
    StatementSchema,
    "statement",
    ("kind", "body", "responds_to"),
    Told("statement.published"),
    Told("statement.withdrawn", columns={"note": "withdrawal_note"}),
)
PLANS = _list(
    "plans",
    PlanSchema,
    "plan",
    ("body", "title", "addresses"),
    Told("plan.opened"),
    _claim(fixed={"action": None}, key=("reported_on",)),
    _assessment(fixed={"action": None}, key=("assessed_on",)),
    Told("plan.closed", columns={"note": "closing_note"}),
)
ACTIONS = _list(
    "plans/{id}/actions",
    PlanActionSchema,
    "plan",
    ("action", "text", "due_on"),
    Told("plan.action-added", key=("action",)),
    _claim(shared=("action",), key=("action", "reported_on")),
    _assessment(shared=("action",), key=("action", "assessed_on")),
)
UPDATES = _list(
    "plans/{id}/updates",
    PlanUpdateSchema,
    "plan",
    ("action", "kind", "made_on"),
    Told(
        "plan.progress-reported",
        columns={
            "reported_on": "made_on",
            "reported_on_basis": "made_on_basis",
            "reported_by": "by",
        },
        key=("action", "reported_on"),
        is_of=lambda cells: cells.get("kind") != "assessment",
    ),
    Told(
        "plan.progress-assessed",
        columns={"assessed_on": "made_on", "assessed_on_basis": "made_on_basis"},
        key=("action", "assessed_on"),
        is_of=lambda cells: cells.get("kind") == "assessment",
    ),
)
MONITORING = _list(
    "monitoring",
    MonitoringSchema,
    "monitoring",
    ("body", "phase"),
    Told("monitoring.entered"),
    Told("monitoring.observed", unsaid=("note",), key=("observed_on",)),
    Told("monitoring.left", unsaid=("note",), flag="has_ended"),
)
SESSIONS = _list(
    "sessions",
    SessionSchema,
    "session",
    ("bodies", "convened_by"),
    Told("session.held"),
)
COMMITMENTS = _list(
    "commitments",
    CommitmentSchema,
    "commitment",
    ("kind", "body", "made_on"),
    Told("commitment.made"),
    Told("commitment.reported", columns={"text": "report_text"}, key=("reported_on",)),
)
GAPS = _list(
    "gaps",
    GapSchema,
    "gap",
    ("kind", "since"),
    Told("gap.declared"),
    Told(
        "gap.closed",
        columns={"on": "closed_on", "on_basis": "closed_on_basis"},
        unsaid=("note",),
        flag="is_closed",
    ),
)

SHAPES = [
    BODIES,
    PROGRAMMES,
    INSPECTIONS,
    RATINGS,
    TERMS,
    FINDINGS,
    STATEMENTS,
    PLANS,
    ACTIONS,
    UPDATES,
    MONITORING,
    SESSIONS,
    COMMITMENTS,
    GAPS,
]
