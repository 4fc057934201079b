"""Subscriptions: who may make and change them, to which addresses, and how many."""

import socket
import sqlite3
from contextlib import closing
from functools import partial
from threading import Event

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature

from service import start
from service import subscriptions as known
from service.cli import main
from service.fetching import connect_publicly
from service.log.pin import Pin
from service.webhooks.courier import Courier, forget, keep_delivering
from service.webhooks.sending import Sender
from tests.editing import opened
from tests.receiver import URL, receiving
from tests.records import app_over, small
from tests.subscribing import PATH, Subscriber

__all__ = ["small"]
HIDDEN = ["10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "fe80::1",
          "fc00::1", "ff02::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
          "64:ff9b:1::808:808", "2002:808:808::"]  # fmt: skip


@pytest.fixture(scope="module")
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def subscriber(small, receiver):
    small.register("kent", "Kent Police")
    receiver.received.clear()
    return Subscriber(small, receiver)


def faults(answer):
    assert answer.status_code == 400, answer.json
    return {each["pointer"]: each["detail"] for each in answer.json["errors"]}


# What may be asked for.


def test_all_faults_are_named_at_once(subscriber):
    found = faults(
        subscriber.subscribe(
            "http://receiver.example/",
            nouns=["rating", "ratings"],
            bodies=["kent", "kant"],
            types=["body.renamed", "body.renaimed"],
            after=2,
        )
    )
    assert found == {
        "/url": "An https address on port 443 or 8443 is needed.",
        "/after": "The last position is 1.",
        "/nouns/1": "There is no noun 'ratings'.",
        "/bodies/1": "No body 'kant' is on record.",
        "/types/1": "There is no type of event 'body.renaimed'.",
    }
    assert subscriber.small.record.subscriptions.all() == []
    answer = subscriber.subscribe(types=["body.renaimed"])
    assert answer.json["errors"][0]["did_you_mean"][0] == "body.renamed"


NO_ADDRESSES = [
    "https://receiver.example:22/",
    "https://receiver.example:80/",
    "https://user:word@receiver.example/",
    "https://receiver.example:99999/",
    "https://[/",
    "https:///a",
    "ftp://receiver.example/",
    f"https://receiver.example/{'a' * 2000}",
    "https://receiver.example/a\x00b",
    "https://receiver.example/\ud800",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://[64:ff9b:1::1]/",
    5,
    None,
    ["https://receiver.example/"],
]
MALFORMED = [
    {"nouns": "rating"},
    {"nouns": ["rating"] * 21},
    {"types": [None]},
    {"bodies": ["../etc"]},
    {"after": -1},
    {"after": 1.5},
    {"after": 10**30},
    {"surprise": True},
]


def test_an_address_that_is_none_of_the_public_web_is_refused(subscriber):
    for url in NO_ADDRESSES:
        pointers = list(faults(subscriber.subscribe(url)))
        assert pointers == ["/url"], url


def test_a_malformed_request_is_refused(subscriber):
    for asked in MALFORMED:
        assert faults(subscriber.subscribe(**asked)), asked
    assert subscriber.small.record.subscriptions.all() == []


def test_a_name_in_another_script_is_asked_for_as_the_web_has_it(subscriber):
    made = subscriber.subscribe("https://bücher.example/ä?q=ö").json
    assert made["url"] == "https://xn--bcher-kva.example/%C3%A4?q=%C3%B6"


# Where nothing is sent.


def test_nothing_is_sent_to_a_machine_of_no_public_network(subscriber, monkeypatch):
    asked, connected, hidden = [], [], []

    def resolve(host, port, **_):
        asked.append((host, port))
        [address] = hidden
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", lambda _, to: connected.append(to))
    subscriber.courier.sender = Sender()
    subscriber.subscribe()
    for address in HIDDEN:
        hidden[:] = [address]
        fresh = {"next_at": "", "failures": 0, "failing_since": None}
        subscriber.small.record.subscriptions.change(subscriber.made["id"], **fresh)
        subscriber.carry()
        error = subscriber.attempts[0]["error"]
        assert error == "receiver.example is not a host of the public Internet"
    assert asked == [("receiver.example", 443)] * len(HIDDEN)
    assert connected == []


