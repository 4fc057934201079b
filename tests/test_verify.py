"""Verifying: a good record passes, and whatever is done to it shows."""

import sqlite3
import threading
from contextlib import closing, contextmanager

import psycopg
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from service.app import create_app
from service.config import Settings
from service.log.notes import VerifierKey, unverified_checkpoint
from service.log.verify import Saved
from service.record import Record
from service.sources import ServedRecord, StoredRecord
from service.verification import verify
from tests import redacting
from tests.log_places import PostgresPlace, SQLitePlace
from tests.records import SmallRecord


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    folder = tmp_path / "data"
    if request.param == "sqlite":
        return SQLitePlace(folder)
    server = request.getfixturevalue("postgres_server")
    return PostgresPlace(folder, request.getfixturevalue("database_url"), server)


def grow(place, *names):
    """Register a body, and rename it, for each name."""
    small = SmallRecord(place.folder, place.url)
    for name in names:
        small.register(name, note=f"A note about {name}")
        small.rename(name, f"{name} Police")
    small.record.publish_digests()
    small.record.close()


@pytest.fixture
def recorded(place):
    grow(place, "kent", "essex", "durham")
    return place


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


@contextmanager
def served(place):
    record = Record.open(Settings(data=place.folder, database_url=place.url))
    server = make_server(
        "127.0.0.1", 0, create_app(record), True, request_handler=Quiet
    )
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        record.close()


def outcome(source, **more):
    try:
        return verify(source, **more)
    finally:
        source.close()


def stored(place, **more):
    return outcome(StoredRecord(place.folder, place.url), **more)


def fetched(place, **more):
    with served(place) as url:
        return outcome(ServedRecord(url), **more)


def failed(verified):
    """Return the names of the checks that failed."""
    checks = verified.findings.checks
    return {name for name, check in checks.items() if check.faults}


def says(verified):
    return " | ".join(map(str, verified.findings.faults))


def saved(place, name="saved"):
    source = StoredRecord(place.folder, place.url)
    note = source.checkpoint()
    source.close()
    return Saved(name, unverified_checkpoint(note), note)


def blob(place, raw):
    return f"x'{raw.hex()}'" if place.url is None else f"decode('{raw.hex()}', 'hex')"


def unlock(place):
    for table in ("log", "stored_events", "nodes", "checkpoints"):
        place.allow_changes(table)


def tamper(place, *statements):
    unlock(place)
    place.sql(*statements)


def id_of(place):
    return "rowid" if place.url is None else "notification_id"


def leaf_at(place, position):
    sql = f"""
        SELECT e.state FROM log l JOIN stored_events e ON e.{id_of(place)} = l.store_id
        WHERE l.position = {position}"""
    return bytes(place.sql(sql)[0][0])


def in_read_model(place, statement):
    if place.url:
        with psycopg.connect(place.url, options="-c search_path=read_1") as connection:
            assert connection.execute(statement).rowcount
    else:
        path = place.folder / "read-1.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            assert connection.execute(statement).rowcount


# Good records.


def test_a_good_record_passes_every_check(recorded):
    for verified in (stored(recorded), fetched(recorded)):
        findings = verified.findings
        assert (failed(verified), says(verified)) == (set(), "")
        counts = {name: check.count for name, check in findings.checks.items()}
        assert counts["leaves"] == counts["order"] == counts["tree"] == 6
        assert counts["checkpoints"] == 7 and counts["openings"] == 3
        assert counts["digests"] == len(recorded_projections(recorded))
        assert counts["rows"] > 6
        skipped = {name for name, each in findings.checks.items() if each.skipped}
        assert skipped <= {"saved"}


def recorded_projections(place):
    record = Record.open(Settings(data=place.folder, database_url=place.url))
    names = record.read_model.names()
    record.close()
    return names


def test_an_empty_log_passes(place):
    grow(place)
    for verified in (stored(place), fetched(place)):
        assert failed(verified) == set() and verified.size == 0


def test_a_log_goes_on_from_a_saved_checkpoint(recorded):
    before = saved(recorded)
    grow(recorded, "gwent")
    for verified in (
        stored(recorded, saved=[before]),
        fetched(recorded, saved=[before]),
    ):
        assert failed(verified) == set() and verified.size == 8


def test_nothing_is_changed_by_verifying(place, tmp_path):
    with pytest.raises(FileNotFoundError):
        StoredRecord(tmp_path / "none", None)
    assert not (tmp_path / "none").exists()


