import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from service.log import proofs
from service.log.event_store import (
    AlreadyErasedError,
    ClockError,
    ConflictError,
    DraftError,
    EventStore,
    IdempotencyReusedError,
    LogDamagedError,
    SigningRefusedError,
    StoreError,
    StoreUnreadableError,
)
from service.log.leaf import decode, encode
from service.log.merkle import leaf_hash
from service.log.notes import VerifierKey, open_checkpoint
from service.log.rows import read_rows
from tests.log_places import PostgresPlace, SQLitePlace, audit
from tests.writers import draft, start

NOON = datetime(2025, 1, 2, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    folder = tmp_path / "data"
    if request.param == "sqlite":
        return SQLitePlace(folder)
    server = request.getfixturevalue("postgres_server")
    return PostgresPlace(folder, request.getfixturevalue("database_url"), server)


@pytest.fixture
def store(place, clock) -> Iterator[EventStore]:
    store = EventStore.open(place.folder, place.url, clock=clock)
    yield store
    store.close()


def again(place, clock=None, **settings) -> EventStore:
    return EventStore.open(
        place.folder, place.url, clock=clock or (lambda: NOON), **settings
    )


def test_an_empty_log_has_a_signed_checkpoint(store):
    keys = [VerifierKey.parse(key) for key in store.verifier_keys()]
    assert open_checkpoint(store.checkpoint(), keys).size == store.size() == 0
    assert store.read() == store.read_stream("rating-a") == []


def test_the_key_is_for_its_owner_only(store, place):
    assert stat.S_IMODE((place.folder / "log.key").stat().st_mode) == 0o600


def test_an_append_returns_what_is_read_later(store, place):
    first = store.append([draft("rating-a"), draft("rating-b")])
    second = store.append([draft("rating-a", 2, words={})])
    assert [each.position for each in first + second] == [1, 2, 3]
    assert store.read() == first + second
    assert store.read(after=1, limit=1) == [first[1]]
    assert store.read_stream("rating-a") == [first[0], *second]
    assert first[0].recorded_at == "2025-01-02T12:00:00.000000Z"
    assert first[0].opened == {"note": "Deeply disappointing"}
    assert second[0].opened == second[0].sealed == {}
    assert (store.size(), audit(place, store)) == (3, 3)


def test_the_stored_state_is_the_leaf(store, place):
    [event] = store.append([draft("rating-a")])
    [(topic, state)] = place.sql("SELECT topic, state FROM stored_events")
    assert topic == event.type
    assert leaf_hash(bytes(state)).hex() == event.leaf_hash
    assert encode(decode(bytes(state))) == bytes(state)


def test_salts_and_signatures_of_an_editor_are_kept(store):
    signature = {"key": "k-1", "sig": "A" * 86 + "=="}
    salted = draft("rating-a", salts={"note": bytes(32)}, signature=signature)
    [event] = store.append([salted])
    assert event.signature == signature
    assert store.append([draft("rating-b", salts=salted.salts)])[0].sealed == (
        event.sealed
    )


def test_a_batch_that_no_socket_takes_at_once_is_recorded(store, place):
    batch = [draft(f"rating-{n}", words={"note": "x" * 1000}) for n in range(2000)]
    assert store.append(batch)[-1].position == 2000
    assert audit(place, store) == 2000


def test_the_proof_of_an_event_just_appended_is_that_of_the_tiles(store, place):
    for size in range(1, 20):
        store.append([draft("rating-a", size)])
        made = store.proved(size)
        assert made.size == size
        assert list(made.hashes) == proofs.inclusion(store.hashes, size - 1, size)
        assert made.root == proofs.root(store.hashes, size)
        assert [made.leaf_hash] == store.hashes(0, size - 1, 1)
        assert made.note == store.own_checkpoint()
    assert store.proved(1) is None  # So many are not kept.
    store.append([draft("rating-b"), draft("rating-b", 2)])
    assert store.proved(20).size == store.proved(21).size == 21
    assert store.proved(22) is None


def test_what_is_read_over_one_connection_is_what_is_read_over_many(store):
    store.append([draft("rating-a"), draft("rating-b")])
    with store.one_connection():
        inside = [store.read(), store.read_stream("rating-a"), store.size()]
        with store.one_connection():
            assert store.size() == 2
    assert inside == [store.read(), store.read_stream("rating-a"), store.size()]


def test_the_streams_of_a_noun_are_told_unless_they_are_too_many(store):
    store.append([draft("rating-a"), draft("rating-b"), draft("rating-b", 2)])
    store.append([draft("ratings-c"), draft("plan-a")])
    assert store.streams_of("rating", 2) == {"rating-a", "rating-b"}
    assert store.streams_of("rating", 1) is None
    assert store.streams_of("gap", 1) == frozenset()


def test_an_empty_batch_changes_nothing(store):
    before = store.checkpoint()
    assert store.append([]) == []
    assert store.checkpoint() == before


@pytest.mark.parametrize("version", [1, 3])
def test_a_version_that_is_not_the_next_is_a_conflict(store, version):
    store.append([draft("rating-a")])
    with pytest.raises(ConflictError) as caught:
        store.append([draft("rating-b"), draft("rating-a", version)])
    assert caught.value.stream == "rating-a"
    assert store.size() == 1


def test_positions_have_no_gap_after_lost_races(store, place):
    other = again(place)
    for version in range(1, 8):
        store.append([draft("rating-a", version)])
        with pytest.raises(ConflictError):
            other.append([draft("rating-a", version)])
        other.append([draft("rating-b", version)])
    other.close()
    assert audit(place, store) == 14


def test_a_stale_read_set_is_a_conflict(store):
    store.append([draft("rating-a")])
    for read_set in ({"rating-a": 0}, {"rating-a": 2}, {"rating-z": 1}):
        with pytest.raises(ConflictError) as caught:
            store.append([draft("rating-b")], read_set=read_set)
        assert caught.value.stream in read_set
    store.append([draft("rating-b")], read_set={"rating-a": 1, "rating-z": 0})
    assert store.size() == 2


def test_time_never_goes_back(store, clock):
    [first] = store.append([draft("rating-a")])
    clock.now = NOON - timedelta(seconds=2)
    [second] = store.append([draft("rating-a", 2)])
    assert second.recorded_at == first.recorded_at
    clock.now = NOON - timedelta(seconds=2, microseconds=1)
    with pytest.raises(ClockError):
        store.append([draft("rating-a", 3)])
    clock.now = NOON + timedelta(microseconds=7)
    [third] = store.append([draft("rating-a", 3)])
    assert third.recorded_at == "2025-01-02T12:00:00.000007Z"


def test_time_never_goes_back_after_a_restart(store, place):
    store.append([draft("rating-a")])
    late = again(place, lambda: NOON - timedelta(days=1))
    with pytest.raises(ClockError):
        late.append([draft("rating-a", 2)])
    late.close()


def test_every_bad_draft_is_named_and_nothing_is_appended(store):
    batch = [
        draft("rating-a"),
        draft("rating-b", by="", change="x"),
        draft("rating-c", words={"note": None}),
        draft("rating-d", data={"text": "x" * 70_000}),
        draft("rating-a", 3),
        draft("rating-e", words={"source_titles": []}),
        draft("rating-f", data={"a": 0.5}),
    ]
    with pytest.raises(DraftError) as caught:
        store.append(batch)
    assert [index for index, _ in caught.value.faults] == [1, 1, 2, 3, 4, 5, 6]
    assert store.size() == 0


@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("stored_events", "topic"),
        ("log", "stream"),
        ("nodes", "hash"),
        ("checkpoints", "note"),
        ("cosignatures", "line"),
    ],
)
def test_rows_are_neither_changed_nor_deleted(place, store, verb, table, column):
    store.append([draft(f"rating-{each}") for each in range(256)])
    place.sql("INSERT INTO cosignatures VALUES (256, 'witness', 'line')")
    with pytest.raises(place.errors, match="append-only"):
        place.sql(verb.format(table, column, column))


