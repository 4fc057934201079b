"""Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from service.log.merkle import EMPTY_ROOT

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
SIGNATURE_BYTES = 64
_DASH = "\N{EM DASH} "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME = re.compile(r"[^\s+]{1,255}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")

_FIELD_PRIME = 2**255 - 19
_ORDER_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
_Y_OF_ORDER_8 = int.from_bytes(bytes.fromhex(_ORDER_8), "little") % 2**255
# The y coordinates of all points whose order divides 8 (RFC 8032 section 5.1).
_SMALL_ORDER = (
    0,
    1,
    _FIELD_PRIME - 1,
    _Y_OF_ORDER_8,
    _FIELD_PRIME - _Y_OF_ORDER_8,
)


class NoteError(ValueError):
    """A note, a checkpoint or a key is malformed or not to be trusted."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 public key (32 bytes) with the name that it signs under."""

    name: str
    public: bytes
    algorithm: ClassVar[bytes] = b"\x01"
    kind: ClassVar[str] = "an Ed25519 verifier key"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+hash+base64`, or raise NoteError."""
        name, _, rest = text.partition("+")
        hash8, _, encoded = rest.partition("+")
        raw = decode_base64(encoded)
        if len(raw) != 33 or raw[:1] != cls.algorithm:
            raise NoteError(f"not {cls.kind}")
        key = cls(check_name(name), raw[1:])
        if key.id.hex() != hash8:
            raise NoteError("the hash of the verifier key is wrong")
        refuse_weak(key.public)
        return key

    @property
    def id(self) -> bytes:
        """The key id: 4 bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)."""
        text = self.name.encode() + b"\n" + self.algorithm + self.public
        return hashlib.sha256(text).digest()[:4]

    def __str__(self) -> str:
        encoded = encode_base64(self.algorithm + self.public)
        return f"{self.name}+{self.id.hex()}+{encoded}"

    def verify(self, signature: bytes, text: bytes) -> None:
        """Raise NoteError unless this key signed the text."""
        refuse_weak(self.public)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature as error:
            raise NoteError(f"the signature of {self.name} is wrong") from error


class Signer:
    """Signs notes with one Ed25519 key (32-byte seed) under one name."""

    # With libsodium, which takes half as long as OpenSSL: each append waits for it.

    def __init__(self, name: str, seed: bytes) -> None:
        public, self._private = crypto_sign_seed_keypair(seed)
        self.verifier = VerifierKey(check_name(name), public)
        self._id = self.verifier.id

    def sign(self, text: str) -> bytes:
        """Return the note: the text (ending in a newline), a blank line, the line."""
        return sign_note(text, [self])

    def signature(self, text: bytes) -> bytes:
        """Return the 64 bytes with which this key signs a text."""
        return crypto_sign(text, self._private)[:SIGNATURE_BYTES]

    def line(self, text: bytes) -> str:
        """Return the line with which this key signs a text."""
        signature = encode_base64(self._id + self.signature(text))
        return f"{_DASH}{self.verifier.name} {signature}\n"


def sign_note(text: str, signers: Sequence[Signer]) -> bytes:
    """Return the note that several keys sign, each with a line of its own."""
    check_text(text)
    raw = text.encode()
    return raw + ("\n" + "".join(each.line(raw) for each in signers)).encode()


class Checkpoint(NamedTuple):
    """What a log says of itself: its origin, its size and its root (32 bytes)."""

    origin: str
    size: int
    root: bytes


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text of a checkpoint, ready to be signed."""
    return f"{origin}\n{size}\n{encode_base64(root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint, or raise NoteError; extensions are allowed."""
    check_text(text)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise NoteError("not a checkpoint")
    origin, size, root = lines[0], lines[1], decode_base64(lines[2])
    if not _SIZE.fullmatch(size) or len(root) != 32:
        raise NoteError("the size or the root of the checkpoint is malformed")
    if size == "0" and root != EMPTY_ROOT:
        raise NoteError("the root is not that of an empty log")
    return Checkpoint(origin, int(size), root)


@lru_cache(maxsize=16)
def unverified_checkpoint(note: bytes) -> Checkpoint:
    """Return what a note of our own says, or raise NoteError; no key is asked."""
    return parse_checkpoint(split_note(note)[0])


def open_note(note: bytes, keys: Sequence[VerifierKey]) -> str:
    """Return the text that one of the keys signed, or raise NoteError.

    A known key with a wrong signature rejects the note; unknown keys are ignored.
    """
    text, signatures = split_note(note)
    known = {(key.name, key.id): key for key in keys}
    seen = set()
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        if key in seen:
            raise NoteError(f"{name} signed twice")
        key.verify(signature, text.encode())
        seen.add(key)
    if not seen:
        raise NoteError("no known key signed the note")
    return text


def open_checkpoint(note: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint of a log whose own key is among the keys."""
    found = parse_checkpoint(open_note(note, keys))
    if not any(key.name == found.origin for key in keys):
        raise NoteError("the origin is not the name of the log's key")
    open_note(note, [key for key in keys if key.name == found.origin])
    return found


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return the text and (name, key id, signature) of each line, all unverified."""
    if len(note) > MAX_NOTE_BYTES:
        raise NoteError("the note is too long")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise NoteError("the note is not UTF-8") from error
    check_text(whole)
    # The text may hold blank lines itself: it ends at the last one.
    text, blank, lines = whole[:-1].rpartition("\n\n")
    if not blank or lines.count("\n") >= MAX_SIGNATURES:
        raise NoteError("the note has no signatures, or too many")
    return text + "\n", [parse_signature(line) for line in lines.split("\n")]


def parse_signature(line: str) -> tuple[str, bytes, bytes]:
    """Read (name, key id, signature) of a line without its newline, or NoteError."""
    if not line.startswith(_DASH):
        raise NoteError("not a signature line")
    name, _, encoded = line[len(_DASH) :].partition(" ")
    raw = decode_base64(encoded)
    if len(raw) < 5:
        raise NoteError("the signature is too short")
    return check_name(name), raw[:4], raw[4:]


def cosignatures_of(note: bytes, origin: str) -> list[tuple[str, str]]:
    """Return the name and the line of each signature that is not by the log itself."""
    names = [name for name, _, _ in split_note(note)[1]]
    lines = note.decode().removesuffix("\n").split("\n")[-len(names) :]
    return [
        (name, f"{line}\n")
        for name, line in zip(names, lines, strict=True)
        if name != origin
    ]


def own_part(note: bytes, origin: str) -> bytes:
    """Return a note of a log without what others have signed of it."""
    for _, line in cosignatures_of(note, origin):
        note = note.replace(line.encode(), b"", 1)
    return note


def check_text(text: str) -> None:
    """Raise NoteError for control characters (CR too) or a missing last newline."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteError("control characters, or no newline at the end")


def check_name(name: str) -> str:
    """Return the name of a key; NoteError if it is empty, has white space or a +."""
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise NoteError("the name of a key has no white space and no plus sign")
    return name


def refuse_weak(public: bytes) -> None:
    """Raise NoteError for a public key of small order or not in canonical form."""
    y = int.from_bytes(public, "little") % 2**255
    if len(public) != 32 or y >= _FIELD_PRIME or y in _SMALL_ORDER:
        raise NoteError("the public key is weak")


def encode_base64(raw: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode()


def decode_base64(text: str) -> bytes:
    """Read the one canonical base64 form of some bytes, or raise NoteError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if encode_base64(raw) != text:
        raise NoteError("not canonical base64")
    return raw
