"""Code lists: the closed sets of words that the record may use."""

from enum import StrEnum
from functools import lru_cache


class Code(StrEnum):
    """A word of a code list: a slug on the wire, with a label for people."""

    @property
    def label(self) -> str:
        """The word as a person would write it."""
        return LABELS.get(self.value) or self.value.replace("-", " ").capitalize()


LABELS = {
    "btp": "British Transport Police",
    "peel": "PEEL",
    "not-yet-recorded": "Not yet recorded here",
    "source-gap": "No source found",
    "settlement": "Settlement of a dispute",
    "not-a-report": "Not a report: spam or abuse",
}


class Change(Code):
    """Why an event is in the log: tells *downgraded* from *we had a typo*."""

    NEW = "new"
    CORRECTION = "correction"
    SOURCE_CORRECTION = "source-correction"
    RETRACTION = "retraction"
    BACKFILL = "backfill"
    REDACTION = "redaction"


class DateBasis(Code):
    """What a date rests on."""

    STATED = "stated"
    LETTER = "letter"
    ARTICLE = "article"
    REPRINT = "reprint"
    INFERRED = "inferred"


class Confidence(Code):
    """How far a source can be relied on for the fact."""

    HIGH = "high"
    MEDIUM = "medium"
    INFERRED = "inferred"


class BodyKind(Code):
    """What kind of organisation a body is."""

    POLICE_FORCE = "police-force"
    SPECIAL_FORCE = "special-force"
    LOCAL_POLICING_BODY = "local-policing-body"
    REGIONAL_UNIT = "regional-unit"
    INSPECTORATE = "inspectorate"
    REGION = "region"
    LOCAL_AUTHORITY = "local-authority"
    GOVERNMENT = "government"
    OTHER = "other"


class Relation(Code):
    """How one body stands to another."""

    OVERSEEN_BY = "overseen-by"
    MEMBER_OF = "member-of"
    SUCCEEDS = "succeeds"


class Level(Code):
    """What a question of a programme is about."""

    PILLAR = "pillar"
    QUESTION = "question"
    OVERALL = "overall"
    SECTION = "section"


class Graded(Code):
    """Whether a question of a programme gets a grade."""

    YES = "yes"
    NO = "no"
    SOME = "some"
    UNKNOWN = "unknown"


class InspectionKind(Code):
    """What an inspection is part of."""

    PROGRAMME = "programme"
    LETTER = "letter"
    ACCELERATED = "accelerated"
    CUSTODY = "custody"
    CHILD_PROTECTION = "child-protection"
    CRIME_DATA_INTEGRITY = "crime-data-integrity"
    VICTIM_SERVICE = "victim-service"
    COMMISSIONED = "commissioned"
    SPOTLIGHT = "spotlight"
    THEMATIC = "thematic"
    STATE_OF_POLICING = "state-of-policing"


class RatingBasis(Code):
    """What a grade rests on."""

    ASSESSED = "assessed"
    CARRIED_FORWARD = "carried-forward"
    REVISIT = "revisit"


class Reason(Code):
    """Why something on record was corrected, retracted or settled."""

    ENTRY_ERROR = "entry-error"
    SOURCE_CORRECTED = "source-corrected"
    SOURCE_FOUND = "source-found"
    BETTER_SOURCE = "better-source"
    DUPLICATE = "duplicate"
    NOT_A_FACT = "not-a-fact"
    OTHER = "other"


class AskedBy(Code):
    """Who asked for a correction or a retraction."""

    PUBLISHER = "publisher"
    SUBJECT = "subject"
    EDITOR = "editor"
    PUBLIC = "public"
    SYSTEM = "system"


class CorrectionKind(Code):
    """What was done to an earlier event."""

    CORRECTION = "correction"
    RETRACTION = "retraction"
    DISPUTE = "dispute"
    SETTLEMENT = "settlement"


class InForce(Code):
    """Whether something held on the day asked for."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    UNKNOWN = "unknown"


class CoverageState(Code):
    """What the record holds of one question for one body, or why it does not."""

    GRADED = "graded"
    UNGRADED = "ungraded"
    CARRIED_FORWARD = "carried-forward"
    NOT_INSPECTED = "not-inspected"
    NOT_YET_RECORDED = "not-yet-recorded"
    SOURCE_GAP = "source-gap"


class Direction(Code):
    """Which way a grade moved."""

    UP = "up"
    DOWN = "down"
    UNCHANGED = "unchanged"


class Office(Code):
    """An office that a person holds in a body."""

    CHIEF_CONSTABLE = "chief-constable"
    TEMPORARY_CHIEF_CONSTABLE = "temporary-chief-constable"
    DEPUTY_CHIEF_CONSTABLE = "deputy-chief-constable"
    ASSISTANT_CHIEF_CONSTABLE = "assistant-chief-constable"
    COMMISSIONER = "commissioner"
    DEPUTY_COMMISSIONER = "deputy-commissioner"
    MAYOR = "mayor"
    DEPUTY_MAYOR = "deputy-mayor"
    INSPECTOR = "inspector"
    COUNCIL_LEADER = "council-leader"
    MINISTER = "minister"
    OTHER = "other"


class TermEndReason(Code):
    """Why a term ended."""

    ELECTION = "election"
    RESIGNED = "resigned"
    RETIRED = "retired"
    DISMISSED = "dismissed"
    DIED = "died"
    OFFICE_ABOLISHED = "office-abolished"
    OTHER = "other"


class FindingKind(Code):
    """What kind of finding the inspectorate made."""

    CAUSE_OF_CONCERN = "cause-of-concern"
    AREA_FOR_IMPROVEMENT = "area-for-improvement"
    RECOMMENDATION = "recommendation"
    PROMISING_PRACTICE = "promising-practice"


class FindingStatus(Code):
    """How far a finding is said to have been answered; none of these closes it."""

    AWAITING_REVIEW = "awaiting-review"
    BEING_PROGRESSED = "being-progressed"
    COMPLETE = "complete"
    SUPERSEDED = "superseded"


class StatementKind(Code):
    """In what form something was said."""

    PRESS_STATEMENT = "press-statement"
    SECTION_55_RESPONSE = "section-55-response"
    LETTER = "letter"
    MINUTES = "minutes"
    INTERVIEW = "interview"


class ActionStatus(Code):
    """How far an action of a plan is claimed to be."""

    NOT_STARTED = "not-started"
    IN_PROGRESS = "in-progress"
    COMPLETE = "complete"
    STALLED = "stalled"


class Assessment(Code):
    """What the inspectorate saw of progress."""

    IMPROVED = "improved"
    PARTLY_IMPROVED = "partly-improved"
    NOT_IMPROVED = "not-improved"
    COMPLETE = "complete"


class UpdateKind(Code):
    """Whose word an update of a plan is: the force's side, or the inspectorate."""

    CLAIM = "claim"
    ASSESSMENT = "assessment"


