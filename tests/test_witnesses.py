"""Witnesses and mirrors: they cosign what they saw, and no backup may fork it."""

import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from service import rotation, witnessing
from service.config import Settings
from service.log.cosignatures import CosignerKey
from service.log.errors import PolicyError, SigningRefusedError
from service.log.notes import (
    NoteError,
    Signer,
    VerifierKey,
    checkpoint_text,
    encode_base64,
    open_note,
    unverified_checkpoint,
)
from service.log.policy import read_witnesses
from service.log.sqlite_log import SQLiteLog
from service.log.web import MAX_BYTES, WebError, fetch
from service.log.witnessed import Sighting, Witnessed
from service.record import Record
from service.witnessing import Cosigning, Watchers
from tests import server, witness
from tests.liar import answer, answering
from tests.log_places import PostgresPlace, SQLitePlace, audit
from tests.records import app_over
from tests.test_cli import must_fail, run
from tests.writers import note

KEY = CosignerKey("witness.example/w1", Signer("x", bytes(32)).verifier.public)
LINE = f"witness w1 {KEY}"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    folder = tmp_path / "data"
    if request.param == "sqlite":
        return SQLitePlace(folder)
    postgres = request.getfixturevalue("postgres_server")
    return PostgresPlace(folder, request.getfixturevalue("database_url"), postgres)


@pytest.fixture
def policy(tmp_path):
    return tmp_path / "policy"


@contextmanager
def opened(place, policy=None, mirrors=()):
    settings = Settings(place.folder, place.url, witnesses=policy, mirrors=mirrors)
    with closing(Record.open(settings)) as record:
        yield record


@pytest.fixture
def record(place, policy):
    policy.touch()
    with opened(place, policy) as record:
        record.store.append([note("a")])
        yield record


@contextmanager
def witnessed(record, policy):
    """Run a witness of the record, and put it into the policy; yield its key."""
    keys = record.store.verifier_keys()
    with witness.running(policy.with_name("witness.json"), *keys) as line:
        policy.write_text(line)
        yield CosignerKey.parse(line.split()[2])


def write(record, count, name="b"):
    done = len(record.store.read_stream(f"note-{name}"))
    for version in range(done + 1, done + count + 1):
        record.store.append([note(name, version)])


def texts(record):
    return [each.text for each in witnessing.ask_all(record)]


def cosigned(record, key):
    """Return the size that a witness signed in the note that is served."""
    served = record.store.checkpoint()
    open_note(served, [key])
    return unverified_checkpoint(served).size


def test_the_checkpoint_is_served_with_the_cosignatures_of_its_size(record, policy):
    with witnessed(record, policy) as key:
        for more in (0, 1, 2, 300):
            write(record, more)
            assert all(each.is_good for each in witnessing.ask_all(record))
            assert cosigned(record, key) == record.store.size()
        [log] = record.store.signing_keys()
        assert open_note(record.store.checkpoint(), [log, key])
        served = app_over(record).test_client().get("/log/checkpoint").data
        assert served == record.store.checkpoint()
        write(record, 1)
        with pytest.raises(NoteError, match="no known key"):
            cosigned(record, key)
        assert record.store.cosigned_size(key.name) == 304


def test_a_proof_that_is_kept_holds_the_cosignature(record, policy):
    with witnessed(record, policy) as key:
        witnessing.ask_all(record)
    path = "/v1/log/proofs/inclusion/1.tlog-proof"
    proof = app_over(record).test_client().get(path).data
    assert open_note(proof.partition(b"\n\n")[2], [key])


def test_a_cosignature_is_kept_once_and_the_first_one_stays(record, policy, place):
    with witnessed(record, policy):
        witnessing.ask_all(record)
        before = place.sql("SELECT * FROM cosignatures")
        witnessing.ask_all(record)
        assert place.sql("SELECT * FROM cosignatures") == before != []


def test_a_log_that_lost_its_cosignatures_learns_from_where_to_prove(record, policy):
    with witnessed(record, policy) as key:
        witnessing.ask_all(record)
        write(record, 5)
        questions = [
            witnessing.WitnessQuestion(record.store, each, int(time.time()))
            for each in read_witnesses(policy)
        ]
        questions[0]._old = 0
        [answer] = witnessing.ask(questions, witnessing.LIMIT)
        assert answer.text == "cosigned 6 events"
        assert answer.cosignature.startswith(f"— {key.name} ")


