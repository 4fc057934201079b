"""Coverage: what the record holds of each question for each body, and what not.

Derived from bodies, programmes, inspections, ratings and declared gaps; never a zero
for what is not known.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from projections import bodies, gaps, inspections, programmes, ratings
from projections.conditions import equal
from projections.listing import Listing, Page, page_of
from projections.moment import Moment
from projections.read_model import ReadModel, Row
from schemas.codelists import BodyKind, CoverageState, Graded, Level, RatingBasis, label

# A question, its state, and the rating or the gap that is the reason.
State: TypeAlias = tuple[Row, str, Row | None, Row | None]
# The kinds of gap that are states of coverage: they bear the same names.
STATES_OF_GAPS = (
    CoverageState.NOT_INSPECTED,
    CoverageState.SOURCE_GAP,
    CoverageState.NOT_YET_RECORDED,
)


def list_coverage(
    db: ReadModel,
    moment: Moment,
    page: Page,
    programme: str | None = None,
    body: str | None = None,
    state: str | None = None,
) -> Listing:
    """Return the coverage of every body and question, by programme, body, question."""
    rows = coverage_rows(db, moment, programme=programme, body=body)
    wanted = [row for row in rows if state is None or row["state"] == state]
    return page_of(wanted, page, lambda row: (row["id"],))


def coverage_rows(
    db: ReadModel,
    moment: Moment,
    programme: str | None = None,
    body: str | None = None,
) -> list[Row]:
    """Return the coverage of every body and question asked for."""
    known = Known(db, moment, body)
    return [
        row
        for id in known.programmes.rows
        if programme in (None, id)
        for each in known.expected(id)
        for row in known.rows(id, each)
    ]


def summaries(db: ReadModel, moment: Moment, body: str) -> list[Row]:
    """Return the coverage of one body in short, by programme."""
    known = Known(db, moment, body)
    found = (
        known.summary(id, body)
        for id in sorted(known.programmes.rows)
        if known.expected(id)
    )
    return [each for each in found if each["states"]]


@dataclass
class Known:
    """All that the record holds at one moment, laid out by programme and body."""

    db: ReadModel
    moment: Moment
    body: str | None = None
    held: dict[tuple[str, str], dict[str, Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the ratings, the totals, and what the rows show of other nouns."""
        self.bodies = bodies.labels(self.db, self.moment)
        self.programmes = programmes.labels(self.db, self.moment)
        always, where = self.moment.without_day(), equal(body=self.body)
        self.totals = inspections.stated_totals(self.db, always, self.body)
        self.inspected = inspections.inspected(self.db, always, self._one())
        self.subjects = {(id, body) for _, id, body in self.inspected}
        self.gaps = gaps.open_gaps(self.db, self.moment, *STATES_OF_GAPS)
        self.notes = gaps.notes(self.db, self.gaps)
        for row in ratings.rating_rows(self.db, always, *where):
            if _had_been_published(row, self.moment):
                key = (row["programme"], row["body"])
                self.held.setdefault(key, {})[row["question"]] = row

    def expected(self, programme: str) -> list[str]:
        """Return the bodies asked for of which a programme may hold something."""
        subjects = {body for id, body in self.subjects if id == programme}
        kinds = {self.bodies.kind(body) for body in subjects}
        kinds = {BodyKind.POLICE_FORCE, *(kinds & {BodyKind.REGIONAL_UNIT})}
        asked = {self.body} if self.body else self.bodies.kinds.keys() | subjects
        return sorted(
            each
            for each in asked
            if each in subjects or self.bodies.kind(each) in kinds
        )

    def _one(self) -> str | None:
        """Return the body of which alone the inspections tell what is expected."""
        # Of one unit is expected what another has.
        is_unit = self.bodies.kind(self.body) == BodyKind.REGIONAL_UNIT
        return None if is_unit else self.body

    def rows(self, programme: str, body: str) -> list[Row]:
        """Return the coverage of one body in one programme, by question."""
        areas, stated = self._areas(programme, body)
        return [
            {
                "id": f"{programme}.{body}.{question['question']}",
                **self.bodies.columns(body),
                "programme": programme,
                "programme_title": self.programmes.title(programme),
                "question": question["question"],
                "question_label": question["label"],
                "level": question["level"],
                "state": state,
                "state_label": label(state),
                "rating": rating and rating["id"],
                "grade": rating and rating["grade"],
                "areas_held": areas,
                "areas_stated": stated,
                "held_text": _in_words(areas, stated),
                "gap": gap and gap["id"],
                "gap_note": gap and self.notes.get(gap["id"]),
            }
            for question, state, rating, gap in self._states(programme, body)
        ]

    def summary(self, programme: str, body: str) -> Row:
        """Return how many questions of one programme are in which state."""
        states = Counter(state for _, state, *_ in self._states(programme, body))
        text = _in_words(*self._areas(programme, body))
        return {"programme": programme, "states": dict(states), "held_text": text}

    def _states(self, programme: str, body: str) -> Iterator[State]:
        """Give each question with its state, the rating, and the gap that explains."""
        held = self.held.get((programme, body), {})
        areas, stated = self._areas(programme, body)
        is_complete = bool(stated) and areas >= max(stated)
        for question in self.programmes.questions(programme):
            rating = held.get(question["question"])
            gap = None if rating else self._gap(programme, body, question["question"])
            state = _state(question, rating, is_complete, gap)
            yield question, state, rating, gap if gap and state == gap["kind"] else None

    def _areas(self, programme: str, body: str) -> tuple[int, list[int]]:
        """Return how many areas are held, and how many sources state."""
        held = self.held.get((programme, body), {})
        return self._areas_held(programme, held), self._stated(programme, body)

    def _gap(self, programme: str, body: str, question: str) -> Row | None:
        """Return the gap that names most of these, and nothing else; the latest."""
        asked = {"programme": programme, "body": body, "question": question}
        found = [gap for gap in self.gaps if self._is_about(gap, asked)]
        return max(found, key=_how_near, default=None)

    def _is_about(self, gap: Row, asked: Row) -> bool:
        inspection = gap["inspection"]
        place = (inspection, asked["programme"], asked["body"])
        if inspection and place not in self.inspected:
            return False
        named = {name: gap[name] for name in asked if gap[name]}
        is_alike = all(asked[name] == value for name, value in named.items())
        return is_alike and bool(named or inspection)

    def _stated(self, programme: str, body: str) -> list[int]:
        stated = self.totals.get((programme, body), [])
        return sorted({each["areas"] for each in stated if each["areas"] is not None})

    def _areas_held(self, programme: str, held: dict[str, Row]) -> int:
        asked = (self.programmes.question(programme, each) for each in held)
        return sum(1 for each in asked if each and each["level"] != Level.PILLAR)


