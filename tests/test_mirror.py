"""A mirror keeps what it has verified; it refuses forks, rollbacks and bad leaves."""

import json
import shutil
import signal
import threading

import pytest
from sqlalchemy import update

from projections import database
from projections.read_model import CODE_VERSION, progress
from service import rotation
from service.app import create_app
from service.erasure import pending
from service.log.errors import BadLeafError, ReadOnlyError
from service.log.event_store import EventStore
from service.log.mirror import Mirror
from service.log.mirror_store import MirrorStore
from service.log.notes import unverified_checkpoint
from service.log.pin import Pin, mirror_lock
from service.log.reader import LogReader
from tests import server
from tests.examples import ANNOUNCED, ASKED, REGISTERED, RENAMED
from tests.log_places import audit
from tests.mirrors import Copy, mirror, run, start
from tests.records import SmallRecord
from tests.sources import served
from tests.writers import draft

NOTE = "Deeply disappointing"


def registered(id, **changes):
    """Return a draft of a force that is registered, some of it changed."""
    members = {"type": "body.registered", "data": REGISTERED.data, **changes}
    return draft(f"body-{id}", **members)


@pytest.fixture
def small(tmp_path):
    small = SmallRecord(tmp_path / "origin")
    for number in range(3):
        small.register(f"force-{number}", note=NOTE)
    small.record.publish_digests()
    yield small
    small.record.close()


@pytest.fixture
def source(small):
    with served(create_app(small.record)) as source:
        yield source