def test_a_witness_that_knows_the_old_key_cosigns_while_both_sign(record, policy):
    with witnessed(record, policy) as key:
        rotation.rotate(record)
        assert texts(record) == ["cosigned 2 events"]
        assert cosigned(record, key) == 2
        rotation.retire_now(record)
        write(record, 1)
        assert texts(record) == [
            "it answered 403: it trusts no key that signs this log"
        ]
        write(record, 1)


def test_a_witness_that_does_not_know_the_log_is_said_to(record, policy, tmp_path):
    stranger = Signer("example.com/log", bytes(32)).verifier
    with witness.running(tmp_path / "w", stranger) as line:
        policy.write_text(line)
        assert texts(record) == ["it answered 404: it does not know this log"]
    write(record, 1)


def test_nothing_is_asked_where_there_is_no_witness(record):
    assert texts(record) == []
    with opened_without(record) as other:
        assert texts(other) == []


@contextmanager
def opened_without(record):
    settings = replace(record.settings, witnesses=None)
    with closing(Record.open(settings)) as other:
        yield other


# Witnesses that are down, slow, or lie.


def test_a_witness_that_is_down_holds_nothing_up(record, policy):
    policy.write_text(f"{LINE} http://127.0.0.1:{server.free_port()}\n")
    assert texts(record) == ["Connection refused"]
    witnessing.look_around(record)
    write(record, 1)


@pytest.mark.parametrize("raw", [b"", answer("200 OK", b"x" * 100)], ids=len)
def test_a_witness_that_never_ends_its_answer_is_given_up(
    record, policy, raw, monkeypatch
):
    monkeypatch.setattr(witnessing, "LIMIT", 0.5)
    with answering(raw, pause=0.2) as address:
        policy.write_text(f"{LINE} {address}\n")
        [text] = texts(record)
        assert text.startswith("it did not answer")
        write(record, 1)


@pytest.mark.parametrize("raw", [b"", answer("200 OK", b"x" * 100)], ids=len)
def test_a_request_ends_in_time_however_slowly_the_answer_drips(raw):
    with (
        answering(raw, pause=0.2) as address,
        pytest.raises(WebError, match="it did not answer"),
    ):
        fetch(address, b"hello", seconds=0.5)


class Counted(list):
    """Pieces of an answer, which are counted as they are sent."""

    sent = 0

    def __iter__(self):
        for each in super().__iter__():
            self.sent += 1
            yield each


def test_an_answer_that_drips_in_its_body_is_cut_before_it_ends():
    raw = Counted([b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 40])
    with (
        answering(raw, pause=0.2) as address,
        pytest.raises(WebError, match="it did not answer"),
    ):
        fetch(address, b"hello", seconds=0.5)
    assert 1 < raw.sent < len(raw)


def forged(note, *, public_seed=bytes(32), at=None, name=KEY.name):
    """Return the cosignature line that a key would give at a time."""
    signer = Signer("x", public_seed)
    now = int(time.time()) if at is None else at
    text = note.rpartition(b"\n\n")[0] + b"\n"
    message = f"cosignature/v1\ntime {now}\n".encode() + text
    signature = signer.signature(message)
    key = CosignerKey(name, signer.verifier.public)
    raw = key.id + now.to_bytes(8, "big") + signature
    return f"— {name} {encode_base64(raw)}\n".encode()


