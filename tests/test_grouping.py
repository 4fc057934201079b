"""Several appends under one signature: each on its own terms, on both databases."""

import base64
import sqlite3
from contextlib import closing, contextmanager
from threading import Event, Thread

import psycopg
import pytest

from service.log import proofs
from service.log.drafts import prepare
from service.log.editor_keys import StoredKey, adding, revoking
from service.log.errors import (
    ConflictError,
    IdempotencyReusedError,
    RevokedError,
    StoreError,
)
from service.log.event_store import EventStore
from service.log.grouping import Append, go_together
from tests.log_places import audit
from tests.recording import Editor
from tests.records import NOON, SOURCE, SmallRecord
from tests.writers import draft


@pytest.fixture
def store(place):
    with closing(EventStore.open(place.folder, place.url, clock=lambda: NOON)) as store:
        yield store


def one(stream, version=1, **terms):
    return Append(prepare([draft(stream, version)]), **terms)


def key(id, revoked_at=""):
    return StoredKey(id, bytes(32), "ed-a", "", "record", "", "2026", revoked_at)


def request(store, name, said=b"the same"):
    return store.idempotency_of("ed-a", name, [said])


def test_each_of_a_group_is_recorded_or_refused_on_its_own_terms(store, place):
    known = request(store, "known")
    [before] = store.append(
        [draft("rating-known")], idempotency=known, beside=adding(key("k-a"))
    )
    store.append([draft("rating-other")], beside=adding(key("k-gone", "2026")))
    outcomes = store.append_each(
        [
            one("rating-a", key_id="k-a"),
            one("rating-known"),
            one("rating-b", idempotency=request(store, "known", b"another")),
            one("rating-c", key_id="k-gone"),
            one("rating-d", key_id="k-never"),
            one("rating-e", idempotency=known),
            one("rating-f", read_set={"rating-known": 2}),
            one("rating-g", read_set={"rating-known": 1}),
            one("rating-a", 2),
            one("rating-a", 2),
            Append(prepare([draft("rating-h"), draft("rating-h", 2)])),
        ]
    )
    errors = [type(each) for each in outcomes if isinstance(each, StoreError)]
    assert errors == [
        ConflictError,
        IdempotencyReusedError,
        RevokedError,
        RevokedError,
        ConflictError,
        ConflictError,
    ]
    told = [
        [(event.position, event.stream, event.version) for event in each]
        for each in outcomes
        if not isinstance(each, StoreError)
    ]
    assert told == [
        [(3, "rating-a", 1)],
        [(before.position, "rating-known", 1)],
        [(4, "rating-g", 1)],
        [(5, "rating-a", 2)],
        [(6, "rating-h", 1), (7, "rating-h", 2)],
    ]
    assert [each.size for each in store.checkpoints()] == [0, 1, 2, 7]
    assert audit(place, store) == 7


def test_a_group_of_which_none_is_let_in_records_nothing(store, place):
    store.append([draft("rating-a")])
    outcomes = store.append_each([one("rating-a"), one("rating-b", 2)])
    assert [type(each) for each in outcomes] == [ConflictError, ConflictError]
    assert [each.size for each in store.checkpoints()] == [0, 1]
    assert audit(place, store) == 1


def test_each_request_of_a_group_is_known_when_it_comes_again(store):
    kept = [request(store, str(number)) for number in range(5)]
    outcomes = store.append_each(
        [one(f"rating-{n}", idempotency=each) for n, each in enumerate(kept)]
    )
    assert [store.recorded_before(*each) for each in kept] == outcomes
    assert store.append_each([one("rating-x", idempotency=kept[3])]) == [outcomes[3]]


@pytest.mark.parametrize("before", [0, 1, 2, 3, 7, 8, 253, 254, 255, 256])
def test_each_of_a_group_is_proved_against_their_one_checkpoint(tmp_path, before):
    with closing(EventStore.open(tmp_path)) as store:
        if before:
            store.append([draft(f"rating-{n}") for n in range(before)])
        for count in (1, 2, 5):
            first = store.size()
            store.append_each([one(f"rating-{first + n}") for n in range(count)])
            for position in range(first + 1, first + count + 1):
                made, size = store.proved(position), first + count
                assert made.size == size
                assert made.hashes == proofs.inclusion(store.hashes, position - 1, size)
                assert made.root == proofs.root(store.hashes, size)
                assert made.note == store.checkpoint_at(size)
                assert [made.leaf_hash] == store.hashes(0, position - 1, 1)


