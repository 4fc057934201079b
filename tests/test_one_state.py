"""Answers come from one state of the tables, and keep what others do not change."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import psycopg
from flask import Blueprint

from projections import bodies, database
from projections.listing import Listing
from projections.moment import Moment
from schemas.bodies import BodyFilterSchema
from schemas.status import ProjectionSchema
from service.app import create_app
from service.context import read_model
from service.http.contract import accepts, returns
from tests.examples import SAID, STATEMENT
from tests.records import SmallRecord, small

__all__ = ["small"]


def labels(small):
    position = small.record.read_model.position
    moment = Moment(position, position, "2026-03-02")
    return bodies.labels(small.record.read_model, moment)


def test_names_of_bodies_are_kept_while_things_of_other_nouns_are_recorded(small):
    small.register("someforce")
    before = labels(small)
    small.put(STATEMENT, SAID)
    assert labels(small) is before
    small.register("otherforce", "Other Police")
    after = labels(small)
    assert after is not before
    assert (after.name("otherforce"), before.name("otherforce")) == (
        "Other Police",
        None,
    )
    small.put(STATEMENT.__class__("pcc-west-mercia.2024-07-09.2"), SAID)
    assert labels(small) is after


def test_what_was_on_record_before_is_not_taken_for_what_is(small):
    small.register("someforce")
    labels(small)
    small.rename("someforce", "Some Police")
    past = Moment(1, small.record.read_model.position, "2026-03-02")
    model = small.record.read_model
    assert bodies.labels(model, past).name("someforce") == "Someforce"
    assert labels(small).name("someforce") == "Some Police"


def test_a_view_sees_nothing_of_what_is_recorded_while_it_answers(small):
    small.register("someforce")
    trial, seen = Blueprint("trial", __name__, url_prefix="/v1/trial"), []

    @trial.get("")
    @accepts(query=BodyFilterSchema)
    @returns(ProjectionSchema, many=True)
    def index(moment, page, **_):
        seen.append(read_model().position)
        if len(seen) == 1:
            other = Thread(target=small.register, args=("otherforce",))
            other.start()
            other.join()
        with database.reading(read_model().engine):
            seen.append(read_model().position)
        return Listing([], 0)

    answer = create_app(small.record, [trial]).test_client().get("/v1/trial")
    assert answer.status_code == 200
    assert seen == [1, 1]  # It is asked once, and of one state.
    assert small.record.read_model.position == 2


def test_many_readers_at_once_leave_postgresql_its_connections(tmp_path, database_url):
    small = SmallRecord(tmp_path, database_url)
    small.register("someforce")
    application = small.client().application

    def read(number):
        address = f"/v1/bodies?as_of=2020-02-{10 + number % 20}"
        return application.test_client().get(address).status_code

    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(read, range(100))) == {200}
    with psycopg.connect(database_url) as connection:
        [[held]] = connection.execute("""
            SELECT count(*)
            FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    assert held <= 12  # Of 100, of which four workers and two more each have some.
    small.record.close()
