"""The feed as it is pulled: CloudEvents, filters, and where a reader goes on."""

import re
import shutil
from contextlib import closing
from dataclasses import replace

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema_rs import Draft202012Validator

from projections.feed import Wanted, following, list_feed
from projections.listing import Page
from projections.moment import Moment
from projections.recorded import list_recorded
from schemas.codelists import Change
from schemas.events import NOUNS
from service.config import Settings
from service.domain.bodies import Body
from service.domain.catalogue import EVENT_TYPES
from service.record import Record
from tests.examples import LINKED, SAID, STATEMENT
from tests.records import SmallRecord, app_over, small
from tests.redacting import redact
from tests.test_architecture import noun_of

__all__ = ["small"]
# It names nobody but the body that speaks.
SPOKE = replace(SAID, about=[], responds_to=[], section_55=False)
BATCH = "application/cloudevents-batch+json"


@pytest.fixture(scope="module")
def record(founded, tmp_path_factory):
    """Open a copy of the founding record."""
    folder = tmp_path_factory.mktemp("followed") / "data"
    shutil.copytree(founded, folder)
    with closing(Record.open(Settings(data=folder))) as record:
        yield record


@pytest.fixture(scope="module")
def client(record):
    return app_over(record).test_client()


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path):
    """Give a small record on each of the databases."""
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("database_url")
    small = SmallRecord(tmp_path / "data", url)
    yield small
    small.record.close()


def next_of(answer):
    """Return the path that the answer says to go on with."""
    [found] = re.findall(r'<http://localhost([^>]+)>; rel="next"', str(answer.headers))
    return found


def positions(answer):
    return [each["position"] for each in answer.json["items"]]


# CloudEvents.


def test_a_batch_is_read_by_the_software_of_cloudevents(client):
    answer = client.get("/v1/events", headers={"Accept": BATCH})
    assert answer.content_type == BATCH
    items = client.get("/v1/events").json["items"]
    assert len(answer.json) == len(items) == 100
    for found, item in zip(answer.json, items, strict=True):
        read = JSONFormat().read(CloudEvent, client.application.json.dumps(found))
        assert (read.get_id(), read.get_type()) == (str(item["position"]), item["type"])
        assert read.get_source() == "https://localhost/log"
        assert read.get_subject() == item["stream"]
        assert read.get_time().isoformat() == item["recorded_at"].replace("Z", "+00:00")
        assert read.get_data() == item
        schema = f"http://localhost/v1/schemas/{item['type']}.json"
        assert read.get_dataschema() == schema
        extensions = [read.get_extension(each) for each in ("position", "leafhash")]
        assert extensions == [item["position"], item["leaf_hash"]]


def test_the_schema_of_a_cloud_event_is_had_at_its_address_and_holds(client):
    batch = client.get("/v1/events.cloudevents?limit=1000").json
    for address in {each["dataschema"] for each in batch}:
        schema = client.get(address).json
        assert schema["$id"] == address
        [first, *_] = [each for each in batch if each["dataschema"] == address]
        Draft202012Validator(schema).validate(first["data"])


def test_the_suffix_asks_for_a_batch_too(client):
    accepted = client.get("/v1/events?limit=3", headers={"Accept": BATCH})
    suffixed = client.get("/v1/events.cloudevents?limit=3")
    assert accepted.data == suffixed.data


def test_batches_follow_one_another_to_an_empty_one(client):
    path, found = "/v1/events.cloudevents?limit=700", []
    while batch := (answer := client.get(path)).json:
        found += [each["position"] for each in batch]
        path = next_of(answer)
    assert found == list(range(1, 1765))
    assert next_of(answer) == path == "/v1/events.cloudevents?limit=700&after=1764"


def test_a_quiet_filter_is_told_how_far_was_looked(client):
    path = "/v1/events.cloudevents?noun=gap&after=5"
    answer = client.get(path)
    assert len(answer.json) == 2
    assert next_of(answer) == "/v1/events.cloudevents?noun=gap&after=1764"
    beyond = client.get("/v1/events.cloudevents?after=2000")
    assert (beyond.json, next_of(beyond)) == ([], "/v1/events.cloudevents?after=2000")


# Filters.


