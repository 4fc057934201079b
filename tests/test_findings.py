"""Findings: their rules, the days on which they hold, and their status on each."""

from dataclasses import replace

import pytest

from projections.findings import get_finding, list_findings
from projections.listing import Page
from service.domain.findings import Finding, FindingRaised
from service.domain.inspections import Inspection
from tests.examples import (
    CLOSED,
    COMMENTED,
    FINDING,
    PUBLISHED,
    RAISED,
    REOPENED,
    REPORTED,
    SUPERSEDED,
    breaks,
    but,
    given,
)
from tests.graded import read
from tests.records import small
from tests.told import WHY, Record, ids, keep

__all__ = ["small"]


# Rules.


def test_a_finding_is_raised_with_subjects_of_its_inspection():
    inspection = given(Inspection("peel-2023-25.west-mercia"), PUBLISHED)
    assert FINDING.raise_(inspection, **but(RAISED)) == RAISED
    with breaks("not-a-subject", "kent"):
        FINDING.raise_(inspection, **but(RAISED, bodies=["kent"]))


def test_a_finding_may_have_no_body_and_no_date():
    nothing = but(RAISED, bodies=[], raised_on=None, raised_on_basis=None)
    assert isinstance(FINDING.raise_(None, **nothing), FindingRaised)


@pytest.mark.parametrize("end", [CLOSED, SUPERSEDED])
def test_a_closed_finding_takes_comments_and_corrections_and_nothing_else(end):
    finding = given(FINDING, RAISED, REPORTED, end)
    assert finding.is_closed
    for command, event in [
        (finding.report_status, REPORTED),
        (finding.close, CLOSED),
        (finding.supersede, SUPERSEDED),
    ]:
        with breaks("finding-closed"):
            command(**but(event))
    assert finding.comment(**but(COMMENTED)) == COMMENTED
    data = but(RAISED, kind="recommendation")
    plain = {name: data[name] for name in RAISED.data}
    assert finding.correct(corrects=1, data=plain, **WHY).corrects == 1


def test_complete_is_a_status_and_no_closing():
    complete = FINDING.evolve(RAISED).report_status(**but(REPORTED, status="complete"))
    finding = given(FINDING, RAISED, complete)
    assert not finding.is_closed
    assert finding.report_status(**but(REPORTED)) == REPORTED
    assert finding.comment(**but(COMMENTED)) == COMMENTED


def test_a_status_may_go_back_on_the_same_day():
    day = {"reported_on": "2017-12-28", "reported_on_basis": "stated"}
    old = but(RAISED, raised_on=None, raised_on_basis=None)
    finding = FINDING.evolve(FindingRaised(**old))
    for status in ("complete", "being-progressed"):
        finding = finding.evolve(
            finding.report_status(**but(REPORTED, status=status, **day))
        )
    assert finding.version == 3


def test_only_a_closed_finding_is_reopened_and_then_takes_events_again():
    with breaks("not-closed"):
        given(FINDING, RAISED).reopen(**but(REOPENED))
    finding = given(FINDING, RAISED, CLOSED, REOPENED)
    assert finding.report_status(**but(REPORTED)) == REPORTED


def test_nothing_is_dated_certainly_before_the_raising():
    finding = given(FINDING, RAISED)
    for command, event, member in [
        (finding.report_status, REPORTED, "reported_on"),
        (finding.comment, COMMENTED, "commented_on"),
        (finding.close, CLOSED, "on"),
        (finding.supersede, SUPERSEDED, "on"),
    ]:
        with breaks("before-its-cause"):
            command(**but(event, **{member: "2024-04"}))
        assert command(**but(event, **{member: "2024-05"}))


def test_a_reopening_does_not_precede_the_closing():
    with breaks("before-its-cause", "reopening"):
        given(FINDING, RAISED, CLOSED).reopen(**but(REOPENED, on="2025-04"))


def test_a_finding_does_not_take_its_own_place():
    with breaks("superseded-by-itself"):
        given(FINDING, RAISED).supersede(**but(SUPERSEDED, by=[FINDING.stream]))


@pytest.mark.parametrize(
    ("version", "event", "changes"),
    [
        (1, RAISED, {"raised_on": "2024-07-17"}),
        (2, REPORTED, {"reported_on": "2024-05-13"}),
        (3, COMMENTED, {"commented_on": "2023"}),
        (4, CLOSED, {"on": "2025-10"}),
        (5, REOPENED, {"on": "2025-05-13"}),
    ],
)
def test_corrections_keep_the_order_of_what_happened_both_ways(version, event, changes):
    finding = given(FINDING, RAISED, REPORTED, COMMENTED, CLOSED, REOPENED)
    with breaks("before-its-cause"):
        finding.correct(corrects=version, data={**event.data, **changes}, **WHY)


# Rows and items.


@pytest.fixture
def told() -> Record:
    told = Record()
    told.body("durham")
    told.finding("f.c1", "2018-03-22")
    told.status("f.c1", "awaiting-review", "2018-03-22")
    told.status("f.c1", "complete", "2018-12-28", status_word="Done")
    told.status("f.c1", "being-progressed", "2018-12-28")
    return told


