"""The list of all blueprints. List new modules here."""

from service.api.archive import archive
from service.api.bodies import bodies
from service.api.bulk import bulk
from service.api.changes import changes
from service.api.codelists import codelists
from service.api.commitments import commitments
from service.api.correcting import correcting
from service.api.corrections import corrections
from service.api.coverage import coverage
from service.api.datasets import datasets
from service.api.discovery import discovery
from service.api.docs import docs
from service.api.documents import documents
from service.api.event_schemas import event_schemas
from service.api.events import events
from service.api.findings import findings
from service.api.gaps import gaps
from service.api.imports import imports
from service.api.inspections import inspections
from service.api.log import log
from service.api.monitoring import monitoring
from service.api.openings import openings
from service.api.plans import plans
from service.api.programmes import programmes
from service.api.projections import projections
from service.api.proofs import proofs
from service.api.ratings import ratings
from service.api.recording import recording
from service.api.redacting import redacting
from service.api.redactions import redactions
from service.api.reports import reports
from service.api.responses import responses
from service.api.search import search
from service.api.sessions import sessions
from service.api.sources import sources
from service.api.statements import statements
from service.api.status import status
from service.api.subscriptions import keys, subscriptions
from service.api.terms import terms

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
    corrections,
    changes,
    reports,
    sources,
    archive,
    responses,
    coverage,
    imports,
    subscriptions,
    keys,
    search,
    codelists,
    events,
    openings,
    bulk,
    event_schemas,
    projections,
    log,
    proofs,
    status,
    documents,
    datasets,
    discovery,
    docs,
    recording,
    correcting,
    redacting,
]
