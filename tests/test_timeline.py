"""Timelines of bodies, and what was recorded of them, in sentences."""

from dataclasses import replace

import pytest
from sqlalchemy import delete

from projections import database
from projections.facts import world_date
from projections.listing import Page
from projections.read_model import words
from projections.recorded import list_recorded
from projections.sentences import TEMPLATES
from projections.timeline import list_timeline
from service.domain.bodies import Body
from service.domain.catalogue import EVENT_TYPES
from service.domain.findings import Finding
from service.domain.inspections import Inspection
from service.domain.ratings import Rating
from tests.examples import (
    BODY,
    FINDING,
    RAISED,
    REGISTERED,
    REPORTED,
)
from tests.graded import read
from tests.records import small
from tests.told import Record, keep

__all__ = ["small"]


@pytest.fixture
def told() -> Record:
    told = Record()
    told.body("durham")
    told.body("kent")
    told.overseen("durham", "pcc-durham")
    return told


def timeline(told: Record, id: str = "durham", as_of: str | None = None, **moment):
    with read(told) as (model, now):
        return list_timeline(model, replace(now, as_of=as_of, **moment), Page(), id)


def recorded(told: Record, id: str = "durham", **asked):
    with read(told) as (model, now):
        return list_recorded(model, now, Page(), id, **asked)


def dated(told: Record, **asked):
    rows = timeline(told, **asked).rows
    return [(row["on"], row["type"]) for row in rows if row["on"]]


def sentences(listing) -> list[str]:
    return [row["sentence"] for row in listing.rows]


def test_every_type_of_event_of_a_body_has_a_sentence():
    elsewhere = (
        "programme.",
        "field.",
        "report.",
        "source.",
        "log-key.",
        "key.",
        "editor.",
    )
    telling = {type for type in EVENT_TYPES if not type.startswith(elsewhere)}
    assert set(TEMPLATES) == telling


def test_a_timeline_is_in_the_order_of_the_world_with_undated_things_last(told):
    told.published("spotlight.durham.2024", "durham", on="2024-05-14")
    told.plan("durham.soc-delivery", on="2023-12-11")
    told.finding("f.c1", "2024-05")
    told.response("pcc-durham.2024.1", "spotlight.durham.2024", "2024-07-09")
    told.spell("durham.engage.1", None)
    rows = timeline(told).rows
    assert dated(told) == [
        ("2023-12-11", "plan.opened"),
        ("2024-05", "finding.raised"),
        ("2024-05-14", "inspection.published"),
        ("2024-07-09", "statement.published"),
    ]
    assert [row["on"] for row in rows[4:]] == [None] * len(rows[4:])
    assert rows[-1]["type"] == "monitoring.entered"
    assert [row["on_text"] for row in rows[:2]] == ["11 December 2023", "May 2024"]
    assert all(row["recorded_at"] and row["position"] for row in rows)


def test_a_timeline_tells_what_those_said_who_oversee_the_body(told):
    told.response("pcc-durham.2024.1", "another", "2024-07-09")
    told.response("pcc-kent.2024.1", "another", "2024-07-09")
    [row] = [row for row in timeline(told).rows if row["noun"] == "statement"]
    assert (row["thing"], row["body"]) == ("pcc-durham.2024.1", "pcc-durham")
    assert row["sentence"] == (
        "Pcc-durham responded under section 55 of the Police Act 1996: “Our response”."
    )


def test_what_refers_to_a_report_on_the_body_alone_is_told_too(told):
    told.published("spotlight.durham.2024", "durham")
    told.published("spotlight.both.2024", "durham", "kent")
    told.response("council.2024.1", "spotlight.durham.2024", "2024-07-09")
    told.response("council.2024.2", "spotlight.both.2024", "2024-07-09")
    told.gap("not-itemised.a", "2024-06-01", inspection="spotlight.durham.2024")
    things = {row["thing"] for row in timeline(told).rows}
    assert {"council.2024.1", "not-itemised.a"} <= things
    assert "council.2024.2" not in things


