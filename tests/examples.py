"""An example of every event, and the words in which rules are tested."""

from contextlib import contextmanager

import pytest

from service.domain.base import RuleBrokenError
from service.domain.bodies import (
    Body,
    BodyDissolved,
    BodyLinked,
    BodyRegistered,
    BodyRenamed,
    BodyUnlinked,
)
from service.domain.commitments import (
    Commitment,
    CommitmentMade,
    CommitmentReported,
)
from service.domain.findings import (
    Finding,
    FindingClosed,
    FindingCommented,
    FindingRaised,
    FindingReopened,
    FindingStatusReported,
    FindingSuperseded,
)
from service.domain.gaps import Gap, GapClosed, GapDeclared
from service.domain.inspections import (
    Inspection,
    InspectionAnnounced,
    InspectionFieldworkStated,
    InspectionPublished,
    InspectionTotalsStated,
)
from service.domain.monitoring import (
    Monitoring,
    MonitoringEntered,
    MonitoringLeft,
    MonitoringObserved,
)
from service.domain.plans import (
    Plan,
    PlanActionAdded,
    PlanClosed,
    PlanOpened,
    PlanProgressAssessed,
    PlanProgressReported,
)
from service.domain.programmes import (
    Programme,
    ProgrammeAnnounced,
    ProgrammeQuestionAdded,
    ProgrammeQuestionAliasAdded,
)
from service.domain.ratings import Rating, RatingAwarded
from service.domain.sessions import Session, SessionHeld
from service.domain.statements import (
    Statement,
    StatementPublished,
    StatementWithdrawn,
)
from service.domain.terms import Term, TermEnded, TermStarted

