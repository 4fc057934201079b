"""Commitments: their rules, and what came of a promise, as it is read."""

from dataclasses import replace

import pytest

from service.domain.commitments import Commitment, CommitmentMade
from tests.examples import COMMITMENT, KEPT, PLEDGED, breaks, but, given
from tests.records import small

__all__ = ["small"]

WHY = {"reason": "entry-error", "asked_by": "editor"}
PATH = f"/v1/commitments/{COMMITMENT.id}"


def test_a_promise_is_made_once():
    assert given(COMMITMENT).make(**but(PLEDGED)) == PLEDGED
    with breaks("already-recorded"):
        given(COMMITMENT, PLEDGED).make(**but(PLEDGED))


def test_a_promise_may_be_of_no_amount():
    free = but(PLEDGED, amount_pence=None, currency=None)
    assert given(COMMITMENT).make(**free) == CommitmentMade(**free)


@pytest.mark.parametrize("lacking", ["amount_pence", "currency"])
def test_an_amount_and_its_currency_go_together(lacking):
    wrong = but(PLEDGED, **{lacking: None})
    with breaks("amount-without-currency"):
        given(COMMITMENT).make(**wrong)
    with breaks("amount-without-currency"):
        data = PLEDGED.data | {lacking: None}
        given(COMMITMENT, PLEDGED).correct(corrects=1, data=data, **WHY)


def test_what_came_of_a_promise_is_reported_as_often_as_it_is_said():
    assert given(COMMITMENT, PLEDGED).report(**but(KEPT)) == KEPT
    again = but(KEPT, status="not-kept")
    assert given(COMMITMENT, PLEDGED, KEPT).report(**again).status == "not-kept"


def test_nothing_is_reported_before_the_promise_was_made():
    with breaks("before-its-cause"):
        given(COMMITMENT, PLEDGED).report(**but(KEPT, reported_on="2024-04"))
    with breaks("not-on-record"):
        given(COMMITMENT).report(**but(KEPT))


@pytest.mark.parametrize(
    "version, wrong", [(1, {"made_on": "2025-05"}), (2, {"reported_on": "2024-04-30"})]
)
def test_a_correction_may_not_break_a_rule(version, wrong):
    promise = given(COMMITMENT, PLEDGED, KEPT)
    with breaks("before-its-cause"):
        data = promise.facts[version].event.data | wrong
        promise.correct(corrects=version, data=data, **WHY)


# Read.


def test_a_promise_shows_its_amount_and_its_latest_report(small):
    early = replace(KEPT, status="in-progress", reported_on="2024-12", text="Soon")
    small.oversee("west-mercia", "pcc-west-mercia", "The commissioner")
    small.put(COMMITMENT, PLEDGED, KEPT, early)
    item = small.client().get(PATH).json
    assert (item["amount_pence"], item["currency"]) == (100_000_000, "GBP")
    assert (item["text"], item["due_on_text"]) == ("A million pounds.", "31 March 2025")
    assert (item["status"], item["status_word"]) == ("kept", "Paid")
    assert (item["report_text"], item["reported_by"], item["reports"]) == (
        "It was paid.",
        "pcc-west-mercia",
        2,
    )
    assert item["force"] == "west-mercia"
    then = small.client().get(f"{PATH}?as_of=2025-01-31").json
    assert (then["status"], then["report_text"]) == ("in-progress", "Soon")
    before = small.client().get(f"{PATH}?as_of=2024-06-01").json
    assert (before["status"], before["reported_on_text"]) == (None, None)


def test_the_largest_amount_is_held(small):
    small.put(COMMITMENT, replace(PLEDGED, amount_pence=2**53 - 1))
    assert small.client().get(PATH).json["amount_pence"] == 2**53 - 1


@pytest.mark.parametrize(
    "query, expected",
    [
        ("body=pcc-west-mercia", [COMMITMENT.id]),
        ("body=west-mercia", ["west-mercia.2024.1"]),
        ("force=west-mercia", [COMMITMENT.id, "west-mercia.2024.1"]),
        ("kind=action", ["west-mercia.2024.1"]),
    ],
)
def test_promises_are_found_by_who_made_them_and_by_kind(small, query, expected):
    small.oversee("west-mercia", "pcc-west-mercia", "The commissioner")
    small.put(COMMITMENT, PLEDGED)
    own = replace(PLEDGED, body="west-mercia", kind="action")
    small.put(Commitment("west-mercia.2024.1"), own)
    answer = small.client().get(f"/v1/commitments?{query}").json
    assert [each["id"] for each in answer["items"]] == expected
