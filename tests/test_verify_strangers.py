"""Verifying logs that other software made: redactions, new keys, and hostile ones."""

from itertools import count

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.log import connections
from service.log.findings import Findings
from service.log.keyring import Keyring, parse_keys
from service.log.leaf import encode, signing_input
from service.log.merkle import Edge, leaf_hash
from service.log.notes import NoteError, Signer, checkpoint_text, encode_base64
from service.log.reader import SignedSize, StoredOpening
from service.log.sealing import seal
from service.log.verify import CHECKS, Audit
from service.sources import ServedRecord
from service.verification import verify
from tests.strangers import page, stranger
from tests.writers import SOURCE

NAME = "example.org/log"
OLD, NEW = Signer(NAME, bytes(range(32))), Signer(NAME, bytes(range(1, 33)))
EDITOR = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))


class Made:
    """A log made leaf by leaf, signed after each by the signers given."""

    def __init__(self):
        self.leaves, self.openings, self.notes = [], [], []
        self._edge, self._versions = Edge(), {}

    def add(self, type, stream, data, words=None, *signers, **more):
        sealed, opened = seal(words or {})
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        leaf = {
            "v": 1,
            "type": type,
            "stream": stream,
            "version": version,
            "recorded_at": "2025-01-01T00:00:00.000000Z",
            "by": "system",
            "change": "new",
            "data": data,
            "sealed": sealed,
            "sources": [SOURCE],
        }
        for name, value in more.items():
            leaf[name] = value(leaf)
        self.leaves.append(encode(leaf))
        position = len(self.leaves)
        self.openings += [
            StoredOpening(position, each.name, each.commitment, each.salt, each.value)
            for each in opened
        ]
        self._edge, _ = self._edge.append([leaf_hash(self.leaves[-1])])
        self.notes.append(SignedSize(position, self.sign(*(signers or (OLD,)))))
        return self

    def sign(self, *signers):
        text = checkpoint_text(NAME, self._edge.size, self._edge.root())
        first, *rest = [each.sign(text) for each in signers]
        return first + b"".join(note.rpartition(b"\n\n")[2] for note in rest)

    def audit(self, *keys):
        findings = Findings.of(CHECKS)
        audit = Audit(findings, Keyring(keys or (OLD.verifier,)))
        audit.feed(self.leaves, self.openings, self.notes)
        audit.finish(self.notes[-1].note, len(self.leaves))
        if audit.was_unsigned:
            audit.still_unsigned(self.notes)
        return [f"{each.check}: {each}" for each in findings.faults]


def redaction(stream, version, *fields):
    return {"target": {"stream": stream, "version": version}, "fields": list(fields)}


def log_key(made, verb, signer, *signers):
    data = {"verifier_key": str(signer.verifier)}
    stream = f"log-key-{signer.verifier.id.hex()}"
    return made.add(f"log-key.{verb}", stream, data, None, *signers)


# Redactions.


def redacted(**changes):
    made = Made().add("body.renamed", "body-kent", {}, {"note": "x", "place": "y"})
    data = redaction("body-kent", 1, "note") | changes
    return made.add("field.redacted", "redaction-1", data)


def without(made, name):
    made.openings = [each for each in made.openings if each.name != name]
    return made


def test_what_was_redacted_need_not_be_opened():
    assert without(redacted(), "note").audit() == []


def test_what_was_redacted_may_not_be_opened():
    [fault] = redacted().audit()
    assert fault.startswith("redactions: position 2: note of body-kent 1 is still open")


def test_what_was_not_redacted_must_be_opened():
    made = without(without(redacted(), "note"), "place")
    assert made.audit() == [
        "openings: position 1: place is withheld: neither opened nor redacted"
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (redaction("body-kent", 2, "note"), "body-kent 2, which is not on record"),
        (
            redaction("body-kent", 1, "name"),
            "name of body-kent 1 is still opened",
        ),
        (redaction("body-kent", 1), "names no field"),
        ({"target": None}, "names no field"),
        ({"fields": "note"}, "names no field"),
    ],
)
def test_a_redaction_of_nothing_is_told(changes, says):
    assert any(says in fault for fault in redacted(**changes).audit())


# Keys.


def rotated():
    made = Made().add("body.renamed", "body-kent", {})
    log_key(made, "added", NEW, OLD, NEW)
    made.add("body.renamed", "body-kent", {}, None, OLD, NEW)
    log_key(made, "retired", OLD, OLD, NEW)
    return made.add("body.renamed", "body-kent", {}, None, NEW)


@pytest.mark.parametrize("signer", [OLD, NEW], ids=["old", "new"])
def test_who_trusts_one_key_can_follow_a_log_to_the_next(signer):
    assert rotated().audit(signer.verifier) == []


def test_a_key_that_was_retired_signs_no_more():
    made = rotated().add("body.renamed", "body-kent", {}, None, OLD)
    assert any("signature: no known key" in each for each in made.audit(OLD.verifier))


def test_a_key_that_names_itself_is_not_trusted():
    made = Made().add("body.renamed", "body-kent", {})
    log_key(made, "added", NEW, NEW)
    made.add("body.renamed", "body-kent", {}, None, NEW)
    assert any("signature: no known key" in each for each in made.audit(OLD.verifier))


@pytest.mark.parametrize("name", ["x", NAME + "+00000000+" + encode_base64(bytes(33))])
def test_a_change_to_an_unusable_key_is_told(name):
    data = {"verifier_key": name}
    [fault] = Made().add("log-key.added", "log-key-1", data).audit()
    assert fault.startswith("keys: position 1: log-key.added: ")