def test_tables_are_not_truncated(store, place):
    if place.url:
        tables = "stored_events, log, nodes, checkpoints, cosignatures"
        for table in tables.split(", "):
            with pytest.raises(place.errors, match="append-only"):
                place.sql(f"TRUNCATE {table}")


def test_openings_and_idempotency_can_be_cleared(store, place):
    store.append([draft("rating-a")], idempotency=("key", b"print"))
    place.sql("DELETE FROM openings", "DELETE FROM idempotency")
    [event] = store.read()
    assert event.opened == {}
    assert event.sealed
    assert store.recorded_before("key", b"print") == []


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("log", "leaf_hash"),
        ("stored_events", "state"),
        ("openings", "salt"),
        ("nodes", "hash"),
    ],
)
def test_reading_back_catches_a_flipped_bit(store, place, table, column):
    store.append([draft("rating-a")])
    before = store.checkpoint()
    place.corrupt_inserts(table, column)
    with pytest.raises(LogDamagedError):
        store.append([draft(f"rating-b{each}") for each in range(256)])
    assert store.checkpoint() == before
    assert audit(place, store) == 1


def test_a_damaged_edge_is_not_signed(store, place):
    store.append([draft("rating-a"), draft("rating-b")])
    before = store.checkpoint()
    place.allow_changes("log")
    place.sql("""
        UPDATE log
        SET leaf_hash = (SELECT leaf_hash FROM log WHERE position = 1)""")
    fresh = again(place)
    with pytest.raises(LogDamagedError):
        fresh.append([draft("rating-c")])
    assert len(fresh.read()) == 2
    assert fresh.checkpoint() == before
    fresh.close()


