"""Coverage: what the record holds of each question, and what not."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest

from projections import coverage
from projections.changes import grade_changes
from projections.coverage import coverage_rows, list_coverage
from projections.listing import Page
from tests.graded import Record, opened_model, read


@pytest.fixture(scope="module")
def founding(founded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("founding") / "data"
    shutil.copytree(founded, folder)
    with opened_model(folder) as found:
        yield found


@pytest.fixture
def record() -> Record:
    record = Record()
    record.body("durham")
    record.body("kent")
    record.programme("peel-1", crime="yes", victims="no", data="some", future="unknown")
    record.inspection("peel-1", "durham", "2015-02-10")
    return record


def states(record: Record, body: str = "durham", **moment: object) -> dict[str, str]:
    with read(record) as (model, now):
        rows = coverage_rows(model, replace(now, **moment), body=body)
        return {row["question"]: row["state"] for row in rows}


def held(record: Record) -> tuple[list[int], str | None]:
    with read(record) as (model, now):
        row = coverage_rows(model, now, body="durham")[0]
        return row["areas_stated"], row["held_text"]


def test_a_question_without_a_grade_is_not_yet_recorded_unless_it_gets_none(record):
    assert states(record) == {
        "crime": "not-yet-recorded",
        "victims": "ungraded",
        "data": "not-yet-recorded",
        "future": "not-yet-recorded",
    }


def test_a_force_that_was_never_inspected_is_listed_too(record):
    assert states(record, "kent")["crime"] == "not-yet-recorded"


def test_a_grade_is_graded(record):
    record.rating("peel-1", "durham", "crime", "good")
    assert states(record)["crime"] == "graded"


def test_a_grade_of_an_earlier_inspection_is_carried_forward(record):
    record.rating("peel-1", "durham", "crime", "good", basis="carried-forward")
    assert states(record)["crime"] == "carried-forward"


def test_a_question_that_some_are_graded_on_is_ungraded_once_all_areas_are_held(record):
    record.rating("peel-1", "durham", "crime", "good")
    record.totals("peel-1", "durham", 2)
    assert states(record)["data"] == "not-yet-recorded"
    record.rating("peel-1", "durham", "future", "good")
    assert states(record)["data"] == "ungraded"


def test_totals_that_conflict_are_both_shown_and_the_larger_counts(record):
    record.rating("peel-1", "durham", "crime", "good")
    record.totals("peel-1", "durham", 2, 1)
    assert held(record) == ([1, 2], "1 of 1 or 2 graded areas held (sources conflict)")
    assert states(record)["data"] == "not-yet-recorded"


def test_without_a_stated_total_nothing_is_said_of_it(record):
    assert held(record) == ([], None)


def test_a_day_before_the_report_shows_no_grade(record):
    record.rating("peel-1", "durham", "crime", "good")
    assert states(record, as_of="2015-02-09")["crime"] == "not-yet-recorded"
    assert states(record, as_of="2015-02-10")["crime"] == "graded"


def test_an_undated_grade_shows_on_a_day_only_if_asked_for(record):
    record.inspection("peel-1", "kent", None)
    record.rating("peel-1", "kent", "crime", "good")
    asked = {"as_of": "2020-01-01"}
    assert states(record, "kent")["crime"] == "graded"
    assert states(record, "kent", **asked)["crime"] == "not-yet-recorded"
    assert states(record, "kent", **asked, with_undated=True)["crime"] == "graded"


def test_coverage_is_listed_by_state(record):
    with read(record) as (model, now):
        found = list_coverage(model, now, Page(), state="ungraded")
    assert [row["id"] for row in found.rows] == [
        "peel-1.durham.victims",
        "peel-1.kent.victims",
    ]


def test_the_matrix_has_a_row_for_each_force_and_a_column_for_each_graded_question(
    record,
):
    record.rating("peel-1", "durham", "crime", "good")
    with read(record) as (model, now):
        known = coverage.list_matrix(model, now, Page(), "peel-1")
        unknown = coverage.list_matrix(model, now, Page(), "peel-9")
    assert [(row["body"], row["crime"], row["data"]) for row in known.rows] == [
        ("durham", "good", None),
        ("kent", None, None),
    ]
    assert "victims" not in known.rows[0]
    assert unknown.rows == []


# The founding data.


def test_the_founding_data_covers_every_force_in_every_programme(founding):
    model, now = founding
    rows = coverage_rows(model, now, programme="peel-2023-25")
    assert len({row["body"] for row in rows}) == 43
    states = Counter(row["state"] for row in rows)
    assert states.keys() <= {"graded", "ungraded", "not-yet-recorded"}
    assert states["graded"] and states["not-yet-recorded"]
    assert {row["state"] for row in rows if row["grade"]} == {"graded"}


def test_the_founding_data_says_how_many_graded_areas_it_holds(founding):
    model, now = founding
    rows = coverage_rows(model, now, programme="peel-2023-25", body="west-mercia")
    [(stated, text)] = {(*row["areas_stated"], row["held_text"]) for row in rows}
    assert (stated, text.endswith(f"of {stated} graded areas held")) == (9, True)


def test_the_founding_data_compares_only_grades_of_one_scale_and_question(founding):
    model, now = founding
    moves = grade_changes(model, now)
    assert moves
    for move in moves:
        assert (move["direction"] is not None) == move["comparable"]
        assert (move["why_not"] is None) == move["comparable"]
