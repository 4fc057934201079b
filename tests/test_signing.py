"""What editors sign by a key of their own: checked, kept, and still checkable later."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from service import editors, redaction
from service.cli import main
from service.domain.bodies import Body
from service.log.errors import RevokedError
from service.log.key_file import KeyFileError, load_key, make_key
from service.log.leaf import decode, signing_input
from service.log.notes import Signer
from service.record import draft_of
from service.signing import SignatureError, sign
from tests.editing import ALL_SCOPES, opened
from tests.examples import REGISTERED, SOURCE
from tests.records import app_over

SIGNER = Signer("jo", bytes(range(32)))
EVENT = replace(REGISTERED, sources=[SOURCE], note="Nobody answered the letter")


@pytest.fixture
def record(place):
    with opened(place.folder, place.url) as record:
        yield record


@pytest.fixture
def added(record):
    key = str(SIGNER.verifier)
    return editors.add(record, "Jo", ALL_SCOPES, public_key=key)


def draft(added, id="kent", event=EVENT):
    return draft_of(Body(id), event, by=added.editor)


def put(record, added, signing, id="kent", event=EVENT):
    said = {"by": added.editor, "signing": signing, "key_id": added.key_id}
    return record.record(Body(id), event, **said)


def test_what_is_signed_is_recorded_with_its_signature(record, added):
    signing = sign(draft(added), SIGNER, added.key_id)
    event = put(record, added, signing)
    assert event.signature == {"key": added.key_id, "sig": signing.sig}
    assert event.opened == {"note": "Nobody answered the letter"}
    [opening] = record.store.openings(event.position - 1, 1)
    assert opening.salt == signing.salts["note"]


def test_another_event_than_the_one_that_was_signed_is_refused(record, added):
    signing = sign(draft(added), SIGNER, added.key_id)
    before = record.store.size()
    for id, event in (
        ("essex", EVENT),
        ("kent", replace(EVENT, name="Other")),
        ("kent", replace(EVENT, note="Other words")),
        ("kent", replace(EVENT, sources=[{**SOURCE, "publisher": "Other"}])),
    ):
        with pytest.raises(SignatureError) as caught:
            put(record, added, signing, id, event)
        assert caught.value.faults[0][0] == "/signature/sig"
        assert caught.value.expected.startswith("copperplate/event/v1\n")
        assert "Other words" not in caught.value.expected
    assert record.store.size() == before


def test_the_signature_of_another_key_is_refused(record, added):
    other = Signer("jo", bytes(32))
    theirs = sign(draft(added), other, added.key_id)
    own = sign(draft(added), SIGNER, added.key_id)
    with pytest.raises(SignatureError):
        put(record, added, replace(theirs, public_key=own.public_key))


def test_salts_are_fresh_and_one_for_each_sealed_text(record, added):
    signing = sign(draft(added), SIGNER, added.key_id)
    again = sign(draft(added), SIGNER, added.key_id)
    assert signing.salts != again.salts
    for salts, place in (
        ({}, "/salts/note"),
        (signing.salts | {"more": bytes(range(32))}, "/salts/more"),
        ({"note": bytes(32)}, "/salts/note"),
    ):
        with pytest.raises(SignatureError) as caught:
            put(record, added, replace(signing, salts=salts))
        assert [at for at, _ in caught.value.faults] == [place]


def test_a_salt_is_not_used_twice(added):
    titled = replace(EVENT, source_titles=["A letter"])
    signing = sign(draft(added, event=titled), SIGNER, added.key_id)
    same = dict.fromkeys(signing.salts, signing.salts["note"])
    with pytest.raises(SignatureError, match="Each salt is its own"):
        replace(signing, salts=same).of(draft(added, event=titled))


def test_an_event_without_words_is_signed_without_salts(record, added):
    plain = replace(EVENT, note=None)
    signing = sign(draft(added, event=plain), SIGNER, added.key_id)
    assert signing.members()["salts"] == {}
    assert put(record, added, signing, event=plain).signature


def test_no_event_is_recorded_with_a_key_after_its_revocation(record, added):
    signing = sign(draft(added, "essex"), SIGNER, added.key_id)
    told = put(record, added, None)
    planned = redaction.plan(record, told.position, ("note",))
    editors.revoke(record, added.key_id, "leaked")
    before = record.store.size()
    for each in (signing, None):
        with pytest.raises(RevokedError):
            put(record, added, each, "essex")
    why = {"basis": "other", "reference": None, "by": added.editor}
    with pytest.raises(RevokedError):
        redaction.redact(record, planned, **why, key_id=added.key_id)
    assert record.store.size() == before
    assert record.store.read_stream("body-kent")[0].opened


def test_a_signature_is_checked_by_anybody_and_after_a_redaction_too(
    record, added, place
):
    event = put(record, added, sign(draft(added), SIGNER, added.key_id))
    verify(place, says="what editors signed is what they signed (1)")
    planned = redaction.plan(record, event.position, ("note",))
    why = {"basis": "other", "reference": None, "by": "system"}
    redaction.redact(record, planned, **why)
    verify(place, says="what editors signed is what they signed (1)")
    leaf = decode(record.store.leaves(event.position - 1, 1)[0])
    assert "Nobody" not in signing_input(leaf).decode()


def test_an_event_that_claims_a_signature_is_found_to_lie(record, added, place):
    sig = editors.encode_base64(bytes(64))
    forged = replace(draft(added), signature={"key": added.key_id, "sig": sig})
    record.store.append([forged])
    record.catch_up()
    verify(place, says=f"the signature of the key {added.key_id} is wrong", status=1)


def test_the_public_sees_the_signature_and_the_key_that_made_it(record, added):
    event = put(record, added, sign(draft(added), SIGNER, added.key_id))
    client = app_over(record).test_client()
    shown = client.get(f"/v1/events/{event.position}").json
    assert shown["signature"] == event.signature
    [named] = client.get("/v1/events?type=key.added").json["items"]
    public = editors.encode_base64(SIGNER.verifier.public)
    assert named["data"]["public_key"] == public


def test_the_key_of_an_editor_is_loaded_from_a_file_of_its_own(tmp_path):
    path = tmp_path / "own.key"
    make_key(path, "jo")
    assert load_key(path).verifier.name == "jo"
    for text in ("", "PRIVATE+KEY+jo+00000000+AAAA\n", path.read_text() * 2):
        path.write_text(text)
        with pytest.raises(KeyFileError):
            load_key(path)
    with pytest.raises(KeyFileError):
        load_key(Path("nowhere"))


def verify(place, says, status=0):
    environment = {"COPPERPLATE_DATABASE_URL": place.url}
    words = ["verify", "--data", str(place.folder), "--quick"]
    result = CliRunner().invoke(main, words, env=environment)
    assert result.exit_code == status, result.output
    assert says in result.output
