import stat
from multiprocessing import get_context

import pytest

from service.log import keys as kept_keys
from service.log.key_file import load_keys, make_key
from service.log.keys import KeyFileError, Signed
from service.log.merkle import EMPTY_ROOT
from service.log.notes import (
    Checkpoint,
    NoteError,
    Signer,
    VerifierKey,
    checkpoint_text,
    encode_base64,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    split_note,
)

KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1Y"
    "Eq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgK"
    "vqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ORIGIN = "example.org/log"
SIGNER = Signer(ORIGIN, bytes(range(32)))
OTHER = Signer(ORIGIN, bytes(32))
TEXT = checkpoint_text(ORIGIN, 5, bytes(32))


@pytest.mark.parametrize(("key", "note"), [(KEY, NOTE), (NEUMANN, NEUMANN_NOTE)])
def test_the_examples_of_c2sp_and_go_are_verified(key, note):
    parsed = VerifierKey.parse(key)
    assert str(parsed) == key
    assert open_note(note.encode(), [parsed]) == note.partition("\n\n")[0] + "\n"


def test_a_changed_text_is_refused():
    with pytest.raises(NoteError, match="wrong"):
        open_note(NOTE.replace("This", "That").encode(), [VerifierKey.parse(KEY)])


def test_a_note_is_opened_by_any_known_key_and_unknown_keys_are_ignored():
    both = SIGNER.sign(TEXT) + OTHER.sign(TEXT).rpartition(b"\n\n")[2]
    for keys in (
        [SIGNER.verifier],
        [OTHER.verifier],
        [SIGNER.verifier, OTHER.verifier],
    ):
        assert open_note(both, keys) == TEXT
    with pytest.raises(NoteError, match="no known key"):
        open_note(both, [VerifierKey.parse(KEY)])


def test_one_wrong_signature_of_a_known_key_rejects_the_note():
    forged = OTHER.sign(TEXT.replace("5", "6")).rpartition(b"\n\n")[2]
    note = SIGNER.sign(TEXT) + forged
    assert open_note(note, [SIGNER.verifier]) == TEXT
    with pytest.raises(NoteError, match="wrong"):
        open_note(note, [SIGNER.verifier, OTHER.verifier])


def test_the_text_ends_at_the_last_blank_line():
    text = "one\n\n— two AAAAAAA=\n\nthree\n"
    assert open_note(SIGNER.sign(text), [SIGNER.verifier]) == text


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        NOTE.encode()[:-1],
        NOTE.replace("\n", "\r\n").encode(),
        NOTE.replace("—", "-").encode(),
        NOTE.replace("— ", "—").encode(),
        NOTE.replace("message", "mess\x00age").encode(),
        NOTE.replace("message", "mess\tage").encode(),
        NOTE.encode() + b"\n",
        b"\xff" + NOTE.encode(),
        NOTE.replace("QM=", "QN=").encode(),
        NOTE.replace("QM=", "QM").encode(),
        b"text\n\n\xe2\x80\x94 name AAAA\n",
        b"x" * 1_000_001,
    ],
)
def test_malformed_notes_are_refused(note):
    with pytest.raises(NoteError):
        open_note(note, [VerifierKey.parse(KEY)])


@pytest.mark.parametrize(
    "key",
    [
        "",
        "example.com/foo",
        KEY.replace("530d903a", "530d903b"),
        KEY.replace("530d903a", "530D903A"),
        KEY.replace("foo", "fop"),
        KEY[:-1] + "l",
        KEY[:-4],
        KEY.replace("+Aek", "+Bek"),
        "a b+" + KEY.partition("+")[2],
    ],
)
def test_malformed_verifier_keys_are_refused(key):
    with pytest.raises(NoteError):
        VerifierKey.parse(key)


