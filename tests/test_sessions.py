"""Sessions: their rules, and who met about what, as it is read."""

from dataclasses import replace

import pytest

from service.domain.sessions import Session
from tests.examples import MET, SESSION, SOURCE, breaks, but, given
from tests.records import small

__all__ = ["small"]

PATH = f"/v1/sessions/{SESSION.id}"


def test_a_session_is_held_once():
    assert given(SESSION).hold(**but(MET)) == MET
    with breaks("already-recorded"):
        given(SESSION, MET).hold(**but(MET))


def test_an_announcement_and_the_minutes_are_two_sources_of_one_session():
    minutes = {**SOURCE, "url": "https://example.org/minutes"}
    session = given(SESSION, replace(MET, sources=[SOURCE]))
    session = session.evolve(session.add_source(adds_to=1, sources=[minutes]))
    assert list(session.facts[1].event.sources) == [SOURCE, minutes]


# Read.


def test_a_session_shows_who_was_held_to_account_by_whom_and_about_what(small):
    small.oversee("west-mercia", "pcc-west-mercia", "The commissioner")
    small.put(SESSION, MET)
    item = small.client().get(PATH).json
    assert (item["body"], item["overseen_by"]) == ("west-mercia", "pcc-west-mercia")
    assert (item["convened_by_name"], item["held_on_text"]) == (
        "The commissioner",
        "16 July 2024",
    )
    assert item["about"] == ["plan-west-mercia.soc-delivery"]
    assert item["attendees"] == ["A Commissioner", "A Constable"]
    assert (item["title"], item["minutes"]) == (MET.title, MET.minutes)


def test_several_values_are_joined_in_csv(small):
    small.put(SESSION, replace(MET, bodies=["kent", "west-mercia"]))
    text = small.client().get(f"{PATH}.csv").text
    assert "kent;west-mercia" in text and "A Commissioner;A Constable" in text


def test_of_several_bodies_no_one_stands_for_the_others(small):
    small.put(SESSION, replace(MET, bodies=["kent", "west-mercia"], attendees=None))
    item = small.client().get(PATH).json
    assert (item["body"], item["bodies"]) == (None, ["kent", "west-mercia"])
    assert item["attendees"] is None


@pytest.mark.parametrize(
    "query, expected",
    [
        ("body=west-mercia", 2),
        ("body=mercia", 0),
        ("convened_by=mopac", 1),
        ("as_of=2024-07-15", 0),
        ("as_of=2024-07-16", 2),
    ],
)
def test_sessions_are_found_by_body_and_by_who_convened_them(small, query, expected):
    small.put(SESSION, MET)
    small.put(Session("west-mercia.2024.2"), replace(MET, convened_by="mopac"))
    assert small.client().get(f"/v1/sessions?{query}").json["total"] == expected
