"""Terms: their rules, and who held an office when, as it is read."""

from dataclasses import replace

import pytest

from service.domain.terms import Term, TermEnded, TermStarted
from tests.examples import ENDED, STARTED, TERM, breaks, but, given
from tests.records import small

__all__ = ["small"]

WHY = {"reason": "entry-error", "asked_by": "editor"}
UNDATED_END = TermEnded(**but(ENDED, ended_on=None, ended_on_basis=None))


def test_a_term_is_started_once():
    assert given(TERM).start(**but(STARTED)) == STARTED
    with breaks("already-recorded"):
        given(TERM, STARTED).start(**but(STARTED))


def test_a_term_does_not_start_before_the_election():
    with breaks("before-its-cause"):
        given(TERM).start(**but(STARTED, started_on="2021-05-05"))


def test_a_term_is_ended_once():
    assert given(TERM, STARTED).end(**but(ENDED)) == ENDED
    with breaks("term-ended"):
        given(TERM, STARTED, ENDED).end(**but(ENDED))


def test_no_term_ends_that_is_not_on_record():
    with breaks("not-on-record"):
        given(TERM).end(**but(ENDED))


@pytest.mark.parametrize("started_on", ["2021-05-13", None])
def test_a_term_does_not_end_before_its_start_or_its_election(started_on):
    started = TermStarted(**but(STARTED, started_on=started_on))
    with breaks("before-its-cause"):
        given(TERM, started).end(**but(ENDED, ended_on="2021-05-05"))


def test_the_end_may_be_on_the_first_day_and_may_be_unknown():
    term = given(TERM, STARTED)
    assert term.end(**but(ENDED, ended_on="2021-05")).ended_on == "2021-05"
    assert term.end(**but(UNDATED_END)) == UNDATED_END


@pytest.mark.parametrize(
    "version, wrong",
    [
        (1, {"started_on": "2024-05-09"}),
        (1, {"started_on": None, "elected_on": "2025"}),
        (1, {"elected_on": "2021-05-14"}),
        (2, {"ended_on": "2021-05-12"}),
    ],
)
def test_a_correction_may_not_break_a_rule(version, wrong):
    term = given(TERM, STARTED, ENDED)
    with breaks("before-its-cause"):
        data = term.facts[version].event.data | wrong
        term.correct(corrects=version, data=data, **WHY)


def test_a_term_whose_end_was_taken_back_may_end_again():
    term = given(TERM, STARTED, ENDED)
    term = term.evolve(term.retract(retracts=2, **WHY))
    assert term.end(**but(UNDATED_END)) == UNDATED_END


# Read.


def test_a_term_shows_the_person_the_office_and_the_force(small):
    small.oversee("west-mercia", "pcc-west-mercia", "The commissioner")
    small.put(TERM, STARTED, ENDED)
    item = small.client().get(f"/v1/terms/{TERM.id}").json
    assert (item["body_name"], item["force"]) == ("The commissioner", "west-mercia")
    assert (item["person_name"], item["office_label"]) == (
        "A Commissioner",
        "Commissioner",
    )
    assert (item["started_on_text"], item["reason"]) == ("13 May 2021", "election")
    assert (item["valid_from"], item["valid_to"]) == ("2021-05-13", "2024-05-09")


def test_a_term_without_a_start_counts_from_the_election(small):
    unknown = {"started_on": None, "started_on_basis": None}
    small.put(TERM, replace(STARTED, **unknown))
    item = small.client().get(f"/v1/terms/{TERM.id}").json
    assert (item["valid_from"], item["valid_to"]) == ("2021-05-06", None)


@pytest.mark.parametrize(
    "day, expected",
    [
        ("2021-05-12", None),
        ("2021-05-13", "certain"),
        ("2021-05-14", "unknown"),
        ("2026-01-01", "unknown"),
    ],
)
def test_of_a_term_without_an_end_it_is_unknown_how_long_it_lasted(
    small, day, expected
):
    small.put(TERM, STARTED)
    listed = small.client().get(f"/v1/terms?as_of={day}").json["items"]
    assert [each["in_force"] for each in listed] == [expected] * bool(expected)


def test_a_term_without_any_date_is_listed_where_no_day_is_asked_for(small):
    names = ("started_on", "started_on_basis", "elected_on", "elected_on_basis")
    small.put(TERM, replace(STARTED, **dict.fromkeys(names)))
    [item] = small.client().get("/v1/terms").json["items"]
    assert (item["in_force"], item["has_ended"]) == ("unknown", False)


def test_a_term_that_ended_on_an_unknown_day_is_possible(small):
    small.put(TERM, STARTED, UNDATED_END)
    item = small.client().get(f"/v1/terms/{TERM.id}").json
    assert (item["in_force"], item["valid_to"]) == ("possible", None)


def test_terms_are_found_by_office_body_and_force(small):
    small.oversee("west-mercia", "pcc-west-mercia", "The commissioner")
    chief = Term("west-mercia.chief-constable.2021")
    own = {"body": "west-mercia", "office": "chief-constable"}
    small.put(TERM, STARTED)
    small.put(chief, replace(STARTED, **own))
    assert found(small, "office=chief-constable") == [chief.id]
    assert found(small, "body=west-mercia") == [chief.id]
    assert found(small, "force=west-mercia") == [TERM.id, chief.id]


def test_a_dispute_of_the_end_shows(small):
    small.put(TERM, STARTED, ENDED)
    other = ENDED.data | {"ended_on": "2024-05-09"}
    term = small.record.load(Term, TERM.id)
    small.put(TERM, term.dispute(disputes=2, data=other))
    item = small.client().get(f"/v1/terms/{TERM.id}").json
    assert (item["is_disputed"], item["disputed_by"]) == (
        True,
        ["ended_on: 2024-05-09"],
    )


def found(small, query):
    answer = small.client().get(f"/v1/terms?{query}").json
    return [each["id"] for each in answer["items"]]