def test_a_key_that_did_not_sign_is_told(recorded):
    other = VerifierKey("localhost/log", bytes(range(32)))
    verified = stored(recorded, keys=[other])
    assert "signature" in failed(verified) and "no known key signed" in says(verified)


# What is done to the log.


def change(place):
    raw = leaf_at(place, 3).replace(b"Someforce", b"Otherforce")
    tamper(
        place,
        f"""UPDATE stored_events SET state = {blob(place, raw)}
        WHERE {id_of(place)} = (SELECT store_id FROM log WHERE position = 3)""",
    )


def drop(place):
    tamper(
        place,
        f"""DELETE FROM stored_events
        WHERE {id_of(place)} = (SELECT store_id FROM log WHERE position = 3)""",
        "DELETE FROM log WHERE position = 3",
    )


def move(place, old, new):
    """Give an event another position, with all that is joined by it."""
    to = f"SET position = {new} WHERE position = {old}"
    place.sql(f"UPDATE log {to}", f"UPDATE openings {to}")
    if place.url is None:  # There the stored event is found by its position.
        place.sql(
            f"UPDATE stored_events SET rowid = {new} WHERE rowid = {old}",
            f"UPDATE log SET store_id = {new} WHERE position = {new}",
        )


def drop_and_close_ranks(place):
    drop(place)
    for position in (4, 5, 6):
        move(place, position, position - 1)


def swap(place):
    unlock(place)
    for old, new in ((4, -2), (3, 4), (-2, 3)):
        move(place, old, new)


def insert(place):
    raw = leaf_at(place, 6).replace(b'"version":2', b'"version":3')
    columns = "originator_id, originator_version, topic, state"
    values = f"'body-durham', 3, 'body.renamed', {blob(place, raw)}"
    tamper(place, f"INSERT INTO stored_events ({columns}) VALUES ({values})")


