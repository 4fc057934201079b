"""Naming: a new thing of a series gets an id that none has ever had."""

from dataclasses import replace

import pytest

from service.naming import new_id
from tests.examples import PLEDGED, but


@pytest.mark.parametrize("taken", [0, 1, 2, 3, 7, 8, 9, 1000])
def test_the_next_of_a_series_is_found_without_going_through_it(taken):
    asked = []

    def find(kind, id):
        asked.append(id)
        number = int(id.rpartition(".")[2])
        return replace(kind(id), version=int(number <= taken))

    found = new_id(find, "commitment.made", but(PLEDGED))
    assert found == f"pcc-west-mercia.2024-05.{taken + 1}"
    assert len(asked) <= 22


def test_a_series_with_holes_still_gives_an_id_that_is_free():
    taken = {1, 2, 4, 5}

    def find(kind, id):
        return replace(kind(id), version=int(int(id.rpartition(".")[2]) in taken))

    found = new_id(find, "commitment.made", but(PLEDGED))
    assert int(found.rpartition(".")[2]) not in taken
