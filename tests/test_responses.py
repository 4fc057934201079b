"""Responses: the duty to answer a report within 56 days, and what is held of it."""

from dataclasses import replace

import pytest

from projections.listing import Page
from projections.profile import get_profile
from projections.responses import APPLIES_FROM, list_responses
from service.domain.inspections import Inspection
from service.domain.statements import Statement
from tests.examples import INSPECTION, PUBLISHED
from tests.graded import SOURCES, read
from tests.records import small
from tests.told import Record, dated, ids, keep

__all__ = ["small"]


@pytest.fixture
def told() -> Record:
    told = Record()
    told.body("durham")
    told.body("kent")
    told.body("rocu", "regional-unit")
    told.overseen("durham", "pcc-durham")
    return told


def responses(told: Record, as_of: str | None = None, **filters):
    with read(told) as (model, now):
        asked = replace(now, as_of=as_of)
        return list_responses(model, asked, Page(), **filters)


def only(told: Record, as_of: str | None = None, **filters):
    [row] = responses(told, as_of, **filters).rows
    return row


def test_the_last_day_is_the_fifty_sixth(told):
    told.published("spotlight.durham.2024", "durham", on="2024-05-14")
    row = only(told)
    assert (row["due_on"], row["due_from"], row["due_to"]) == ("2024-07-08",) * 3
    assert (row["overseen_by"], row["published_on_text"]) == (
        "pcc-durham",
        "14 May 2024",
    )


def test_of_an_imprecise_date_the_last_day_is_a_window(told):
    told.published("spotlight.durham.2024", "durham", on="2024-05")
    row = only(told)
    assert (row["due_on"], row["due_from"]) == (None, "2024-06-25")
    assert row["due_to"] == "2024-07-25"


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        ("2024-05-14", "due"),
        ("2024-07-08", "due"),
        ("2024-07-09", "none-recorded"),
        (None, "none-recorded"),
    ],
)
def test_a_response_is_due_to_its_last_day_and_then_none_is_recorded(
    told, as_of, status
):
    told.published("spotlight.durham.2024", "durham")
    assert only(told, as_of)["status"] == status


def test_none_recorded_is_a_hole_in_this_record(told):
    told.published("spotlight.durham.2024", "durham")
    assert "a hole in this record" in only(told)["status_text"]


@pytest.mark.parametrize(
    ("on", "status", "days"),
    [
        ("2024-07-08", "recorded", 56),
        ("2024-07-09", "recorded-late", 57),
        ("2024-07", "recorded", None),
        ("2024-08", "recorded-late", None),
        (None, "recorded-undated", None),
    ],
)
def test_a_response_is_recorded_by_its_own_date(told, on, status, days):
    told.published("spotlight.durham.2024", "durham")
    told.response("pcc-durham.2024.1", "spotlight.durham.2024", on)
    row = only(told)
    assert (row["status"], row["days"]) == (status, days)
    assert row["statement"] == "pcc-durham.2024.1"


def test_a_late_response_is_dated_after_the_last_day_and_no_more_is_said(told):
    told.published("spotlight.durham.2024", "durham")
    told.response("pcc-durham.2024.1", "spotlight.durham.2024", "2024-07-09")
    text = only(told)["status_text"]
    assert text.startswith("The response is dated 9 July 2024, after the last day")


def test_a_response_dated_in_the_month_of_the_last_day_may_be_before_or_after(told):
    told.published("spotlight.durham.2024", "durham")
    told.response("pcc-durham.2024.1", "spotlight.durham.2024", "2024-07")
    assert "may be before or after" in only(told)["status_text"]


def test_a_statement_without_a_date_of_its_own_has_that_of_its_publication(told):
    told.published("spotlight.durham.2024", "durham")
    more = {"published_on": "2024-06-03", "published_on_basis": "stated"}
    told.response("pcc-durham.2024.1", "spotlight.durham.2024", None, **more)
    assert only(told)["dated_on"] == "2024-06-03"


def test_a_response_that_had_not_come_by_the_day_is_not_counted(told):
    told.published("spotlight.durham.2024", "durham")
    told.response("pcc-durham.2024.1", "spotlight.durham.2024", "2024-06-10")
    assert only(told, "2024-06-09")["status"] == "due"
    assert only(told, "2024-06-10")["status"] == "recorded"


def test_only_a_statement_of_the_overseer_to_this_report_is_the_response(told):
    told.published("spotlight.durham.2024", "durham")
    told.response("durham.2024.1", "spotlight.durham.2024", "2024-06-10")
    told.response("pcc-durham.2024.1", "another", "2024-06-10")
    told.response(
        "pcc-durham.2024.2",
        "spotlight.durham.2024",
        "2024-06-10",
        kind="press-statement",
    )
    assert only(told)["status"] == "none-recorded"


def test_one_who_no_longer_oversees_the_force_may_have_responded(told):
    told.overseen("kent", "pcc-kent", until="2024-05-20")
    told.overseen("kent", "mayor-kent")
    told.published("spotlight.kent.2024", "kent")
    told.response("pcc-kent.2024.1", "spotlight.kent.2024", "2024-05-19")
    assert only(told)["status"] == "recorded"