def shown(told: Record, id: str = "f.c1", **moment):
    with read(told) as (model, now):
        return get_finding(model, replace(now, **moment), id)


def listed(told: Record, as_of: str | None = None, **filters):
    with read(told) as (model, now):
        return list_findings(model, replace(now, as_of=as_of), Page(), **filters)


def test_the_latest_status_is_the_last_of_the_log_within_a_day(told):
    finding = shown(told)
    assert finding["status"] == "being-progressed"
    assert finding["status_label"] == "Being progressed"
    assert finding["status_on_text"] == "28 December 2018"
    assert finding["status_word"] is None


def test_a_late_fact_of_an_earlier_day_is_not_the_latest_status(told):
    told.status("f.c1", "complete", "2018-06")
    assert shown(told)["status"] == "being-progressed"
    assert shown(told, as_of="2018-07-01")["status"] == "complete"


def test_the_status_on_a_day_is_the_last_that_had_been_reported(told):
    assert shown(told, as_of="2018-12-27")["status"] == "awaiting-review"
    assert shown(told, as_of="2018-12-28")["status"] == "being-progressed"
    assert ids(listed(told, "2018-12-27", status="awaiting-review")) == ["f.c1"]
    assert ids(listed(told, status="awaiting-review")) == []


def test_an_undated_status_is_the_latest_where_the_log_has_it_but_of_no_day(told):
    told.status("f.c1", None, None, status_word="Nearly")
    assert (shown(told)["status"], shown(told)["status_word"]) == (None, "Nearly")
    assert shown(told, as_of="2020-01-01")["status"] == "being-progressed"


def test_a_finding_holds_until_it_is_closed_and_again_once_reopened(told):
    told.decided("f.c1", "close", "2019-02")
    told.decided("f.c1", "reopen", "2020-01-01")
    days = ("2018-03-21", "2018-03-22", "2019-02-10", "2019-06-01", "2020-01-01")
    found = [shown(told, as_of=day) for day in days]
    assert [each and each["in_force"] for each in found] == [
        None, "certain", "possible", None, "certain",
    ]  # fmt: skip
    assert found[1]["valid_to"] == "2019-02-28"
    assert shown(told)["is_closed"] is False
    assert listed(told).total == 1


def test_a_closing_of_unknown_day_leaves_every_day_in_doubt(told):
    told.decided("f.c1", "close", None)
    finding = shown(told, as_of="2020-01-01")
    assert (finding["in_force"], finding["is_closed"]) == ("possible", True)


def test_a_retracted_closing_never_was(told):
    told.decided("f.c1", "close", "2019-02-01")
    told.retracted(Finding, "f.c1", 5)
    assert shown(told, as_of="2020-01-01")["in_force"] == "certain"


def test_a_superseded_finding_names_those_that_took_its_place(told):
    told.decided("f.c1", "supersede", "2019-02-01", by=["finding-f.c2"])
    finding = shown(told)
    assert (finding["superseded_by"], finding["in_force"]) == (["finding-f.c2"], None)


def test_an_undated_finding_is_listed_without_a_day_and_counted_with_one(told):
    told.finding("f.c2", None)
    assert ids(listed(told)) == ["f.c1", "f.c2"]
    asked = listed(told, "2020-01-01")
    assert (ids(asked), asked.undated) == (["f.c1"], 1)


def test_findings_are_filtered(told):
    told.finding("f.r1", bodies=[], kind="recommendation", accelerated=True)
    assert ids(listed(told, body="durham")) == ["f.c1"]
    assert ids(listed(told, kind="recommendation")) == ["f.r1"]
    assert ids(listed(told, accelerated=True)) == ["f.r1"]
    assert ids(listed(told, accelerated=False)) == ["f.c1"]
    assert ids(listed(told, body="kent")) == []


def test_a_finding_of_one_body_has_the_columns_of_a_body_and_others_have_nulls(told):
    told.overseen("durham", "pcc-durham")
    told.finding("f.all", bodies=[])
    one, all_ = shown(told), shown(told, "f.all")
    assert (one["body"], one["overseen_by"]) == ("durham", "pcc-durham")
    assert (all_["body"], all_["bodies"], all_["body_names"]) == (None, [], [])


def test_comments_are_counted_and_told_in_the_versions(told):
    finding = told.find(Finding, "f.c1")
    told.put(finding, finding.comment(**but(COMMENTED)))
    assert shown(told)["comments"] == 1


def test_the_api_lists_shows_and_tells_findings(small):
    finding = Finding("peel.west-mercia.c1")
    keep(small, finding, RAISED)
    client = small.client()
    item = client.get("/v1/findings/peel.west-mercia.c1").json
    assert item["title"] == "Serious and organised crime"
    assert client.get("/v1/findings?kind=cause-of-concern").json["total"] == 1
    assert client.get("/v1/findings?accelerated=true").json["total"] == 0
    assert client.get("/v1/findings.csv").text.count("\r\n") == 2
    assert client.get(f"/v1/findings/{finding.id}/versions").json["total"] == 1
    assert client.get("/v1/findings?status=done").status_code == 400
    assert client.get("/v1/findings/peel.west-mercia.c2").status_code == 404
