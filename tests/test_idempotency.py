"""A request that is sent again: one event, across restarts, processes and races."""

import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from service import redaction
from service.log.errors import IdempotencyReusedError
from service.log.event_store import EventStore
from service.log.idempotency import sealed_under
from tests.editing import opened
from tests.log_places import audit
from tests.records import NOON, Clock
from tests.writers import draft, note

DAY = timedelta(hours=24)
SAID = (b"POST", b"/v1/ratings", b'{"note":"Deeply disappointing"}', b"None")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(place, clock):
    with closing(again(place, clock)) as store:
        yield store


def again(place, clock=lambda: NOON):
    return EventStore.open(place.folder, place.url, clock=clock)


def test_a_request_is_known_by_its_editor_its_key_and_all_that_it_says(store):
    known = store.idempotency_of("ed-a", "one", SAID)
    assert store.idempotency_of("ed-a", "one", SAID) == known
    assert store.idempotency_of("ed-b", "one", SAID)[0] != known[0]
    assert store.idempotency_of("ed-a", "two", SAID)[0] != known[0]
    for index in range(len(SAID)):
        other = [*SAID]
        other[index] += b"x"
        key, fingerprint = store.idempotency_of("ed-a", "one", other)
        assert (key == known[0], fingerprint == known[1]) == (True, False)


def test_no_part_runs_over_into_the_next():
    assert sealed_under(b"s", (b"ab", b"c")) != sealed_under(b"s", (b"a", b"bc"))
    assert sealed_under(b"s", (b"ab", b"")) != sealed_under(b"s", (b"ab",))


def test_what_is_kept_tells_nothing_without_the_secret(store, place):
    kept = store.idempotency_of("ed-a", "my key", SAID)
    store.append([draft("rating-a")], idempotency=kept)
    [(key, fingerprint, first, last, recorded_at)] = place.sql(
        "SELECT * FROM idempotency"
    )
    assert (key, bytes(fingerprint)) == kept
    assert (first, last, recorded_at) == (1, 1, "2026-03-02T12:00:00.000000Z")
    for guess in (b"", b"copperplate"):
        assert sealed_under(guess, SAID) != bytes(fingerprint)


def test_every_process_and_every_restart_has_the_same_secret(store, place):
    known = store.idempotency_of("ed-a", "one", SAID)
    with closing(again(place)) as other:
        assert other.idempotency_of("ed-a", "one", SAID) == known
        assert other.append([draft("rating-a")], idempotency=known)
    assert store.recorded_before(*known)[0].stream == "rating-a"
    assert [len(bytes(value)) for (value,) in place.sql("SELECT value FROM secrets")]


def test_two_installations_have_different_secrets(store, tmp_path):
    with closing(EventStore.open(tmp_path / "other")) as other:
        assert other.idempotency_of("ed-a", "one", SAID) != store.idempotency_of(
            "ed-a", "one", SAID
        )


def test_a_key_is_kept_for_24_hours_and_then_free(store, place, clock):
    kept = store.idempotency_of("ed-a", "one", SAID)
    other = (kept[0], b"another request")
    events = store.append([draft("rating-a")], idempotency=kept)
    clock.now = NOON + DAY - timedelta(seconds=1)
    assert store.recorded_before(*kept) == events
    with pytest.raises(IdempotencyReusedError):
        store.append([draft("rating-b")], idempotency=other)
    clock.now = NOON + DAY
    assert store.recorded_before(*kept) == []
    [event] = store.append([draft("rating-b")], idempotency=other)
    assert store.recorded_before(*other) == [event]
    assert audit(place, store) == 2


def test_what_has_expired_is_deleted(store, place, clock):
    for number in range(5):
        key = store.idempotency_of("ed-a", str(number), SAID)
        store.append([draft(f"rating-{number}")], idempotency=key)
        clock.now += timedelta(hours=6)
    # Of the five the first was recorded 30 hours ago, the last 6.
    key = store.idempotency_of("ed-a", "last", SAID)
    store.append([draft("rating-last")], idempotency=key)
    found = place.sql("SELECT first FROM idempotency ORDER BY first")
    assert [first for (first,) in found] == [3, 4, 5, 6]


def test_a_redaction_deletes_the_fingerprint_of_the_words_that_it_erases(place):
    with opened(place.folder, place.url) as record:
        store = record.store
        for name in ("a", "b"):
            kept = store.idempotency_of("ed-a", name, SAID)
            store.append([note(name)], idempotency=kept)
        record.catch_up()
        planned = redaction.plan(record, 1, ("note",))
        why = {"basis": "other", "reference": None, "by": "system"}
        redaction.redact(record, planned, **why)
        assert store.recorded_before(*store.idempotency_of("ed-a", "a", SAID)) == []
        assert store.recorded_before(*store.idempotency_of("ed-a", "b", SAID))
        assert [first for (first,) in place.sql("SELECT first FROM idempotency")] == [2]


def test_a_table_of_an_earlier_version_is_made_anew(place):
    with closing(again(place)) as store:
        store.append([draft("rating-a")])
    kind = "BYTEA" if place.url else "BLOB"
    place.sql(
        "DROP TABLE idempotency",
        "DROP TABLE secrets",
        f"CREATE TABLE idempotency (key TEXT, fingerprint {kind}, first BIGINT, "
        "last BIGINT)",
    )
    with closing(again(place)) as store:
        kept = store.idempotency_of("ed-a", "one", SAID)
        events = store.append([draft("rating-b")], idempotency=kept)
        assert store.recorded_before(*kept) == events
        assert audit(place, store) == 2


def test_requests_that_race_record_one_event_and_get_the_same(place):
    with closing(again(place)) as store:
        store.append([draft("rating-a")])
    racers = [racer(place, "race") for _ in range(4)]
    for each in racers:
        assert each.stdout.readline() == "ready\n"
    for each in racers:
        each.stdin.write("go\n")
        each.stdin.flush()
    told = {each.communicate()[0].strip() for each in racers}
    assert len(told) == 1
    with closing(again(place)) as store:
        assert audit(place, store) == 2


def test_a_crash_between_commit_and_answer_is_repaired_by_the_retry(place):
    crashed = racer(place, "crash")
    assert crashed.stdout.readline() == "ready\n"
    assert crashed.communicate("go\n")[0] == ""  # It is killed before it answers.
    assert crashed.returncode == -9
    retried = racer(place, "race")
    lines = retried.communicate("go\n")[0].split("\n")
    with closing(again(place)) as store:
        [event] = store.read()
        assert lines[1] == f"{event.position} {event.leaf_hash}"
        assert audit(place, store) == 1


def racer(place, task):
    """Start a process that sends one request as soon as it is told to."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.racing",
            str(place.folder),
            place.url or "",
            task,
        ],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
