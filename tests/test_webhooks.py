"""Webhooks: what was recorded comes to receivers, signed, in order, at least once."""

from datetime import timedelta
from threading import Event

import psycopg
import pytest
from cryptography.exceptions import InvalidSignature

from service.webhooks.courier import forget
from tests.archived import small as on_both
from tests.editing import editor
from tests.receiver import receiving
from tests.records import SmallRecord, small
from tests.subscribing import PATH, Subscriber

__all__ = ["on_both", "small"]


@pytest.fixture(scope="module")
def listening():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def receiver(listening):
    fresh = type(listening)(listening.port)
    vars(listening).update(vars(fresh))
    return listening


@pytest.fixture
def subscriber(small: SmallRecord, receiver):
    small.register("kent", "Kent Police")
    return Subscriber(small, receiver)


@pytest.fixture
def wherever(on_both, receiver):
    """Give somebody who subscribes to a record on each of the databases."""
    on_both.register("kent", "Kent Police")
    return Subscriber(on_both, receiver)


# The whole way, on both databases.


def test_what_is_recorded_comes_in_order_once_the_receiver_has_agreed(wherever):
    subscriber, receiver = wherever, wherever.receiver
    assert subscriber.subscribe().status_code == 201
    assert subscriber.made["state"] == "unconfirmed"
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    subscriber.small.rename("kent", "Kent Constabulary")
    subscriber.carry()
    assert [each.type for each in receiver.received] == [
        "subscription.challenge",
        "body.registered",
        "body.renamed",
    ]
    assert receiver.positions == [2, 3]
    [public_key] = subscriber.made["public_keys"]
    for each in receiver.received:
        each.verify(public_key)
    notice = receiver.received[-1]
    assert notice.json["data"] == {
        "position": 3,
        "stream": "body-kent",
        "event": "http://localhost/v1/events/3",
        "subscription": subscriber.made["id"],
    }
    event = subscriber.client.get("/v1/events/3").json
    assert notice.json["timestamp"] == event["recorded_at"]
    assert b"Constabulary" not in notice.body
    seen = subscriber.get()
    assert (seen["state"], seen["position"], seen["head"]) == ("active", 3, 3)
    assert [each["kind"] for each in subscriber.attempts] == [
        "event",
        "event",
        "challenge",
    ]


def test_after_a_failure_the_same_comes_again_and_nothing_is_passed_over(wherever):
    subscriber, receiver = wherever.confirmed(), wherever.receiver
    receiver.failing(503)
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.small.register("essex", "Essex Police")
    subscriber.carry()
    subscriber.carry(seconds=4)
    assert receiver.positions == [2]
    subscriber.carry(seconds=1)
    assert receiver.positions == [2, 2]
    failing = subscriber.get()
    assert (failing["failures"], failing["position"]) == (2, 1)
    assert subscriber.attempts[0]["error"] == "it answers with status 503"
    receiver.answer = type(receiver)(0).answer
    subscriber.carry(seconds=20)
    assert receiver.positions == [2, 2, 2, 3]
    first, second = receiver.received[1:3]
    assert first.id == second.id and first.body == second.body
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert (subscriber.get()["failures"], subscriber.get()["position"]) == (0, 3)


def test_an_address_of_no_subscription_finds_none(wherever):
    subscriber = wherever.confirmed()
    for id in ("%00", "sub-%00", "%ED%A0%80", "a" * 4000, "sub-00000000", "%2e", "'"):
        for part in ("", "/attempts", "/attempts.csv"):
            path = f"{PATH}/{id}{part}"
            answer = subscriber.client.get(path, headers=subscriber.headers)
            assert answer.status_code == 401, path
        answer = subscriber.client.delete(f"{PATH}/{id}", headers=subscriber.headers)
        assert answer.status_code == 401, id


def test_one_process_at_a_time_delivers(wherever):
    subscriptions = wherever.small.record.subscriptions
    other = SmallRecord(
        wherever.small.record.settings.data, wherever.small.record.settings.database_url
    )
    with subscriptions.turn() as is_ours:
        assert is_ours()
        with other.record.subscriptions.turn() as is_theirs:
            assert not is_theirs()
    with other.record.subscriptions.turn() as is_theirs:
        assert is_theirs()
    other.record.close()


def test_who_loses_the_database_loses_the_turn(database_url, tmp_path):
    small = SmallRecord(tmp_path / "data", database_url)
    with small.record.subscriptions.turn() as is_ours:
        assert is_ours()
        with psycopg.connect(database_url, autocommit=True) as other:
            ended = other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND objid = %s",
                [0x636F7072],
            ).fetchall()
        assert ended == [(True,)]
        assert not is_ours()
    with small.record.subscriptions.turn() as is_ours:
        assert is_ours()
    small.record.close()


