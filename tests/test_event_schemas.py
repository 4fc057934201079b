"""The JSON Schema of each type of event, held against real events."""

from functools import cache

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from projections.history import event_item
from projections.listing import Opened
from service.api.event_schemas import schema_of
from service.domain.catalogue import EVENT_TYPES, GENERIC, NOUNS
from tests.records import client, record
from tests.test_replay_every_noun import history

__all__ = ["client", "record"]


@cache
def validator(type):
    return jsonschema_rs.Draft202012Validator(schema_of(type))


def must_be_valid(item):
    validator(item["type"]).validate(item)


def test_every_type_has_a_schema(client):
    items = client.get("/v1/schemas").json["items"]
    generic = {f"{noun}.{verb}" for noun in NOUNS for verb in GENERIC}
    assert {each["type"] for each in items} == set(EVENT_TYPES) | generic
    for each in items:
        answer = client.get(each["address"].removeprefix("http://localhost"))
        assert answer.mimetype == "application/schema+json"
        assert answer.headers["Cache-Control"].endswith("immutable")
        schema = answer.get_json(force=True)
        Draft202012Validator.check_schema(schema)
        assert (schema["$id"], schema["title"]) == (each["address"], each["type"])
        assert schema["description"] == each["about"]
        assert "#/components" not in answer.text


def test_the_events_of_the_founding_record_are_what_the_schemas_say(client):
    count, address = 0, "/v1/events?limit=1000"
    while address:
        page = client.get(address).json
        for item in page["items"]:
            must_be_valid(item)
            count += 1
        address = page["next"] and page["next"].removeprefix("http://localhost")
    assert count == 1764


@pytest.mark.parametrize("noun", NOUNS)
def test_any_event_of_a_noun_is_what_its_schema_says(noun):
    types = set()
    for event in history(noun, 1):
        opened = {event.sealed[name]: each for name, each in event.opened.items()}
        must_be_valid(event_item(event, Opened(opened, {})))
        types.add(event.type)
    assert len(types) > 2


@pytest.mark.parametrize(
    "change",
    [
        {"type": "body.renamed"},
        {"data": {}},
        {"opened": {"note": 1}},
        {"position": "1"},
    ],
)
def test_what_is_no_such_event_is_refused(client, change):
    item = client.get("/v1/events/1").json
    item["data"]["more"] = 1
    found = validator(item["type"])
    assert not found.is_valid(item)
    del item["data"]["more"]
    assert found.is_valid(item) and not found.is_valid({**item, **change})


@pytest.mark.parametrize("path", ["none.such", "rating.award", "rating.awarded.csv"])
def test_a_type_that_is_not_there_is_a_problem(client, path):
    answer = client.get(f"/v1/schemas/{path}")
    assert answer.status_code == 404
    assert path == "none.such" or "rating.awarded" in answer.json["did_you_mean"]
