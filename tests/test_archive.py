"""The archive: copies under their hash, served to be saved, withdrawn for good."""

import base64
import hashlib
import os
import stat

import pytest

from service import erasure, redaction
from service.archive import CHUNK, STALE_SECONDS, Archive, CopyDamagedError, Withdrawal
from service.archiving import archive_file
from service.record import Record
from tests.archived import NOTICE, look, register, server, small
from tests.examples import SAID, STATEMENT
from tests.liar import answer

__all__ = ["server", "small"]

WORDS = b"What was said, in full. " * 20_000  # Of several parts.
HASH = hashlib.sha256(WORDS).hexdigest()
GONE = Withdrawal(HASH, "2026-03-02T12:00:00.000000Z", "KB-2026-17")


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path / "archive")


def keep(archive, raw=WORDS):
    with archive.incoming() as incoming:
        incoming.write(raw)
        return incoming.keep()


def files(archive):
    """Return what is in the folder, without its lock and its list."""
    found = archive.path(HASH).parent.parent.rglob("*")
    names = {each.name for each in found if each.is_file()}
    return names - {"lock", "withdrawn"}


def tamper(path, raw):
    path.chmod(0o644)
    path.write_bytes(raw)


# The folder.


def test_a_copy_has_the_place_of_its_hash_and_is_read_only(archive, tmp_path):
    assert keep(archive) and keep(archive)
    path = tmp_path / "archive" / HASH[:2] / HASH[2:]
    assert archive.path(HASH) == path and path.read_bytes() == WORDS
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert files(archive) == {HASH[2:]}


def test_what_breaks_off_leaves_nothing(archive):
    with pytest.raises(OSError, match="cut"), archive.incoming() as incoming:
        incoming.write(WORDS)
        raise OSError("cut")
    assert files(archive) == set()


@pytest.mark.parametrize(
    "name", ["", HASH[:-1], HASH.upper(), "../" * 21 + "x", "é" * 64]
)
def test_what_is_no_hash_has_no_place(archive, name):
    with pytest.raises(ValueError, match="hexadecimal"):
        archive.path(name)


def test_a_copy_is_read_back_part_by_part(archive):
    keep(archive)
    copy = archive.open(HASH)
    parts = list(copy.parts())
    assert b"".join(parts) == WORDS and max(map(len, parts)) == CHUNK
    assert archive.open("0" * 64) is None


def test_a_copy_that_was_changed_is_not_opened(archive):
    keep(archive)
    tamper(archive.path(HASH), WORDS[:-1] + b"?")
    with pytest.raises(CopyDamagedError):
        archive.open(HASH)
    assert keep(archive)  # Had anew, it takes the place of the damaged one.
    archive.open(HASH).file.close()


def test_one_that_is_changed_after_it_was_verified_is_not_opened_either(archive):
    keep(archive)
    archive.open(HASH).file.close()
    known = archive.path(HASH).stat()
    tamper(archive.path(HASH), WORDS[:-1] + b"?")
    os.utime(archive.path(HASH), ns=(known.st_atime_ns, known.st_mtime_ns))
    with pytest.raises(CopyDamagedError):
        archive.open(HASH)


def test_one_that_is_changed_while_it_is_read_is_never_given_whole(archive):
    keep(archive)
    copy = archive.open(HASH)
    tamper(archive.path(HASH), WORDS[:-1] + b"?")
    got = []
    with pytest.raises(CopyDamagedError):
        got += iter(copy.parts())
    assert sum(map(len, got)) < len(WORDS)


def test_what_is_withdrawn_is_overwritten_and_never_kept_again(archive):
    keep(archive)
    other = archive.path(HASH).with_name("link")
    os.link(archive.path(HASH), other)  # The same bytes on the disk, to look at.
    archive.withdraw(GONE)
    assert not any(other.read_bytes()) and not archive.path(HASH).exists()
    assert not keep(archive) and not archive.path(HASH).exists()
    assert Archive(archive.path(HASH).parent.parent).withdrawn() == {HASH: GONE}
    archive.withdraw(Withdrawal(HASH, "later", "other"))
    assert archive.withdrawn() == {HASH: GONE}


