"""Lists: the tables that bulk files have, a row a thing, as the API lists them.

Each goes through the query that answers the list, page after page, so that memory does
not grow with the rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from marshmallow import Schema, fields

from projections.bodies import list_bodies
from projections.changes import list_grade_changes
from projections.commitments import list_commitments
from projections.corrections import list_corrections
from projections.coverage import list_coverage
from projections.findings import list_findings
from projections.gaps import list_gaps
from projections.inspections import list_inspections
from projections.listing import Listing, Page
from projections.monitoring import list_monitoring
from projections.plans import list_actions, list_plans, list_updates
from projections.programmes import list_programmes, list_questions
from projections.ratings import list_ratings
from projections.read_model import Row
from projections.redactions import list_redactions
from projections.reports import list_reports
from projections.responses import list_responses
from projections.sessions import list_sessions
from projections.sources import list_sources
from projections.statements import list_statements
from projections.terms import list_terms
from schemas.bodies import BodySchema
from schemas.commitments import CommitmentSchema
from schemas.corrections import CorrectionSchema
from schemas.coverage import CoverageSchema
from schemas.findings import FindingSchema
from schemas.gaps import GapSchema
from schemas.inspections import InspectionSchema
from schemas.listing import columns
from schemas.monitoring import MonitoringSchema
from schemas.plans import PlanActionSchema, PlanSchema, PlanUpdateSchema
from schemas.programmes import ProgrammeSchema, QuestionSchema
from schemas.ratings import GradeChangeSchema, RatingSchema
from schemas.redactions import RedactionSchema
from schemas.reports import ReportSchema
from schemas.responses import ResponseSchema
from schemas.sessions import SessionSchema
from schemas.sources import CitedSourceSchema
from schemas.statements import StatementSchema
from schemas.terms import TermSchema
from service.bulk.content import Content

PAGE = 1000
Find = Callable[..., Listing | None]
# Columns that name a thing of another table, wherever they stand.
NAMING = {
    "body": "bodies",
    "region": "bodies",
    "overseen_by": "bodies",
    "force": "bodies",
    "programme": "programmes",
    "inspection": "inspections",
    "term": "terms",
    "rating": "ratings",
    "from_rating": "ratings",
    "to_rating": "ratings",
    "statement": "statements",
    "gap": "gaps",
}


@dataclass(frozen=True)
class Table:
    """One list of the API: what answers it, and what its rows have.

    If its rows are parts of things, `whole` lists these, and `owner` is the column in
    which the thing is named. `key` tells a row from all others; `searched` are columns
    of words; `left_out` are those that are not the same at every time. A list that
    `is_worked_out` as a whole for each of its pages is asked for all at once.
    """

    name: str
    find: Find
    schema: type[Schema]
    key: tuple[str, ...] = ("id",)
    whole: Find | None = None
    owner: str | None = None
    searched: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    naming: Mapping[str, str] = field(default_factory=dict)
    is_worked_out: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, in the order of the list's CSV."""
        owner = (self.owner,) if self.owner else ()
        own = tuple(n for n in columns(self.schema) if n not in self.left_out)
        return (*owner, *(name for name in own if name not in owner))

    @property
    def members(self) -> dict[str, fields.Field[Any]]:
        """The field of each column."""
        known = self.schema().fields
        return {name: known.get(name, fields.String()) for name in self.columns}

    @property
    def about(self) -> str:
        """What a row is, in a sentence."""
        return " ".join((self.schema.__doc__ or "").split())

    @property
    def references(self) -> dict[str, str]:
        """The columns that name one thing, each with the table that it stands in."""
        naming = {**NAMING, **self.naming}
        return {name: naming[name] for name in self.columns if name in naming}


def rows_of(content: Content, table: Table) -> Iterator[Sequence[Row]]:
    """Give the rows of a table, page after page, in the order of its list."""
    if table.is_worked_out:
        yield from _whole(content, table.find)
        return
    if table.whole is None:
        yield from _pages(content, table.find)
        return
    for things in _pages(content, table.whole):
        for thing in things:
            find = partial(table.find, id=thing["id"])
            owner = {table.owner: thing["id"]} if table.owner else {}
            for page in _pages(content, find):
                yield [{**row, **owner} for row in page]


def _pages(content: Content, find: Find) -> Iterator[Sequence[Row]]:
    after: tuple[str, ...] | None = None
    while True:
        page = Page(PAGE, after)
        listing = find(content.record.read_model, content.moment, page)
        if listing is None:
            return
        yield listing.rows
        if listing.last_key is None:
            return
        after = listing.last_key


def _whole(content: Content, find: Find) -> Iterator[Sequence[Row]]:
    listing = find(content.record.read_model, content.moment, Page())
    rows: Sequence[Row] = listing.rows if listing else []
    for start in range(0, len(rows), PAGE):
        yield rows[start : start + PAGE]


TABLES = (
    Table("bodies", list_bodies, BodySchema, searched=("name",)),
    Table(
        "programmes",
        list_programmes,
        ProgrammeSchema,
        searched=("title",),
        naming={"follows": "programmes"},
    ),
    Table(
        "questions",
        list_questions,
        QuestionSchema,
        key=("programme", "question"),
        whole=list_programmes,
        owner="programme",
        searched=("label", "text"),
    ),
    Table("inspections", list_inspections, InspectionSchema, searched=("title",)),
    Table(
        "ratings",
        list_ratings,
        RatingSchema,
        searched=("note",),
        naming={"superseded_by": "ratings"},
    ),
    Table("grade_changes", list_grade_changes, GradeChangeSchema, is_worked_out=True),
    Table("coverage", list_coverage, CoverageSchema, is_worked_out=True),
    Table("terms", list_terms, TermSchema, searched=("person_name",)),
    Table(
        "findings",
        list_findings,
        FindingSchema,
        searched=("title", "text"),
        naming={"status_by": "bodies"},
    ),
    Table("monitoring", list_monitoring, MonitoringSchema),
    Table("responses", list_responses, ResponseSchema, is_worked_out=True),
    Table(
        "statements",
        list_statements,
        StatementSchema,
        searched=("title", "speaker", "text"),
    ),
    Table("plans", list_plans, PlanSchema, searched=("title", "summary")),
    Table(
        "plan_actions",
        list_actions,
        PlanActionSchema,
        key=("id", "action"),
        whole=list_plans,
        searched=("text",),
        naming={"id": "plans"},
    ),
    Table(
        "plan_updates",
        list_updates,
        PlanUpdateSchema,
        key=("id", "version"),
        whole=list_plans,
        searched=("text",),
        naming={"id": "plans", "by": "bodies"},
    ),
    Table("commitments", list_commitments, CommitmentSchema, searched=("text",)),
    Table(
        "sessions",
        list_sessions,
        SessionSchema,
        searched=("title", "minutes"),
        naming={"convened_by": "bodies"},
    ),
    Table("gaps", list_gaps, GapSchema, searched=("note",)),
    Table("corrections", list_corrections, CorrectionSchema),
    # How far an erasure is stands outside the log.
    Table("redactions", list_redactions, RedactionSchema, left_out=("erasure",)),
    Table("reports", list_reports, ReportSchema),
    Table("sources", list_sources, CitedSourceSchema),
)