SOURCE = {
    "url": "https://example.org/report",
    "publisher": "HMICFRS",
    "published_on": "2024-05-14",
    "accessed_on": None,
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
}
SCALE = {
    "id": "scale-3",
    "grades": [
        {"grade": "good", "rank": 1, "label": "Good"},
        {"grade": "adequate", "rank": 2, "label": "Adequate"},
        {"grade": "inadequate", "rank": 3, "label": "Inadequate"},
    ],
}
REGISTERED = BodyRegistered(
    kind="police-force",
    name="West Mercia Police",
    started_on="1967-10",
    started_on_basis="stated",
    outside_ids={"ons": "E23000016", "police_uk": "west-mercia", "hmicfrs": None},
)
RENAMED = BodyRenamed(
    name="West Mercia Constabulary", started_on="2009", started_on_basis="stated"
)
LINKED = BodyLinked(
    relation="overseen-by",
    to="pcc-west-mercia",
    started_on="2012-11-22",
    started_on_basis="stated",
    ended_on=None,
    ended_on_basis=None,
)
UNLINKED = BodyUnlinked(
    relation="overseen-by",
    to="pcc-west-mercia",
    ended_on="2028-05",
    ended_on_basis="article",
)
DISSOLVED = BodyDissolved(ended_on="2030", ended_on_basis="stated", succeeded_by=[])
ANNOUNCED = ProgrammeAnnounced(
    family="peel",
    title="PEEL 2023-25",
    follows="peel-2021-22",
    scale=SCALE,
    announced_on="2023",
    announced_on_basis="stated",
)
ASKED = ProgrammeQuestionAdded(
    question="investigating-crime",
    concept="investigating-crime",
    level="question",
    pillar=None,
    number=4,
    label="Investigating crime",
    text="How good is the force at investigating crime?",
    graded="yes",
    aliases=["Investigating"],
)
UNGRADED = ProgrammeQuestionAdded(
    **ASKED.data
    | {
        "question": "service-for-victims",
        "label": "Service for victims",
        "text": None,
        "graded": "no",
        "aliases": [],
    }
)
ALIASED = ProgrammeQuestionAliasAdded(question="investigating-crime", alias="Crime")
TO_COME = InspectionAnnounced(
    programme="peel-2023-25",
    title="PEEL 2023-25: West Mercia",
    subjects=["west-mercia"],
    announced_on="2023-01",
    announced_on_basis="letter",
)
PUBLISHED = InspectionPublished(
    kind="programme",
    programme="peel-2023-25",
    title="PEEL 2023-25: West Mercia",
    subjects=["west-mercia"],
    published_on="2024-05-14",
    published_on_basis="stated",
    report_url="https://example.org/report",
    section_55=True,
)
FIELDWORK = InspectionFieldworkStated(
    subjects=["west-mercia"],
    fieldwork_from="2023-06",
    fieldwork_from_basis="stated",
    fieldwork_to="2023-07",
    fieldwork_to_basis="stated",
)
TOTALS = InspectionTotalsStated(
    body="west-mercia",
    areas=3,
    grades=[{"grade": "good", "count": 1}, {"grade": "inadequate", "count": 2}],
)
AWARDED = RatingAwarded(
    inspection="peel-2023-25.west-mercia",
    programme="peel-2023-25",
    body="west-mercia",
    question="investigating-crime",
    level="question",
    scale="scale-3",
    grade="inadequate",
    basis="assessed",
    carried_from=None,
    published_on=None,
    published_on_basis=None,
)
STARTED = TermStarted(
    body="pcc-west-mercia",
    office="commissioner",
    elected_on="2021-05-06",
    elected_on_basis="stated",
    started_on="2021-05-13",
    started_on_basis="stated",
    party="Conservative",
    person_name="A Commissioner",
)
ENDED = TermEnded(ended_on="2024-05-08", ended_on_basis="stated", reason="election")
SAID = StatementPublished(
    kind="section-55-response",
    body="pcc-west-mercia",
    term="pcc-west-mercia.commissioner.2021",
    about=["body-west-mercia"],
    published_on="2024-07",
    published_on_basis="inferred",
    dated_on="2024-07-09",
    dated_on_basis="letter",
    responds_to=["inspection-peel-2023-25.west-mercia"],
    section_55=True,
    title="Response to the report",
    text="We have read the report.",
    speaker="A Commissioner",
)
WITHDRAWN = StatementWithdrawn(withdrawn_on="2024-08", withdrawn_on_basis="stated")
OPENED = PlanOpened(
    body="west-mercia",
    addresses=["rating-peel-2023-25.west-mercia.investigating-crime"],
    opened_on="2023-12-11",
    opened_on_basis="stated",
    title="SOC Delivery Plan",
    summary="What the force will do.",
)
PROMISED = PlanActionAdded(
    action="a1", due_on="2024-12", due_on_basis="stated", text="Train everybody."
)
CLAIMED = PlanProgressReported(
    action="a1",
    status="complete",
    reported_on="2024-07-16",
    reported_on_basis="stated",
    reported_by="west-mercia",
    status_word="Done",
    text="Everybody is trained.",
)
ASSESSED = PlanProgressAssessed(
    action=None,
    status="partly-improved",
    assessed_on="2025",
    assessed_on_basis="inferred",
    inspection="peel-2025-27.west-mercia",
    status_word="Some progress",
    text="More is needed.",
)
PLAN_CLOSED = PlanClosed(
    closed_on="2025-06", closed_on_basis="stated", outcome="replaced"
)
PLEDGED = CommitmentMade(
    kind="funding",
    body="pcc-west-mercia",
    term=None,
    made_on="2024-05",
    made_on_basis="stated",
    amount_pence=100_000_000,
    currency="GBP",
    due_on="2025-03-31",
    due_on_basis="stated",
    about=["body-west-mercia"],
    text="A million pounds.",
)
KEPT = CommitmentReported(
    status="kept",
    reported_on="2025-04",
    reported_on_basis="stated",
    reported_by="pcc-west-mercia",
    status_word="Paid",
    text="It was paid.",
)
MET = SessionHeld(
    held_on="2024-07-16",
    held_on_basis="stated",
    convened_by="pcc-west-mercia",
    bodies=["west-mercia"],
    about=["plan-west-mercia.soc-delivery"],
    title="Holding to account",
    attendees=["A Commissioner", "A Constable"],
    minutes="The plan was looked at.",
)
BODY, PROGRAMME = Body("west-mercia"), Programme("peel-2023-25")
INSPECTION = Inspection("peel-2023-25.west-mercia")
RATING = Rating("peel-2023-25.west-mercia.investigating-crime")
TERM = Term("pcc-west-mercia.commissioner.2021")
STATEMENT = Statement("pcc-west-mercia.2024-07-09.1")
PLAN = Plan("west-mercia.soc-delivery")
COMMITMENT = Commitment("pcc-west-mercia.2024-05.1")
SESSION = Session("west-mercia.2024-07-16.1")
RAISED = FindingRaised(
    inspection="peel-2023-25.west-mercia",
    bodies=["west-mercia"],
    kind="cause-of-concern",
    accelerated=False,
    raised_on="2024-05-14",
    raised_on_basis="stated",
    outside_id=None,
    title="Serious and organised crime",
    text=None,
)
REPORTED = FindingStatusReported(
    status="being-progressed",
    reported_on="2024-07-16",
    reported_on_basis="stated",
    reported_by="west-mercia",
    status_word="Under way",
)
COMMENTED = FindingCommented(
    commented_on="2024-08", commented_on_basis="stated", text="A plan was shared."
)
CLOSED = FindingClosed(on="2025-05-14", on_basis="stated", decided_by="hmicfrs")
REOPENED = FindingReopened(on="2025-09", on_basis="article", decided_by="hmicfrs")
SUPERSEDED = FindingSuperseded(
    on="2026", on_basis="stated", by=["finding-peel-2025-27.west-mercia.c1"]
)
ENTERED = MonitoringEntered(
    body="west-mercia",
    phase="engage",
    entered_on="2022-06",
    entered_on_basis="stated",
)
OBSERVED = MonitoringObserved(observed_on="2022-09-30", observed_on_basis="letter")
LEFT = MonitoringLeft(left_on="2023-09", left_on_basis="stated", to_phase="scan")
DECLARED = GapDeclared(
    kind="source-gap",
    about={
        "programme": "peel-2023-25",
        "inspection": None,
        "body": "west-mercia",
        "question": None,
    },
    since="2024-06-01",
    since_basis="stated",
    note="The pages answer 404.",
)
FILLED = GapClosed(on="2024-07", on_basis="stated")
BODY, PROGRAMME = Body("west-mercia"), Programme("peel-2023-25")
INSPECTION = Inspection("peel-2023-25.west-mercia")
RATING = Rating("peel-2023-25.west-mercia.investigating-crime")
FINDING = Finding("peel-2023-25.west-mercia.c1")
SPELL, GAP = Monitoring("west-mercia.engage.1"), Gap("source-gap.abcd2345")

