"""Editors and their keys: added, looked up and revoked, on both databases."""

import sqlite3

import psycopg
import pytest

from service import editors, erasure, redaction
from service.domain.base import RuleBrokenError
from service.domain.editors import Editor, EditorNamed, KeyAdded, KeyRevoked
from service.log.errors import ConflictError
from service.log.notes import Signer
from tests.editing import editor, elsewhere, opened
from tests.examples import breaks, given
from tests.log_places import audit
from tests.records import Clock, app_over

KEY = KeyAdded(editor="ed-a", key_id="k-a", public_key=None, scopes=["record"])
GONE = KeyRevoked(key_id="k-a", reason="lost")


@pytest.fixture
def record(place):
    with opened(place.folder, place.url, Clock()) as record:
        yield record


# The rules.


def test_a_key_is_added_with_its_scopes_in_order_and_once_each():
    scopes = ["redact", "correct", "redact"]
    event = Editor("ed-a").add_key(key_id="k-a", public_key=None, scopes=scopes)
    assert event.scopes == ["correct", "redact"]
    assert event.editor == "ed-a"


def test_a_key_is_added_once_and_revoked_once():
    thing = given(Editor("ed-a"), KEY)
    with breaks("already-recorded"):
        thing.add_key(key_id="k-a", public_key=None, scopes=["record"])
    with breaks("no-such-key"):
        thing.revoke_key(key_id="k-b", reason="lost")
    assert thing.revoke_key(key_id="k-a", reason="lost") == GONE
    with breaks("key-revoked"):
        thing.evolve(GONE).revoke_key(key_id="k-a", reason="lost")


def test_a_key_that_opens_nothing_is_not_added():
    with pytest.raises(RuleBrokenError):
        Editor("ed-a").add_key(key_id="k-a", public_key=None, scopes=[])


def test_the_name_of_an_editor_is_sealed():
    event = Editor("ed-a").show_name(name="Jo Bloggs")
    assert event == EditorNamed(editor="ed-a", name="Jo Bloggs")
    assert (event.data, event.words) == ({"editor": "ed-a"}, {"name": "Jo Bloggs"})


# What is kept.


def test_a_key_is_known_by_whose_it_is_and_what_it_opens(record):
    added = editor(record, "record", "correct:ratings")
    found = editors.authenticate(record, added.key)
    assert (found.id, found.key_id) == (added.editor, added.key_id)
    assert found.may("record") and found.may("record", "plans")
    assert found.may("correct", "ratings")
    assert not found.may("correct", "plans")
    assert not found.may("correct")
    assert not found.may("admin")


def test_a_key_has_256_random_bits_and_its_id_stands_in_it(record):
    keys = {editor(record).key for _ in range(5)}
    assert len({key[13:] for key in keys}) == 5
    for key in keys:
        assert editors._KEY.fullmatch(key)
        assert len(key) == 4 + 8 + 1 + 43
        assert editors.authenticate(record, key).key_id == f"k-{key[4:12]}"


def test_neither_a_key_nor_a_hash_of_it_nor_a_name_is_on_the_record(record):
    added = editor(record)
    digest = editors.hash_of(added.key)
    for leaf in record.store.leaves(0, 10):
        for secret in (added.key, added.key[13:], digest.hex(), "Bloggs"):
            assert secret.encode() not in leaf
        assert digest not in leaf
    [event] = record.store.read()
    assert (event.type, event.stream) == ("key.added", f"editor-{added.editor}")
    assert event.data == {
        "editor": added.editor,
        "key_id": added.key_id,
        "public_key": None,
        "scopes": ["admin", "correct", "record", "redact"],
    }
    assert (event.sealed, event.by) == ({}, "system")


def test_the_key_itself_is_kept_nowhere(record, place):
    added = editor(record)
    for (kept,) in place.sql("SELECT hash FROM keys"):
        assert bytes(kept) == editors.hash_of(added.key)
    for path in place.folder.rglob("*"):
        if path.is_file():
            assert added.key[13:].encode() not in path.read_bytes()


def test_a_name_is_shown_only_if_the_editor_chose_so_and_then_sealed(record):
    added = editor(record, shows_name=True)
    _, named = record.store.read()
    assert (named.type, named.data) == ("editor.named", {"editor": added.editor})
    assert named.opened == {"name": "Jo Bloggs"}
    assert list(named.sealed) == ["name"]


def test_a_shown_name_that_is_redacted_is_erased_from_the_list_too(record, place):
    shown, other = editor(record, shows_name=True), editor(record)
    editor(record, editor=shown.editor)
    planned = redaction.plan(record, 2, ("name",))
    why = {"basis": "data-protection", "reference": None, "by": "system"}
    redaction.redact(record, planned, **why)
    assert {key.editor: key.name for key in record.store.editor_keys()} == {
        shown.editor: "",
        other.editor: "Jo Bloggs",
    }
    place.sql("DELETE FROM keys WHERE name <> ''")
    assert erasure.run_pending(record) == []
    assert redaction.remains(record, planned) == []


