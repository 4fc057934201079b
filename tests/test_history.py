"""The things of a noun are folded on from where they were folded last."""

from dataclasses import replace

from projections.history import things_of
from projections.moment import Moment
from projections.read_model import ReadModel
from service.domain.statements import Statement
from tests.examples import SAID, WITHDRAWN
from tests.records import SmallRecord, small

__all__ = ["small"]


def at(model: ReadModel, position: int | None = None) -> Moment:
    head = model.position
    return Moment(head if position is None else position, head, "2026-03-02")


def anew(small: SmallRecord) -> ReadModel:
    """Return the read model as one sees it who has read nothing yet."""
    model = small.record.read_model
    return ReadModel(model.engine, model.projections)


def said(small: SmallRecord, number: int) -> None:
    event = replace(SAID, term=None, responds_to=[])
    small.put(Statement(f"durham.2024-07-09.{number}"), event)


def test_what_is_folded_on_is_what_is_folded_anew(small):
    small.register("durham")
    said(small, 1)
    model = small.record.read_model
    first = things_of(model, at(model), "statement")
    then = model.position
    small.put(Statement("durham.2024-07-09.1"), WITHDRAWN)
    small.register("kent")
    said(small, 2)
    found = things_of(model, at(model), "statement")
    assert found == things_of(anew(small), at(model), "statement")
    assert list(found) == ["durham.2024-07-09.1", "durham.2024-07-09.2"]
    assert found["durham.2024-07-09.1"].live("statement.withdrawn")
    assert list(first) == ["durham.2024-07-09.1"], "what was given stays as it was"
    assert not first["durham.2024-07-09.1"].live("statement.withdrawn")
    assert things_of(model, at(model, then), "statement") == first


def test_a_noun_of_which_nothing_is_on_record_has_no_things(small):
    small.register("durham")
    model = small.record.read_model
    assert things_of(model, at(model), "plan") == {}
    small.register("kent")
    assert things_of(model, at(model), "plan") == {}