def test_small_order_keys_are_refused():
    weak = b"\x01" + bytes(32)
    with pytest.raises(NoteError, match="the key "):
        parse_keys([f"{NAME}+00000000+{encode_base64(weak)}"])


# What editors sign.


def signed(leaf):
    return {"key": "k1", "sig": encode_base64(EDITOR.sign(signing_input(leaf)))}


def editors_log(signature):
    public = encode_base64(EDITOR.public_key().public_bytes_raw())
    key = {"editor": "system", "key_id": "k1", "public_key": public}
    made = Made().add("key.added", "editor-system", key)
    return made.add("body.renamed", "body-kent", {}, signature=signature)


def test_what_an_editor_signed_must_be_what_was_recorded():
    assert editors_log(signed).audit() == []
    wrong = editors_log(lambda leaf: signed({**leaf, "change": "correction"}))
    assert wrong.audit() == [
        "editors: position 2: the signature of the key k1 is wrong"
    ]
    other = editors_log(lambda leaf: {**signed(leaf), "key": "k2"})
    assert "the key k2, which the log does not name" in other.audit()[0]


def test_what_is_signed_with_a_key_is_of_its_editor_and_before_it_is_revoked():
    public = encode_base64(EDITOR.public_key().public_bytes_raw())
    key = {"editor": "ed-a", "key_id": "k1", "public_key": public}
    other = Made().add("key.added", "editor-ed-a", key)
    other.add("body.renamed", "body-kent", {}, signature=signed)
    assert "the key k1, which is not that of system" in other.audit()[0]
    made = Made().add("key.added", "editor-ed-a", key | {"editor": "system"})
    made.add("key.revoked", "editor-ed-a", {"key_id": "k1", "reason": "lost"})
    made.add("body.renamed", "body-kent", {}, signature=signed)
    assert made.audit() == [
        "editors: position 3: signed with the key k1, which was revoked before"
    ]


def test_no_other_public_key_takes_the_place_of_one_that_was_added():
    public = encode_base64(EDITOR.public_key().public_bytes_raw())
    key = {"editor": "system", "key_id": "k1", "public_key": public}
    made = Made().add("key.added", "editor-system", key)
    made.add("key.added", "editor-system", key | {"public_key": "A" * 43 + "="})
    made.add("body.renamed", "body-kent", {}, signature=signed)
    assert made.audit() == ["editors: position 2: the key k1 was added before"]


# Hostile services.


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({}, "there is nothing (status 404)"),
        ({"/log/checkpoint": b"\xff"}, "the note is not UTF-8"),
        ({"/log/checkpoint": b"x" * 2_000_000}, "more than 1,000,000 bytes"),
        ({"/log/key": b"\xff"}, "not UTF-8"),
        ({"/log/key": b"\x1b[31m+1+2"}, "the key \\x1b[31m+1+2: not"),
        ({"/log/tile/entries/000.p/1": b"\xff\xffx"}, "the bundle is cut off"),
        ({"/log/tile/0/000.p/1": b"x"}, "not 1 hashes"),
        ({"/v1/openings?after=0&limit=1": b"{}"}, "not a list of objects"),
        ({"/log/checkpoints?limit=1000": b'{"items": [{}]}'}, "not a checkpoint"),
        ({"/v1/events?after=0&limit=1": b'"'}, "not JSON"),
        ({"/v1/events?after=0&limit=1": b'{"items": [[]]}'}, "shown otherwise"),
        ({"/v1/projections?limit=1000": b'{"items": [[]]}'}, "not a list of objects"),
        ({"/v1/projections?limit=1000": b'{"items": [{"id": 1}]}'}, None),
        ({"/log/checkpoint": 500}, "answers with status 500"),
    ],
)
def test_a_hostile_service_is_told_on_one_line(monkeypatch, answers, says):
    monkeypatch.setattr(connections, "BACK_OFF", (0, 0))
    made = Made().add("body.renamed", "body-kent", {})
    good = {
        "/log/checkpoint": made.notes[0].note,
        "/log/key": f"{OLD.verifier}\n".encode(),
        "/log/tile/entries/000.p/1": len(made.leaves[0]).to_bytes(2) + made.leaves[0],
        "/log/tile/0/000.p/1": leaf_hash(made.leaves[0]),
        "/v1/openings?after=0&limit=1": page([]),
        "/log/checkpoints?limit=1000": page([]),
        "/v1/events?after=0&limit=1": page([]),
        "/v1/projections?limit=1000": page([]),
    }
    with stranger({**good, **answers} if answers else {}) as url:
        source = ServedRecord(url)
        verified = verify(source)
        source.close()
    faults = [str(each) for each in verified.findings.faults]
    # The one event of this log has no data that a projection could be made of.
    told = [each for each in faults if says and says in each]
    assert bool(told) == (says is not None)
    assert all("\n" not in each and each.isprintable() for each in faults)


def test_a_size_beyond_what_is_served_is_told(monkeypatch):
    monkeypatch.setattr(connections, "BACK_OFF", (0, 0))
    note = OLD.sign(checkpoint_text(NAME, 10**15, bytes(32)))
    asked = count()

    def answer(path):
        next(asked)
        return note if path == "/log/checkpoint" else 404

    with stranger(answer) as url:
        source = ServedRecord(url)
        verified = verify(source, keys=[OLD.verifier])
        source.close()
    assert "there is nothing (status 404)" in str(verified.findings.first)
    assert next(asked) < 10
    assert orjson.dumps(verified.to_dict())