P = 2**255 - 19
SMALL = [
    bytes(32),
    (1).to_bytes(32, "little"),
    (P - 1).to_bytes(32, "little"),
    P.to_bytes(32, "little"),
    (P + 1).to_bytes(32, "little"),
    (2**255 - 1).to_bytes(32, "little"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
]


@pytest.mark.parametrize("sign_bit", [0, 0x80])
@pytest.mark.parametrize("public", SMALL)
def test_weak_public_keys_are_refused(public, sign_bit):
    weak = VerifierKey("weak", public[:31] + bytes([public[31] | sign_bit]))
    with pytest.raises(NoteError, match="weak"):
        VerifierKey.parse(str(weak))
    with pytest.raises(NoteError, match="weak"):
        weak.verify(bytes(64), b"anything")


def test_a_checkpoint_is_read_back():
    found = open_checkpoint(SIGNER.sign(TEXT), [SIGNER.verifier])
    assert (found.origin, found.size, found.root) == (ORIGIN, 5, bytes(32))


def test_a_checkpoint_of_another_origin_is_refused():
    note = SIGNER.sign(checkpoint_text("example.com/other", 5, bytes(32)))
    with pytest.raises(NoteError, match="origin"):
        open_checkpoint(note, [SIGNER.verifier])


@pytest.mark.parametrize(
    "size", ["05", "+5", "-5", "1_0", "\u0665", " 5", "5 ", "", "1e3"]
)
def test_sizes_that_are_not_plain_decimals_are_refused(size):
    with pytest.raises(NoteError):
        parse_checkpoint(f"{ORIGIN}\n{size}\n{encode_base64(bytes(32))}\n")


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-1],
        f"{ORIGIN}\n5\n",
        f"\n5\n{encode_base64(bytes(32))}\n",
        f"{ORIGIN}\n5\n{encode_base64(bytes(31))}\n",
        f"{ORIGIN}\n5\n{'A' * 42}B=\n",
        f"{ORIGIN}\n0\n{encode_base64(bytes(32))}\n",
        TEXT + "\n",
        TEXT.replace("\n", "\r\n"),
    ],
)
def test_malformed_checkpoints_are_refused(text):
    with pytest.raises(NoteError):
        parse_checkpoint(text)


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "log.key"
    make_key(path, ORIGIN)
    key = load_keys(path, ORIGIN)[0].verifier
    make_key(path, ORIGIN)
    assert load_keys(path, ORIGIN)[0].verifier == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith(f"PRIVATE+KEY+{ORIGIN}+{key.id.hex()}+A")
    assert list(tmp_path.iterdir()) == [path]


def test_processes_that_make_a_key_at_once_agree_on_it(tmp_path):
    path = tmp_path / "log.key"
    context = get_context("spawn")
    makers = [context.Process(target=make_key, args=(path, ORIGIN)) for _ in range(3)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [maker.exitcode for maker in makers] == [0, 0, 0]
    assert load_keys(path, ORIGIN)[0].verifier
    assert list(tmp_path.iterdir()) == [path]


def test_a_bad_key_file_is_refused_without_showing_it(tmp_path):
    path = tmp_path / "log.key"
    make_key(path, ORIGIN)
    secret = path.read_text().rpartition("+")[2].strip()
    for text in (path.read_text()[:-9], secret, path.read_text().replace("K", "L", 1)):
        path.write_text(text)
        with pytest.raises(KeyFileError) as caught:
            load_keys(path, ORIGIN)
        assert secret[:20] not in str(caught.value)


def test_the_key_of_another_origin_is_refused(tmp_path):
    make_key(tmp_path / "log.key", ORIGIN)
    with pytest.raises(KeyFileError, match="the origin is"):
        load_keys(tmp_path / "log.key", "example.com")


def note_of(size):
    """Return a note, and what it says."""
    root = EMPTY_ROOT if size == 0 else bytes(32)
    note = SIGNER.sign(checkpoint_text(ORIGIN, size, root))
    return note, Checkpoint(ORIGIN, size, root)


def test_what_was_signed_is_never_lowered(tmp_path):
    signed = Signed(tmp_path / "signed")
    assert signed.read() is None
    for size, largest in ((0, 0), (3, 3), (2, 3), (10, 10), (4, 10), (11, 11)):
        signed.raise_to(*note_of(size))
        assert signed.read().size == largest


def test_what_was_signed_is_kept_where_a_file_was_put_in_its_place(
    tmp_path, monkeypatch
):
    signed, path = Signed(tmp_path / "signed"), tmp_path / "signed"
    signed.raise_to(*note_of(3))
    beside = tmp_path / "beside"
    beside.write_bytes(path.read_bytes())
    signed.raise_to(*note_of(4))
    beside.replace(path)
    assert signed.read().size == 3
    monkeypatch.setattr(kept_keys, "_REOPENED_AFTER", -1)
    signed.raise_to(*note_of(5))
    assert signed.read().size == 5
    signed.close()


def test_a_torn_write_leaves_what_was_signed_before(tmp_path):
    signed = Signed(tmp_path / "signed")
    for size in (1, 2):
        signed.raise_to(*note_of(size))
    raw = (tmp_path / "signed").read_bytes()
    (tmp_path / "signed").write_bytes(b"torn" + raw[4:])
    survivor = signed.read().size
    assert survivor in (1, 2)
    signed.raise_to(*note_of(3))
    assert signed.read().size == 3
    (tmp_path / "signed").write_bytes(b"garbage")
    with pytest.raises(KeyFileError):
        signed.read()


def test_a_split_note_is_not_verified_yet():
    text, [(name, key_id, signature)] = split_note(SIGNER.sign(TEXT))
    assert (text, name, key_id) == (TEXT, ORIGIN, SIGNER.verifier.id)
    assert len(signature) == 64