# Events about the log itself and about who writes it: nobody corrects them, and they
# make no rows.
OF_THE_LOG = {"log-key.added", "log-key.retired"}
OF_THE_LOG |= {"key.added", "key.revoked", "editor.named"}
# Nobody corrects these either; they are tested with what they are about.
FINAL = {"field.redacted", "source.archived", "source.checked"}
FINAL |= {"report.received", "report.resolved"}
# Of every noun a history in which each of its types of event occurs once.
HISTORIES = {
    "body": (BODY, REGISTERED, RENAMED, LINKED, UNLINKED, DISSOLVED),
    "programme": (PROGRAMME, ANNOUNCED, ASKED, ALIASED),
    "inspection": (INSPECTION, TO_COME, PUBLISHED, FIELDWORK, TOTALS),
    "rating": (RATING, AWARDED),
    "term": (TERM, STARTED, ENDED),
    "statement": (STATEMENT, SAID, WITHDRAWN),
    "plan": (PLAN, OPENED, PROMISED, CLAIMED, ASSESSED, PLAN_CLOSED),
    "commitment": (COMMITMENT, PLEDGED, KEPT),
    "session": (SESSION, MET),
    "finding": (FINDING, RAISED, REPORTED, COMMENTED, CLOSED, REOPENED, SUPERSEDED),
    "monitoring": (SPELL, ENTERED, OBSERVED, LEFT),
    "gap": (GAP, DECLARED, FILLED),
}


def given(aggregate, *events):
    """Return a thing to which these events have happened."""
    for event in events:
        aggregate = aggregate.evolve(event)
    return aggregate


def but(event, **changes):
    """Return the members of an event with some of them changed."""
    words = {name: getattr(event, name) for name in event.sealed}
    return {**event.data, **words, **changes}


def peel():
    """Return a programme that grades one question and leaves one ungraded."""
    return given(PROGRAMME, ANNOUNCED, ASKED, UNGRADED)


@contextmanager
def breaks(rule, says=None):
    """Expect that a rule of this name is broken."""
    with pytest.raises(RuleBrokenError, match=says) as caught:
        yield
    assert caught.value.rule == rule
