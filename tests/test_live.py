"""Readers who wait: long polls, server-sent events, permits and `min_position`."""

import gc
from dataclasses import replace

import feedparser
import pytest
from flask.testing import FlaskClient

from projections.feed import Wanted
from schemas.codelists import RedactionBasis
from service.app import create_app
from service.config import Settings, SettingsError
from service.context import LIVE
from service.domain.bodies import Body
from service.http.event_stream import stream_of
from service.http.live import RECENT
from service.http.permits import Permits, TooManyReadersError
from service.record import Record, draft_of
from tests.contract_client import SPEC
from tests.examples import REGISTERED, SAID, STATEMENT
from tests.following import STREAM, following, messages, once_waiting
from tests.records import SOURCE, SmallRecord, small
from tests.redacting import redact
from tests.redis_server import running

__all__ = ["small"]
BATCH = "/v1/events.cloudevents"


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request, tmp_path):
    """Give a small record on each of the databases."""
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("database_url")
    small = SmallRecord(tmp_path / "data", url)
    yield small
    small.record.close()


def limited(folder, most, each):
    """Return an app of a record with so many permits."""
    small = SmallRecord(folder)
    small.register("kent")
    app = create_app(small.record)
    app.extensions[LIVE].permits = Permits(most, each)
    return small, app


def register_at_once(small, count):
    """Put so many bodies on record in one transaction."""
    bodies = [Body(f"force-{number}") for number in range(count)]
    event = replace(REGISTERED, sources=[SOURCE])
    drafts = [draft_of(each, event, by="system") for each in bodies]
    small.record.store.append(drafts)
    small.record.catch_up()


# Long polls.


def test_a_long_poll_answers_as_soon_as_something_is_recorded(either):
    client = either.client()
    with once_waiting(client.application, lambda: either.register("kent")):
        answer = client.get(f"{BATCH}?after=0&wait=30")
    assert [each["type"] for each in answer.json] == ["body.registered"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.application.extensions[LIVE].permits.held == 0


def test_the_preference_of_a_client_is_a_long_poll_too(small):
    client = small.client()
    with once_waiting(client.application, lambda: small.register("kent")):
        answer = client.get("/v1/events", headers={"Prefer": "respond-async, wait=99"})
    assert answer.json["total"] == 1
    assert answer.headers["Preference-Applied"] == "wait=30"


def test_a_long_poll_waits_for_what_its_filters_keep(small):
    client = small.client()

    def record():
        small.register("kent")
        small.register("essex")

    with once_waiting(client.application, record):
        answer = client.get(f"{BATCH}?body=essex&wait=30")
    assert [each["id"] for each in answer.json] == ["2"]


def test_a_quiet_poll_says_how_far_was_looked(small):
    small.register("kent")
    answer = small.client().get(f"{BATCH}?noun=plan&wait=0")
    assert answer.json == []
    assert "noun=plan&wait=0&after=1>" in str(answer.headers)


def test_what_is_there_already_takes_no_permit(tmp_path):
    small, app = limited(tmp_path, 0, 0)
    client = FlaskClient(app, app.response_class)
    assert client.get("/v1/events?wait=30").status_code == 200
    assert client.get("/v1/events?after=1&at_position=1&wait=30").status_code == 200
    assert client.get("/v1/events?after=1&wait=30").status_code == 503
    small.record.close()


@pytest.mark.parametrize("wait", ["31", "-1", "1.5", "x", ""])
def test_a_wait_is_a_whole_number_up_to_30(small, wait):
    answer = small.client().get(f"/v1/events?wait={wait}")
    assert answer.json["errors"][0]["parameter"] == "wait"


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "wait=a", ";=,wait=१"])
def test_a_malformed_preference_is_passed_by(small, prefer):
    small.register("kent")
    headers = {"Prefer": prefer.encode().decode("latin-1")}
    answer = small.client().get("/v1/events?after=0", headers=headers)
    assert answer.status_code == 200
    assert "Preference-Applied" not in answer.headers


# Server-sent events.


def test_events_are_sent_as_they_are_recorded(either):
    either.register("kent")
    app = either.client().application
    with following(app) as sent:
        assert next(sent).retry == 3000
        either.register("essex")
        message = next(sent)
        either.rename("kent", "Kent Police")
        later = next(sent)
    [item] = either.client().get("/v1/events?after=1&limit=1").json["items"]
    assert (message.id, message.event) == ("2", "body.registered")
    assert (message.data["id"], message.data["data"]) == ("2", item)
    assert (later.id, later.event) == ("3", "body.renamed")
    assert app.extensions[LIVE].permits.held == 0


