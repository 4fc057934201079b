"""The list of all projections, in the order in which they see each event.

Ratings follow programmes and inspections, whose rows they read.
"""

from projections.bodies import bodies
from projections.findings import findings
from projections.gaps import gaps
from projections.inspections import inspections
from projections.monitoring import monitoring
from projections.programmes import programmes
from projections.ratings import ratings
from projections.timeline import timeline

ALL = [
    bodies,
    programmes,
    inspections,
    ratings,
    findings,
    monitoring,
    gaps,
    timeline,
]
