"""Signing: an editor's own key vouches for what is recorded, beside that of the log.

What is signed are commitments, not words: it can be checked after a redaction too.
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.log.drafts import Draft, Prepared, prepare
from service.log.leaf import signing_input
from service.log.notes import Signer, encode_base64
from service.log.sealing import SALT_BYTES


class SignatureError(Exception):
    """A signature, or its salts, do not fit: `faults` are pairs (pointer, cause).

    `expected` is what would be recorded, as it is to be signed.
    """

    def __init__(
        self, faults: list[tuple[str, str]], expected: str | None = None
    ) -> None:
        self.faults, self.expected = faults, expected
        super().__init__("; ".join(f"{at}: {why}" for at, why in faults))


@dataclass(frozen=True, slots=True)
class Signing:
    """What an editor has signed: `public_key` and `sig` in base64, `salts` by field."""

    key_id: str
    public_key: str
    sig: str
    salts: Mapping[str, bytes]

    def members(self) -> dict[str, Any]:
        """Return the members that the body of a signed request has."""
        salts = {name: encode_base64(salt) for name, salt in self.salts.items()}
        return {"signature": {"key": self.key_id, "sig": self.sig}, "salts": salts}

    def of(self, draft: Draft) -> Prepared:
        """Return what would be recorded, or raise SignatureError unless it is signed.

        Raises DraftError too.
        """
        if faults := list(_salt_faults(draft.words, self.salts)):
            raise SignatureError(faults)
        signature = {"key": self.key_id, "sig": self.sig}
        [ready] = prepare([replace(draft, signature=signature, salts=self.salts)])
        signed = signing_input(ready.leaf)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(self.public_key))
        try:
            public.verify(base64.b64decode(self.sig), signed)
        except InvalidSignature:
            why = "It is not your signature of what would be recorded, see `expected`."
            raise SignatureError([("/signature/sig", why)], signed.decode()) from None
        return ready


def sign(draft: Draft, signer: Signer, key_id: str) -> Signing:
    """Return what an editor sends with a draft, signed under fresh salts.

    Raises DraftError.
    """
    salts = {name: os.urandom(SALT_BYTES) for name in draft.words}
    [ready] = prepare([replace(draft, salts=salts)])
    sig = encode_base64(signer.signature(signing_input(ready.leaf)))
    return Signing(key_id, encode_base64(signer.verifier.public), sig, salts)


def decoded_salts(salts: Mapping[str, str] | None) -> dict[str, bytes]:
    """Return salts as bytes."""
    return {name: base64.b64decode(salt) for name, salt in (salts or {}).items()}


def _salt_faults(
    words: Mapping[str, object], salts: Mapping[str, bytes]
) -> list[tuple[str, str]]:
    """Return what is wrong with the salts for the words of an event."""
    missing, needless = words.keys() - salts.keys(), salts.keys() - words.keys()
    faults = [(f"/salts/{name}", "There is no salt for it.") for name in missing]
    faults += [(f"/salts/{name}", "There is no such sealed text.") for name in needless]
    if len(set(salts.values())) < len(salts):
        faults.append(("/salts", "Each salt is its own: 32 random bytes."))
    for name, salt in salts.items():
        if len(set(salt)) < SALT_BYTES // 4:
            faults.append((f"/salts/{name}", "These are not 32 random bytes."))
    return sorted(faults)
