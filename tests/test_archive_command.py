"""The command that archives: what it fetches, records, says and refuses."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from service import archiving
from service.archiving import politely
from service.log.pin import Pin
from tests.archived import NOTICE, cite, register, run
from tests.archived import server as server
from tests.liar import answer
from tests.paths import moved
from tests.records import SmallRecord, small

__all__ = ["small"]

BYTES = b"What was said."
HASH = hashlib.sha256(BYTES).hexdigest()
MIRRORED = ("http://example.org", "localhost/log")


@pytest.fixture
def cited(small, server):
    register(small, "avon")
    server.answers["/notice"] = answer("200 OK", BYTES)
    return small


def outcomes(small):
    events = small.record.store.read(0, 100)
    return [e.data["outcome"] for e in events if e.noun == "source"]


def test_an_address_is_archived_and_then_checked(cited, server):
    first = run(cited, NOTICE, server=server)
    assert first.exit_code == 0, first.output
    assert f"archived: {NOTICE}: 14 bytes, {HASH}" in first.output
    again = run(cited, NOTICE, server=server)
    assert f"unchanged: {NOTICE}" in again.output
    server.answers["/notice"] = answer("200 OK", b"Other words.")
    assert f"changed: {NOTICE}" in run(cited, NOTICE, server=server).output
    del server.answers["/notice"]
    gone = run(cited, NOTICE, server=server)
    assert (gone.exit_code, f"gone: {NOTICE}: it answers" in gone.output) == (1, True)
    assert outcomes(cited) == ["archived", "unchanged", "changed", "gone"]
    kept = Path(cited.record.settings.data, "archive").glob("??/*")
    assert {each.read_bytes() for each in kept} == {BYTES, b"Other words."}
    request = server.requests[0]
    assert "User-Agent: Copperplate-archive/1.0\r\n" in request


def test_the_results_are_had_as_json(cited, server):
    cite(cited, "avon", "http://example.org/lost")
    done = run(cited, NOTICE, "http://example.org/lost", "--json", server=server)
    results = json.loads(done.stdout)
    assert [each["outcome"] for each in results] == ["archived", "gone"]
    assert (results[0]["sha256"], results[0]["size"]) == (HASH, 14)
    assert results[1]["detail"] == "it answers with status 404"
    assert results[0]["position"] == cited.record.store.size() - 1
    assert done.exit_code == 1


def test_a_file_is_kept_as_what_an_address_gives(cited, tmp_path):
    path = tmp_path / "notice.pdf"
    path.write_bytes(BYTES)
    done = run(cited, str(path), "--url", NOTICE)
    assert done.exit_code == 0 and f"archived: {NOTICE}" in done.output
    assert cited.record.archive.path(HASH).read_bytes() == BYTES


def test_all_that_is_cited_is_looked_at_unless_it_was_lately(cited, server):
    other = "http://elsewhere.example/other"
    cite(cited, "avon", other)
    server.answers["/other"] = answer("200 OK", b"Other words.")
    done = run(cited, "--all", "--delay", "0", server=server)
    assert done.exit_code == 0 and len(server.requests) == 2
    again = run(cited, "--all", "--older-than", "30", server=server)
    assert "There is nothing to look at" in again.output
    assert run(cited, other, "--older-than", "30", server=server).exit_code == 0
    assert len(server.requests) == 2
    assert run(cited, "--all", "--older-than", "0", server=server).exit_code == 0
    assert outcomes(cited) == ["archived", "archived", "unchanged", "unchanged"]


def test_a_dry_run_fetches_and_records_nothing(cited, server, tmp_path):
    (tmp_path / "notice.pdf").write_bytes(BYTES)
    size = cited.record.store.size()
    for words in (["--all"], [NOTICE], [str(tmp_path / "notice.pdf"), "--url", NOTICE]):
        done = run(cited, *words, "--dry-run", server=server)
        assert done.exit_code == 0, done.output
        assert f"would be looked at: {NOTICE}: not looked at yet" in done.output
    assert server.requests == [] and cited.record.store.size() == size
    assert not Path(cited.record.settings.data, "archive").exists()


def test_an_address_of_this_machine_is_refused_and_that_is_on_record(cited, server):
    server.answers["/a"] = answer("200 OK", BYTES)
    done = run(cited, f"http://127.0.0.1:{server.port}/a")
    assert done.exit_code == 1
    assert "127.0.0.1 is not a host of the public Internet" in done.output
    assert server.requests == [] and outcomes(cited) == ["refused"]


def test_a_copy_is_withdrawn_and_stays_away(cited, server):
    run(cited, NOTICE, server=server)
    done = run(cited, "--withdraw", HASH, "--reference", "KB-2026-17")
    assert done.exit_code == 0 and "1 sources had it" in done.output
    [item] = cited.client().get("/v1/sources").json["items"]
    assert item["is_withdrawn"] and item["copy"] is None
    assert (item["sha256"], item["outcome"]) == (HASH, "archived")
    assert cited.client().get(f"/v1/archive/{HASH}").status_code == 410
    again = run(cited, NOTICE, server=server)
    assert "unchanged" in again.output and "the copy is withdrawn" in again.output
    assert not cited.record.archive.path(HASH).exists()
    # The same once more, as after a crash, records nothing anew.
    assert run(cited, "--withdraw", HASH, "--reference", "x").exit_code == 0
    assert outcomes(cited) == ["archived", "withdrawn", "unchanged"]


def test_what_was_withdrawn_is_not_kept_under_another_address_either(cited, server):
    run(cited, NOTICE, server=server)
    run(cited, "--withdraw", HASH, "--reference", "KB-2026-17")
    server.answers["/twin"] = answer("200 OK", BYTES)
    done = run(cited, "http://example.org/twin", server=server)
    assert "the copy is withdrawn" in done.output
    assert outcomes(cited)[2:] == ["archived", "withdrawn"]
    assert not cited.record.archive.path(HASH).exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Give addresses"),
        ([NOTICE, "--all"], "Give addresses"),
        (["notice.pdf"], "a FILE takes --url"),
        (["file:///etc/passwd"], "a FILE takes --url"),
        (["ftp://example.org/a"], "a FILE takes --url"),
        ([NOTICE, "--url", NOTICE], "one FILE"),
        (["absent.pdf", "--url", NOTICE], "not a file"),
        (["/dev/zero", "--url", NOTICE], "not a file"),
        (["/dev/null", "--url", "nowhere"], "Not an http or https address"),
        (["http://example.org/" + "a" * 2000], "Longer than"),
        (["http://example.org/\u202e"], "U+202E"),
        (["--withdraw", HASH], "--reference"),
        (["--withdraw", "x", "--reference", "y"], "no copy 'x'"),
        (["--withdraw", "0" * 64, "--reference", "y"], "There is no copy"),
        (["--withdraw", HASH, "--reference", "a\x07"], "printable"),
        (["--all", "--older-than", "-1"], "-1"),
        ([NOTICE, "--by", "\x07"], "by"),
    ],
)
def test_what_cannot_be_done_is_refused_with_one_line(cited, server, words, says):
    size = cited.record.store.size()
    done = run(cited, *words, server=server)
    assert done.exit_code in (1, 2) and says in done.output, done.output
    assert "Traceback" not in done.output and "Error" in done.output
    assert cited.record.store.size() == size


def test_an_address_that_leads_on_is_recorded_as_it_is_cited(cited, server):
    server.answers["/old"] = moved("/notice", "301 Moved Permanently")
    done = run(cited, "http://example.org/old", server=server)
    assert f"archived: http://example.org/old: 14 bytes, {HASH}" in done.output


def test_a_mirror_archives_nothing(tmp_path):
    small = SmallRecord(tmp_path / "data")
    keys = tuple(small.record.store.verifier_keys())
    Pin(*MIRRORED, keys, MIRRORED[0]).write(tmp_path / "data")
    done = run(small, NOTICE)
    small.record.close()
    assert done.exit_code == 1 and "mirror of http://example.org" in done.output


# Politeness.


def test_requests_to_one_host_have_a_pause_between_them():
    now, waits = [0.0], []

    def wait(seconds):
        waits.append((seconds, asked[-1]))
        now[0] += seconds

    urls = [f"http://a.example/{n}" for n in range(3)] + ["http://b.example/0"]
    asked = []
    for url in politely(urls, 2, lambda: now[0], wait):
        asked.append(url)
        now[0] += 0.5
    hosts = [url[7] for url in asked]
    assert hosts == ["a", "b", "a", "a"]  # In turns.
    assert [seconds for seconds, _ in waits] == [1.5, 2]


def test_one_that_was_not_looked_at_for_longest_comes_first(cited, server):
    for name in ("x", "y"):
        cite(cited, "avon", f"http://{name}.example/notice")
    run(cited, "http://x.example/notice", server=server)
    urls = archiving.cited(cited.record)
    assert urls == [NOTICE, "http://y.example/notice", "http://x.example/notice"]
    looked = archiving.last_check(cited.record, "http://x.example/notice")
    assert not archiving.is_due(cited.record, looked, 30)
    cited.clock.now += timedelta(days=365 * 10)
    assert archiving.is_due(cited.record, looked, 30)
