"""What is staged of another log is verified: its roots, keys, leaves and openings."""

from dataclasses import replace

import pytest

from service.log.drafts import prepare
from service.log.errors import BadLeafError, BadOpeningError, UntrustedError
from service.log.leaf import stamp
from service.log.merkle import Edge, leaf_hash
from service.log.notes import Signer, checkpoint_text
from service.log.reader import SignedSize, StoredOpening
from service.log.staged import RootError, Staged, Tip, verify
from tests.writers import draft

OLD, NEW, STRANGER = (Signer("localhost/log", bytes([n]) * 32) for n in range(3))
ADDED, RETIRED = "log-key.added", "log-key.retired"


def key_event(kind, signer):
    key = signer.verifier
    data = {"verifier_key": str(key)}
    return draft(f"log-key-{key.id.hex()}", type=kind, data=data, words={}, sources=[])


class Log:
    """A log whose every event is signed by the keys of that moment."""

    def __init__(self):
        self.leaves, self.openings, self.checkpoints = [], [], []
        self.edge = Edge()

    def put(self, one, *signers, at="2026-03-02T12:00:00.000000Z"):
        [prepared] = prepare([one])
        self.leaves.append(stamp(prepared.leaf, at))
        position = len(self.leaves)
        self.openings += [
            StoredOpening(position, each.name, each.commitment, each.salt, each.value)
            for each in prepared.openings
        ]
        self.edge, _ = self.edge.append([leaf_hash(self.leaves[-1])])
        text = checkpoint_text("localhost/log", position, self.edge.root())
        notes = [signer.sign(text) for signer in signers]
        note = notes[0] + b"".join(each.rpartition(b"\n\n")[2] for each in notes[1:])
        self.checkpoints.append(SignedSize(position, note))
        return self

    def staged(self, **changes):
        staged = Staged(0, self.leaves, self.openings, self.checkpoints)
        return replace(staged, **changes)


def tip(*signers):
    return Tip(Edge(), "", tuple(signer.verifier for signer in signers))


def none_kept(streams):
    return {}


def keys_of(*signers):
    return tuple(signer.verifier for signer in signers)


@pytest.fixture
def rotated():
    """Give a log whose key was rotated: for a while both signed."""
    log = Log()
    log.put(draft("rating-1"), OLD)
    log.put(key_event(ADDED, NEW), OLD, NEW)
    log.put(draft("rating-2"), OLD, NEW)
    log.put(key_event(RETIRED, OLD), OLD, NEW)
    return log.put(draft("rating-3"), NEW)


def test_who_trusts_the_old_key_is_led_to_the_new_one(rotated):
    found = verify(rotated.staged(), tip(OLD), none_kept)
    assert found.is_signed
    assert found.tip.keys == keys_of(NEW)
    assert found.tip.edge == rotated.edge


def test_a_retired_key_signs_no_more(rotated):
    rotated.put(draft("rating-4"), OLD)
    found = verify(rotated.staged(), tip(OLD), none_kept)
    assert (found.is_signed, found.trusted) == (False, keys_of(NEW))


def test_who_trusts_the_new_key_alone_needs_a_proof_for_what_the_old_one_signed(
    rotated,
):
    found = verify(
        rotated.staged(
            checkpoints=rotated.checkpoints[:1],
            leaves=rotated.leaves[:1],
            openings=rotated.openings[:1],
        ),
        tip(NEW),
        none_kept,
    )
    assert (found.is_signed, found.trusted) == (False, keys_of(NEW))
    assert verify(rotated.staged(), tip(NEW), none_kept).is_signed


def test_a_key_that_a_stranger_adds_is_not_trusted():
    log = Log().put(draft("rating-1"), OLD)
    log.put(key_event(ADDED, STRANGER), STRANGER).put(draft("rating-2"), STRANGER)
    found = verify(log.staged(), tip(OLD), none_kept)
    assert (found.is_signed, found.trusted) == (False, keys_of(OLD))


def test_a_known_key_with_a_wrong_signature_is_refused():
    log = Log().put(draft("rating-1"), OLD)
    other = Log().put(draft("rating-2"), OLD)
    text = log.checkpoints[0].note.partition(b"\n\n")[0]
    lines = other.checkpoints[0].note.partition(b"\n\n")[2]
    forged = [SignedSize(1, text + b"\n\n" + lines)]
    with pytest.raises(UntrustedError, match="bad checkpoint"):
        verify(log.staged(checkpoints=forged), tip(OLD), none_kept)


@pytest.mark.parametrize("note", [b"", b"nonsense", b"a\n1\nb\n\nc\n"])
def test_a_malformed_checkpoint_is_refused(note):
    log = Log().put(draft("rating-1"), OLD)
    with pytest.raises(UntrustedError, match="bad checkpoint"):
        verify(log.staged(checkpoints=[SignedSize(1, note)]), tip(OLD), none_kept)


def test_leaves_that_give_another_root_are_told_from_the_first_size(rotated):
    leaves = [*rotated.leaves[:2], rotated.leaves[4], *rotated.leaves[3:]]
    with pytest.raises(RootError) as raised:
        verify(rotated.staged(leaves=leaves), tip(OLD), none_kept)
    assert raised.value.signed.size == 3


@pytest.mark.parametrize(
    ("second", "at", "cause"),
    [
        (draft("rating-1", 3), "2026-03-02T12:00:00.000000Z", "version 3 of rating-1"),
        (draft("rating-1", 1), "2026-03-02T12:00:00.000000Z", "version 1 of rating-1"),
        (draft("rating-2", 2), "2026-03-02T12:00:00.000000Z", "version 2 of rating-2"),
        (draft("rating-2"), "2026-03-02T11:59:59.999999Z", "recorded before"),
    ],
)
def test_events_that_are_signed_but_out_of_order_are_bad_leaves(second, at, cause):
    log = Log().put(draft("rating-1"), OLD).put(second, OLD, at=at)
    with pytest.raises(BadLeafError, match=f"position 2: {cause}"):
        verify(log.staged(), tip(OLD), none_kept)


def test_a_key_event_without_a_key_is_a_bad_leaf():
    bad = draft("log-key-1", type=ADDED, data={}, words={}, sources=[])
    log = Log().put(bad, OLD)
    with pytest.raises(BadLeafError, match="position 1: verifier_key"):
        verify(log.staged(), tip(OLD), none_kept)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"value": b'"Delighted"'}, "does not fit"),
        ({"salt": b"0" * 32}, "does not fit"),
        ({"salt": b""}, "32 bytes"),
        ({"name": "other"}, "no such sealed field"),
        ({"position": 2}, "not asked for"),
    ],
)
def test_an_opening_that_opens_nothing_is_refused(changes, cause):
    log = Log().put(draft("rating-1"), OLD)
    openings = [log.openings[0]._replace(**changes)]
    with pytest.raises(BadOpeningError, match=cause):
        verify(log.staged(openings=openings), tip(OLD), none_kept)


def test_fields_that_are_not_opened_are_told():
    log = Log().put(draft("rating-1"), OLD)
    assert verify(log.staged(), tip(OLD), none_kept).unopened == []
    assert verify(log.staged(openings=[]), tip(OLD), none_kept).unopened == [
        (1, "note")
    ]