def test_an_owner_pauses_resumes_replays_tests_and_deletes(wherever):
    subscriber, receiver = wherever.confirmed(), wherever.receiver
    assert subscriber.post("pause").json["reason"] == "owner"
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    assert receiver.positions == []
    assert subscriber.post("test").json["is_test_pending"]
    subscriber.carry()
    assert receiver.received[-1].type == "subscription.test"
    assert subscriber.post("resume").json["state"] == "active"
    subscriber.carry()
    assert receiver.positions == [2]
    assert subscriber.post("replay", after=0).json["position"] == 0
    subscriber.carry()
    assert receiver.positions == [2, 1, 2]
    gone = subscriber.client.delete(subscriber.path, headers=subscriber.headers)
    assert gone.json["position"] == 2
    again = subscriber.client.get(subscriber.path, headers=subscriber.headers)
    assert again.status_code == 401
    subscriber.small.register("essex", "Essex Police")
    subscriber.carry()
    assert receiver.positions == [2, 1, 2]


# Agreeing.


def test_nothing_but_the_challenge_is_sent_to_who_does_not_agree(subscriber):
    said = iter(
        [
            lambda _: b"",
            lambda _: b"ok",
            lambda received: received.body,
            lambda received: received.json["data"]["challenge"].encode() + b"!",
        ]
    )
    subscriber.receiver.answer = lambda received: (200, next(said)(received), {})
    subscriber.subscribe()
    for minutes in (0, 1, 5, 20):
        subscriber.carry(minutes=minutes)
        assert subscriber.attempts[0]["error"] == (
            "it did not answer with the challenge"
        )
    assert [each.type for each in subscriber.receiver.received] == [
        "subscription.challenge"
    ] * 4
    assert subscriber.state == "unconfirmed"


def test_who_does_not_agree_within_an_hour_is_forgotten(subscriber):
    subscriber.receiver.failing(404)
    subscriber.subscribe()
    subscriber.carry(minutes=59)
    forget(subscriber.small.record)
    assert subscriber.state == "unconfirmed"
    subscriber.carry(minutes=2)
    forget(subscriber.small.record)
    assert subscriber.small.record.subscriptions.all() == []


def test_who_was_paused_for_long_is_forgotten_and_who_is_active_is_not(subscriber):
    subscriber.confirmed()
    subscriber.small.clock.now += timedelta(days=400)
    forget(subscriber.small.record)
    assert subscriber.state == "active"
    subscriber.post("pause")
    subscriber.small.clock.now += timedelta(days=91)
    forget(subscriber.small.record)
    assert subscriber.small.record.subscriptions.all() == []


# Failing.


def test_after_72_hours_of_failures_it_is_paused_and_goes_on_where_it_stopped(
    subscriber,
):
    subscriber.confirmed()
    receiver = subscriber.receiver
    receiver.failing(500)
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    begun = subscriber.small.clock.now
    gaps = []
    while subscriber.state == "active":
        due = subscriber.get()["next_attempt_at"]
        wait = type(begun).fromisoformat(due) - subscriber.small.clock.now
        gaps.append(wait.total_seconds())
        subscriber.carry(seconds=wait.total_seconds())
    assert gaps[:6] == [5, 20, 80, 320, 1280, 5120]
    assert max(gaps) == 12 * 3600
    assert subscriber.small.clock.now - begun == timedelta(hours=72)
    seen = subscriber.get()
    assert (seen["state"], seen["reason"], seen["position"]) == (
        "paused",
        "failures",
        1,
    )
    assert len(subscriber.attempts) == min(20, len(gaps) + 2)
    receiver.answer = type(receiver)(0).answer
    receiver.received.clear()
    subscriber.small.register("essex", "Essex Police")
    subscriber.carry(days=3)
    assert receiver.received == []
    subscriber.post("resume")
    subscriber.carry()
    assert receiver.positions == [2, 3]


def test_the_seconds_that_a_receiver_asks_for_are_waited(subscriber):
    subscriber.confirmed()
    subscriber.receiver.failing(429, **{"Retry-After": "3600"})
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    subscriber.carry(seconds=3599)
    assert subscriber.receiver.positions == [2]
    subscriber.carry(seconds=1)
    assert subscriber.receiver.positions == [2, 2]


def test_a_receiver_that_is_gone_is_asked_before_anything_is_sent_again(subscriber):
    subscriber.confirmed()
    receiver = subscriber.receiver
    receiver.failing(410)
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    assert subscriber.state == "gone"
    subscriber.carry(days=1)
    assert receiver.positions == [2]
    receiver.received.clear()
    assert subscriber.post("resume").json["state"] == "unconfirmed"
    subscriber.carry()
    assert [each.type for each in receiver.received] == ["subscription.challenge"]
    assert subscriber.state == "gone"
    assert subscriber.post("resume").status_code == 429
    receiver.answer = type(receiver)(0).answer
    subscriber.carry(minutes=1)
    subscriber.post("resume")
    subscriber.carry()
    assert receiver.positions == [2]