def test_a_dropped_event_stops_the_writer(store, place):
    store.append([draft("rating-a"), draft("rating-b")])
    place.allow_changes("log")
    place.sql("DELETE FROM log WHERE position = 2")
    with pytest.raises(LogDamagedError):
        store.append([draft("rating-c")])


def test_an_event_that_is_not_of_the_log_stops_the_writer_on_sqlite(store, place):
    store.append([draft("rating-a")])
    place.sql("""
        INSERT INTO stored_events (originator_id, originator_version, topic, state)
        VALUES ('rating-z', 1, 'rating.awarded', '{}')""")
    if place.url:
        # Events have numbers of their own there, which a failed transaction uses up.
        assert store.append([draft("rating-b")])[0].position == 2
        return
    with pytest.raises(LogDamagedError):
        store.append([draft("rating-b")])
    assert audit(place, store) == 1


class Plans:
    """A session that runs no query, but asks SQLite how it would."""

    def __init__(self, session) -> None:
        self._session = session
        self.joined = session.joined
        self.found = []

    def rows(self, sql, params=()):
        self.found += self._session.rows(f"EXPLAIN QUERY PLAN {sql}", params)
        return []


def test_a_stream_is_found_by_an_index_on_sqlite(tmp_path):
    store = again(SQLitePlace(tmp_path))
    with store._database.get().reading() as session:
        plans = Plans(session)
        read_rows(plans, "e.originator_id = ?", ("rating-a",))
    steps = [step for *_, step in plans.found]
    assert steps
    assert not [step for step in steps if step.startswith("SCAN")], steps
    store.close()


def test_the_same_request_is_recorded_once(store, place):
    store.append([draft("rating-z")])
    key = ("key-1", b"fingerprint")
    batch = [draft("rating-a"), draft("rating-b")]
    events = store.append(batch, idempotency=key)
    assert store.append(batch, idempotency=key) == events
    assert store.recorded_before(*key) == events
    assert again(place).append([draft("rating-c")], idempotency=key) == events
    with pytest.raises(IdempotencyReusedError):
        store.append([draft("rating-c")], idempotency=("key-1", b"other"))
    assert audit(place, store) == 3


def test_a_failed_request_leaves_its_key_free(store):
    key = ("key-1", b"fingerprint")
    with pytest.raises(ConflictError):
        store.append([draft("rating-a", 2)], idempotency=key)
    assert store.recorded_before(*key) == []
    assert store.append([draft("rating-a")], idempotency=key)[0].position == 1


def test_a_restored_backup_is_read_but_not_signed(store, place):
    store.append([draft("rating-a")])
    store.close()
    place.back_up()
    store.append([draft("rating-b"), draft("rating-c")])
    store.close()
    place.restore()
    restored = again(place)
    with pytest.raises(SigningRefusedError, match="holds 1 events, but 3 were signed"):
        restored.append([draft("rating-b")])
    assert [each.stream for each in restored.read()] == ["rating-a"]
    assert restored.checkpoint()
    restored.close()