def test_a_client_that_returns_goes_on_after_what_it_has_seen(small):
    for id in ("kent", "essex", "surrey"):
        small.register(id)
    app = small.client().application
    with following(app, "?after=0", Last_Event_ID="2") as sent:
        assert [next(sent).id, next(sent).id] == [None, "3"]
    with following(app, "?after=1") as sent:
        assert [next(sent).id, next(sent).id, next(sent).id] == [None, "2", "3"]


def test_positions_are_the_same_whichever_way_they_are_followed(small):
    small.oversee("kent", "pcc-kent", "Commissioner")
    small.rename("kent", "Kent Police")
    client = small.client()
    pulled = [each["id"] for each in client.get(f"{BATCH}?body=kent").json]
    with following(client.application, "?after=0&body=kent") as sent:
        next(sent)
        told = [next(sent).id for _ in pulled]
    feed = feedparser.parse(client.get("/v1/changes.atom?body=kent").data)
    read = [each.link.rpartition("/")[2] for each in reversed(feed.entries)]
    # What came before the link concerns the force when one looks back.
    assert pulled == told == ["1", "3", "4"]
    assert read == ["1", "2", "3", "4"]


def test_only_what_the_filters_keep_is_sent(small):
    small.register("kent")
    with following(small.client().application, "?after=0&stream=body-essex") as sent:
        next(sent)
        small.register("surrey")
        small.register("essex")
        assert next(sent).id == "3"


def test_an_import_faster_than_a_reader_reaches_it_whole(small):
    small.register("kent")
    with following(small.client().application) as sent:
        next(sent)
        small.register("essex")
        assert next(sent).id == "2"
        register_at_once(small, RECENT + 20)
        found = [int(next(sent).id) for _ in range(RECENT + 20)]
    assert found == list(range(3, RECENT + 23))


def test_when_nothing_is_recorded_a_comment_says_how_far_was_looked(small):
    small.register("kent")
    live = small.client().application.extensions[LIVE]
    wanted = Wanted(nouns=("plan",))
    sent = messages(
        stream_of(live, wanted, 0, "localhost/log", "http://localhost", every=0)
    )
    next(sent)
    quiet = next(sent)
    sent.close()
    assert (quiet.comments, quiet.id, quiet.data) == (["nothing new"], "1", None)


def test_no_words_are_sent_that_were_redacted_meanwhile(small):
    small.register("pcc-west-mercia", kind="local-policing-body")
    app = small.client().application
    with following(app) as early, following(app, "?after=0") as late:
        next(early), next(late)
        small.put(STATEMENT, SAID)
        assert "opened" in str(next(early).data)
        redact(small.record, 2, "text", basis=str(RedactionBasis.SAFEGUARDING))
        assert next(early).event == "field.redacted"
        found = [next(late) for _ in range(3)]
    statement = found[1].data["data"]
    assert SAID.text not in str(found)
    assert statement["opened"]["title"] == SAID.title
    assert statement["redacted"]["text"]["basis"] == "safeguarding"


def test_what_was_kept_is_dropped_as_soon_as_anybody_tells_of_a_redaction(small):
    small.register("pcc-west-mercia", kind="local-policing-body")
    live = small.client().application.extensions[LIVE]
    with live.watching() as watch:
        small.put(STATEMENT, SAID)
        assert watch.reaches(2, 30)
        [kept] = watch.following(1)
        assert kept.item["opened"]["text"] == SAID.text
        redact(small.record, 2, "text")
        [entry, *_] = live.read(watch, Wanted(), 1).entries
        assert "text" not in entry.item["opened"]


def test_a_redis_that_dies_while_readers_wait_loses_nothing(small):
    small.register("kent")
    small.record.close()
    with running() as redis:
        settings = replace(small.record.settings, redis_url=redis.url)
        small.record = Record.open(settings, small.clock)
        with following(small.client().application) as sent:
            next(sent)
            small.register("essex")
            seen = [next(sent).id]
            for id, change in (("surrey", redis.kill), ("dorset", redis.start)):
                change()
                small.register(id)
                seen.append(next(sent).id)
    assert seen == ["2", "3", "4"]