def lies(note):
    mine = forged(note)
    wrong = f"— {KEY.name} {encode_base64(KEY.id + bytes(72))}\n".encode()
    size = "text/x.tlog.size"
    return {
        "nothing": (answer("200 OK"), "its answer is refused"),
        "garbage": (answer("200 OK", b"\xff\x00garbage"), "not UTF-8"),
        "a page": (answer("200 OK", b"<html>"), "its answer is refused"),
        "another key": (
            answer("200 OK", forged(note, public_seed=b"1" * 32)),
            "did not sign",
        ),
        "a wrong signature": (answer("200 OK", wrong), "is wrong"),
        "another note": (answer("200 OK", forged(b"other\n\n")), "is wrong"),
        "twice": (answer("200 OK", mine + mine), "signed twice"),
        "long ago": (answer("200 OK", forged(note, at=5)), "another day"),
        "no newline": (answer("200 OK", mine[:-1]), "no newline"),
        "a log's own kind": (
            answer("200 OK", b"\xe2\x80\x94 " + KEY.name.encode() + b" AAAAAAA=\n"),
            "did not sign",
        ),
        "too much": (answer("200 OK", b"x" * (MAX_BYTES + 1)), "more than 65,536"),
        "elsewhere": (
            answer("302 Found", more="Location: http://127.0.0.1/\r\n"),
            "it answered 302",
        ),
        "broken": (answer("500 Oops", b"trace"), "it answered 500"),
        "not HTTP": (b"SSH-2.0-OpenSSH\r\n", "it does not speak HTTP"),
        "a bad size": (answer("409 Conflict", b"05\n", size), "without the size"),
        "a huge size": (answer("409 Conflict", b"9" * 40, size), "without the size"),
        "no size": (answer("409 Conflict", b"no\n"), "without the size"),
        "unprocessable": (answer("422 No"), "it answered 422"),
    }


@pytest.mark.parametrize("lie", lies(b"\n\n"))
def test_a_lie_is_refused_in_words_and_stops_nothing(record, policy, lie):
    raw, says = lies(record.store.own_checkpoint())[lie]
    with answering(raw) as address:
        policy.write_text(f"{LINE} {address}\n")
        [text] = texts(record)
    assert says in text
    assert record.store.checkpoint() == record.store.own_checkpoint()
    write(record, 1)


def test_what_is_true_is_accepted_from_the_same_hand(record, policy):
    with answering(answer("200 OK", forged(record.store.own_checkpoint()))) as address:
        policy.write_text(f"{LINE} {address}\n")
        assert texts(record) == ["cosigned 1 events"]
    assert cosigned(record, KEY) == 1


# A log that was put back from a backup.


def put_back(record, place, label="old"):
    """Put back a backup, with nothing in the data folder that tells of it."""
    record.close()
    (place.folder / "signed").unlink()
    place.restore(label)


def refuses(record, says):
    with pytest.raises(SigningRefusedError, match=says) as caught:
        record.store.append([note("refused")])
    assert "put back a newer backup" in str(caught.value)
    assert "copperplate mirror" in str(caught.value)


def test_a_restored_backup_is_not_signed_below_what_a_witness_saw(
    record, policy, place
):
    record.close()
    place.back_up()
    write(record, 4)
    with witnessed(record, policy):
        witnessing.look_around(record)
        record.close()
        place.back_up("new")
        put_back(record, place)
        with opened(place, policy) as restored, opened(place) as another:
            witnessing.look_around(restored)
            for process in (restored, another):
                refuses(process, "w1 has seen 5 events, but the log holds 1")
                assert len(process.store.read()) == 1
        place.restore("new")
        with opened(place, policy) as mended:
            # The witness need not be asked again: what it has seen is there.
            mended.store.append([note("c")])
            assert audit(place, mended.store) == 6
            assert texts(mended) == ["cosigned 6 events"]
    assert not (place.folder / "witnessed").exists()


def test_a_log_of_another_tree_is_refused_at_the_same_size_and_beyond(
    record, policy, place
):
    record.close()
    place.back_up()
    write(record, 2)
    with witnessed(record, policy):
        witnessing.look_around(record)
        put_back(record, place)
        with opened(place, policy) as fork:
            write(fork, 2, "fork")
            witnessing.look_around(fork)
            refuses(fork, "w1 has seen another log at 3 events")
            (place.folder / "witnessed").unlink()
            write(fork, 1, "fork")
            witnessing.look_around(fork)
            refuses(fork, "w1 has seen another log at 3 events")


def test_what_was_heard_stays_until_the_witness_is_heard_again_or_is_no_more(
    record, policy, place
):
    with witnessed(record, policy):
        witnessing.ask_all(record)
    heard = Sighting("w1", 9)
    record.store.witnessed.update({"w1": heard}, {"w1"})
    witnessing.look_around(record)  # It is down now.
    refuses(record, "w1 has seen 9 events")
    with witnessed(record, policy):
        witnessing.look_around(record)
        write(record, 1)
    record.store.witnessed.update({"w1": heard}, {"w1"})
    policy.write_text("# no witness\n")
    witnessing.look_around(record)
    write(record, 1)