def _had_been_published(row: Row, moment: Moment) -> bool:
    if moment.as_of is None:
        return True
    if row["valid_from"] == "":
        return moment.with_undated
    return bool(row["valid_from"] <= moment.as_of)


def _how_near(gap: Row) -> tuple[int, int]:
    return sum(1 for name in gaps.ABOUT if gap[name]), gap["position"]


def _state(
    question: Row, rating: Row | None, is_complete: bool, gap: Row | None
) -> str:
    if rating:
        is_carried = rating["basis"] == RatingBasis.CARRIED_FORWARD
        held = CoverageState.CARRIED_FORWARD if is_carried else CoverageState.GRADED
        return str(held)
    is_never_graded = question["graded"] == Graded.NO
    if is_never_graded or (question["graded"] == Graded.SOME and is_complete):
        return str(CoverageState.UNGRADED)
    return str(gap["kind"] if gap else CoverageState.NOT_YET_RECORDED)


def _in_words(areas: int, stated: list[int]) -> str | None:
    if not stated:
        return None
    total = " or ".join(str(each) for each in stated)
    conflict = " (sources conflict)" if len(stated) > 1 else ""
    return f"{areas} of {total} graded areas held{conflict}"


# The matrix: the same, laid out wide for spreadsheets.


def list_matrix(db: ReadModel, moment: Moment, page: Page, programme: str) -> Listing:
    """Return a row for each body; the questions are columns beside its own."""
    known = Known(db, moment)
    questions = [
        each["question"]
        for each in known.programmes.questions(programme)
        if each["graded"] != Graded.NO
    ]
    rows: list[Row] = []
    if programme in known.programmes.rows:
        rows = [
            {
                **known.bodies.columns(body),
                **_grades(known.held.get((programme, body), {}), questions),
            }
            for body in known.expected(programme)
        ]
    listing = page_of(rows, page, lambda row: (row["body"],))
    listing.more_columns = tuple(questions)
    return listing


def _grades(held: dict[str, Row], questions: list[str]) -> dict[str, Any]:
    return {each: held[each]["grade"] if each in held else None for each in questions}