def test_what_a_crash_left_is_finished(archive):
    keep(archive)
    archive._write_list([GONE])  # As killed before the copy was overwritten.
    left = archive.path(HASH).parent.parent / ".incoming-0"
    left.write_bytes(WORDS)
    archive.tidy()
    assert files(archive) == {".incoming-0"}  # Somebody may be receiving it.
    long_ago = left.stat().st_mtime - STALE_SECONDS - 1
    os.utime(left, (long_ago, long_ago))
    archive.tidy()
    assert files(archive) == set()


# What is served.


@pytest.fixture
def served(small, server):
    register(small, "avon")
    server.answers["/notice"] = answer("200 OK", WORDS)
    look(small, server)
    return small.client()


def test_a_copy_is_served_to_be_saved_and_never_to_be_run(served):
    found = served.get(f"/v1/archive/{HASH}")
    assert (found.status_code, found.data) == (200, WORDS)
    assert found.mimetype == "application/octet-stream"
    headers = found.headers
    assert headers["Content-Disposition"] == f"attachment; filename={HASH}"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "public, max-age=300, must-revalidate"
    assert headers["ETag"] == f'"{HASH}"'
    digest = base64.b64encode(hashlib.sha256(WORDS).digest()).decode()
    assert headers["Repr-Digest"] == f"sha-256=:{digest}:"
    head = served.head(f"/v1/archive/{HASH}")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(WORDS))


@pytest.mark.parametrize(
    "name",
    [
        "0" * 64,
        HASH[:-1],
        HASH.upper(),
        HASH + "0",
        f"{HASH}.json",
        f"{HASH}.csv",
        "withdrawn",
        "lock",
        "..",
        "..%2F..%2Flog.key",
        f"{HASH[:2]}/{HASH[2:]}",
        "%00",
        "%C3%A9",
    ],
)
def test_nothing_else_is_served(served, name):
    found = served.get(f"/v1/archive/{name}")
    assert found.status_code == 404 and b"PRIVATE" not in found.data


def test_a_copy_that_was_changed_is_never_served(served, small, caplog):
    tamper(small.record.archive.path(HASH), WORDS[:-1] + b"?")
    found = served.get(f"/v1/archive/{HASH}")
    assert found.status_code == 500
    assert found.json["type"] == "/problems/copy-damaged"
    assert found.headers["Cache-Control"] == "no-store"
    assert HASH in caplog.text


def test_a_copy_that_was_withdrawn_is_gone(served, small):
    small.record.archive.withdraw(GONE)
    found = served.get(f"/v1/archive/{HASH}")
    assert (found.status_code, found.json["type"]) == (410, "/problems/redacted")
    assert found.json["reference"] == "KB-2026-17"
    assert found.json["withdrawn_at"] == GONE.withdrawn_at


# The erasure.


def test_a_redaction_names_the_copies_that_hold_the_words_and_leaves_them(
    small, tmp_path
):
    register(small, "west-mercia")
    small.put(STATEMENT, SAID)
    path = tmp_path / "notice.txt"
    path.write_bytes(b"He said: " + SAID.text.encode())
    done = archive_file(small.record, path, NOTICE, by="system")
    planned = redaction.plan(small.record, 2, ["text"])
    redaction.redact(
        small.record, planned, basis="court-order", reference=None, by="system"
    )
    assert erasure.run_pending(small.record) == []
    name = f"archive/{done.sha256[:2]}/{done.sha256[2:]}"
    assert redaction.remains(small.record, planned) == [name]
    assert small.client().get(f"/v1/archive/{done.sha256}").status_code == 200
    assert "archive: done" in redaction.outcome(small.record, [])


def test_a_withdrawal_that_was_put_back_is_finished_before_anything_is_served(small):
    settings, archive = small.record.settings, small.record.archive
    keep(archive)
    archive._write_list([GONE])
    Record.open(settings, small.clock).close()
    assert not archive.path(HASH).exists()