@pytest.mark.parametrize("text", ["", "5\n", "05 - w1\n", "5 !- w1\n", "5 AA= w1\n"])
def test_a_malformed_file_of_what_was_seen_is_refused(record, place, text):
    (place.folder / "witnessed").write_text(text)
    with pytest.raises(SigningRefusedError, match=r"malformed.*copperplate witness"):
        record.store.append([note("b")])
    witnessing.ask_all(record)
    write(record, 1)


def test_a_sighting_is_read_as_it_was_written(tmp_path):
    ring = Witnessed(tmp_path / "witnessed")
    seen = [
        Sighting("a b", 5),
        Sighting("c", 7, bytes(32)),
        Sighting("d", 8, b"1" * 32, is_refused=True),
    ]
    ring.update({each.who: each for each in seen}, {"a b", "c", "d"})
    assert Witnessed(tmp_path / "witnessed").sightings() == seen


# Mirrors.


@pytest.fixture
def mirror(record, place, tmp_path):
    """Return a folder with what a mirror holds: the log as it was, two events on."""
    record.close()
    place.back_up()
    write(record, 2)
    return mirror_of(record, tmp_path / "mirror")


def mirror_of(record, folder):
    folder.mkdir()
    with closing(SQLiteLog(folder / "events.db")) as log:
        log.create()
        with log.writing() as session:
            session.insert("checkpoints", record.store.checkpoints())
    return folder


def test_a_restored_backup_is_not_signed_below_what_a_mirror_holds(
    record, place, mirror
):
    put_back(record, place)
    with opened(place, mirrors=(str(mirror),)) as restored:
        witnessing.look_around(restored)
        refuses(restored, f"{mirror} has seen 3 events, but the log holds 1")
        (place.folder / "witnessed").unlink()
        write(restored, 2, "fork")
        witnessing.look_around(restored)
        refuses(restored, "has seen another log at 3 events")


def test_a_mirror_that_is_behind_or_agrees_is_no_cause(record, place, mirror):
    with opened(place, mirrors=(str(mirror),)) as same:
        assert texts(same) == ["holds 3 events"]
        write(same, 1)
        assert [each.is_good for each in witnessing.ask_all(same)] == [True]


def test_a_mirror_is_asked_over_http(record, place, mirror):
    note = record.store.checkpoint()
    with answering(answer("200 OK", note)) as address:
        with opened(place, mirrors=(address + "/",)) as same:
            assert texts(same) == ["holds 3 events"]
        put_back(record, place)
        with opened(place, mirrors=(address,)) as restored:
            witnessing.look_around(restored)
            refuses(restored, f"{address} has seen 3 events")


def test_a_mirror_is_not_believed_without_the_signature_of_the_log(record, place):
    text = checkpoint_text("localhost/log", 99, bytes(32))
    forgery = Signer("localhost/log", bytes(32)).sign(text)
    for raw in (answer("200 OK", forgery), answer("200 OK", b"\xff")):
        with answering(raw) as address, opened(place, mirrors=(address,)) as same:
            assert texts(same)[0].startswith("its checkpoint is refused")
            write(same, 1)


def test_a_mirror_that_is_not_there_is_said_to_be_so(record, place, tmp_path):
    with opened(place, mirrors=(str(tmp_path / "none"),)) as same:
        assert texts(same)[0].startswith("its events.db cannot be read")
        write(same, 1)
    assert not (tmp_path / "none").exists()


# The policy.


def test_a_policy_is_read_as_c2sp_writes_it(policy):
    other = CosignerKey("w2.example", Signer("x", b"2" * 32).verifier.public)
    policy.write_bytes(
        f"# a policy\n\nlog {Signer('x', bytes(32)).verifier}\n"
        f"\twitness  W1\t{KEY} https://w1.example/submit/ \n"
        f"witness W2 {other}\ngroup G any W1 W2\nquorum G\n".encode()
        + b"# \xff\n"
    )
    [found] = read_witnesses(policy)
    assert (found.name, found.key) == ("W1", KEY)
    assert found.url == "https://w1.example/submit"


