"""Spooling: a large answer is made whole before any of it is sent.

So a fault while it is made is answered as a problem: the server ends what is sent in
chunks as if it were complete, whatever happens. What does not fit in memory waits in a
file without a name, encrypted with a key that is nowhere but in memory: words that are
erased meanwhile are not found on the disk.
"""

import errno
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import IO

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from service.http.problems import ProblemError

IN_MEMORY = 1024 * 1024  # Bytes.
PART = 256 * 1024


class Spool:
    """The bytes of an answer, in memory or in a file, and how many they are."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.size = 0
        self._hash = hashlib.sha256()
        self._held: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._cipher = Cipher(AES256(secrets.token_bytes(32)), CTR(bytes(16)))
        try:
            self._take(parts)
        except BaseException:
            self.close()
            raise

    @property
    def sha256(self) -> bytes:
        """The hash of the bytes."""
        return self._hash.digest()

    @property
    def is_large(self) -> bool:
        """Whether the bytes lie in a file."""
        return self._file is not None

    def whole(self) -> bytes:
        """Return all bytes at once, and give up the file."""
        return b"".join(self.parts())

    def parts(self) -> Iterator[bytes]:
        """Give the bytes from the first, and then give up the file."""
        if self._file is None:
            yield from self._held
            return
        cipher = self._cipher.decryptor()
        with self._file as file:
            file.seek(0)
            while part := file.read(PART):
                yield cipher.update(part)

    def close(self) -> None:
        """Give up the file."""
        if self._file is not None:
            self._file.close()

    def _take(self, parts: Iterable[bytes]) -> None:
        remaining = map(self._seen, parts)
        for part in remaining:
            self._held.append(part)
            if self.size > IN_MEMORY:
                return self._write(remaining)

    def _seen(self, part: bytes) -> bytes:
        self.size += len(part)
        self._hash.update(part)
        return part

    def _write(self, remaining: Iterator[bytes]) -> None:
        cipher = self._cipher.encryptor()
        try:
            # It outlives this block: `close` removes it.
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115
            self._put(b"".join(self._held), cipher)
            self._held.clear()
            for part in remaining:
                self._put(part, cipher)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            detail = "There is no room to make so long an answer: ask for pages of it."
            raise ProblemError("storage-full", detail) from error

    def _put(self, part: bytes, cipher: CipherContext) -> None:
        assert self._file
        rest = memoryview(cipher.update(part))
        while rest:
            rest = rest[self._file.write(rest) :]