def test_a_rating_without_a_date_of_its_own_has_that_of_its_inspection(told):
    told.programme("peel-1", crime="yes")
    told.inspection("peel-1", "durham", "2015-02")
    told.rating("peel-1", "durham", "crime", "good")
    [row] = [row for row in timeline(told).rows if row["noun"] == "rating"]
    assert (row["on"], row["on_basis"]) == ("2015-02", "stated")
    assert row["sentence"] == "Durham was graded good for crime (peel-1)."
    told.retracted(Rating, "peel-1.durham.crime")
    assert not [row for row in timeline(told).rows if row["noun"] == "rating"]


def test_a_corrected_fact_is_told_as_it_stands_at_its_own_position(told):
    told.published("spotlight.durham.2024", "durham", on="2024-05-14")
    position = timeline(told).rows[0]["position"]
    told.corrected(Inspection, "spotlight.durham.2024", 1, published_on="2024-05-15")
    row = timeline(told).rows[0]
    assert (row["on"], row["position"]) == ("2024-05-15", position)
    assert row["change"] == "correction"
    past = timeline(told, position=position)
    assert past.rows[0]["on"] == "2024-05-14"


def test_of_a_day_only_what_had_happened_is_told(told):
    told.finding("f.c1", "2024-05-14")
    told.status("f.c1", "complete", "2025-01")
    assert [type for _, type in dated(told, as_of="2024-12-31")] == ["finding.raised"]
    asked = timeline(told, as_of="2024-12-31")
    assert (asked.total, asked.undated) == (1, timeline(told).total - 2)


def test_a_promise_is_not_told_on_the_day_on_which_it_is_due(told):
    plan = "durham.soc-delivery"
    told.plan(plan, on="2023-12-11")
    told.action(plan, "a1", due="2024-03")
    [row] = [row for row in timeline(told).rows if row["type"] == "plan.action-added"]
    assert (row["on"], "due March 2024" in row["sentence"]) == (None, True)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"dated_on": "2024-07-09", "published_on": None}, "2024-07-09"),
        ({"dated_on": "2024-07-09", "published_on": "2024-07-10"}, "2024-07-10"),
        ({"ended_on": "2024", "started_on": None}, None),
        ({"ended_on": "2024", "started_on": "2012"}, "2012"),
        ({"ended_on": "2024"}, "2024"),
        ({"elected_on": "2021-05-06", "started_on": None}, None),
        ({"made_on": None, "due_on": "2030"}, None),
    ],
)
def test_the_date_of_a_fact_is_when_it_began_whatever_the_order(data, expected):
    stated = {f"{name}_basis": "stated" for name in data} | data
    backwards = dict(reversed(list(stated.items())))
    assert world_date(stated)[0] == world_date(backwards)[0] == expected


def test_status_and_closing_are_told_of_the_finding_and_its_bodies(told):
    told.finding("f.c1", accelerated=True)
    told.status("f.c1", None, "2024-06", status_word="Under way")
    told.decided("f.c1", "close", "2024-07")
    found = [row for row in timeline(told).rows if row["noun"] == "finding"]
    assert [row["sentence"] for row in found] == [
        "The inspectorate raised an accelerated cause of concern with durham: "
        "“Title of f.c1”.",
        "The status of the accelerated cause of concern with durham (“Title of f.c1”) "
        "was given as “Under way”.",
        "It was decided by hmicfrs to close the accelerated cause of concern with "
        "durham (“Title of f.c1”).",
    ]
    assert [row["bodies"] for row in found] == [["durham"]] * 3


def test_nobody_has_no_timeline(told):
    assert timeline(told, "nobody") is None
    assert recorded(told, "nobody") is None


# What was recorded.


def test_what_was_recorded_is_told_in_the_order_of_the_log(told):
    told.finding("f.c1", "2024-05-14")
    told.corrected(Finding, "f.c1", 1, raised_on="2024-05-15")
    told.finding("f.k1", "2024-05-14", bodies=["kent"])
    told.retracted(Finding, "f.c1")
    found = recorded(told)
    told_of = "he inspectorate raised a cause of concern with durham: “Title of f.c1”."
    assert sentences(found)[-3:] == [
        f"Recorded 1 January 2025. 14 May 2024: T{told_of}",
        f"Recorded 1 January 2025. Our mistake, corrected: 15 May 2024: T{told_of}",
        f"Recorded 1 January 2025. Taken back: 14 May 2024: T{told_of}",
    ]
    assert [row["change"] for row in found.rows][-3:] == [
        "new", "correction", "retraction",
    ]  # fmt: skip
    positions = [row["position"] for row in found.rows]
    assert positions == sorted(positions)


