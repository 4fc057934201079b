"""The list of all projections, in the order in which they see each event.

Ratings follow programmes and inspections, whose rows they read; concerns follow the
timeline.
"""

from projections.bodies import bodies
from projections.commitments import commitments
from projections.concerns import concerns
from projections.corrections import corrections
from projections.findings import findings
from projections.gaps import gaps
from projections.inspections import inspections
from projections.monitoring import monitoring
from projections.plans import plans
from projections.programmes import programmes
from projections.ratings import ratings
from projections.redactions import redactions
from projections.reports import reports
from projections.sessions import sessions
from projections.sources import citations, sources
from projections.statements import statements
from projections.terms import terms
from projections.timeline import timeline

ALL = [
    bodies,
    programmes,
    inspections,
    ratings,
    terms,
    statements,
    plans,
    commitments,
    sessions,
    findings,
    monitoring,
    gaps,
    redactions,
    reports,
    timeline,
    concerns,
    corrections,
    citations,
    sources,
]
