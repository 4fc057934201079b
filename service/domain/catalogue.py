"""Every type of event that the rules can bring about. List new modules here."""

from service.domain import bodies, inspections, programmes, ratings
from service.domain.base import EVENT_TYPES, GENERIC, Aggregate
from service.domain.bodies import Body
from service.domain.inspections import Inspection
from service.domain.programmes import Programme
from service.domain.ratings import Rating

NOUNS: dict[str, type[Aggregate]] = {
    kind.noun: kind for kind in (Body, Programme, Inspection, Rating)
}

__all__ = [
    "EVENT_TYPES",
    "GENERIC",
    "NOUNS",
    "bodies",
    "inspections",
    "programmes",
    "ratings",
]
