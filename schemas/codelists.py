"""Code lists: the closed sets of words that the record may use."""

from enum import StrEnum


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


def label(code: str | None) -> str | None:
    """Return the label of any code, or None for None."""
    if code is None:
        return None
    return LABELS.get(code) or code.replace("-", " ").capitalize()