def weak():
    key = CosignerKey(KEY.name, bytes(32))
    return str(key)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("witness w1\n", "line 1: not `witness"),
        (f"witness w1 {KEY} http://a b\n", "not `witness"),
        ("witness w1 nonsense\n", "line 1: "),
        (f"witness w1 {Signer('x', bytes(32)).verifier}\n", "Ed25519 cosignature"),
        (f"witness w1 {weak()}\n", "the public key is weak"),
        (f"{LINE} ftp://example.com\n", "http or https"),
        (f"{LINE} http://u:p@example.com\n", "no user"),
        (f"{LINE} http://example.com:99999\n", "Port out of range"),
        (f"{LINE}\n\n{LINE}\n", "line 3: w1 is listed twice"),
        (f"{LINE}\n{LINE.replace('w1 ', 'w2 ', 1)}\n", "has the key of"),
        (f"witness none {KEY}\n", "name of a witness"),
        ("trust w1\n", "a line begins with"),
        ("log x\r\n", "control characters"),
    ],
)
def test_a_malformed_policy_is_refused_by_its_line(policy, text, says):
    policy.write_text(text)
    with pytest.raises(PolicyError, match=says):
        read_witnesses(policy)


def test_a_verifier_key_is_of_a_log_or_of_a_witness_never_both():
    with pytest.raises(NoteError, match="not an Ed25519 verifier key"):
        VerifierKey.parse(str(KEY))
    with pytest.raises(NoteError):
        CosignerKey.parse(str(VerifierKey(KEY.name, KEY.public)))
    assert CosignerKey.parse(str(KEY)) == KEY != VerifierKey(KEY.name, KEY.public)


# At work.


def test_only_what_is_new_is_submitted_and_a_failing_witness_is_given_pauses(
    record, policy, caplog
):
    with witnessed(record, policy) as key:
        cosigning = Cosigning(record, Watchers.of(record.settings))
        assert len(cosigning.turn()) == 1 and cosigned(record, key) == 1
        assert cosigning.turn() == []
        write(record, 1)
        assert len(cosigning.turn()) == 1 and cosigned(record, key) == 2
    write(record, 1)
    assert len(cosigning.turn()) == 1
    assert cosigning.turn() == []  # It is not asked again at once.
    assert [each.message for each in caplog.records] == ["w1: Connection refused"]


def test_a_running_server_has_its_checkpoints_cosigned(tmp_path, policy):
    data = tmp_path / "data"
    with closing(Record.open(Settings(data))) as record:
        write(record, 1)
        with witnessed(record, policy) as key:
            with server.serving(data, "--empty", witnesses=policy):
                for count in (1, 2, 3):
                    write(record, 1)
                    while record.store.cosigned_size(key.name) != count + 1:
                        threading.Event().wait(0.05)
            assert cosigned(record, key) == 4


def test_a_command_tells_what_each_witness_said(tmp_path, policy, monkeypatch):
    data = tmp_path / "data"
    with closing(Record.open(Settings(data))) as record, witnessed(record, policy):
        write(record, 1)
        settings = {"witnesses": policy, "mirrors": str(tmp_path / "none")}
        status, printed, complained = run("witness", "--data", data, settings=settings)
        first, second = printed.splitlines()
        assert (status, first) == (1, "w1: cosigned 1 events")
        assert "events.db cannot be read" in second and not complained
        settings = {"witnesses": policy}
        assert run("witness", "--data", data, settings=settings)[0] == 0


def test_a_malformed_policy_ends_a_start_with_one_line(tmp_path, policy):
    data = tmp_path / "data"
    with closing(Record.open(Settings(data))) as record:
        write(record, 1)
    policy.write_text("nonsense\n")
    for words in (["witness"], ["key", "rotate"], ["serve", "--empty"]):
        must_fail(
            "policy, line 1", *words, "--data", data, settings={"witnesses": policy}
        )
    settings = {"witnesses": tmp_path / "none"}
    must_fail("No such file", "witness", "--data", data, settings=settings)
