"""Cosignatures: how witnesses sign a checkpoint (C2SP tlog-cosignature, Ed25519)."""

from typing import ClassVar

from service.log.notes import NoteError, VerifierKey, parse_signature, split_note

_TIME_BYTES, _SIGNATURE_BYTES = 8, 64
DAY = 86_400  # Seconds by which the clock of a witness may differ from ours.


class CosignerKey(VerifierKey):
    """The Ed25519 public key of a witness, which signs a text with the time."""

    __slots__ = ()
    algorithm: ClassVar[bytes] = b"\x04"
    kind: ClassVar[str] = "the verifier key of an Ed25519 cosignature"

    def verify(self, signature: bytes, text: bytes) -> None:
        """Raise NoteError unless this key signed the text at the time that it says."""
        if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES:
            raise NoteError(f"the cosignature of {self.name} has another length")
        header = f"cosignature/v1\ntime {signing_time(signature)}\n"
        super().verify(signature[_TIME_BYTES:], header.encode() + text)


def signing_time(signature: bytes) -> int:
    """Return when a cosignature says that it was made, in seconds since the epoch."""
    return int.from_bytes(signature[:_TIME_BYTES], "big")


def cosignature(note: bytes, lines: str, key: CosignerKey, now: int) -> str:
    """Return the line, among those of an answer, with which a key cosigns a note.

    Lines of other keys are ignored. Raises NoteError if a line is malformed, if the
    signature is wrong, or if it was not made about `now` (seconds since the epoch).
    """
    text, _ = split_note(note)
    found = None
    for line in _lines(lines):
        name, key_id, signature = parse_signature(line)
        if (name, key_id) != (key.name, key.id):
            continue
        if found:
            raise NoteError(f"{name} signed twice")
        key.verify(signature, text.encode())
        if abs(signing_time(signature) - now) > DAY:
            raise NoteError(f"the cosignature of {name} is dated on another day")
        found = f"{line}\n"
    if found is None:
        raise NoteError(f"{key.name} did not sign")
    return found


def _lines(text: str) -> list[str]:
    if not text.endswith("\n"):
        raise NoteError("no newline at the end")
    return text[:-1].split("\n")