def test_followers_are_let_go_at_the_end(small):
    app = small.client().application
    live = app.extensions[LIVE]
    with following(app) as sent:
        next(sent)
        live.end()
        assert list(sent) == []
    assert small.client().get("/v1/events?wait=0").status_code == 200
    assert not live.wait_for(1, 30)


def test_a_stream_may_not_be_kept_nor_held_back(small):
    app = small.client().application
    answer = small.client().head(STREAM)
    assert answer.content_type == "text/event-stream; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert app.extensions[LIVE].permits.held == 0


@pytest.mark.parametrize("id", ["x", "-1", "1.0", "9" * 17, "٣", "1\x00"])
def test_an_id_that_is_no_position_is_refused(small, id):
    headers = {"Last-Event-ID": id.encode().decode("latin-1")}
    answer = small.client().get(STREAM, headers=headers)
    [error] = answer.json["errors"]
    assert (answer.status_code, error["parameter"]) == (400, "Last-Event-ID")


# Permits.


def test_without_a_permit_nobody_waits_but_everybody_reads(tmp_path):
    small, app = limited(tmp_path, 2, 2)
    client = FlaskClient(app, app.response_class)
    with following(app), following(app):
        for path in (STREAM, "/v1/events?after=1&wait=1", "/v1/bodies?min_position=9"):
            answer = client.get(path)
            assert (answer.status_code, answer.json["type"]) == (
                503,
                "/problems/too-many-readers",
            )
            assert answer.headers["Retry-After"] == "5"
        assert client.get("/healthz").data == b"ok\n"
        assert client.get("/v1/bodies?min_position=1").status_code == 200
    with following(app):
        pass
    small.record.close()


def test_one_address_may_not_hold_all_permits():
    permits = Permits(3, 2)
    held = [permits.take("192.0.2.1") for _ in range(2)]
    with pytest.raises(TooManyReadersError, match="your address"):
        permits.take("192.0.2.1")
    with permits.take("192.0.2.2"), pytest.raises(TooManyReadersError, match="here"):
        permits.take("192.0.2.3")
    held[0].release()
    held[0].release()
    assert permits.held == 1


def test_the_permit_of_an_answer_that_is_never_sent_is_given_back():
    permits = Permits(1, 1)
    permits.take("192.0.2.1")
    gc.collect()
    assert permits.held == 0


def test_how_many_may_wait_is_a_setting():
    settings = Settings.from_environment({"COPPERPLATE_LONG_READERS": "7"})
    assert (settings.long_readers, settings.long_readers_each) == (7, 50)
    assert Settings.from_environment(settings.to_environment()) == settings
    with pytest.raises(SettingsError, match="LONG_READERS is a number of readers"):
        Settings.from_environment({"COPPERPLATE_LONG_READERS": "many"})


# What was just recorded.


def test_an_answer_waits_for_the_position_that_it_is_to_be_from(either):
    client = either.client()
    with once_waiting(client.application, lambda: either.register("kent")):
        answer = client.get(
            "/v1/bodies/kent?min_position=1", headers={"Prefer": "wait=30"}
        )
    assert (answer.json["id"], answer.headers["Record-Position"]) == ("kent", "1")
    assert answer.headers["Preference-Applied"] == "wait=30"


def test_an_answer_is_the_same_whatever_was_waited_for(small):
    small.register("kent")
    for path in ("/v1/bodies", "/v1/bodies/kent", "/v1/events.csv"):
        plain, waited = (
            small.client().get(p) for p in (path, f"{path}?min_position=1")
        )
        assert plain.data == waited.data
        assert plain.headers.getlist("Link") == waited.headers.getlist("Link")


def test_a_position_that_does_not_come_is_a_problem_that_says_how_far_it_is(small):
    small.register("kent")
    headers = {"Prefer": "wait=0"}
    answer = small.client().get("/v1/bodies?min_position=2", headers=headers)
    assert (answer.status_code, answer.json["head"]) == (503, 1)
    assert answer.json["type"] == "/problems/projection-behind"
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Preference-Applied"] == "wait=0"


def test_whatever_takes_a_position_waits_for_one():
    for path, methods in SPEC["paths"].items():
        named = str(methods.get("get", {}).get("parameters"))
        if "known_at" in named:
            assert "min_position" in named and "Prefer" in named, path
            assert "503" in methods["get"]["responses"], path
