"""Monitoring: its rules, and who was in a phase on a day."""

from dataclasses import replace

import pytest

from projections.listing import Page
from projections.monitoring import list_monitoring
from tests.examples import ENTERED, LEFT, OBSERVED, SPELL, breaks, but, given
from tests.graded import read
from tests.records import small
from tests.told import WHY, Record, ids, keep

__all__ = ["small"]


# Rules.


def test_a_spell_is_left_once():
    with breaks("already-left"):
        given(SPELL, ENTERED, LEFT).leave(**but(LEFT))


def test_nothing_comes_certainly_before_the_entry():
    spell = given(SPELL, ENTERED)
    with breaks("before-its-cause"):
        spell.observe(**but(OBSERVED, observed_on="2022-05-31"))
    with breaks("before-its-cause"):
        spell.leave(**but(LEFT, left_on="2022-05"))


def test_an_observation_is_within_the_spell():
    with breaks("before-its-cause"):
        given(SPELL, ENTERED, LEFT).observe(**but(OBSERVED, observed_on="2023-10"))
    with breaks("before-its-cause"):
        given(SPELL, ENTERED, OBSERVED).leave(**but(LEFT, left_on="2022-09-29"))
    late = but(OBSERVED, observed_on="2023-08")
    assert given(SPELL, ENTERED, LEFT).observe(**late).observed_on == "2023-08"


@pytest.mark.parametrize(
    ("version", "event", "changes"),
    [
        (1, ENTERED, {"entered_on": "2022-10"}),
        (2, OBSERVED, {"observed_on": "2023-10"}),
        (3, LEFT, {"left_on": "2022-09"}),
    ],
)
def test_corrections_keep_the_order_both_ways(version, event, changes):
    spell = given(SPELL, ENTERED, OBSERVED, LEFT)
    wrong = {**event.data, **changes}
    if version == 3:
        wrong["left_on"] = "2022-09-29"
    with breaks("before-its-cause"):
        spell.correct(corrects=version, data=wrong, **WHY)


# Rows.


def certainty(told: Record, *days: str) -> list[str | None]:
    found = []
    with read(told) as (model, now):
        for day in days:
            asked = replace(now, as_of=day, with_undated=True)
            rows = list_monitoring(model, asked, Page()).rows
            found.append(rows[0]["in_force"] if rows else None)
    return found


def test_a_spell_with_both_dates_holds_to_its_last_day():
    told = Record()
    told.spell("durham.engage.1", "2022-06-28", "2023-01-23")
    days = ("2022-06-27", "2022-06-28", "2023-01-23", "2023-01-24")
    assert certainty(told, *days) == [None, "certain", "certain", None]


def test_dates_of_reduced_precision_leave_windows_of_doubt():
    told = Record()
    told.spell("durham.engage.1", "2022-06", "2023-09")
    days = ("2022-06-29", "2022-06-30", "2023-09-01", "2023-09-02", "2023-10-01")
    assert certainty(told, *days) == [
        "possible", "certain", "certain", "possible", None,
    ]  # fmt: skip


def test_a_spell_with_no_end_is_certain_to_its_last_observation_and_then_unknown():
    told = Record()
    told.spell("durham.engage.1", "2022-06-28")
    assert certainty(told, "2022-06-28", "2022-06-29") == ["certain", "unknown"]
    told.observed("durham.engage.1", "2022-10-14")
    told.observed("durham.engage.1", "2022-08-01")
    days = ("2022-07-15", "2022-10-14", "2022-10-15", "2030-01-01")
    assert certainty(told, *days) == ["certain", "certain", "unknown", "unknown"]


def test_an_observation_narrows_the_doubt_of_an_imprecise_entry():
    told = Record()
    told.spell("durham.engage.1", "2019", "2023")
    told.observed("durham.engage.1", "2019-05-01")
    days = ("2019-04-30", "2019-05-01", "2022-12-31")
    assert certainty(told, *days) == ["possible", "certain", "certain"]


def test_a_spell_without_dates_is_undated_and_counted():
    told = Record()
    told.spell("durham.engage.1", None)
    with read(told) as (model, now):
        asked = list_monitoring(model, replace(now, as_of="2022-07-15"), Page())
        every = list_monitoring(model, now, Page())
    assert (asked.total, asked.undated) == (0, 1)
    assert [row["in_force"] for row in every.rows] == ["unknown"]


def test_a_spell_of_unknown_entry_has_ended_after_its_last_day():
    told = Record()
    told.spell("durham.engage.1", None, "2018-05-24")
    assert certainty(told, "2018-05-24", "2018-05-25") == ["unknown", None]


def test_who_was_in_a_phase_on_a_day_is_listed():
    told = Record()
    for body in ("durham", "kent", "essex", "surrey"):
        told.body(body)
    told.spell("durham.engage.1", "2022-06-28", "2023-01")
    told.spell("kent.engage.1", "2020-12", "2022-07-14")
    told.spell("essex.engage.1", "2021")
    told.spell("surrey.engage.1", "2022-07-16")
    with read(told) as (model, now):
        found = list_monitoring(model, replace(now, as_of="2022-07-15"), Page())
        one = list_monitoring(model, now, Page(), body="kent", phase="engage")
    assert [(row["id"], row["in_force"]) for row in found.rows] == [
        ("durham.engage.1", "certain"),
        ("essex.engage.1", "unknown"),
    ]
    assert ids(one) == ["kent.engage.1"]
    assert one.rows[0]["left_on_text"] == "14 July 2022"


def test_the_api_lists_shows_and_tells_spells(small):
    keep(small, SPELL, ENTERED, LEFT)
    client = small.client()
    listed = client.get("/v1/monitoring?as_of=2022-07-15").json["items"]
    assert [each["in_force"] for each in listed] == ["certain"]
    assert client.get("/v1/monitoring?as_of=2023-10-01").json["total"] == 0
    item = client.get(f"/v1/monitoring/{SPELL.id}").json
    assert (item["phase_label"], item["to_phase_label"]) == ("Engage", "Scan")
    assert client.get(f"/v1/monitoring/{SPELL.id}/versions").json["total"] == 2
    gone = client.get(f"/v1/monitoring/{SPELL.id}?as_of=2023-10-01")
    assert gone.status_code == 404