def test_disputes_and_sources_are_told_with_what_they_are_about(told):
    told.finding("f.c1", "2024-05-14")
    finding = told.find(Finding, "f.c1")
    other = {**finding.facts[1].event.data, "raised_on": "2024-06"}
    told.put(finding, finding.dispute(disputes=1, data=other, **told.sourcing()))
    finding = told.find(Finding, "f.c1")
    settled = finding.settle_dispute(settles=2, prevails=1, reason="better-source")
    told.put(finding, settled)
    finding = told.find(Finding, "f.c1")
    told.put(finding, finding.add_source(adds_to=1, **told.sourcing()))
    saying = [each.partition(": ")[0] for each in sentences(recorded(told))[-3:]]
    assert saying == [
        "Recorded 1 January 2025. Another source says otherwise",
        "Recorded 1 January 2025. It was settled which source prevails",
        "Recorded 1 January 2025. Another source was found",
    ]


def test_only_what_follows_a_position_or_a_day_is_told(told):
    told.finding("f.c1")
    last = recorded(told).rows[-1]["position"]
    assert recorded(told, after=last - 1).total == 1
    assert recorded(told, after=last).total == 0
    assert recorded(told, since="2025-01-01").total == recorded(told).total
    assert recorded(told, since="2025-01-02").total == 0


# The API.


def test_the_api_tells_a_body_in_three_forms(small):
    keep(small, BODY, REGISTERED)
    keep(small, FINDING, RAISED, REPORTED)
    client = small.client()
    told = client.get("/v1/bodies/west-mercia/timeline").json["items"]
    assert [each["on"] for each in told] == ["1967-10", "2024-05-14", "2024-07-16"]
    assert client.get("/v1/bodies/west-mercia/timeline.csv").mimetype == "text/csv"
    path = "/v1/bodies/west-mercia/changes"
    items = client.get(f"{path}?since=2026-03-02").json["items"]
    answer = client.get(f"{path}.txt")
    assert answer.mimetype == "text/plain"
    assert answer.text.splitlines() == [each["sentence"] for each in items]
    assert client.get(f"{path}.txt?after=2").text.count("\n") == 1
    assert client.get(f"{path}.csv").text.count("\r\n") == len(items) + 1
    by_accept = client.get(path, headers={"Accept": "text/plain"})
    assert by_accept.data == answer.data
    assert client.get("/v1/bodies/west-mercia/timeline.txt").status_code == 406
    assert client.get("/v1/bodies/nobody/changes").status_code == 404
    links = answer.headers.getlist("Link")
    assert any("changes.txt" in each and "text/plain" in each for each in links)


def test_walks_through_pages_give_the_whole(small):
    keep(small, BODY, REGISTERED)
    keep(small, FINDING, RAISED, REPORTED)
    client = small.client()
    for path in ("timeline", "changes"):
        url, found = f"/v1/bodies/west-mercia/{path}?limit=1", []
        while url:
            answer = client.get(url).json
            found += answer["items"]
            url = answer["next"]
        whole = client.get(f"/v1/bodies/west-mercia/{path}").json["items"]
        assert found == whole and len(whole) == 3


def test_words_that_were_erased_are_not_told(told):
    told.finding("f.c1")
    with read(told) as (model, now):
        erase_words(model)
        rows = list_timeline(model, now, Page(), "durham").rows
    assert rows[0]["sentence"] == (
        "The inspectorate raised a cause of concern with durham."
    )


def erase_words(model) -> None:
    with database.writing(model.engine) as connection:
        connection.execute(delete(words))


def test_a_body_that_was_renamed_is_told_by_its_name(told):
    body = told.find(Body, "durham")
    days = {"started_on": "2010", "started_on_basis": "stated"}
    told.put(body, body.rename(name="Durham Police", **days, **told.sourcing()))
    assert ("2010", "body.renamed") in dated(told)
    assert "Durham took the name Durham Police." in sentences(timeline(told))