def test_an_editor_may_have_several_keys(record):
    first = editor(record)
    second = editor(record, "record", editor=first.editor)
    assert second.editor == first.editor
    editors.revoke(record, first.key_id, "replaced")
    assert editors.authenticate(record, first.key) is None
    assert editors.authenticate(record, second.key).id == first.editor


def test_a_key_of_an_editor_who_is_not_there_is_not_added(record):
    with pytest.raises(editors.EditorError, match="no editor ed-nobody"):
        editor(record, editor="ed-nobody")
    assert record.store.size() == 0


@pytest.mark.parametrize("scope", ["write", "record:", "record:Ratings", "", "x" * 50])
def test_a_scope_that_there_is_not_is_refused(record, scope):
    with pytest.raises(editors.EditorError, match="scope"):
        editor(record, scope)


def test_a_public_key_is_kept_without_the_name_in_it(record):
    verifier = Signer("jo.bloggs", bytes(range(32))).verifier
    editor(record, public_key=str(verifier))
    [event] = record.store.read()
    assert event.data["public_key"] == editors.encode_base64(verifier.public)
    with pytest.raises(editors.EditorError, match="public key"):
        editor(record, public_key=str(verifier)[:-4] + "AAA=")


def test_a_revoked_key_opens_nothing_and_stays_revoked(record):
    added = editor(record)
    event = editors.revoke(record, added.key_id, "leaked")
    assert (event.type, event.data) == (
        "key.revoked",
        {"key_id": added.key_id, "reason": "leaked"},
    )
    assert editors.authenticate(record, added.key) is None
    with pytest.raises(editors.EditorError, match="revoked already"):
        editors.revoke(record, added.key_id, "leaked")
    with pytest.raises(editors.EditorError, match="no key k-other"):
        editors.revoke(record, "k-other", "leaked")
    with pytest.raises(editors.EditorError, match="reason"):
        editors.revoke(record, added.key_id, "because")


def test_revocation_is_seen_by_another_process_at_once(record, place):
    added, other = editor(record), editor(record)
    with elsewhere(place.folder, place.url) as process:

        def asked(key: str) -> str:
            process.stdin.write(f"{key}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        assert asked(added.key) == added.editor
        editors.revoke(record, added.key_id, "lost")
        assert asked(added.key) == "nobody"
        assert asked(other.key) == other.editor
        process.stdin.close()


def test_the_table_and_the_log_change_together_or_not_at_all(record, place):
    added = editor(record)

    def fail(session):
        session.rows("UPDATE keys SET name = 'x'")
        raise ConflictError("a test")

    thing = record.load(Editor, added.editor)
    draft = editors.draft_of(thing, thing.show_name(name="Jo"), by="system")
    with pytest.raises(ConflictError):
        record.store.append([draft], beside=fail)
    assert record.store.size() == 1
    assert [key.name for key in record.store.editor_keys()] == ["Jo Bloggs"]
    stale = editors.draft_of(Editor(added.editor), KEY, by="system")
    with pytest.raises(ConflictError):
        record.store.append([stale], beside=lambda s: s.rows("DELETE FROM keys"))
    assert len(record.store.editor_keys()) == 1
    assert audit(place, record.store) == 1


@pytest.mark.parametrize(
    "broken", [place_ for place_ in ("", "cpk_", "k-", "x" * 9999)]
)
def test_what_is_no_key_opens_nothing(record, broken):
    editor(record)
    assert editors.authenticate(record, broken) is None


def test_keys_that_are_forged_truncated_or_foreign_open_nothing(record, tmp_path):
    key = editor(record).key
    with opened(tmp_path / "foreign") as foreign:
        others = editor(foreign).key
    last = "A" if key[-1] != "A" else "B"
    forged = (key[:-1] + last, key[:13] + others[13:], others)
    for each in (*forged, key[:-1], key[:12], key + "A", f" {key}", key.upper()):
        assert editors.authenticate(record, each) is None
    assert editors.authenticate(record, key) is not None


def test_a_database_of_an_earlier_version_gets_the_table(place):
    with opened(place.folder, place.url) as record:
        added = editor(record)
    place.sql("DROP TABLE keys")
    with opened(place.folder, place.url) as record:
        assert editors.authenticate(record, added.key) is None
        assert editors.authenticate(record, editor(record).key) is not None
        assert audit(place, record.store) == 2
        with pytest.raises((sqlite3.Error, psycopg.Error)):
            place.sql("DELETE FROM log")


def test_what_happens_to_editors_is_listed_with_all_other_events(tmp_path):
    with opened(tmp_path) as record:
        added = editor(record, shows_name=True)
        editors.revoke(record, added.key_id, "left")
        shown = app_over(record).test_client().get("/v1/events").json["items"]
    assert [each["type"] for each in shown] == [
        "key.added",
        "editor.named",
        "key.revoked",
    ]
    assert shown[1]["opened"] == {"name": "Jo Bloggs"}
