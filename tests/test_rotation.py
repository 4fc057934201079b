"""Rotating the key of the log: two keys sign for 30 days, and checkers can follow."""

import shutil
import signal
import stat
from contextlib import closing
from datetime import timedelta

import pytest

from service import rotation
from service.config import Settings
from service.domain.bodies import Body
from service.log import leaf
from service.log.errors import SigningRefusedError
from service.log.key_file import KeyFile, load_keys
from service.log.keyring import Keyring
from service.log.keys import KeyFileError
from service.log.notes import (
    NoteError,
    VerifierKey,
    open_checkpoint,
    split_note,
    unverified_checkpoint,
)
from service.log.proofs import root
from service.record import Record
from service.rotation import RotationError
from tests.log_places import PostgresPlace, SQLitePlace, audit
from tests.records import Clock, SmallRecord
from tests.test_cli import must_fail, run
from tests.writers import note, start

MONTH = timedelta(days=30)
ORIGIN = "localhost/log"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    folder = tmp_path / "data"
    if request.param == "sqlite":
        return SQLitePlace(folder)
    server = request.getfixturevalue("postgres_server")
    return PostgresPlace(folder, request.getfixturevalue("database_url"), server)


@pytest.fixture
def small(place):
    small = SmallRecord(place.folder, place.url)
    yield small
    small.record.close()


def keys_of(note):
    """Return the ids of the keys that signed a note, in its order."""
    return [key_id for _, key_id, _ in split_note(note)[1]]


def write(small, name):
    return small.register(name).position


def another(place, clock, folder=None):
    """Open the record as another machine or process does."""
    settings = Settings(data=folder or place.folder, database_url=place.url)
    return closing(Record.open(settings, clock))


def test_for_30_days_both_keys_sign_and_then_only_the_new_one(small, place):
    write(small, "a")
    record, store = small.record, small.record.store
    [old] = store.signing_keys()
    new = rotation.rotate(record)
    assert store.signing_keys() == [old, new]
    assert keys_of(store.checkpoint()) == [old.id, new.id]
    for keys in ([old], [new], [old, new]):
        assert open_checkpoint(store.checkpoint(), keys).size == 2
    small.clock.now += MONTH - timedelta(microseconds=1)
    assert rotation.retire_due(record) is None
    write(small, "b")
    assert keys_of(store.checkpoint()) == [old.id, new.id]
    small.clock.now += timedelta(microseconds=1)
    assert rotation.retire_due(record) == old
    assert keys_of(store.checkpoint()) == [old.id, new.id]
    assert rotation.retire_due(record) is None
    write(small, "c")
    assert keys_of(store.checkpoint()) == [new.id]
    assert store.signing_keys() == [new] == [k.verifier for k in on_file(place)]
    assert audit(place, store) == 5
    with pytest.raises(NoteError, match="no known key"):
        open_checkpoint(store.checkpoint(), [old])


def on_file(place):
    return load_keys(place.folder / "log.key", ORIGIN)


def test_a_rotation_is_on_record_as_two_events_without_sources(small):
    write(small, "a")
    [old] = small.record.store.signing_keys()
    new = rotation.rotate(small.record)
    small.clock.now += MONTH
    rotation.retire_due(small.record)
    added, retired = small.record.store.key_events()
    assert (added.type, added.data) == ("log-key.added", {"verifier_key": str(new)})
    assert (retired.type, retired.data) == (
        "log-key.retired",
        {"verifier_key": str(old)},
    )
    for event, key in ((added, new), (retired, old)):
        assert (event.noun, event.id) == ("log-key", key.id.hex())
        assert (event.by, event.change, event.sources) == ("system", "new", [])
    shown = small.client().get(f"/v1/events/{added.position}").get_json()
    assert shown["stream"] == f"log-key-{new.id.hex()}"
    listed = small.client().get("/log/key").get_data(as_text=True)
    assert listed == f"{new}\n"


class Slow(Record):
    """A record that another process overtakes, just before a thing is loaded."""

    def find(self, kind, id):
        with closing(Record.open(self.settings, self.clock)) as other:
            rotation.rotate(other)
        return super().find(kind, id)