def test_another_log_of_the_same_length_is_not_signed(store, place):
    store.close()
    place.back_up()
    store.append([draft("rating-a")])
    signed = (place.folder / "signed").read_bytes()
    store.close()
    place.restore()
    (place.folder / "signed").unlink()
    fork = again(place)
    fork.append([draft("rating-b")])
    fork.append([draft("rating-c")])
    fork.close()
    (place.folder / "signed").write_bytes(signed)
    reopened = again(place)
    with pytest.raises(SigningRefusedError, match="another than the one"):
        reopened.append([draft("rating-d")])
    assert reopened.size() == 2
    reopened.close()


def test_what_was_signed_is_asked_again_after_another_process_wrote(store, place):
    store.append([draft("rating-a")])
    other = again(place)
    other.append([draft("rating-b")])
    other.close()
    with (place.folder / "signed").open("r+b") as file:
        raw = file.read()
        file.seek(0)
        file.write(raw.replace(b"\n2\n", b"\n9\n"))
    with pytest.raises(SigningRefusedError, match="holds 2 events, but 9 were signed"):
        store.append([draft("rating-c")])


def test_a_log_without_its_key_is_read_but_not_signed(store, place):
    store.append([draft("rating-a")])
    (place.folder / "log.key").unlink()
    fresh = again(place)
    with pytest.raises(SigningRefusedError, match="put back the key"):
        fresh.append([draft("rating-b")])
    assert fresh.size() == 1
    assert not (place.folder / "log.key").exists()
    fresh.close()


def test_the_edge_is_resumed_at_every_size(store, place):
    size = 0
    for step in (1, 254, 1, 1, 255, 300):
        fresh = again(place)
        fresh.append([draft(f"rating-{size + each}") for each in range(step)])
        fresh.close()
        size += step
        assert audit(place, store) == size


def test_a_fork_of_the_process_has_its_own_connections(store, place):
    store.append([draft("rating-a")])
    child = os.fork()
    if child == 0:
        done = 1
        try:
            store.append([draft("rating-b")])
            done = 0
        finally:
            os._exit(done)
    assert os.waitpid(child, 0)[1] == 0
    store.append([draft("rating-c")])
    assert audit(place, store) == 3


def test_a_connection_that_the_server_ended_is_made_anew(store, place):
    store.append([draft("rating-a")])
    before = store.read()
    if place.url:
        place.sql("""
            SELECT pg_terminate_backend(pid, 10000)
            FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    assert store.read() == before
    store.append([draft("rating-b")])
    assert audit(place, store) == 2


def test_what_fails_in_the_midst_leaves_nothing_and_the_store_goes_on(store, place):
    with pytest.raises(AlreadyErasedError):
        store.append([draft("rating-a")], erase=[(1, "note")])
    assert store.append([draft("rating-a")])[0].position == 1
    with pytest.raises(StoreError), store._database.get().writing() as session:
        session.insert("checkpoints", [(7, b"note"), (7, b"note")])
    store.append([draft("rating-b")])
    assert audit(place, store) == 2


def test_writers_that_start_at_once_and_contend_leave_no_gap(place):
    writers = [start("contend", place.folder, place.url, f"w{n}", 20) for n in range(4)]
    output = [writer.communicate()[0].split("\n") for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    store = again(place)
    assert audit(place, store) == 160
    acknowledged = [int(line) for lines in output for line in lines[:20]]
    assert sorted(acknowledged) == list(range(2, 161, 2))
    assert len(store.read_stream("rating-shared")) == 80
    store.close()


def test_what_is_not_a_database_is_named_on_one_line(tmp_path):
    (tmp_path / "events.db").write_bytes(b"not a database, but long enough" * 99)
    with pytest.raises(StoreUnreadableError, match="not a database"):
        EventStore.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_named_on_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnreadableError, match="Not a directory"):
        EventStore.open(tmp_path / "file" / "data")


def test_a_server_that_is_not_there_is_named_on_one_line(tmp_path):
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    with pytest.raises(StoreUnreadableError) as caught:
        EventStore.open(tmp_path, url)
    assert "\n" not in str(caught.value)