def test_what_a_name_leads_to_is_looked_at_whenever_it_is_sent_to(
    subscriber, monkeypatch
):
    subscriber.confirmed()

    def rebound(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    subscriber.courier.sender = Sender()
    subscriber.small.register("dyfed", "Dyfed-Powys Police")
    before = len(subscriber.receiver.received)
    subscriber.carry()
    assert len(subscriber.receiver.received) == before
    assert "public Internet" in subscriber.attempts[0]["error"]


def test_a_receiver_whose_certificate_is_of_another_host_is_told_nothing(subscriber):
    subscriber.subscribe("https://impostor.example/")
    subscriber.carry()
    assert subscriber.receiver.received == []
    assert "certificate" in subscriber.attempts[0]["error"].lower()


def test_no_setting_widens_where_to_things_are_sent(subscriber):
    assert Courier(subscriber.small.record).sender == Sender()
    assert Sender().connect is connect_publicly


# Who may change it.


def test_only_whoever_holds_the_token_may_look_or_change(subscriber):
    subscriber.confirmed()
    other = Subscriber(subscriber.small, subscriber.receiver).confirmed()
    for token in ("", "x", other.made["token"], subscriber.made["token"] + "x", "é"):
        headers = {"Authorization": f"Bearer {token}"}
        for method, part in (
            ("GET", ""),
            ("GET", "/attempts"),
            ("DELETE", ""),
            ("POST", "/pause"),
            ("POST", "/resume"),
            ("POST", "/replay"),
            ("POST", "/test"),
        ):
            answer = subscriber.client.open(
                subscriber.path + part, method=method, headers=headers
            )
            assert answer.status_code == 401, (method, part)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert subscriber.state == "active"
    unknown = subscriber.client.get(f"{PATH}/sub-nobody00", headers=subscriber.headers)
    assert unknown.status_code == 401


def test_of_the_token_only_a_hash_is_kept(subscriber):
    subscriber.confirmed()
    secret = subscriber.made["token"].rpartition("_")[2]
    folder = subscriber.small.record.settings.data
    kept = b"".join(each.read_bytes() for each in folder.glob("*") if each.is_file())
    assert secret.encode() not in kept
    assert "token" not in subscriber.get()


def test_a_token_in_an_address_is_refused(subscriber):
    subscriber.confirmed()
    answer = subscriber.client.get(f"/v1/bodies?token={subscriber.made['token']}")
    assert answer.json["type"] == "/problems/key-in-address"


def test_it_cannot_be_resumed_before_the_receiver_has_agreed(subscriber):
    subscriber.subscribe()
    for part in ("pause", "resume", "test"):
        assert subscriber.post(part).json["type"] == "/problems/subscription-state"
    assert faults(subscriber.post("replay", after=9)) == {
        "/after": "The last position is 1."
    }


def test_what_is_shown_is_for_its_owner_and_kept_by_no_cache(subscriber):
    subscriber.confirmed()
    answer = subscriber.client.get(subscriber.path, headers=subscriber.headers)
    assert answer.headers["Cache-Control"] == "no-store"
    assert subscriber.client.get(PATH).status_code == 405


# How many.


def test_one_address_makes_ten_an_hour(subscriber):
    for number in range(10):
        url = f"https://host-{number}.example/"
        assert subscriber.subscribe(url).status_code == 201
    refused = subscriber.subscribe("https://host-10.example/")
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "3600"
    assert subscriber.subscribe(address="203.0.113.9").status_code == 201


def test_one_host_is_sent_to_by_twenty_at_most(subscriber):
    for number in range(20):
        address = f"203.0.113.{number}"
        assert subscriber.subscribe(address=address).status_code == 201
    same = "https://RECEIVER.example.:8443/other"
    refused = subscriber.subscribe(same, address="203.0.113.99")
    assert refused.status_code == 429
    assert "may send to receiver.example" in refused.json["detail"]


def test_there_is_a_bound_to_all(subscriber, monkeypatch):
    monkeypatch.setattr("projections.subscriptions.MOST_OF_ALL", 1)
    assert subscriber.subscribe().status_code == 201
    assert subscriber.subscribe("https://other.example/").status_code == 429


def test_no_address_of_a_subscriber_is_kept(subscriber):
    subscriber.subscribe(address="203.0.113.77")
    with closing(
        sqlite3.connect(subscriber.small.record.settings.data / "desk.db")
    ) as db:
        dump = "\n".join(db.iterdump())
        assert "203.0.113.77" not in dump
        [(stands_for,)] = db.execute("SELECT address FROM subscriptions")
    assert len(stands_for) == 64
    subscriber.carry(hours=1)
    forget(subscriber.small.record)
    with closing(
        sqlite3.connect(subscriber.small.record.settings.data / "desk.db")
    ) as db:
        assert db.execute("SELECT address FROM subscriptions").fetchall() == [(None,)]


# The operator.


def run(subscriber, *words, code=0):
    data = str(subscriber.small.record.settings.data)
    done = CliRunner().invoke(main, ["webhooks", *words, "--data", data])
    assert done.exit_code == code, done.output
    return done.stdout if not code else done.output


def test_the_operator_sees_pauses_resumes_tests_and_deletes(subscriber):
    subscriber.confirmed(nouns=["body"])
    id = subscriber.made["id"]
    assert run(subscriber, "list").strip() == f"{id}  active  1 of 1  {URL}  [body]"
    assert "challenge: taken, with status 200" in run(subscriber, "list", "--attempts")
    assert run(subscriber, "key").split() == subscriber.made["public_keys"]
    assert "paused (operator)" in run(subscriber, "pause", id)
    refused = subscriber.post("resume")
    assert refused.status_code == 409 and "operator" in refused.json["detail"]
    run(subscriber, "test", id)
    subscriber.carry()
    assert subscriber.receiver.received[-1].type == "subscription.test"
    assert "active" in run(subscriber, "resume", id)
    assert run(subscriber, "delete", id, "--yes") == "Deleted.\n"
    assert "There is no subscription" in run(subscriber, "pause", id, code=1)
    assert known.held(subscriber.small.record, id, subscriber.made["token"]) is None


def test_the_key_is_rotated_while_subscribers_change_over(subscriber):
    subscriber.confirmed()
    path = subscriber.small.record.settings.data / "webhook.key"
    [old] = subscriber.made["public_keys"]
    assert "no rotation" in run(subscriber, "rotate-key", "--retire", "--yes", code=1)
    said = run(subscriber, "rotate-key")
    known_now = subscriber.client.get("/v1/webhook-keys").json["public_keys"]
    [_, new] = known_now
    assert known_now == [old, new] == run(subscriber, "key").split()
    assert said == f"{new} signs from now on, {old} still does.\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "under way" in run(subscriber, "rotate-key", code=1)

    def keys_that_signed():
        subscriber.small.register(f"force-{len(subscriber.receiver.received)}")
        subscriber.carry()
        message = subscriber.receiver.received[-1]
        signatures = message.headers["webhook-signature"].split(" ")
        return [key for key in (old, new) if any(signed(message, key, signatures))]

    assert keys_that_signed() == [old, new]
    assert (
        run(subscriber, "rotate-key", "--retire", "--yes") == f"{old} signs no more.\n"
    )
    assert keys_that_signed() == [new]
    assert run(subscriber, "key").split() == [new]
    assert path.stat().st_mode & 0o777 == 0o600


def signed(message, key, signatures):
    """Give whether each of the signatures of a message is that of a key."""
    for each in signatures:
        message.headers.replace_header("webhook-signature", each)
        try:
            message.verify(key)
        except InvalidSignature:
            yield False
        else:
            yield True


def test_a_mirror_sends_nothing_and_says_who_does(subscriber, tmp_path):
    with opened(tmp_path / "origin") as origin:
        [key] = origin.store.verifier_keys()
    (folder := tmp_path / "copy").mkdir()
    source = "https://record.example.org"
    Pin(source, "localhost/log", (key,), source).write(folder)
    with opened(folder) as record:
        client = app_over(record).test_client()
        for answer in (
            client.get("/v1/webhook-keys"),
            client.post(PATH, json={"url": URL}),
        ):
            assert answer.status_code == 403 and source in answer.json["detail"]
        keep_delivering(record, Event())
    assert not (folder / "webhook.key").exists()


def test_a_server_delivers_until_it_ends(subscriber):
    subscriber.subscribe()
    ended = Event()
    sender = Sender(subscriber.receiver.connect, "test")
    agreed = subscriber.receiver.answer

    def answer(received):
        ended.set()
        return agreed(received)

    subscriber.receiver.answer = answer
    with start.beside(
        partial(keep_delivering, sender=sender), subscriber.small.record
    ) as _:
        assert ended.wait(60)
    subscriber.receiver.answer = agreed
    assert [each.type for each in subscriber.receiver.received] == [
        "subscription.challenge"
    ]


def test_a_body_that_is_none_is_refused(subscriber):
    for raw, kind, status in (
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"url": "https://a.example/", "url": "x"}', "application/json", 400),
        (b'{"url": "\xff"}', "application/json", 400),
        (b" " * (2**20 + 1), "application/json", 413),
        (b"{}", "text/plain", 415),
    ):
        answer = subscriber.client.post(PATH, data=raw, content_type=kind)
        assert answer.status_code == status, (raw[:20], answer.json)
    assert subscriber.client.post(f"{PATH}?x=1", json={"url": URL}).status_code == 400