@pytest.fixture(params=["sqlite", "postgresql"])
def copy(request, tmp_path):
    """Give the place of a mirror, on either database."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    return Copy(tmp_path / "copy", url)


@pytest.fixture
def kept(source, tmp_path):
    """Give a mirror that has kept what is on record."""
    copy = Copy(tmp_path / "kept")
    mirror(source, copy)
    return copy


def put(small, *drafts):
    """Record events of any kind, in one batch."""
    small.record.store.append(list(drafts))
    small.record.catch_up()


def sign(small, *drafts):
    """Sign events that the source itself need not be able to read."""
    small.record.store.append(list(drafts))
    model = small.record.read_model
    with database.writing(model.engine) as connection:
        position = small.record.store.size()
        connection.execute(update(progress).values(position=position))


def in_order(count, start=0):
    return [report(number) for number in range(start, start + count)]


def report(name):
    return draft(f"report-{name}", type="report.filed")


def size_of(copy):
    with copy.opened() as record:
        return record.store.size()


def change(path, old, new):
    """Return a lie: in the answers of a path, the new bytes stand for the old."""

    def lie(asked, body):
        if not (asked == path or (path.endswith("/") and asked.startswith(path))):
            return body
        assert old in body
        return body.replace(old, new)

    return lie


def test_what_is_mirrored_is_the_whole_log(small, source, copy):
    said = mirror(source, copy)
    assert said.stdout == "3 events verified and kept; 20 digests equal.\n"
    with copy.opened() as record:
        ours, theirs = record.store, small.record.store
        assert audit(copy.place(), ours) == 3
        assert ours.leaves(0, 9) == theirs.leaves(0, 9)
        assert ours.openings(0, 9) == theirs.openings(0, 9) != []
        assert ours.checkpoints() == theirs.checkpoints()
        assert ours.verifier_keys() == theirs.verifier_keys()


def test_a_mirror_can_be_verified_like_any_record(source, kept):
    said = run(kept, "verify", str(kept.folder))
    assert "PASS" in said.stdout


def test_the_next_run_fetches_what_has_come_since_and_no_more(small, source, copy):
    put(small, *in_order(300))
    mirror(source, copy)
    put(small, report("later"))
    source.asked.clear()
    assert mirror(source, copy).stdout.startswith("304 events")
    entries = [path for path in source.asked if "/entries/" in path]
    assert entries == ["/log/tile/entries/001.p/48"]


def test_an_empty_log_can_be_mirrored_and_grows_later(tmp_path, copy):
    origin = SmallRecord(tmp_path / "empty")
    with served(create_app(origin.record)) as source:
        assert mirror(source, copy).stdout.startswith("0 events")
        assert mirror(source, copy).stdout.startswith("0 events")
        origin.register("west-mercia")
        assert mirror(source, copy).stdout.startswith("1 events")
    with copy.opened() as record:
        assert record.store.checkpoints() == origin.record.store.checkpoints()
    origin.record.close()


@pytest.mark.parametrize("size", [255, 256, 257, 512])
def test_tiles_that_are_just_full_are_kept_as_they_are(small, source, tmp_path, size):
    copy = Copy(tmp_path / "copy")
    mirror(source, copy)
    put(small, *in_order(size - 3))
    mirror(source, copy)
    put(small, report("later"))
    mirror(source, copy)
    with copy.opened() as record:
        assert audit(copy.place(), record.store) == size + 1


def test_a_mirror_that_is_killed_goes_on_from_what_it_kept(small, source, copy):
    for start_at in range(0, 6000, 1000):
        put(small, *in_order(1000, start_at))
    is_asked, is_killed = threading.Event(), threading.Event()

    def kill_in_the_second_batch(path, body):
        if path == "/log/tile/entries/020":
            is_asked.set()
            is_killed.wait(server.PATIENCE)
        return body

    source.lie = kill_in_the_second_batch
    process = start(source, copy)
    assert is_asked.wait(server.PATIENCE)
    process.kill()
    process.communicate()
    is_killed.set()
    assert size_of(copy) == 4003
    assert mirror(source, copy).stdout.startswith("6,003 events")
    with copy.opened() as record:
        assert audit(copy.place(), record.store) == 6003
        assert record.store.openings(0, 9999) == small.record.store.openings(0, 9999)


def test_a_rollback_is_refused_and_both_checkpoints_are_kept(
    small, source, kept, tmp_path
):
    shutil.copytree(small.record.settings.data, tmp_path / "old")
    before = small.record.store.checkpoint()
    small.register("later")
    mirror(source, kept)
    old = SmallRecord(tmp_path / "old")
    source.app = create_app(old.record)
    said = mirror(source, kept, status=1)
    assert "Error: rollback: " in said.stderr
    assert "shows 3 events, but 4 are kept here" in said.stderr
    [evidence] = kept.folder.glob("evidence-*.txt")
    assert str(evidence) in said.stderr
    assert before in evidence.read_bytes()
    assert small.record.store.checkpoint() in evidence.read_bytes()
    old.record.close()


@pytest.mark.parametrize("more", [1, 2, 300], ids=["same-size", "next", "far-on"])
def test_a_fork_is_refused_and_both_checkpoints_are_kept(
    small, source, copy, tmp_path, more
):
    shutil.copytree(small.record.settings.data, tmp_path / "fork")
    small.register("ours")
    mirror(source, copy)
    fork = SmallRecord(tmp_path / "fork")
    put(fork, *in_order(more))
    source.app = create_app(fork.record)
    said = mirror(source, copy, status=1)
    assert "Error: fork: " in said.stderr
    assert "does not begin with the 4 events that are kept here" in said.stderr
    [evidence] = copy.folder.glob("evidence-*.txt")
    assert small.record.store.checkpoint() in evidence.read_bytes()
    assert size_of(copy) == 4
    fork.record.close()


def test_a_fork_that_has_no_checkpoint_at_our_size_is_refused(
    small, source, kept, tmp_path
):
    shutil.copytree(small.record.settings.data, tmp_path / "fork")
    small.register("ours")
    small.register("ours-too")
    mirror(source, kept)
    fork = SmallRecord(tmp_path / "fork")
    put(fork, *in_order(9))
    source.app = create_app(fork.record)
    assert "Error: fork: " in mirror(source, kept, status=1).stderr
    assert size_of(kept) == 5
    fork.record.close()


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (b"Fourforce", b"Evilforce", "it is not the leaf that was signed"),
        (b'"v":1', b'"v":2', "/v: malformed"),
        (b'{"by"', b'{ by"', "not JSON"),
    ],
    ids=["changed", "outside the grammar", "not JSON"],
)
def test_a_bad_leaf_is_refused_and_its_position_told(
    small, source, kept, old, new, cause
):
    small.register("force-4", "Threeforce")
    small.register("force-5", "Fourforce")
    leaf = small.record.store.leaves(4, 1)[0]
    source.lie = change("/log/tile/entries/", leaf, leaf.replace(old, new))
    said = mirror(source, kept, status=1)
    assert f"Error: bad leaf at position 5: {cause}" in said.stderr
    assert size_of(kept) == 3


def test_a_leaf_that_was_signed_and_breaks_the_grammar_is_refused(
    small, source, kept, monkeypatch
):
    # Nothing of ours writes such a leaf: the bytes that are signed are changed.
    from service.log import event_store

    stamp = event_store.stamp
    monkeypatch.setattr(
        event_store, "stamp", lambda *given: stamp(*given).replace(b'"v":1', b'"v":2')
    )
    small.register("force-4")
    monkeypatch.undo()
    said = mirror(source, kept, status=1)
    assert "Error: bad leaf at position 4: /v: malformed" in said.stderr
    assert size_of(kept) == 3


def restated(data, **changes):
    """Return what is changed of a draft so that it corrects a force."""
    why = {"reason": "other", "asked_by": "editor", "sealed_fields": []}
    return {
        "type": "body.corrected",
        "data": {"corrects": 1, "data": data, **why, **changes},
    }


FORCE = REGISTERED.data
ILL = {
    "a member is missing": ({"data": {"kind": "police-force"}}, "name is missing"),
    "a member is of another kind": ({"data": FORCE | {"name": ["a"]}}, "name: "),
    "a member too many": ({"data": FORCE | {"more": 1}}, "more: "),
    "a date is none": ({"data": FORCE | {"started_on": "2024-13"}}, "started_on: "),
    "corrects what is no version": (restated(FORCE, corrects="1"), "corrects is"),
    "corrects without data": (restated([]), "data is of another kind"),
    "corrects with half the data": (restated({"name": "x"}), "data is that of no"),
    "corrects a member with another kind": (
        restated(FORCE | {"kind": ["police-force"]}),
        "data is that of no",
    ),
}


@pytest.mark.parametrize("case", ILL)
def test_data_that_is_not_what_its_type_has_is_refused(small, source, kept, case):
    changes, cause = ILL[case]
    sign(small, registered("fine"), registered("ill", **changes))
    said = mirror(source, kept, status=1)
    type = changes.get("type", "body.registered")
    assert f"Error: bad leaf at position 5: {type}: {cause}" in said.stderr
    assert "Traceback" not in said.stderr and size_of(kept) == 3
    # What was kept before can be read as it was.
    with kept.opened() as record:
        assert record.read_model.position == 3


@pytest.mark.parametrize(
    ("data", "corrects"), [(FORCE, 9), (RENAMED.data, 1)], ids=["nothing", "another"]
)
def test_an_event_that_no_projection_can_read_is_named(
    small, source, copy, data, corrects
):
    changes = restated(data, corrects=corrects)
    sign(
        small,
        registered("fine"),
        registered("fine", version=2, sources=[], **changes),
    )
    for _ in range(2):  # The next run says the same.
        said = mirror(source, copy, status=1)
        assert "Error: bad leaf at position 5: body.corrected cannot" in said.stderr
        assert "Traceback" not in said.stderr


def test_an_event_that_the_tables_have_no_room_for_is_named(
    small, source, tmp_path, database_url
):
    # The largest number of a table of PostgreSQL is less than that of a leaf.
    large = ASKED.data | {"number": 2**40}
    announced = draft("programme-p", type="programme.announced", data=ANNOUNCED.data)
    asked = draft("programme-p", 2, type="programme.question-added", data=large)
    sign(small, registered("fine"), announced, asked)
    said = mirror(source, Copy(tmp_path / "copy", database_url), status=1)
    assert "bad leaf at position 6: programme.question-added cannot" in said.stderr
    assert "Traceback" not in said.stderr


def test_types_that_a_later_version_has_are_kept(small, source, copy):
    put(small, *in_order(3))
    assert mirror(source, copy).stdout.startswith("6 events")


def test_an_opening_that_does_not_fit_is_refused(small, source, kept):
    small.register("force-4", note=NOTE)
    source.lie = change("/v1/openings", NOTE.encode(), b"A forgery")
    said = mirror(source, kept, status=1)
    assert (
        "Error: bad opening at position 4, note: the opening does not fit the "
        "commitment\n" in said.stderr
    )
    assert size_of(kept) == 3


def withheld(path, body):
    """Lie: there are no openings."""
    if path != "/v1/openings":
        return body
    return json.dumps({**json.loads(body), "items": []}).encode()


def test_an_opening_that_is_withheld_is_refused_until_it_is_there(small, source, copy):
    source.lie = withheld
    said = mirror(source, copy, status=1)
    assert (
        "Error: withheld: note at position 1 (and 2 more) is neither opened "
        "nor redacted\n" in said.stderr
    )
    assert mirror(source, copy, status=1).stderr.endswith(said.stderr[-60:])
    source.lie = lambda path, body: body
    assert mirror(source, copy).stdout.startswith("3 events")
    with copy.opened() as record:
        assert record.store.openings(0, 9) == small.record.store.openings(0, 9)


def redaction(stream, version, *names):
    target = {"stream": stream, "version": version}
    why = {"basis": "court-order", "reference": None}
    data = {"target": target, "fields": list(names), **why}
    members = {"type": "field.redacted", "change": "redaction", "data": data}
    return draft("redaction-abc", words={}, sources=[], **members)


def test_what_is_redacted_is_deleted_from_the_mirror_too(small, source, copy):
    mirror(source, copy)
    put(small, redaction("body-force-1", 1, "note"))
    assert mirror(source, copy).stdout.startswith("4 events")
    with copy.opened() as record:
        left = [each.position for each in record.store.openings(0, 9)]
    assert left == [1, 3]


def test_what_was_redacted_before_is_mirrored_without_its_words(small, source, copy):
    put(small, redaction("body-force-1", 1, "note"))

    def lie(path, body):
        if path != "/v1/openings":
            return body
        answer = json.loads(body)
        left = [each for each in answer["items"] if each["position"] != 2]
        return json.dumps({**answer, "items": left}).encode()

    source.lie = lie
    assert mirror(source, copy).stdout.startswith("4 events")


def test_a_redaction_of_nothing_is_a_bad_leaf(tmp_path):
    origin = EventStore.open(tmp_path / "origin")
    origin.append([*in_order(3), redaction("report-9", 1, "note")])
    mirror, store = nearby(tmp_path / "copy", origin)
    with pytest.raises(BadLeafError, match="position 4: it redacts what is not there"):
        mirror.advance()
    assert store.size() == 0
    origin.close()
    store.close()


def test_a_log_that_another_key_signs_is_refused(source, kept, tmp_path):
    other = SmallRecord(tmp_path / "other")
    put(other, *in_order(5))
    source.app = create_app(other.record)
    said = mirror(source, kept, status=1)
    assert "no trusted key signed its checkpoint" in said.stderr
    assert str(Pin.read(kept.folder).keys[0]) in said.stderr
    assert size_of(kept) == 3
    other.record.close()


def test_a_signature_that_is_wrong_is_refused(small, source, kept):
    small.register("later")
    note = small.record.store.checkpoint()
    forged = note[:-6] + (b"AAAA=\n" if note[-6:] != b"AAAA=\n" else b"BBBB=\n")
    source.lie = change("/log/checkpoint", note, forged)
    assert "Error: bad checkpoint: " in mirror(source, kept, status=1).stderr
    assert size_of(kept) == 3


def test_the_key_is_taken_on_trust_only_once_and_then_pinned(small, source, tmp_path):
    copy = Copy(tmp_path / "copy")
    [key] = small.record.store.verifier_keys()
    assert f"Key {key} (taken on trust" in mirror(source, copy).stderr
    later = mirror(source, copy).stderr
    assert f"Key {key}\n" in later


def test_a_key_that_is_given_is_the_one_that_must_sign(small, source, tmp_path):
    [key] = small.record.store.verifier_keys()
    copy = Copy(tmp_path / "copy")
    assert "on trust" not in mirror(source, copy, "--key", key).stderr
    other = SmallRecord(tmp_path / "other")
    [wrong] = other.record.store.verifier_keys()
    other.record.close()
    said = mirror(source, copy, "--key", wrong, status=1)
    assert "was begun with other keys" in said.stderr
    fresh = Copy(tmp_path / "fresh")
    said = mirror(source, fresh, "--key", wrong, status=1)
    assert "no trusted key signed" in said.stderr
    said = mirror(source, Copy(tmp_path / "bad"), "--key", "nonsense", status=1)
    assert "bad verifier key" in said.stderr


def test_a_digest_that_the_log_does_not_give_is_refused(small, source, kept):
    found = small.record.digests.at(3)
    digest = next(each["digest"] for each in found if each["projection"] == "bodies")
    source.lie = change("/v1/projections", digest.encode(), b"0" * 64)
    said = mirror(source, kept, status=1)
    assert (
        "Error: another digest: projection bodies at position 3 is not what the log "
        "gives\n" in said.stderr
    )


def test_a_source_that_is_down_is_told_in_one_line(source, tmp_path):
    source.app = None
    said = mirror(source, Copy(tmp_path / "copy"), status=1)
    assert said.stderr.count("\n") == 1
    assert "status 503" in said.stderr


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/log/checkpoint", b"nonsense"),
        ("/log/checkpoints", b"[]"),
        ("/log/key", b"\xff"),
        ("/log/tile/entries/", b"\0\1"),
        ("/v1/openings", b'{"items": [{}]}'),
        (
            "/v1/projections",
            f'{{"items": [{{"code_version": {CODE_VERSION}, "digest": []}}]}}'.encode(),
        ),
        ("/v1/status", b"{}"),
    ],
)
def test_malformed_answers_are_told_in_one_line(source, tmp_path, path, body):
    source.lie = lambda asked, real: body if asked.startswith(path) else real
    copy = Copy(tmp_path / "copy")
    said = mirror(source, copy, status=1)
    assert said.stderr.splitlines()[-1].startswith("Error: ")
    if (copy.folder / "events.db").exists():
        assert size_of(copy) in (0, 3)


def test_only_one_process_mirrors_into_a_folder(source, kept):
    with mirror_lock(kept.folder):
        said = mirror(source, kept, status=1)
    assert "another process is mirroring into it" in said.stderr


def test_a_folder_that_holds_a_log_of_its_own_is_no_place_for_a_mirror(small, source):
    origin = Copy(small.record.settings.data)
    assert "holds a log of its own" in mirror(source, origin, status=1).stderr
    assert not (origin.folder / "mirror").exists()


def test_a_database_that_holds_a_log_of_its_own_is_none_either(
    source, tmp_path, database_url
):
    SmallRecord(tmp_path / "other", database_url).record.close()
    copy = Copy(tmp_path / "copy", database_url)
    said = mirror(source, copy, status=1)
    assert "the database holds a log of its own" in said.stderr
    assert not (copy.folder / "mirror").exists()


def test_nothing_is_recorded_in_a_mirror(source, kept, tmp_path):
    file = tmp_path / "bodies.csv"
    file.write_text("id,name\n")
    said = run(kept, "import", str(file), "--data", str(kept.folder), status=1)
    line = f"Error: this is a mirror of {source.address}; it is read-only\n"
    assert said.stderr == line
    with kept.opened() as record, pytest.raises(ReadOnlyError):
        record.store.append(in_order(1))
    assert not (kept.folder / "log.key").exists()


def test_a_mirror_that_follows_keeps_what_comes_and_ends_on_a_signal(
    small, source, copy
):
    process = start(source, copy, "--follow", "--every", "0.1")
    lines = iter(process.stderr.readline, "")
    assert any("3 events verified" in line for line in lines)
    small.register("later")
    assert any("4 events verified" in line for line in lines)
    app, source.app = source.app, None
    assert any("status 503; the next look is in 0.2 s" in line for line in lines)
    source.app = app
    small.register("later-still")
    assert any("5 events verified" in line for line in lines)
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=server.PATIENCE)
    assert (process.returncode, "Traceback" in rest) == (0, False)
    assert size_of(copy) == 5


def test_a_fork_ends_a_mirror_that_follows(small, source, kept, tmp_path):
    shutil.copytree(small.record.settings.data, tmp_path / "fork")
    small.register("ours")
    process = start(source, kept, "--follow", "--every", "0.1")
    lines = iter(process.stderr.readline, "")
    assert any("4 events verified" in line for line in lines)
    fork = SmallRecord(tmp_path / "fork")
    fork.register("theirs")
    source.app = create_app(fork.record)
    assert any("Error: fork: " in line for line in lines)
    process.communicate(timeout=server.PATIENCE)
    assert process.returncode == 1
    fork.record.close()


def test_a_damaged_origin_is_restored_from_its_mirror(small, source, kept, tmp_path):
    origin, restored = small.record.settings.data, tmp_path / "restored"
    restored.mkdir()
    shutil.copy(kept.folder / "events.db", restored)
    for name in ("log.key", "signed"):
        shutil.copy(origin / name, restored)
    again = SmallRecord(restored)
    assert again.record.catch_up() == 3
    again.register("later")
    source.app = create_app(again.record)
    assert mirror(source, kept).stdout.startswith("4 events")
    again.record.close()


class Nearby(LogReader):
    """A source that is read without HTTP."""

    url = "nearby"


def nearby(folder, origin):
    """Return a mirror of a log, and its store."""
    pin = Pin("nearby", "localhost/log", tuple(origin.verifier_keys()), "nearby")
    folder.mkdir()
    pin.write(folder)
    store = MirrorStore.open(folder)
    return Mirror(folder, store, Nearby(origin._database)), store


def test_a_tile_of_the_second_level_is_kept_as_it_fills(tmp_path):
    origin = EventStore.open(tmp_path / "origin")
    for start_at in range(0, 65_535, 4369):
        origin.append(in_order(4369, start_at))
    mirror, store = nearby(tmp_path / "copy", origin)
    assert mirror.advance() == 65_535
    for size in (65_536, 65_537):
        origin.append([report(f"later-{size}")])
        assert mirror.advance() == size
        assert store.hashes(2, 0, 1) == origin.hashes(2, 0, 1) != []
        root = unverified_checkpoint(origin.checkpoint()).root
        assert store.tip().edge.root() == root
    origin.close()
    store.close()


def test_a_redaction_is_kept_in_one_transaction_with_what_it_deletes(tmp_path):
    origin = EventStore.open(tmp_path / "origin")
    origin.append(in_order(3))
    mirror, store = nearby(tmp_path / "copy", origin)
    mirror.advance()
    origin.append([redaction("report-1", 1, "note")], erase=[(2, "note")])
    assert mirror.advance() == 4
    assert [each.position for each in store.openings(0, 9)] == [1, 3]
    origin.close()
    store.close()


def erased(copy, words):
    """Whether words stand in no file of a mirror."""
    files = [path for path in copy.folder.rglob("*") if path.is_file()]
    return not [path for path in files if words in path.read_bytes()]


def test_the_words_that_are_redacted_leave_no_byte_in_the_mirror(
    small, source, tmp_path
):
    copy = Copy(tmp_path / "copy")
    small.register("force-4", note="Rather unhappy about it")
    mirror(source, copy)
    assert not erased(copy, b"Rather unhappy about it")
    origin = Copy(small.record.settings.data)
    words = ("redact", "4", "--field", "note", "--basis", "court-order", "--yes")
    run(origin, *words, "--data", str(origin.folder))
    assert mirror(source, copy).stdout.startswith("5 events")
    assert erased(copy, b"Rather unhappy about it")
    with copy.opened() as record:
        assert pending(record) == []
        assert record.store.openings(3, 1) == []
    assert "PASS" in run(copy, "verify", str(copy.folder)).stdout


def test_a_mirror_follows_its_source_to_a_new_key(small, source, tmp_path):
    copy = Copy(tmp_path / "copy")
    [old] = small.record.store.verifier_keys()
    mirror(source, copy, "--key", old)
    rotation.rotate(small.record)
    small.register("between")
    mirror(source, copy)
    rotation.retire_now(small.record)
    small.register("after")
    [new] = small.record.store.verifier_keys()
    assert new != old
    assert mirror(source, copy).stdout.startswith("7 events")
    with copy.opened() as record:
        assert record.store.verifier_keys() == [new]
    late = Copy(tmp_path / "late")
    assert mirror(source, late, "--key", old).stdout.startswith("7 events")
    trusting = Copy(tmp_path / "trusting")
    assert f"Key {new} (taken on trust" in mirror(source, trusting).stderr
    with trusting.opened() as record:
        assert record.store.checkpoints() == small.record.store.checkpoints()


def test_what_the_old_key_signed_is_refused_if_it_is_no_part_of_the_new_log(
    small, source, tmp_path
):
    rotation.rotate(small.record)
    rotation.retire_now(small.record)

    def lie(path, body):
        if path == "/v1/log/proofs/consistency":
            return b'{"hashes": []}'
        if path != "/log/checkpoints":
            return body
        answer = json.loads(body)
        return json.dumps({**answer, "items": answer["items"][:3]}).encode()

    source.lie = lie
    said = mirror(source, Copy(tmp_path / "copy"), status=1)
    assert "does not begin with the 2 that were fetched" in said.stderr


def test_what_witnesses_sign_of_the_head_is_shown_by_the_mirror_too(
    small, source, kept
):
    line = f"\N{EM DASH} witness.example/w {'A' * 100}\n"
    small.record.store.add_cosignature(3, "witness.example/w", line)
    mirror(source, kept)
    mirror(source, kept)
    with kept.opened() as record:
        assert record.store.checkpoint() == small.record.store.checkpoint()
        assert record.store.checkpoint().endswith(line.encode())
        assert record.store.own_checkpoint() == small.record.store.own_checkpoint()


def test_lines_that_a_list_adds_to_a_note_are_not_kept_with_it(small, source, tmp_path):
    line = f"\N{EM DASH} stranger.example/w {'A' * 100}\n"

    def lie(path, body):
        if path != "/log/checkpoints":
            return body
        answer = json.loads(body)
        for each in answer["items"]:
            each["note"] += line
        return json.dumps(answer).encode()

    source.lie = lie
    copy = Copy(tmp_path / "copy")
    mirror(source, copy)
    with copy.opened() as record:
        assert record.store.checkpoints() == small.record.store.checkpoints()


@pytest.mark.parametrize(
    "words",
    [
        ("key", "rotate"),
        ("key", "retire"),
        ("witness",),
        ("redact", "1", "--field", "note", "--basis", "court-order", "--yes"),
    ],
)
def test_commands_that_would_record_something_are_refused(kept, words):
    before = sorted(path.name for path in kept.folder.iterdir())
    said = run(kept, *words, "--data", str(kept.folder), status=1)
    assert "it is read-only\n" in said.stderr
    assert sorted(path.name for path in kept.folder.iterdir()) == before