class PlanOutcome(Code):
    """How a plan ended."""

    COMPLETE = "complete"
    REPLACED = "replaced"
    ABANDONED = "abandoned"
    OTHER = "other"


class Phase(Code):
    """A phase of monitoring by the inspectorate."""

    SCAN = "scan"
    ENGAGE = "engage"


class CommitmentKind(Code):
    """What was promised."""

    FUNDING = "funding"
    SERVICE = "service"
    SCRUTINY = "scrutiny"
    ACTION = "action"


class CommitmentStatus(Code):
    """What became of a promise."""

    IN_PROGRESS = "in-progress"
    KEPT = "kept"
    PARTLY_KEPT = "partly-kept"
    NOT_KEPT = "not-kept"
    WITHDRAWN = "withdrawn"


class GapKind(Code):
    """Why something is not on record."""

    NOT_INSPECTED = "not-inspected"
    NOT_YET_RECORDED = "not-yet-recorded"
    NOT_ITEMISED = "not-itemised"
    RESPONSE_NOT_FOUND = "response-not-found"
    SOURCE_GAP = "source-gap"


class RedactionBasis(Code):
    """On what basis words were erased."""

    COURT_ORDER = "court-order"
    DATA_PROTECTION = "data-protection"
    SAFEGUARDING = "safeguarding"
    PUBLISHED_IN_ERROR = "published-in-error"
    OTHER = "other"


class EditorAction(Code):
    """What a key of an editor opens."""

    RECORD = "record"
    CORRECT = "correct"
    REDACT = "redact"
    ADMIN = "admin"


class RevocationReason(Code):
    """Why a key of an editor was taken back."""

    LOST = "lost"
    LEAKED = "leaked"
    REPLACED = "replaced"
    LEFT = "left"
    MISUSED = "misused"
    OTHER = "other"


class ImportState(Code):
    """How far an import is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class SubscriptionState(Code):
    """Whether events are sent to a subscription."""

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    PAUSED = "paused"
    GONE = "gone"


class PauseReason(Code):
    """Why nothing is sent to a subscription that is paused."""

    OWNER = "owner"
    FAILURES = "failures"
    OPERATOR = "operator"


class AttemptKind(Code):
    """What was sent to a subscription."""

    EVENT = "event"
    CHALLENGE = "challenge"
    TEST = "test"


class ErasureState(Code):
    """Whether every copy of erased words has been overwritten."""

    PENDING = "pending"
    DONE = "done"


class ReportKind(Code):
    """What somebody says is wrong."""

    WRONG_FACT = "wrong-fact"
    WRONG_DATE = "wrong-date"
    WRONG_SOURCE = "wrong-source"
    DEAD_LINK = "dead-link"
    MISSING = "missing"
    DUPLICATE = "duplicate"
    PERSONAL_DATA = "personal-data"
    OTHER = "other"


class ReportOutcome(Code):
    """What came of a report; each of the first four names the event that it led to."""

    CORRECTED = "corrected"
    RETRACTED = "retracted"
    DISPUTED = "disputed"
    REDACTED = "redacted"
    ADDED = "added"
    NO_FAULT_FOUND = "no-fault-found"
    UNCLEAR = "unclear"
    DUPLICATE = "duplicate"
    NOT_A_REPORT = "not-a-report"


class ReportState(Code):
    """Whether somebody has looked into a report."""

    OPEN = "open"
    RESOLVED = "resolved"


class ResponseStatus(Code):
    """What the record holds of a duty to respond to a report."""

    NOT_APPLICABLE = "not-applicable"
    UNCLEAR = "unclear"
    DUE = "due"
    RECORDED = "recorded"
    RECORDED_LATE = "recorded-late"
    RECORDED_UNDATED = "recorded-undated"
    NONE_RECORDED = "none-recorded"
    NONE_FOUND = "none-found"


class CheckOutcome(Code):
    """What came of looking at the address of a source, or of its copy."""

    ARCHIVED = "archived"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    GONE = "gone"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class SourceState(Code):
    """What the last look at the address of a source came to, if there was any."""

    NOT_CHECKED = "not-checked"
    ARCHIVED = "archived"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    GONE = "gone"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


@lru_cache(maxsize=4096)
def label(code: str | None) -> str | None:
    """Return the label of any code, or None for None."""
    if code is None:
        return None
    return LABELS.get(code) or code.replace("-", " ").capitalize()
