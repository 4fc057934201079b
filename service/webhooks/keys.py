"""The keys that sign what is sent to subscribers: not those of the log.

The file `DATA/webhook.key` has a key a line (`whsk_` and the base64 of 32 bytes, mode
0600), and each of them signs: a new one is taken into use by a line more, and an old
one goes when its subscribers know the new.
"""

import secrets
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.config import Settings
from service.log.key_file import make_secret, replace_secret
from service.log.keys import KeyFileError, folder_lock
from service.log.notes import decode_base64, encode_base64

PRIVATE, PUBLIC, SIGNATURE = "whsk_", "whpk_", "v1a,"


class WebhookKey:
    """One Ed25519 key that signs messages."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> str:
        """The key with which anybody can check a signature: `whpk_…`."""
        raw = self._private.public_key().public_bytes_raw()
        return PUBLIC + encode_base64(raw)

    def signature(self, text: bytes) -> str:
        """Return the signature of a text as it stands in the header: `v1a,…`."""
        return SIGNATURE + encode_base64(self._private.sign(text))


def webhook_keys(settings: Settings) -> list[WebhookKey]:
    """Return the keys that sign, making the first one; KeyFileError if they cannot."""
    path = settings.data / "webhook.key"
    try:
        if not path.exists():
            make_secret(path, _line(secrets.token_bytes(32)))
        return list(_parsed(path.read_text("ascii").splitlines()))
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except ValueError:
        # The cause is left out: its text could hold a part of the key.
        raise KeyFileError(f"{path}: malformed") from None


def begin_rotation(settings: Settings) -> list[WebhookKey]:
    """Put a new key behind the one that signs; return both, which sign from now on.

    Raises KeyFileError, also if a rotation is under way.
    """
    webhook_keys(settings)
    path = settings.data / "webhook.key"
    with folder_lock(path.parent):
        if len(webhook_keys(settings)) > 1:
            raise KeyFileError("a rotation of the key is under way: retire the old one")
        known = path.read_bytes().removesuffix(b"\n") + b"\n"
        replace_secret(path, known + _line(secrets.token_bytes(32)))
        return webhook_keys(settings)


def end_rotation(settings: Settings) -> list[WebhookKey]:
    """Take all keys but the newest out of use; return those that are gone.

    Raises KeyFileError, also if no rotation is under way.
    """
    path = settings.data / "webhook.key"
    with folder_lock(path.parent):
        *gone, _ = webhook_keys(settings)
        if not gone:
            raise KeyFileError("no rotation of the key is under way")
        replace_secret(path, path.read_bytes().splitlines()[-1] + b"\n")
        return gone


def _parsed(lines: Iterable[str]) -> Iterable[WebhookKey]:
    for line in lines:
        if not line.startswith(PRIVATE):
            raise ValueError
        yield WebhookKey(decode_base64(line.removeprefix(PRIVATE)))


def _line(seed: bytes) -> bytes:
    return f"{PRIVATE}{encode_base64(seed)}\n".encode()
