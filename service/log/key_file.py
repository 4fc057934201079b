"""The key file of a log: every key in it signs, the oldest first."""

import os
import secrets
from pathlib import Path

from service.log.keys import KeyFileError, folder_lock, sync_folder
from service.log.notes import Signer, VerifierKey, decode_base64, encode_base64

_PREFIX = "PRIVATE+KEY"
Signers = tuple[Signer, ...]
_Stat = tuple[int, int, int]


class KeyFile:
    """The keys of one log in their file, which other processes may change."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._address = os.fspath(path)  # Of a Path it would be made at each look.
        self._known: tuple[_Stat, Signers] | None = None

    @property
    def known(self) -> Signers | None:
        """The keys as they were read last; None if this process changed them since."""
        return self._known and self._known[1]

    def signers(self) -> Signers:
        """Return the keys: the very same tuple for as long as the file is the same.

        Raises KeyFileError.
        """
        stat = self._stat()
        if self._known is None or self._known[0] != stat:
            # A file replaced in between is read as the new one, and then once more.
            self._known = (stat, load_keys(self._path, self._name))
        return self._known[1]

    def make(self) -> None:
        """Make the file with a first key unless there is one."""
        make_key(self._path, self._name)

    def add(self, old: VerifierKey) -> VerifierKey:
        """Put a new key behind the only key, unless there is one; return it."""
        with folder_lock(self._path.parent):
            keys = load_keys(self._path, self._name)
            if keys[0].verifier == old and len(keys) == 1:
                self._replace(self._path.read_bytes() + _new_line(self._name))
                keys = load_keys(self._path, self._name)
            return keys[-1].verifier

    def drop(self, key: VerifierKey) -> None:
        """Take a key out of the file; KeyFileError if it is the only one."""
        with folder_lock(self._path.parent):
            lines = self._path.read_bytes().splitlines(keepends=True)
            keys = load_keys(self._path, self._name)
            kept = [
                line
                for line, signer in zip(lines, keys, strict=True)
                if signer.verifier != key
            ]
            if not kept:
                raise KeyFileError(f"{self._path}: the only key cannot be dropped")
            if len(kept) < len(lines):
                self._replace(b"".join(kept))

    def _replace(self, raw: bytes) -> None:
        self._known = None
        replace_secret(self._path, raw)

    def _stat(self) -> _Stat:
        try:
            found = os.stat(self._address)
        except OSError as error:
            raise KeyFileError(f"{self._path}: {error.strerror}") from None
        return (found.st_ino, found.st_mtime_ns, found.st_size)


def stream_of(key: VerifierKey) -> str:
    """Return the stream of the events about a key of the log."""
    return f"log-key-{key.id.hex()}"


def make_key(path: Path, name: str) -> None:
    """Make a key file (mode 0600) unless there is one."""
    if not path.exists():
        make_secret(path, _new_line(name))


def make_secret(path: Path, raw: bytes) -> None:
    """Make a file (mode 0600), whole or not at all, unless there is one."""
    beside = _write_beside(path, raw)
    try:
        # A link fails where a rename would overwrite the key of another process.
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        beside.unlink()
    sync_folder(path.parent)


def replace_secret(path: Path, raw: bytes) -> None:
    """Put other bytes in the place of a file (mode 0600), whole or not at all."""
    _write_beside(path, raw).replace(path)
    sync_folder(path.parent)


def load_key(path: Path) -> Signer:
    """Load the one key of a file, whatever its name, or raise KeyFileError."""
    try:
        name = path.read_text("utf-8").split("+", 3)[2]
    except (OSError, IndexError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else "malformed"
        raise KeyFileError(f"{path}: {cause}") from None
    found = load_keys(path, name)
    if len(found) > 1:
        raise KeyFileError(f"{path}: more than one key")
    return found[0]


def load_keys(path: Path, name: str) -> Signers:
    """Load the keys of a log from its file; KeyFileError never shows a key."""
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
        signers = tuple(map(_parse, lines))
        is_whole = len({each.verifier for each in signers}) == len(lines)
    except (OSError, IndexError, ValueError) as error:
        # The cause is left out: its text could hold a part of the key.
        cause = error.strerror if isinstance(error, OSError) else "malformed"
        raise KeyFileError(f"{path}: {cause}") from None
    if not is_whole:
        raise KeyFileError(f"{path}: the same key twice")
    for signer in signers:
        if (other := signer.verifier.name) != name:
            raise KeyFileError(f"{path}: the key of {other}, but the origin is {name}")
    return signers


def _parse(line: str) -> Signer:
    parts = line.split("+", 4)
    raw = decode_base64(parts[4])
    signer = Signer(parts[2], raw[1:])
    is_whole = raw[:1] == b"\x01" and signer.verifier.id.hex() == parts[3]
    if parts[:2] != _PREFIX.split("+") or not is_whole:
        raise ValueError
    return signer


def _new_line(name: str) -> bytes:
    signer = Signer(name, seed := secrets.token_bytes(32))
    hash8, encoded = signer.verifier.id.hex(), encode_base64(b"\x01" + seed)
    return f"{_PREFIX}+{name}+{hash8}+{encoded}\n".encode()


def _write_beside(path: Path, raw: bytes) -> Path:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, raw)
        os.fsync(file)
    finally:
        os.close(file)
    return beside