def test_a_retracted_response_is_none(told):
    told.published("spotlight.durham.2024", "durham")
    told.response("pcc-durham.2024.1", "spotlight.durham.2024", "2024-06-10")
    told.retracted(Statement, "pcc-durham.2024.1")
    assert only(told)["status"] == "none-recorded"


@pytest.mark.parametrize(
    ("subject", "changes", "why"),
    [
        ("kent", {}, "no local policing body"),
        ("rocu", {}, "no local policing body"),
        ("durham", {"section_55": False}, "not a report"),
        ("durham", {"on": "2017-05-01"}, "before 2 May 2017"),
        ("durham", {"on": "2017-04"}, "before 2 May 2017"),
    ],
)
def test_where_the_rule_does_not_apply_it_says_why(told, subject, changes, why):
    told.published("spotlight.x.2024", subject, **changes)
    row = only(told)
    assert (row["status"], why in row["status_text"]) == ("not-applicable", True)


def test_the_rule_applies_from_the_day_on_which_it_came_into_force(told):
    told.published("spotlight.durham.2017", "durham", on=APPLIES_FROM)
    assert only(told)["status"] == "none-recorded"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"section_55": None, "kind": "letter"}, "a letter is unclear"),
        ({"section_55": None}, "unclear"),
        ({"on": "2017"}, "may have been published before"),
        ({"on": None}, "not on record"),
    ],
)
def test_what_cannot_be_said_is_unclear(told, changes, why):
    told.published("letter.durham.2024", "durham", **changes)
    row = only(told)
    assert (row["status"], why in row["status_text"]) == ("unclear", True)


def test_a_response_to_a_letter_is_shown_though_the_duty_is_unclear(told):
    told.published("letter.durham.2023", "durham", kind="letter", section_55=None)
    told.response("pcc-durham.2024.1", "letter.durham.2023", "2024-06-10")
    row = only(told)
    assert (row["status"], row["days"]) == ("unclear", 28)


def test_a_search_that_found_none_is_told_with_its_day(told):
    told.published("spotlight.durham.2024", "durham")
    about = {"inspection": "spotlight.durham.2024", "body": "pcc-durham"}
    told.gap("response-not-found.a", "2025-02-03", **about)
    row = only(told)
    assert (row["status"], row["gap"]) == ("none-found", "response-not-found.a")
    assert row["status_text"] == "An editor searched on 3 February 2025 and found none."
    assert only(told, "2025-02-02")["status"] == "none-recorded"


def test_every_subject_has_a_row_and_filters_find_force_and_overseer(told):
    told.published("spotlight.region.2024", "durham", "kent", "rocu")
    assert ids(responses(told)) == [
        "spotlight.region.2024.durham",
        "spotlight.region.2024.kent",
        "spotlight.region.2024.rocu",
    ]
    for body in ("durham", "pcc-durham"):
        assert only(told, body=body)["body"] == "durham"
    assert responses(told, status="not-applicable").total == 2


def test_an_undated_report_is_counted_where_a_day_is_asked_for(told):
    told.published("spotlight.durham.2024", "durham", on=None)
    found = responses(told, "2024-06-01")
    assert (found.total, found.undated) == (0, 1)


def test_an_announced_inspection_asks_for_no_response(told):
    inspection = told.find(Inspection, "spotlight.durham.2026")
    data = {"programme": None, "title": "To come", "subjects": ["durham"]}
    event = inspection.announce(**data, **dated("announced_on", None), **SOURCES)
    told.put(inspection, event)
    assert responses(told).total == 0


def test_no_answer_calls_a_response_overdue_or_a_duty_breached(told):
    for number, on in enumerate((None, "2016", "2024-05-14", "2025-05-30")):
        told.published(f"spotlight.durham.{number}", "durham", on=on)
    told.response("pcc-durham.2024.1", "spotlight.durham.2", "2024-07-09")
    text = str(responses(told).rows).lower()
    assert "overdue" not in text and "breach" not in text


def test_a_profile_shows_findings_plans_monitoring_and_responses(told):
    told.published("spotlight.durham.2024", "durham")
    told.finding("f.c1")
    told.finding("f.c2")
    told.decided("f.c2", "close", "2025-01-01")
    told.finding("f.c3")
    told.decided("f.c3", "close", None)
    told.plan("durham.soc-delivery")
    told.spell("durham.engage.1", "2022-06", "2023-09")
    with read(told) as (model, now):
        profile = get_profile(model, now, "durham")
        then = get_profile(model, replace(now, as_of="2024-12-31"), "durham")
    assert [each["id"] for each in profile["open_findings"]] == ["f.c1"]
    assert [each["id"] for each in then["open_findings"]] == ["f.c1", "f.c2"]
    assert profile["plans"] == [
        {"id": "durham.soc-delivery", "title": "SOC delivery plan", "redacted": []}
    ]
    assert [each["id"] for each in profile["monitoring"]] == ["durham.engage.1"]
    assert [each["status"] for each in profile["responses"]] == ["none-recorded"]


def test_the_api_lists_responses(small):
    keep(small, INSPECTION, PUBLISHED)
    client = small.client()
    [row] = client.get("/v1/responses").json["items"]
    assert (row["status"], row["due_on"]) == ("not-applicable", "2024-07-08")
    assert client.get("/v1/responses?status=due").json["total"] == 0
    assert client.get("/v1/responses.csv").mimetype == "text/csv"
    assert client.get("/v1/responses?status=overdue").status_code == 400
