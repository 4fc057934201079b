"""Statements: their rules, and what was said by whom, as it is read."""

from dataclasses import replace

import pytest

from service.domain.statements import Statement, StatementPublished
from tests.examples import SAID, STATEMENT, WITHDRAWN, breaks, but, given
from tests.records import small

__all__ = ["small"]

WHY = {"reason": "entry-error", "asked_by": "editor"}
PRESS = Statement("west-mercia.2024-05.1")
SAID_BY_FORCE = StatementPublished(
    **but(SAID, kind="press-statement", body="west-mercia", about=[], responds_to=[])
)


def test_a_statement_is_published_once():
    assert given(STATEMENT).publish(**but(SAID)) == SAID
    with breaks("already-recorded"):
        given(STATEMENT, SAID).publish(**but(SAID))


def test_a_statement_may_have_no_date():
    dates = ("published_on", "published_on_basis", "dated_on", "dated_on_basis")
    undated = but(SAID, **dict.fromkeys(dates))
    event = given(STATEMENT).publish(**undated)
    assert event == StatementPublished(**undated)


def test_a_statement_is_withdrawn_once():
    assert given(STATEMENT, SAID).withdraw(**but(WITHDRAWN)) == WITHDRAWN
    with breaks("withdrawn"):
        given(STATEMENT, SAID, WITHDRAWN).withdraw(**but(WITHDRAWN))


@pytest.mark.parametrize("day", ["2024-06", "2024-07-08"])
def test_a_statement_is_not_withdrawn_before_it_was_made(day):
    with breaks("before-its-cause"):
        given(STATEMENT, SAID).withdraw(**but(WITHDRAWN, withdrawn_on=day))


@pytest.mark.parametrize(
    "version, wrong",
    [
        (1, {"published_on": "2024-09"}),
        (1, {"dated_on": "2024-09-01"}),
        (2, {"withdrawn_on": "2024-07-08"}),
    ],
)
def test_a_correction_may_not_break_a_rule(version, wrong):
    statement = given(STATEMENT, SAID, WITHDRAWN)
    with breaks("before-its-cause"):
        data = statement.facts[version].event.data | wrong
        statement.correct(corrects=version, data=data, **WHY)


def test_a_withdrawn_statement_may_be_corrected():
    statement = given(STATEMENT, SAID, WITHDRAWN)
    right = SAID.data | {"kind": "letter"}
    assert statement.correct(corrects=1, data=right, **WHY).data_ == right


# Read.


def test_a_statement_shows_what_was_said_and_stands_until_withdrawn(small):
    small.put(STATEMENT, SAID, WITHDRAWN)
    item = small.client().get(f"/v1/statements/{STATEMENT.id}").json
    assert (item["title"], item["text"]) == (SAID.title, SAID.text)
    assert (item["speaker"], item["kind_label"]) == (
        "A Commissioner",
        "Section 55 response",
    )
    assert (item["dated_on_text"], item["dated_on_basis"]) == ("9 July 2024", "letter")
    assert (item["valid_from"], item["valid_to"]) == ("2024-07-01", "2024-08-31")


def test_a_statement_without_a_publication_date_counts_from_the_date_it_bears(small):
    unknown = {"published_on": None, "published_on_basis": None}
    small.put(STATEMENT, replace(SAID, **unknown))
    item = small.client().get(f"/v1/statements/{STATEMENT.id}").json
    assert item["valid_from"] == "2024-07-09"


def test_a_statement_withdrawn_on_an_unknown_day_is_possible(small):
    unknown = {"withdrawn_on": None, "withdrawn_on_basis": None}
    small.put(STATEMENT, SAID, replace(WITHDRAWN, **unknown))
    item = small.client().get(f"/v1/statements/{STATEMENT.id}").json
    assert (item["in_force"], item["valid_to"]) == ("possible", None)


@pytest.fixture
def both(small):
    small.oversee("west-mercia", "pcc-west-mercia", "The commissioner")
    small.put(STATEMENT, SAID)
    small.put(PRESS, SAID_BY_FORCE)
    return small


@pytest.mark.parametrize(
    "query, expected",
    [
        ("body=west-mercia", [PRESS]),
        ("body=pcc-west-mercia", [STATEMENT]),
        ("force=west-mercia", [STATEMENT, PRESS]),
        ("force=west-mercia&kind=press-statement", [PRESS]),
        ("kind=letter", []),
        ("responds_to=inspection-peel-2023-25.west-mercia", [STATEMENT]),
        ("responds_to=inspection-peel-2023-25.west", []),
        ("about=body-west-mercia", [STATEMENT]),
    ],
)
def test_statements_are_found_by_who_spoke_and_by_what_of(both, query, expected):
    answer = both.client().get(f"/v1/statements?{query}").json
    assert [each["id"] for each in answer["items"]] == [each.id for each in expected]


def test_a_statement_of_a_commissioner_names_the_force(both):
    rows = both.client().get("/v1/statements").json["items"]
    assert [each["force"] for each in rows] == ["west-mercia", "west-mercia"]
    assert [each["overseen_by"] for each in rows] == [None, "pcc-west-mercia"]


def test_a_filter_by_a_stream_that_is_not_on_record_is_hinted_at(both):
    client = both.client()
    known = client.get("/v1/statements?about=body-west-mercia").json["meta"]
    assert known["notes"] == []
    for stream in ("body-west-merca", "planet-mars"):
        meta = client.get(f"/v1/statements?about={stream}").json["meta"]
        assert "is on record" in meta["notes"][0]
    answer = client.get("/v1/statements?about=west mercia")
    assert answer.json["errors"][0]["parameter"] == "about"


def test_what_was_taken_out_of_a_correction_stays_at_the_position_before(both):
    statement = both.record.load(Statement, STATEMENT.id)
    right = statement.correct(
        corrects=1, data=SAID.data, words={"title": "Right", "text": None}, **WHY
    )
    head = both.client().get("/v1/status").json["head"]
    both.put(STATEMENT, right)
    client, path = both.client(), f"/v1/statements/{STATEMENT.id}"
    now, then = client.get(path).json, client.get(f"{path}?at_position={head}").json
    assert (now["title"], now["text"]) == ("Right", None)
    assert (then["title"], then["text"]) == (SAID.title, SAID.text)


def test_an_undated_statement_is_counted_and_shown_if_asked_for(small):
    dates = ("published_on", "published_on_basis", "dated_on", "dated_on_basis")
    small.put(STATEMENT, replace(SAID, **dict.fromkeys(dates)))
    client = small.client()
    hidden = client.get("/v1/statements?as_of=2024-08-01").json
    assert (hidden["items"], hidden["meta"]["undated"]) == ([], 1)
    shown = client.get("/v1/statements?as_of=2024-08-01&undated=include").json
    assert [each["in_force"] for each in shown["items"]] == ["unknown"]
