"""Grades of one body over time: each with how it compares with the one before it."""

from collections.abc import Sequence

from projections import bodies, programmes, ratings
from projections.body_labels import BODY_COLUMNS
from projections.changes import grade_changes, is_known_by
from projections.conditions import exactly
from projections.listing import Listing, Page, page_of
from projections.moment import Moment
from projections.read_model import ReadModel, Row

SHOWN = ("id", *BODY_COLUMNS, "family", "concept", "programme",
         "programme_title", "question", "question_label", "level", "grade",
         "grade_label", "grade_rank", "scale", "basis", "basis_label", "published_on",
         "published_on_basis", "published_on_text", "in_force", "change",
         "is_disputed", "position")  # fmt: skip
MOVED = ("comparable", "why_not", "direction", "direction_label")


def list_grades(
    db: ReadModel,
    moment: Moment,
    page: Page,
    id: str,
    programme: str | None = None,
    question: str | None = None,
    concept: str | None = None,
) -> Listing | None:
    """Return the grades of a body, by concept and programme, or None without it."""
    if bodies.get_body(db, moment.without_day(), id) is None:
        return None
    known = programmes.labels(db, moment)
    rows = [
        row
        for row in _grades(db, moment, id, known)
        if programme in (None, row["programme"])
        and question in (None, row["question"])
        and concept in (None, row["concept"])
    ]
    return page_of(rows, page, _place)


def _grades(
    db: ReadModel, moment: Moment, id: str, known: programmes.ProgrammeLabels
) -> list[Row]:
    rows = ratings.rating_rows(db, moment.without_day(), *exactly(body=id))
    seen: Sequence[Row] = [row for row in rows if is_known_by(row, moment)]
    moves = {move["to_rating"]: move for move in grade_changes(db, moment, id)}
    return [
        {
            **{name: item[name] for name in SHOWN},
            "programme_order": known.order(item["programme"]),
            "grades": known.length(item["programme"]),
            **_move(moves.get(item["id"])),
        }
        for item in ratings.rating_items(db, moment, seen)
    ]


def _move(move: Row | None) -> Row:
    if move is None:
        return {"after_rating": None, **dict.fromkeys(MOVED)}
    return {"after_rating": move["from_rating"], **{name: move[name] for name in MOVED}}


def _place(row: Row) -> tuple[str, ...]:
    return (
        row["family"] or "",
        row["concept"] or row["question"],
        f"{row['programme_order']:03}",
        (row["published_on"] or "9999").partition("/")[0],
        row["id"],
    )
