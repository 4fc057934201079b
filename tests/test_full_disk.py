"""A full disk: writing fails and says so, reading goes on, nothing is half done."""

import sys
from contextlib import closing, contextmanager

import pytest

from service.log.event_store import StorageFullError
from tests import full_disk
from tests.log_places import PostgresPlace, SQLitePlace
from tests.records import SmallRecord
from tests.writers import draft

NO_LIMIT = 2**30


def limit_pages(record, pages):
    """Let the log have so many pages at most: SQLite then says that it is full."""
    with record.store._database.get().writing() as session:
        session.rows(f"PRAGMA max_page_count = {pages}")


def limit_read_model(record, pages):
    with record.read_model.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


@contextmanager
def limited(record, limit):
    limit(record, 1)  # No more than there are.
    yield
    limit(record, NO_LIMIT)


REFUSE = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'could not extend file: No space left' USING ERRCODE = '53100'; END $$
    """
ON_TABLE = """
    CREATE TRIGGER full_disk BEFORE INSERT ON {}
    FOR EACH STATEMENT EXECUTE FUNCTION full_disk()
    """


def test_a_log_that_has_no_more_pages_fails_whole_and_goes_on(tmp_path):
    small = SmallRecord(tmp_path)
    record, place = small.record, SQLitePlace(tmp_path)
    full_disk.endure(
        small,
        place,
        lambda: limit_pages(record, 1),
        lambda: limit_pages(record, NO_LIMIT),
    )
    record.close()


@pytest.mark.parametrize(
    "table", ["stored_events", "log", "openings", "checkpoints", "idempotency"]
)
def test_a_full_server_fails_whole_and_goes_on(
    tmp_path, database_url, postgres_server, table
):
    place = PostgresPlace(tmp_path, database_url, postgres_server)
    small = SmallRecord(tmp_path, database_url)
    store, key = small.record.store, ("key-1", b"fingerprint")
    small.register("someshire")
    place.sql(REFUSE, ON_TABLE.format(table))
    before = store.checkpoint()
    with pytest.raises(StorageFullError, match="No space left"):
        store.append([draft("rating-a")], idempotency=key)
    assert (store.size(), store.checkpoint()) == (1, before)
    assert store.recorded_before(*key) == []
    place.sql(f"DROP TRIGGER full_disk ON {table}")
    [event] = store.append([draft("rating-a")], idempotency=key)
    assert event.position == store.size() == full_disk.audit(place, store) == 2
    small.record.close()


def test_a_disk_that_is_really_full_fails_whole_and_goes_on(tmp_path):
    must_endure("write_events", tmp_path, "8m")


def test_an_import_that_fills_the_disk_says_so_and_can_be_run_again(tmp_path):
    must_endure("import_files", tmp_path, "40m")


def must_endure(task, folder, size):
    done = full_disk.run_on_small_disk(task, folder, size)
    if done is None:
        # The pages of SQLite alone are then what stands for a full disk.
        print("NO DISK OF OUR OWN: this kernel mounts none for us", file=sys.stderr)
        with closing(SmallRecord(folder / "data").record) as record:
            limit_pages(record, 1)
            with pytest.raises(StorageFullError):
                record.store.append([draft(f"rating-{n}") for n in range(999)])
        return
    assert (done.returncode, done.stdout) == (0, "endured\n"), done.stderr


def test_a_read_model_without_room_catches_up_when_there_is_some(tmp_path, caplog):
    small = SmallRecord(tmp_path)
    small.register("someshire")
    record, client = small.record, small.client()
    with limited(record, limit_read_model):
        last = [small.register(f"force-{each}") for each in range(60)][-1]
        assert record.store.size() == last.position == 61
        assert record.read_model.position < 61
        assert "has not caught up" in caplog.text
        assert client.get("/v1/bodies/someshire").status_code == 200
    assert record.catch_up() == 61
    assert client.get("/v1/bodies/force-59").status_code == 200
    record.close()


def test_a_full_disk_is_answered_with_507_and_nothing_is_recorded(tmp_path):
    small = SmallRecord(tmp_path)
    small.register("someshire")
    client = small.client()

    @client.application.get("/writes")
    def write():
        return {"position": small.record.store.append(batch)[-1].position}

    batch = [draft(f"rating-{each}") for each in range(99)]
    with limited(small.record, limit_pages):
        answer = client.get("/writes")
        assert answer.status_code == 507
        assert answer.json["type"] == "/problems/storage-full"
        assert answer.headers["Cache-Control"] == "no-store"
        assert client.get("/v1/bodies/someshire").status_code == 200
        assert small.record.store.size() == 1
    assert small.record.store.append(batch)[-1].position == 100
    small.record.close()