def test_what_concerns_a_body_is_what_was_recorded_of_it(record, client):
    model = record.read_model
    moment = Moment(model.position, model.position, "2026-03-02")
    for body in client.get("/v1/bodies?limit=1000").json["items"]:
        id, overseer = body["id"], body["overseen_by"]
        feed = {x["position"] for x in list_feed(model, moment, Page(), body=id).rows}
        told = list_recorded(model, moment, Page(), id).rows
        assert feed <= {each["position"] for each in told}
        # Of an overseer what came before the link was not known to concern it.
        early = [each for each in told if each["position"] not in feed]
        assert [(x["type"], x["thing"]) for x in early] == (
            [("body.registered", overseer)] if overseer else []
        )


def test_filters_keep_of_a_query_what_they_keep_of_events_at_hand(record):
    model = record.read_model
    every = following(model, 0, Wanted(), 5000).entries
    assert [each.event.position for each in every] == list(range(1, 1765))
    bodies = {body for each in every for body in each.bodies}
    wanted = [Wanted(nouns=(noun,)) for noun in NOUNS]
    wanted += [Wanted(types=(type,)) for type in {each.event.type for each in every}]
    wanted += [Wanted(bodies=(body,)) for body in bodies]
    wanted += [Wanted(bodies=(body,), nouns=("rating",)) for body in bodies]
    wanted += [Wanted(streams=(each.event.stream,)) for each in every[::97]]
    for each in wanted:
        found = following(model, 1000, each, 5000)
        at_hand = [x for x in every if x.event.position > 1000 and each.takes(x)]
        assert list(found.entries) == at_hand
        assert found.last == 1764


def test_every_noun_of_an_event_can_be_asked_for(client):
    assert {noun_of(each) for each in EVENT_TYPES} - {"key"} == set(NOUNS)
    answer = client.get("/v1/events?noun=rating&limit=1000")
    assert answer.json["total"] == client.get("/v1/status").json["counts"]["rating"] + 1
    assert {each["stream"].partition("-")[0] for each in answer.json["items"]} == {
        "rating"
    }
    assert client.get("/v1/events?noun=ratings").status_code == 400


def test_a_filter_that_names_no_body_says_so(client):
    answer = client.get("/v1/events?body=west-mercai").json
    [note] = answer["meta"]["notes"]
    assert answer["total"] == 0 and "'west-mercia'" in note


def test_what_an_overseer_says_concerns_its_force_from_the_link_on(either):
    either.register("west-mercia")
    either.register("pcc-west-mercia", kind="local-policing-body")
    either.put(STATEMENT, SPOKE)  # At 3.
    either.put(Body("west-mercia"), LINKED)  # At 4.
    either.put(STATEMENT.__class__("pcc-west-mercia.2024-07-09.2"), SPOKE)  # At 5.
    client = either.client()
    assert positions(client.get("/v1/events?body=west-mercia")) == [1, 4, 5]
    assert positions(client.get("/v1/events?body=pcc-west-mercia")) == [2, 3, 4, 5]


def test_a_link_that_is_taken_back_ends_what_it_brought(either):
    either.oversee("west-mercia", "pcc-west-mercia", "Commissioner")  # 1 to 3.
    body = either.record.load(Body, "west-mercia")
    reason = {"reason": "not-a-fact", "asked_by": "editor", "reason_text": None}
    event = body.retract(retracts=2, **reason)
    either.record.record(body, event, by="system")  # At 4.
    either.put(STATEMENT, SPOKE)  # At 5.
    client = either.client()
    assert positions(client.get("/v1/events?body=west-mercia")) == [1, 3, 4]
    assert positions(client.get("/v1/events?body=pcc-west-mercia")) == [2, 3, 4, 5]


def test_a_redaction_concerns_whom_the_erased_words_concerned(either):
    either.register("west-mercia")
    either.register("pcc-west-mercia", kind="local-policing-body")
    either.put(STATEMENT, SPOKE)
    done = redact(either.record, 3)
    client = either.client()
    answer = client.get("/v1/events?body=pcc-west-mercia")
    assert positions(answer) == [2, 3, done.position]
    assert answer.json["items"][2]["change"] == Change.REDACTION
    assert positions(client.get("/v1/events?body=west-mercia")) == [1]
