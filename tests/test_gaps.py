"""Gaps: their rules, and what coverage says because of them."""

from dataclasses import replace

import pytest

from projections.coverage import coverage_rows
from projections.gaps import list_gaps
from projections.listing import Page
from tests.examples import DECLARED, FILLED, GAP, breaks, but, given
from tests.graded import read
from tests.records import small
from tests.told import WHY, Record, ids, keep

__all__ = ["small"]


def test_a_gap_is_closed_once_and_not_before_it_began():
    with breaks("gap-closed"):
        given(GAP, DECLARED, FILLED).close(**but(FILLED))
    with breaks("before-its-cause"):
        given(GAP, DECLARED).close(**but(FILLED, on="2024-05"))


@pytest.mark.parametrize(
    ("version", "changes"), [(1, {"since": "2024-08"}), (2, {"on": "2024-05"})]
)
def test_corrections_keep_the_order_both_ways(version, changes):
    gap = given(GAP, DECLARED, FILLED)
    data = {**gap.facts[version].event.data, **changes}
    with breaks("before-its-cause"):
        gap.correct(corrects=version, data=data, **WHY)


@pytest.fixture
def told() -> Record:
    told = Record()
    told.body("durham")
    told.body("kent")
    told.programme("peel-1", crime="yes", victims="no", data="yes")
    return told


def states(told: Record, body: str = "durham", **moment):
    with read(told) as (model, now):
        rows = coverage_rows(model, replace(now, **moment), body=body)
    return {row["question"]: (row["state"], row["gap"]) for row in rows}


def test_a_gap_says_why_there_is_no_grade(told):
    told.gap("not-inspected.a", programme="peel-1", body="durham")
    found = states(told)
    assert found["crime"] == ("not-inspected", "not-inspected.a")
    assert found["victims"] == ("ungraded", None)
    assert states(told, "kent")["crime"] == ("not-yet-recorded", None)


def test_the_gap_that_names_most_wins(told):
    told.gap("source-gap.a", body="durham", programme="peel-1", question="crime")
    told.gap("not-inspected.b", programme="peel-1")
    assert states(told)["crime"] == ("source-gap", "source-gap.a")
    assert states(told)["data"] == ("not-inspected", "not-inspected.b")
    assert states(told, "kent")["crime"][0] == "not-inspected"


def test_a_gap_of_an_inspection_is_one_of_its_programme_and_subjects(told):
    told.inspection("peel-1", "durham", "2015-02-10")
    told.gap("source-gap.a", inspection="peel-1.durham")
    assert states(told)["crime"] == ("source-gap", "source-gap.a")
    assert states(told, "kent")["crime"] == ("not-yet-recorded", None)


def test_a_grade_outweighs_a_gap(told):
    told.inspection("peel-1", "durham", "2015-02-10")
    told.gap("not-inspected.a", programme="peel-1", body="durham")
    told.rating("peel-1", "durham", "crime", "good")
    assert states(told)["crime"] == ("graded", None)


def test_a_gap_of_another_kind_is_no_state_of_coverage(told):
    told.gap("not-itemised.a", programme="peel-1", body="durham")
    told.gap("source-gap.nothing")
    assert states(told)["crime"] == ("not-yet-recorded", None)


def test_a_gap_holds_from_its_day_until_it_is_closed(told):
    told.gap("source-gap.a", "2024-01-10", programme="peel-1")
    told.filled("source-gap.a", "2024-03-01")
    days = ("2024-01-09", "2024-01-10", "2024-02-29", "2024-03-01")
    found = [states(told, as_of=day)["crime"][0] for day in days]
    assert found == ["not-yet-recorded", "source-gap", "source-gap", "not-yet-recorded"]
    assert states(told)["crime"][0] == "not-yet-recorded"


def test_a_gap_closed_on_an_unknown_day_is_closed(told):
    told.gap("source-gap.a", programme="peel-1")
    assert states(told)["crime"][0] == "source-gap"
    told.filled("source-gap.a", None)
    assert states(told)["crime"][0] == "not-yet-recorded"


def test_gaps_are_filtered(told):
    told.gap("source-gap.a", programme="peel-1", question="crime")
    told.gap("not-inspected.b", body="durham")
    with read(told) as (model, now):
        by_kind = list_gaps(model, now, Page(), kind="source-gap")
        by_body = list_gaps(model, now, Page(), body="durham")
        by_programme = list_gaps(model, now, Page(), programme="peel-1")
    assert (ids(by_kind), ids(by_body)) == (["source-gap.a"], ["not-inspected.b"])
    assert ids(by_programme) == ["source-gap.a"]
    assert by_kind.rows[0]["question_label"] == "crime"
    assert (by_kind.rows[0]["note"], by_kind.rows[0]["body"]) == ("Why", None)


def test_the_api_lists_shows_and_tells_gaps(small):
    keep(small, GAP, DECLARED, FILLED)
    client = small.client()
    item = client.get(f"/v1/gaps/{GAP.id}").json
    assert (item["kind_label"], item["is_closed"]) == ("No source found", True)
    assert client.get("/v1/gaps?kind=source-gap&body=west-mercia").json["total"] == 1
    assert client.get("/v1/gaps?as_of=2024-08-01").json["total"] == 0
    assert client.get(f"/v1/gaps/{GAP.id}/versions").json["total"] == 2
    assert client.get("/v1/gaps.csv").mimetype == "text/csv"
