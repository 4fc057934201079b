"""Changes of grades: moves from one rating to the next of its group.

Grades of different scales, and answers to different questions, do not compare: such
a move is listed, and says why it has no direction.
"""

from collections.abc import Iterator
from itertools import pairwise

from projections import bodies, programmes, ratings
from projections.body_labels import BodyLabels
from projections.conditions import equal
from projections.listing import Listing, Page, page_of
from projections.moment import Moment
from projections.read_model import ReadModel, Row
from schemas import dates
from schemas.codelists import Direction, label


def list_grade_changes(
    db: ReadModel,
    moment: Moment,
    page: Page,
    body: str | None = None,
    programme: str | None = None,
    concept: str | None = None,
    direction: str | None = None,
    since: str | None = None,
) -> Listing:
    """Return the moves of grades, by body, concept and date."""
    rows = [
        row
        for row in grade_changes(db, moment, body)
        if (programme in (None, row["to_programme"]))
        and (concept in (None, row["concept"]))
        and (direction in (None, row["direction"]))
        and _is_since(row, since)
    ]
    return page_of(rows, page, lambda row: (row["id"],))


def grade_changes(db: ReadModel, moment: Moment, body: str | None = None) -> list[Row]:
    """Return every move of a grade, of one body or of all."""
    where = equal(body=body)
    rows = ratings.rating_rows(db, moment.without_day(), *where)
    seen = [row for row in rows if is_known_by(row, moment)]
    labels = bodies.labels(db, moment), programmes.labels(db, moment)
    return [_move(old, new, *labels) for old, new in _moves(seen)]


def _moves(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row["concept"]:
            key = (row["body"], row["family"], row["concept"])
            groups.setdefault(key, []).append(row)
    for members in groups.values():
        yield from pairwise(sorted(members, key=_order))


def _order(row: Row) -> tuple[int, bool, str, int]:
    day = row["valid_from"]
    return row["programme_order"], day == "", day, row["awarded_position"]


def _move(
    old: Row,
    new: Row,
    names: BodyLabels,
    asked: programmes.ProgrammeLabels,
) -> Row:
    why_not = _why_not(old, new)
    direction = None if why_not else _direction(old, new, asked)
    return {
        "id": f"{new['body']}.{new['concept']}.{new['id']}",
        **names.columns(new["body"]),
        "family": new["family"],
        "concept": new["concept"],
        **_side("from", old),
        **_side("to", new),
        "comparable": why_not is None,
        "why_not": why_not,
        "direction": direction,
        "direction_label": label(direction),
        "position": max(old["position"], new["position"]),
    }


def _side(name: str, row: Row) -> Row:
    return {
        f"{name}_rating": row["id"],
        f"{name}_programme": row["programme"],
        f"{name}_question": row["question"],
        f"{name}_grade": row["grade"],
        f"{name}_published_on": row["published_on"],
    }


def _why_not(old: Row, new: Row) -> str | None:
    if old["scale"] != new["scale"]:
        return f"The scale changed from {old['scale']} to {new['scale']}."
    if old["question"] != new["question"]:
        return f"The question changed from {old['question']} to {new['question']}."
    return None


def _direction(old: Row, new: Row, asked: programmes.ProgrammeLabels) -> str | None:
    before = asked.grade_rank(old["programme"], old["grade"])
    after = asked.grade_rank(new["programme"], new["grade"])
    if before is None or after is None:
        return None
    if before == after:
        return str(Direction.UNCHANGED)
    return str(Direction.UP if after < before else Direction.DOWN)


def is_known_by(row: Row, moment: Moment) -> bool:
    """Whether a rating was published by the day asked for, if one is."""
    if moment.as_of is None or row["valid_from"] == "":
        return moment.as_of is None or moment.with_undated
    return bool(row["valid_from"] <= moment.as_of)


def _is_since(row: Row, since: str | None) -> bool:
    if since is None:
        return True
    day = row["to_published_on"]
    return day is not None and dates.last_day(day) >= since
