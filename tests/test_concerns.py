"""Which events are sent to whom, by all that is asked for."""

import pytest

from projections import bodies
from projections.feed import CHUNK, Wanted, chunk_of
from projections.moment import Moment
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
        events, reached = chunk_of(model, moment, after, wanted)
        yield from events
        assert reached > after and len(events) <= CHUNK
        after = reached


def test_filters_are_all_of_them_to_be_met(model):
    moment = Moment(model.position, model.position, DAY)
    wanted = Wanted(
        nouns=("rating", "plan"), bodies=("west-mercia",), types=("rating.awarded",)
    )
    found = list(everything(model, moment, wanted))
    events = everything(model, moment, Wanted())
    expected = [
        each.position
        for each in events
        if each.type == "rating.awarded" and each.data["body"] == "west-mercia"
    ]
    assert [each.position for each in found] == expected and len(expected) > 5


def test_whom_a_body_oversees_is_found_by_an_index():
    """Each event asks for them: else it costs more the more bodies there are."""
    indexed = {each.columns.keys()[0] for each in bodies.table.indexes}
    assert "other" in indexed