def test_what_does_more_than_to_add_events_goes_alone(store):
    plain, erasing = one("rating-a"), one("rating-b", erase=[(1, "note")])
    changing = one("rating-c", beside=revoking("k-a", "2026", "lost"))
    assert go_together([plain], one("rating-d"))
    for each in (erasing, changing):
        assert not go_together([plain], each)
        assert not go_together([each], plain)


def test_two_requests_under_one_key_do_not_go_together(store):
    kept = request(store, "one")
    first, other = one("rating-a", idempotency=kept), one("rating-b")
    assert not go_together([other, first], one("rating-c", idempotency=kept))
    assert go_together([first], one("rating-c", idempotency=request(store, "two")))
    assert go_together([first], other)


@pytest.fixture
def small(place):
    small = SmallRecord(place.folder, place.url)
    small.register("kent", "Kent Police")
    yield small
    small.record.close()


@contextmanager
def writing_held(place):
    """Keep everybody from writing to the log; give what runs SQL meanwhile."""
    if place.url:
        with psycopg.connect(place.url, options="-c search_path=log") as held:
            held.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
            yield held.execute
        return
    with closing(sqlite3.connect(place.folder / "events.db")) as held, held:
        held.execute("BEGIN IMMEDIATE")
        yield held.execute


def sent_together(place, small, requests, meanwhile):
    """Send requests of which all but the first wait for it; give their answers.

    Each is (editor, path, body, headers); `meanwhile` is SQL that is run before any of
    them is recorded.
    """
    said = {}

    def send(number, by, path, body, headers):
        said[number] = by.post(path, body, **headers)

    threads = []
    with writing_held(place) as run:
        for number, each in enumerate(requests):
            threads.append(Thread(target=send, args=(number, *each)))
            threads[-1].start()
            while small.record.waiting < number + 1 and threads[-1].is_alive():
                Event().wait(0.001)
        run(meanwhile)
    for each in threads:
        each.join()
    return [said[number] for number in range(len(requests))]


def statement(text):
    return {
        "kind": "press-statement",
        "body": "kent",
        "published_on": "2024-05-14",
        "title": "Response to the report",
        "text": text,
        "sources": [SOURCE],
    }


def name(text):
    return {"name": text, "started_on": None, "sources": [SOURCE]}


def test_requests_that_come_at_once_are_answered_each_for_itself(place, small):
    staying, leaving = Editor(small), Editor(small)
    # The first request of all makes the secret of idempotency, and writes twice.
    assert staying.post("/v1/statements", statement("Before.")).status_code == 201
    seen, again = {"If_Match": '"1"'}, {"Idempotency_Key": "again"}
    told = sent_together(
        place,
        small,
        [
            (staying, "/v1/statements", statement("First."), {}),
            (staying, "/v1/bodies/kent/names", name("Kent Force"), seen),
            (staying, "/v1/bodies/kent/names", name("Force of Kent"), seen),
            (leaving, "/v1/statements", statement("Too late."), {}),
            (staying, "/v1/statements", statement("Second."), again),
            (staying, "/v1/statements", statement("Second."), again),
            (staying, "/v1/statements", statement("Third."), again),
            (staying, "/v1/statements", statement("Fourth."), {}),
        ],
        f"UPDATE keys SET revoked_at = '2026' WHERE id = '{leaving.key_id}'",
    )
    statuses = [each.status_code for each in told]
    assert statuses == [201, 201, 412, 401, 201, 201, 422, 201]
    assert told[4].data == told[5].data
    recorded = [each.json for each in told if each.status_code == 201]
    first = recorded[0]["position"]
    positions = sorted({each["position"] for each in recorded})
    assert positions == list(range(first, first + 4))
    for each in recorded:
        check_proof(each["position"], each["inclusion"])
        assert small.client().get(f"/v1/events/{each['position']}").status_code == 200
    assert len(small.client().get("/v1/statements").json["items"]) == 4
    assert audit(place, small.record.store) == positions[-1]


def check_proof(position, proof):
    raw, root = (base64.b64decode(proof[name]) for name in ("leaf_hash", "root"))
    hashes = [base64.b64decode(each) for each in proof["hashes"]]
    proofs.verify_inclusion(raw, position - 1, proof["size"], hashes, root)
    assert proof["checkpoint"].split("\n")[1:3] == [str(proof["size"]), proof["root"]]
