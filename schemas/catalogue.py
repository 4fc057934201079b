"""The schema of the data of every event type. List new modules here."""

from schemas import (
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
from schemas.events import DATA_SCHEMAS

__all__ = [
    "DATA_SCHEMAS",
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
