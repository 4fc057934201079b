"""Every type of event that the rules can bring about. List new modules here."""

from service.domain import (
    bodies,
    commitments,
    editors,
    findings,
    gaps,
    inspections,
    log_keys,
    monitoring,
    plans,
    programmes,
    ratings,
    redactions,
    reports,
    sessions,
    sources,
    statements,
    terms,
)
from service.domain.base import EVENT_TYPES, GENERIC, Aggregate
from service.domain.bodies import Body
from service.domain.commitments import Commitment
from service.domain.findings import Finding
from service.domain.gaps import Gap
from service.domain.inspections import Inspection
from service.domain.monitoring import Monitoring
from service.domain.plans import Plan
from service.domain.programmes import Programme
from service.domain.ratings import Rating
from service.domain.sessions import Session
from service.domain.statements import Statement
from service.domain.terms import Term

NOUNS: dict[str, type[Aggregate]] = {
    kind.noun: kind
    for kind in (
        Body,
        Commitment,
        Finding,
        Gap,
        Inspection,
        Monitoring,
        Plan,
        Programme,
        Rating,
        Session,
        Statement,
        Term,
    )
}
# As they stand in addresses and in scopes.
PLURALS = {
    noun: {"body": "bodies", "monitoring": "monitoring"}.get(noun, f"{noun}s")
    for noun in NOUNS
}

__all__ = [
    "EVENT_TYPES",
    "GENERIC",
    "NOUNS",
    "PLURALS",
    "bodies",
    "commitments",
    "editors",
    "findings",
    "gaps",
    "inspections",
    "log_keys",
    "monitoring",
    "plans",
    "programmes",
    "ratings",
    "redactions",
    "reports",
    "sessions",
    "sources",
    "statements",
    "terms",
]
