"""What rests on what is remembered is recorded only if that still is so."""

import pytest

from service.domain.bodies import Body
from service.remembered import Remembered
from tests.recording import Editor
from tests.records import SmallRecord
from tests.test_grouping import name, statement


@pytest.fixture
def small(place):
    small = SmallRecord(place.folder, place.url)
    yield small
    small.record.close()


@pytest.fixture
def desk(small):
    """Give an editor whose process remembers a body as it was registered."""
    small.register("kent", "Kent Police")
    desk = Editor(small)
    desk.post("/v1/statements", statement("First."))
    assert small.record.remembered.find("body-kent").version == 1
    return desk


@pytest.fixture
def other(place, desk):
    other = SmallRecord(place.folder, place.url)
    yield other
    other.record.close()


def test_what_changed_elsewhere_is_read_anew(small, desk, other):
    other.rename("kent", "Kent Force")
    answer = desk.post("/v1/statements", statement("Second."))
    assert answer.status_code == 201
    assert small.record.remembered.find("body-kent").version == 2


def test_nothing_is_said_of_what_was_retracted_elsewhere(desk, other):
    other.retract("kent")
    answer = desk.post("/v1/statements", statement("Second."))
    assert answer.status_code == 400
    assert answer.json["errors"][0]["detail"] == "The body kent was retracted."


def test_a_version_that_is_remembered_is_not_taken_for_that_of_now(desk, other):
    other.rename("kent", "Kent Force")
    path, renamed = "/v1/bodies/kent/names", name("Force of Kent")
    assert desk.post(path, renamed, If_Match='"1"').status_code == 412
    assert desk.post(path, renamed, If_Match='"2"').status_code == 201


def test_a_request_that_comes_again_is_known_though_it_is_not_looked_for(desk):
    path, key = "/v1/bodies/kent/names", {"Idempotency_Key": "again"}
    first = desk.post(path, name("Kent Force"), **key)
    assert first.status_code == 201
    assert desk.post(path, name("Kent Force"), **key).data == first.data
    assert desk.post(path, name("Force of Kent"), **key).status_code == 422


def test_only_what_was_loaded_last_is_remembered():
    remembered = Remembered(most=2)
    one, two, three = (Body(each) for each in ("one", "two", "three"))
    for each in (one, two, one, three):
        remembered.keep(each)
    assert remembered.find("body-two") is None
    assert remembered.find("body-one") is one
    assert remembered.find("body-three") is three
