"""Changes of grades: moves from one rating to the next, comparable or not."""

from dataclasses import replace

import pytest

from projections.changes import grade_changes, list_grade_changes
from projections.listing import Page
from tests.graded import Record, read
from tests.histories import SCALE


@pytest.fixture
def record() -> Record:
    return graded()


def graded(
    *, scale=SCALE, question: str = "crime", concept: str = "crime", second="2016-03"
) -> Record:
    record = Record()
    record.body("durham")
    record.programme("peel-1", crime="yes")
    record.programme("peel-2", scale)
    record.question("peel-2", question, concept, "yes")
    record.inspection("peel-1", "durham", "2015-02-10")
    record.inspection("peel-2", "durham", second)
    return record


def moved(record: Record, before: str, after: str, question: str = "crime"):
    record.rating("peel-1", "durham", "crime", before)
    record.rating("peel-2", "durham", question, after)
    with read(record) as (model, now):
        return grade_changes(model, now)


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("good", "inadequate", "down"),
        ("inadequate", "adequate", "up"),
        ("good", "good", "unchanged"),
    ],
)
def test_a_move_on_one_scale_has_a_direction(record, before, after, direction):
    [move] = moved(record, before, after)
    assert (move["from_grade"], move["to_grade"]) == (before, after)
    assert (move["comparable"], move["direction"]) == (True, direction)
    assert move["why_not"] is None


def test_a_move_between_scales_has_no_direction_and_says_why():
    record = graded(scale={**SCALE, "id": "scale-other"})
    [move] = moved(record, "good", "inadequate")
    assert (move["comparable"], move["direction"]) == (False, None)
    assert move["why_not"] == "The scale changed from scale-3 to scale-other."


def test_a_move_between_questions_has_no_direction_and_says_why():
    record = graded(question="offending")
    [move] = moved(record, "good", "inadequate", "offending")
    assert (move["comparable"], move["direction"]) == (False, None)
    assert move["why_not"] == "The question changed from crime to offending."


def test_grades_of_different_concepts_make_no_move():
    record = graded(question="offending", concept="offending")
    assert moved(record, "good", "inadequate", "offending") == []


def test_an_undated_rating_is_a_move_but_not_since_a_day():
    record = graded(second=None)
    [move] = moved(record, "good", "inadequate")
    assert move["to_published_on"] is None
    with read(record) as (model, now):
        assert list_grade_changes(model, now, Page(), since="2014").rows == []
        on_day = replace(now, as_of="2025-01-01")
        assert grade_changes(model, on_day) == []
        assert len(grade_changes(model, replace(on_day, with_undated=True))) == 1


def test_moves_are_listed_since_a_date_that_they_may_have_come_after(record):
    moved(record, "good", "inadequate")
    with read(record) as (model, now):
        for since, count in (("2016", 1), ("2016-03-31", 1), ("2016-04", 0)):
            found = list_grade_changes(model, now, Page(), since=since)
            assert len(found.rows) == count


def test_moves_are_listed_by_direction_and_as_of_a_day(record):
    moved(record, "good", "inadequate")
    with read(record) as (model, now):
        for direction, count in (("down", 1), ("up", 0)):
            found = list_grade_changes(model, now, Page(), direction=direction)
            assert found.total == count
        assert grade_changes(model, replace(now, as_of="2016-02-29")) == []
