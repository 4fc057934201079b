"""Staged: a part of another log as it was fetched, to be verified before it is kept."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from schemas.canonical import GrammarError, canonical
from service.log.drafts import Prepared
from service.log.errors import BadLeafError, BadOpeningError, UntrustedError
from service.log.keyring import ADDED, RETIRED
from service.log.leaf import LeafError, decode, title_faults
from service.log.merkle import Edge, leaf_hash
from service.log.notes import (
    Checkpoint,
    NoteError,
    VerifierKey,
    open_checkpoint,
    split_note,
    unverified_checkpoint,
)
from service.log.reader import SignedSize, StoredOpening
from service.log.sealing import Opening, SealingError, open_field

Keys = tuple[VerifierKey, ...]
# Streams -> the last version of each that is kept already.
VersionsOf = Callable[[Iterable[str]], Mapping[str, int]]


class RootError(Exception):
    """The leaves do not give the root that the note of a size signs."""

    def __init__(self, signed: SignedSize) -> None:
        self.signed = signed
        super().__init__(f"another root at {signed.size:,} events")


class Field(NamedTuple):
    """A sealed field of the event at a position."""

    position: int
    name: str


@dataclass(frozen=True)
class Tip:
    """Where a mirror stands: its edge, its last instant, and the keys it trusts."""

    edge: Edge
    recorded_at: str
    keys: Keys


@dataclass(frozen=True)
class Staged:
    """Leaves that follow a position, what opens them, and the notes that sign them."""

    after: int
    leaves: list[bytes]
    openings: list[StoredOpening]
    checkpoints: list[SignedSize]

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Give each leaf with its position."""
        return enumerate(self.leaves, self.after + 1)


@dataclass(frozen=True)
class Verified:
    """What may be kept: each leaf with its openings, and where it leads.

    `unopened` are the fields for which there was no opening. Unless `is_signed`, no
    trusted key signed its end: it must be proved part of a log that is signed by
    one of `trusted`.
    """

    after: int
    prepared: list[Prepared]
    leaves: list[bytes]
    checkpoints: list[SignedSize]
    unopened: list[Field]
    tip: Tip
    trusted: Keys
    is_signed: bool


def verify(staged: Staged, tip: Tip, versions_of: VersionsOf) -> Verified:
    """Verify what was staged, or raise a RefusedError, or RootError."""
    edge, trusted, is_signed = _check_roots(staged, tip)
    leaves = [_decoded(*each) for each in staged.numbered()]
    last = _check_order(leaves, staged.after, tip.recorded_at, versions_of)
    prepared, unopened = _opened(leaves, staged)
    return Verified(
        staged.after,
        prepared,
        staged.leaves,
        staged.checkpoints,
        unopened,
        Tip(edge, last, keys_after(trusted, staged.numbered())),
        trusted,
        is_signed,
    )


def bad_leaf(staged: Staged, hashes: Sequence[bytes]) -> BadLeafError | None:
    """Return the first leaf that is malformed, or has not the hash that it should."""
    for index, (position, raw) in enumerate(staged.numbered()):
        try:
            _decoded(position, raw)
        except BadLeafError as error:
            return error
        if hashes[index : index + 1] not in ([], [leaf_hash(raw)]):
            return BadLeafError(position, "it is not the leaf that was signed")
    return None


def check_opening(leaf: Mapping[str, Any], opening: StoredOpening) -> Opening:
    """Return the opening of a field of a leaf, or raise BadOpeningError."""
    found = Opening(opening.name, opening.commitment, opening.salt, opening.value)
    commitment = leaf["sealed"].get(opening.name)
    try:
        if commitment is None:
            raise SealingError("the event has no such sealed field")
        value = open_field(found, commitment)
        if canonical(value) != opening.value:
            raise SealingError("the value is not canonical")
        if opening.name == "source_titles" and (
            faults := title_faults(leaf["sources"], value)
        ):
            raise SealingError(faults[0])
    except (SealingError, GrammarError, orjson.JSONDecodeError) as error:
        cause = str(error).removeprefix(f"{opening.name}: ")
        raise BadOpeningError(opening.position, opening.name, cause) from error
    return found._replace(commitment=commitment)


