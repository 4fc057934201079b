"""Which bodies an event concerns, held against what was recorded of each body."""

from collections import defaultdict

import pytest

from projections import bodies
from projections.concerns import bodies_of
from projections.following import CHUNK, Wanted, following
from projections.listing import Page
from projections.moment import Moment
from projections.recorded import list_recorded
from tests.importing import Desk

DAY = "2026-03-02"


@pytest.fixture(scope="module")
def model(founded, tmp_path_factory):
    desk = Desk(founded, tmp_path_factory.mktemp("concerns"))
    yield desk.record.read_model
    desk.record.close()


def everything(model, moment, wanted):
    """Give what is wanted, chunk by chunk, from the beginning."""
    after = 0
    while after < moment.position:
        events, reached = following(model, moment, after, wanted)
        yield from events
        assert reached > after and len(events) <= CHUNK
        after = reached


@pytest.mark.parametrize("share", [1, 2])
def test_it_is_what_was_recorded_of_them(model, share):
    moment = Moment(model.position // share, model.position, DAY)
    known = bodies.labels(model, moment).names()
    recorded = defaultdict(set)
    for body in sorted(known)[:: 3 * share]:
        for row in list_recorded(model, moment, Page(), body).rows:
            recorded[row["position"]].add(body)
    shown = set(sorted(known)[:: 3 * share])
    events = list(everything(model, moment, Wanted()))
    found = bodies_of(model, moment, events)
    assert [each.position for each in events] == list(range(1, moment.position + 1))
    assert {k: set(v & shown) for k, v in found.items() if v & shown} == recorded
    assert len(recorded) > 100


def test_filters_are_all_of_them_to_be_met(model):
    moment = Moment(model.position, model.position, DAY)
    wanted = Wanted(("rating", "plan"), ("west-mercia",), ("rating.awarded",))
    found = list(everything(model, moment, wanted))
    events = everything(model, moment, Wanted())
    expected = [
        each.position
        for each in events
        if each.type == "rating.awarded" and each.data["body"] == "west-mercia"
    ]
    assert [each.position for each in found] == expected and len(expected) > 5