def test_of_two_that_rotate_at_once_one_is_told_of_the_other(small, place):
    with (
        closing(Slow.open(small.record.settings, small.clock)) as record,
        pytest.raises(RotationError, match="being rotated"),
    ):
        rotation.rotate(record)
    assert len(small.record.store.signing_keys()) == 2
    assert len(small.record.store.key_events()) == 1


def test_whoever_knows_only_the_first_key_can_follow_two_rotations(small):
    store = small.record.store
    trusted = Keyring(store.signing_keys())
    for name in ("a", "b"):
        write(small, name)
        rotation.rotate(small.record)
        small.clock.now += MONTH
        rotation.retire_due(small.record)
    write(small, "c")
    for size, signed in store.checkpoints(after=0):
        [raw] = store.leaves(size - 1, 1)
        trusted.read(size, leaf.decode(raw))
        checkpoint = trusted.open(signed, size)
        assert checkpoint.root == root(store.hashes, size)
        trusted.trust(size)
    assert store.size() == 7


def test_no_rotation_is_begun_while_one_is_under_way(small):
    rotation.rotate(small.record)
    with pytest.raises(RotationError, match="both keys sign until 2026-04-01"):
        rotation.rotate(small.record)
    small.clock.now += MONTH
    rotation.rotate(small.record)  # What was due is retired before.
    assert [each.type for each in small.record.store.key_events()] == [
        "log-key.added",
        "log-key.retired",
        "log-key.added",
    ]


def test_a_rotation_that_was_broken_off_is_finished_and_no_other_begun(small, place):
    write(small, "a")
    [old] = small.record.store.signing_keys()
    new = KeyFile(place.folder / "log.key", ORIGIN).add(old)
    write(small, "b")  # The crash was here: both sign, and nothing tells of it.
    assert rotation.rotate(small.record) == new
    assert small.record.store.signing_keys() == [old, new]
    assert len(small.record.store.key_events()) == 1


def test_a_retirement_that_was_broken_off_is_finished(small, place):
    path = place.folder / "log.key"
    [old] = small.record.store.signing_keys()
    new = rotation.rotate(small.record)
    both = path.read_bytes()
    small.clock.now += MONTH
    rotation.retire_due(small.record)
    path.write_bytes(both)  # As if the power had failed before the file was replaced.
    write(small, "a")
    assert keys_of(small.record.store.checkpoint()) == [new.id]
    assert rotation.retire_due(small.record) == old
    assert len(small.record.store.key_events()) == 2
    assert [each.verifier for each in on_file(place)] == [new]


def test_a_stolen_key_is_retired_at_once_but_never_the_only_one(small):
    with pytest.raises(RotationError, match="No other key"):
        rotation.retire_now(small.record)
    [old] = small.record.store.signing_keys()
    new = rotation.rotate(small.record)
    assert rotation.retire_now(small.record) == old
    write(small, "a")
    assert keys_of(small.record.store.checkpoint()) == [new.id]


def test_it_is_told_how_long_each_key_signs(small):
    [first] = small.record.store.signing_keys()
    assert told(small) == [(first, None, None, False)]
    second = rotation.rotate(small.record)
    noon, later = "2026-03-02T12:00:00.000000Z", "2026-04-01T12:00:00"
    assert told(small) == [
        (first, None, f"{later}Z", False),
        (second, noon, None, False),
    ]
    small.clock.now += MONTH
    rotation.retire_due(small.record)
    assert told(small) == [
        (first, None, f"{later}.000000Z", True),
        (second, noon, None, False),
    ]


def told(small):
    periods = rotation.key_periods(small.record)
    return [(each.key, each.since, each.until, each.is_over) for each in periods]


def test_the_new_key_file_is_for_its_owner_only_and_nothing_lies_beside(small, place):
    rotation.rotate(small.record)
    path = place.folder / "log.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(place.folder.glob(".log.key*"))
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("text", ["", "\n", "{0}{0}", "{0}\n", "{0}nonsense\n"])
def test_a_malformed_key_file_is_refused(tmp_path, text):
    ring = KeyFile(tmp_path / "log.key", ORIGIN)
    ring.make()
    path = tmp_path / "log.key"
    path.write_text(text.format(path.read_text()))
    with pytest.raises(KeyFileError, match=r"log\.key"):
        ring.signers()


def test_a_process_takes_up_a_key_that_another_one_made(small, place):
    write(small, "a")
    with another(place, small.clock) as other:
        new = rotation.rotate(other)
    write(small, "b")
    assert keys_of(small.record.store.checkpoint())[1:] == [new.id]