def open_signed(note: bytes, keys: Keys) -> Checkpoint | None:
    """Return what a trusted key signed, None if none did; UntrustedError if wrongly."""
    try:
        claimed = unverified_checkpoint(note)
        if any(key.name != claimed.origin for key in keys):
            raise NoteError(f"it is the checkpoint of {claimed.origin}")
        if not _is_signed_by_any(note, keys):
            return None
        return open_checkpoint(note, keys)
    except NoteError as error:
        raise UntrustedError(f"bad checkpoint: {error}") from error


def keys_after(keys: Keys, leaves: Iterable[tuple[int, bytes]]) -> Keys:
    """Return the keys that are trusted after these leaves, each with its position."""
    for position, raw in leaves:
        if b'"type":"log-key.' in raw:
            keys = _changed(keys, position, _decoded(position, raw))
    return keys


def _is_signed_by_any(note: bytes, keys: Keys) -> bool:
    known = {(key.name, key.id) for key in keys}
    return any((name, key_id) in known for name, key_id, _ in split_note(note)[1])


def _check_roots(staged: Staged, tip: Tip) -> tuple[Edge, Keys, bool]:
    """Return the edge, the keys that are trusted then, and whether one signed it."""
    edge, keys, is_signed = tip.edge, tip.keys, False
    leaves, start, waiting = list(staged.numbered()), 0, 0
    for signed in staged.checkpoints:
        end = signed.size - staged.after
        edge, _ = edge.append(leaf_hash(raw) for _, raw in leaves[start:end])
        _check_root(signed, edge)
        start = end
        # What no trusted key has signed cannot make another key trusted.
        if is_signed := open_signed(signed.note, keys) is not None:
            keys, waiting = keys_after(keys, leaves[waiting:end]), end
    return edge, keys, is_signed


def _check_root(signed: SignedSize, edge: Edge) -> None:
    try:
        claimed = unverified_checkpoint(signed.note)
    except NoteError as error:
        raise UntrustedError(f"bad checkpoint: {error}") from error
    if claimed.size != signed.size:
        raise UntrustedError(
            f"bad checkpoint: listed at {signed.size:,} events, says {claimed.size:,}"
        )
    if (edge.size, edge.root()) != (claimed.size, claimed.root):
        raise RootError(signed)


def _decoded(position: int, raw: bytes) -> dict[str, Any]:
    try:
        return decode(raw)
    except LeafError as error:
        raise BadLeafError(position, str(error)) from error


def _check_order(
    leaves: Sequence[dict[str, Any]],
    after: int,
    recorded_at: str,
    versions_of: VersionsOf,
) -> str:
    """Check versions and instants; return the last instant."""
    reached = dict(versions_of(leaf["stream"] for leaf in leaves))
    for position, leaf in enumerate(leaves, after + 1):
        stream, version = leaf["stream"], leaf["version"]
        if version != (known := reached.get(stream, 0)) + 1:
            raise BadLeafError(
                position, f"version {version} of {stream} follows version {known}"
            )
        reached[stream] = version
        if leaf["recorded_at"] < recorded_at:
            raise BadLeafError(position, "recorded before the event that it follows")
        recorded_at = leaf["recorded_at"]
    return recorded_at


def _opened(
    leaves: Sequence[dict[str, Any]], staged: Staged
) -> tuple[list[Prepared], list[Field]]:
    offered: dict[int, list[StoredOpening]] = defaultdict(list)
    for each in staged.openings:
        offered[each.position].append(each)
    prepared, unopened = [], []
    for position, leaf in enumerate(leaves, staged.after + 1):
        found = [check_opening(leaf, each) for each in offered.pop(position, [])]
        prepared.append(Prepared(leaf, found))
        names = leaf["sealed"].keys() - {each.name for each in found}
        unopened += [Field(position, name) for name in sorted(names)]
    for position, [first, *_] in offered.items():
        raise BadOpeningError(position, first.name, "it was not asked for")
    return prepared, unopened


def _changed(keys: Keys, position: int, leaf: Mapping[str, Any]) -> Keys:
    try:
        key = VerifierKey.parse(str(leaf["data"].get("verifier_key")))
    except NoteError as error:
        raise BadLeafError(position, f"verifier_key: {error}") from error
    others = tuple(each for each in keys if each != key)
    if leaf["type"] == RETIRED:
        return others
    if leaf["type"] == ADDED and all(key.name == each.name for each in keys):
        return (*others, key) if key not in keys else keys
    return keys