@pytest.mark.parametrize(
    ("change", "fails", "position"),
    [
        (change, {"tree", "checkpoints", "hashes", "tables"}, 3),
        (drop, {"order", "tree"}, 3),
        (drop_and_close_ranks, {"order", "tree", "checkpoints"}, 3),
        (swap, {"order", "tree", "checkpoints"}, 3),
        (insert, {"tables"}, None),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_log_that_was_tampered_with_fails(recorded, change, fails, position):
    change(recorded)
    verified = stored(recorded)
    assert fails <= failed(verified), says(verified)
    first = verified.findings.first
    assert first.position == position
    if change is not insert:  # A row that no position names is not served.
        verified = fetched(recorded)
        is_short = change in (drop, drop_and_close_ranks)
        fails = {"reading"} if is_short else fails - {"tables"}
        assert fails <= failed(verified), says(verified)
        assert verified.findings.first.position == (None if is_short else position)


def test_a_row_that_names_another_event_fails(recorded):
    tamper(recorded, f"UPDATE log SET store_id = {2**40} WHERE position = 3")
    verified = stored(recorded)
    assert failed(verified) & {"tables", "order"}
    assert verified.findings.first.position == 3


def test_a_changed_opening_fails(recorded):
    words = blob(recorded, b'"Other words"')
    recorded.sql(f"UPDATE openings SET value = {words} WHERE position = 3")
    for verified in (stored(recorded), fetched(recorded)):
        assert "openings" in failed(verified)
        assert "position 3: note: the opening does not fit" in says(verified)


def test_an_opening_that_is_withheld_fails(recorded):
    recorded.sql("DELETE FROM openings WHERE position = 3 AND name = 'note'")
    for verified in (stored(recorded), fetched(recorded)):
        assert "openings" in failed(verified)
        assert "position 3: note is withheld: neither" in says(verified)


def test_an_opening_of_nothing_fails(recorded):
    recorded.sql("UPDATE openings SET name = 'other' WHERE name = 'note'")
    for verified in (stored(recorded), fetched(recorded)):
        assert "other: it opens no commitment" in says(verified)


def test_a_forged_hash_fails(recorded):
    zeros = blob(recorded, bytes(32))
    tamper(recorded, f"UPDATE log SET leaf_hash = {zeros} WHERE position = 2")
    for verified in (stored(recorded), fetched(recorded)):
        assert {"hashes"} <= failed(verified) and verified.findings.first.position == 2


def test_a_forged_checkpoint_fails(recorded):
    [(note,)] = recorded.sql("SELECT note FROM checkpoints WHERE size = 3")
    forged = blob(recorded, bytes(note)[:-20] + b"AAAA" + bytes(note)[-16:])
    tamper(recorded, f"UPDATE checkpoints SET note = {forged} WHERE size = 3")
    for verified in (stored(recorded), fetched(recorded)):
        assert failed(verified) == {"checkpoints"}


def other_history(place, tmp_path, *names):
    """Make a log with the key of another, and give its place."""
    other = SQLitePlace(tmp_path / "other" / "data")
    other.folder.mkdir(parents=True)
    (other.folder / "log.key").write_bytes((place.folder / "log.key").read_bytes())
    grow(other, *names)
    return other


@pytest.mark.parametrize(
    ("names", "says_"),
    [
        (("kent", "essex", "gwent"), "REWRITE"),
        (("kent", "essex", "gwent", "dorset"), "REWRITE"),
        (("kent", "essex"), "ROLLBACK"),
    ],
    ids=["rewritten", "forked", "shortened"],
)
def test_a_log_that_is_signed_anew_fails_against_what_was_saved(
    recorded, tmp_path, names, says_
):
    before = saved(recorded)
    other = other_history(recorded, tmp_path, *names)
    assert failed(stored(other)) == set()
    for verified in (stored(other, saved=[before]), fetched(other, saved=[before])):
        assert failed(verified) == {"saved"} and says_ in says(verified)


def test_a_saved_checkpoint_that_the_key_did_not_sign_fails(recorded):
    good = saved(recorded)
    note = good.note[:-20] + b"AAAA" + good.note[-16:]
    forged = Saved("saved", good.checkpoint, note)
    assert failed(stored(recorded, saved=[forged])) == {"saved"}


def test_an_old_copy_that_was_put_back_fails(recorded):
    recorded.back_up()
    grow(recorded, "gwent")
    recorded.restore()
    verified = stored(recorded)
    assert "ROLLBACK: 8 events were signed, the log has 6" in says(verified)


# What is done to what is made of the log.


def test_an_edited_row_of_a_projection_is_named(recorded):
    edit = "UPDATE bodies SET kind = 'other' WHERE id = 'essex'"
    in_read_model(recorded, edit)
    for verified in (stored(recorded), fetched(recorded)):
        assert failed(verified) == {"rows"}
        assert "bodies: essex" in says(verified) and "differs in kind" in says(verified)


def test_an_edited_history_shows(recorded):
    edit = "UPDATE history SET data = '{}' WHERE position = 2"
    in_read_model(recorded, edit)
    assert failed(stored(recorded)) == {"rows"}
    assert failed(fetched(recorded)) == {"rows", "events"}


def test_an_edited_word_shows(recorded):
    edit = "UPDATE words SET value = '\"Kind words\"' WHERE value LIKE '%essex%'"
    in_read_model(recorded, edit)
    assert failed(stored(recorded)) == {"words"}
    assert failed(fetched(recorded)) == {"events"}


def test_another_digest_is_told(recorded):
    record = Record.open(Settings(data=recorded.folder, database_url=recorded.url))
    engine = record.digests._engine
    with engine.begin() as connection:
        schema = "desk." if recorded.url else ""
        connection.exec_driver_sql(
            f"UPDATE {schema}digests SET digest = 'x' WHERE projection = 'bodies'"
        )
    record.close()
    for verified in (stored(recorded), fetched(recorded)):
        assert failed(verified) == {"digests"}
        assert "bodies: another digest" in says(verified)


# What was redacted.


def test_a_record_with_redacted_words_passes(place):
    position = redacting.said(place)
    with redacting.opened(place) as record:
        redacting.redact(record, position)
        assert redacting.erase(record) == []
    for verified in (stored(place), fetched(place)):
        assert (failed(verified), says(verified)) == (set(), "")
        assert verified.findings.checks["redactions"].count == 1


def test_words_that_were_redacted_may_not_be_read(place):
    position = redacting.said(place)
    with redacting.opened(place) as record:
        [commitment] = [
            each.sealed["speaker"] for each in record.store.read(position - 1, 1)
        ]
        redacting.redact(record, position)
    put_back = f"INSERT INTO words VALUES ('{commitment}', '\"Somebody\"')"
    in_read_model(place, put_back)
    assert failed(stored(place)) == {"words"}
