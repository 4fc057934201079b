"""Rows are selected by queries that are written once, and by others alike."""

from contextlib import closing

import pytest
from sqlalchemy import and_, true

from projections import bodies, database, programmes, selection
from projections.bodies import table
from projections.conditions import (
    among,
    beginning,
    differing,
    equal,
    exactly,
    holding,
    stated,
)
from projections.moment import Moment
from projections.read_model import ReadModel
from projections.selection import Days, count_rows, find_rows
from tests.records import SmallRecord

FORCES = ("durham", "gwent", "kent", "surrey", "sussex")
CONDITIONS = [
    equal(kind="police-force", region=None),
    exactly(id="kent", part=""),
    differing(part=""),
    [stated("relation")],
    [stated("kind")],
    *([among("id", FORCES[:number])] for number in range(6)),
    [among("id", ["nobody", "kent"]), *exactly(part="")],
    [beginning("part", "name.")],
    [beginning("part", "%")],
    holding("succeeded_by", "kent"),
    holding("succeeded_by", "k_nt"),
    holding("succeeded_by", None),
    exactly(is_disputed=False),
    exactly(is_disputed=True),
]


@pytest.fixture
def small(place):
    small = SmallRecord(place.folder, place.url)
    with closing(small.record):
        for id in FORCES:
            small.register(id)
        small.oversee("merseyside", "pcc-merseyside", "Commissioner")
        small.rename("kent", "Kent Constabulary")
        small.rename("kent", "Kent Police")
        small.retract("gwent")
        yield small


def moments(head):
    for position in (0, 3, head - 1, head):
        for day in (None, "2024-05-01"):
            for with_undated in (False, True):
                yield Moment(position, head, "2026-03-02", day, with_undated)


def test_a_query_written_once_finds_what_one_of_its_own_finds(small):
    model = small.record.read_model
    with database.reading(model.engine) as connection:
        for wanted in CONDITIONS:
            # What is no plain condition is no part of a query that is kept.
            special = [and_(true(), *(each.on(table) for each in wanted))]
            for moment in moments(model.position):
                for days in Days if moment.as_of else [Days.ANY]:
                    for find in (select_rows, count_rows):
                        one, other = (
                            find(connection, table, moment, each, days=days)
                            for each in (wanted, special)
                        )
                        assert one == other, (wanted, moment, days)


def select_rows(*asked, **more):
    return find_rows(*asked, **more).rows()


def test_rows_come_in_parts_after_a_key_in_the_columns_asked_for(small):
    model = small.record.read_model
    now = Moment(model.position, model.position, "2026-03-02")
    shown, found, after = ("id", "is_disputed"), [], None
    with database.reading(model.engine) as connection:
        while rows := select_rows(
            connection, table, now, exactly(part=""),
            columns=shown, order=("id",), after=after, most=2,
        ):  # fmt: skip
            found += rows
            after = (rows[-1]["id"],)
    ids = ["durham", "kent", "merseyside", "pcc-merseyside", "surrey", "sussex"]
    assert found == [{"id": id, "is_disputed": False} for id in ids]


def test_lists_of_like_lengths_and_other_values_share_a_query(small):
    model = small.record.read_model
    now = Moment(model.position, model.position, "2026-03-02")
    with database.reading(model.engine) as connection:
        for ids in (FORCES[:3], FORCES[1:], FORCES[:4]):
            select_rows(connection, table, now, [among("id", ids)])
            written = selection._query.cache_info().misses
        assert selection._query.cache_info().misses == written


def test_what_is_named_from_memory_is_what_one_reads_who_has_read_nothing(small):
    model = small.record.read_model
    bodies.labels(model, Moment(model.position, model.position, "2026-03-02"))
    small.rename("durham", "Durham Police")
    for moment in moments(model.position):
        fresh = ReadModel(model.engine, model.projections)
        kept, anew = (bodies.labels(each, moment) for each in (model, fresh))
        assert kept.names() == anew.names()
        assert kept.kinds == anew.kinds
        for id in (*FORCES, "merseyside", "pcc-merseyside", "nobody"):
            assert kept.columns_with_force(id) == anew.columns_with_force(id)
            assert kept.overseen(id) == anew.overseen(id)


def test_what_is_touched_later_is_read_again(small):
    model = small.record.read_model

    def now():
        return Moment(model.position, model.position, "2026-03-02")

    assert bodies.labels(model, now()).name("durham") == "Someforce"
    assert programmes.labels(model, now()).rows == {}
    before = now()
    small.rename("durham", "Durham Police")
    past = Moment(before.position, model.position, "2026-03-02")
    assert bodies.labels(model, now()).name("durham") == "Durham Police"
    assert bodies.labels(model, past).name("durham") == "Someforce"


def test_what_was_known_of_a_body_is_found_by_index(tmp_path):
    with closing(SmallRecord(tmp_path).record) as record:
        engine = record.read_model.engine
        with database.reading(engine) as connection:
            plan = database.run(connection, f"EXPLAIN QUERY PLAN {PAST}", (7, 7))
    assert "USING INDEX ratings_group (body=?)" in plan[0][-1]


PAST = (
    "SELECT * FROM {ratings} WHERE body = 'kent' AND position_from <= ? "
    "AND (position_to IS NULL OR position_to > ?)"
)