def test_a_redirect_is_a_failure_and_leads_nowhere(subscriber):
    subscriber.confirmed()
    subscriber.receiver.failing(307, Location="https://receiver.example/other")
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    assert {each.path for each in subscriber.receiver.received} == {"/hooks/4b1f"}
    assert subscriber.attempts[0]["status"] == 307
    assert subscriber.get()["failures"] == 1


def test_what_an_owner_does_while_something_is_sent_holds(subscriber):
    subscriber.confirmed()

    def answer(_):
        subscriber.post("replay", after=0)
        subscriber.receiver.answer = type(subscriber.receiver)(0).answer
        return 200, b"", {}

    subscriber.receiver.answer = answer
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    assert subscriber.receiver.positions == [2, 1, 2]


def test_one_slow_receiver_holds_nobody_up(subscriber, receiver):
    slow, is_held, may_go = subscriber.confirmed(), Event(), Event()
    swift = Subscriber(slow.small, receiver).confirmed(
        url="https://receiver.example/swift"
    )

    def answer(received):
        if received.path != "/swift":
            is_held.set()
            may_go.wait(5)
        return 200, b"", {}

    receiver.answer = answer
    slow.small.register("dyfed", "Dyfed-Powys Police")
    swift.courier = slow.courier
    turns = slow.courier.dispatch()
    is_held.wait(5)
    while swift.get()["position"] < 2:
        is_held.wait(0.01)
    assert slow.get()["position"] == 1
    assert slow.courier.dispatch() == [], "it has its turn already"
    may_go.set()
    for turn in turns:
        turn.join()
    assert slow.get()["position"] == 2


# Which events.


def test_only_what_is_asked_for_is_sent(wherever):
    subscriber, receiver, small = wherever, wherever.receiver, wherever.small
    subscriber.confirmed(types=["body.renamed"], bodies=["kent"], nouns=["body"])
    small.register("dyfed", "Dyfed-Powys Police")
    small.rename("dyfed", "Heddlu Dyfed-Powys")
    renamed = small.rename("kent", "Kent Constabulary").position
    subscriber.carry()
    assert receiver.positions == [renamed]
    small.rename("dyfed", "Dyfed Powys")
    subscriber.carry()
    seen = subscriber.get()
    assert seen["position"] == seen["head"]
    assert receiver.positions == [renamed]


def test_nouns_are_those_of_the_streams(subscriber, receiver):
    subscriber.confirmed(nouns=["editor"], after=0)
    editor(subscriber.small.record)
    subscriber.carry()
    assert {each.type.partition(".")[0] for each in receiver.received[1:]} == {"key"}


# The signature.


def test_a_changed_message_is_not_signed(subscriber):
    subscriber.confirmed()
    [public_key] = subscriber.client.get("/v1/webhook-keys").json["public_keys"]
    challenge = subscriber.receiver.received[0]
    challenge.verify(public_key)
    challenge.body += b" "
    with pytest.raises(InvalidSignature):
        challenge.verify(public_key)


def test_the_key_is_made_once_for_its_owner_alone_and_each_of_several_signs(subscriber):
    path = subscriber.small.record.settings.data / "webhook.key"
    subscriber.confirmed()
    assert path.stat().st_mode & 0o777 == 0o600
    [before] = subscriber.made["public_keys"]
    log_key = path.with_name("log.key").read_text()
    assert path.read_text().strip().removeprefix("whsk_") not in log_key
    path.write_text(path.read_text() + f"whsk_{'A' * 43}=\n")
    public = subscriber.client.get("/v1/webhook-keys").json["public_keys"]
    assert public[0] == before and len(public) == 2
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    subscriber.carry()
    last = subscriber.receiver.received[-1]
    first, second = last.headers["webhook-signature"].split(" ")
    for key, signature in zip(public, (first, second), strict=True):
        last.headers.replace_header("webhook-signature", signature)
        last.verify(key)


def test_a_key_file_that_is_damaged_is_told_of_and_not_shown(subscriber, caplog):
    path = subscriber.small.record.settings.data / "webhook.key"
    path.write_text("whsk_secret\n")
    for answer in (subscriber.client.get("/v1/webhook-keys"), subscriber.subscribe()):
        assert answer.status_code == 503
        assert "secret" not in answer.text + caplog.text
    assert subscriber.small.record.subscriptions.all() == []