def test_processes_that_write_while_the_key_is_rotated_lose_nothing(place):
    clock = Clock()
    with another(place, clock) as record:
        writers = [start("jot", place.folder, place.url, name, 30) for name in "ab"]
        for writer in writers:
            writer.stdout.readline()
    with closing(Record.open(Settings(place.folder, place.url))) as record:
        [old] = record.store.signing_keys()
        new = rotation.rotate(record)
        rotation.retire_now(record)
        for writer in writers:
            writer.communicate(timeout=60)
            assert writer.returncode == 0
        record.store.append([note("last")])
        assert audit(place, record.store) == record.store.size() == 2 * 30 + 3
        added, retired = (each.position for each in record.store.key_events())
        for size, signed_note in record.store.checkpoints(after=0):
            signed = set(keys_of(signed_note))
            if size > retired:
                assert signed == {new.id}
            elif size >= added:
                assert signed == {old.id, new.id}
            else:
                assert old.id in signed


def test_a_machine_that_has_only_the_old_key_signs_until_that_is_retired(
    database_url, tmp_path
):
    place = PostgresPlace(tmp_path / "data", database_url, "")
    small = SmallRecord(place.folder, place.url)
    far = tmp_path / "far"
    far.mkdir()
    shutil.copy(place.folder / "log.key", far)
    with another(place, small.clock, far) as other, closing(small.record):
        [old] = other.store.signing_keys()
        rotation.rotate(small.record)
        other.store.append([note("a")])
        assert keys_of(other.store.checkpoint()) == [old.id]
        with pytest.raises(RotationError, match="was rotated elsewhere"):
            rotation.rotate(other)
        write(small, "a")
        small.clock.now += MONTH
        rotation.retire_due(small.record)
        with pytest.raises(SigningRefusedError, match=r"retired.*copy the file"):
            other.store.append([note("b")])
        write(small, "b")
        with pytest.raises(SigningRefusedError, match=r"copy the file from there"):
            other.store.append([note("b")])
        shutil.copy(place.folder / "log.key", far)
        other.store.append([note("b")])
        size = unverified_checkpoint(other.store.checkpoint()).size
        assert audit(place, small.record.store) == size


def test_an_event_about_a_key_makes_no_rows_but_history(small):
    write(small, "a")
    before = small.client().get("/v1/bodies").get_json()["items"]
    position = small.record.store.size()
    rotation.rotate(small.record)
    assert small.record.read_model.position == position + 1
    assert len(small.client().get("/v1/bodies").get_json()["items"]) == len(before)
    assert small.record.load(Body, "a").exists


def test_the_old_key_is_retired_by_a_running_server(tmp_path):
    from tests import server

    data = tmp_path / "data"
    small = SmallRecord(data)
    with closing(small.record):
        [old] = small.record.store.signing_keys()
        rotation.rotate(small.record)  # By a clock of 2026-03-02, long ago.
    process, _, lines = server.start(data, "--empty")
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=server.PATIENCE)
    # A server that ends waits for what is done beside it.
    assert f"the key {old} was retired" in "".join(lines) + rest
    assert len(load_keys(data / "log.key", ORIGIN)) == 1


def test_the_commands_rotate_show_and_retire(tmp_path):
    data = tmp_path / "data"
    with closing(SmallRecord(data).record) as record:
        [old] = record.store.signing_keys()
    status, printed, said = run("key", "rotate", "--data", data)
    new = VerifierKey.parse(printed.strip())
    assert status == 0 and "signs beside the old key until" in said
    must_fail("both keys sign until", "key", "rotate", "--data", data)
    first, second = run("key", "show", "--data", data)[1].splitlines()
    assert first.startswith(f"{old}  signs since the beginning, until 2")
    assert second.startswith(f"{new}  signs since 2")
    assert run("key", "retire", "--data", data)[1].startswith("Due on 2")
    retired = run("key", "retire", "--now", "--yes", "--data", data)
    assert retired[:2] == (0, f"Retired {old}.\n")
    first, second = run("key", "show", "--data", data)[1].splitlines()
    assert first.startswith(f"{old}  signed since the beginning, until 2")
    must_fail("No other key", "key", "retire", "--now", "--yes", "--data", data)
