"""`copperplate verify events.jsonl.gz`: what a file of events proves, and what not."""

import gzip
import json
import shutil
import tracemalloc
from contextlib import closing

import pytest

from schemas.events import RecordedEvent
from service import verification
from service.bulk.content import folder_of
from service.bulk.events import NAME
from service.bulk.making import make
from service.bulk.source import EventsFile
from service.config import Settings
from service.log.keyring import parse_keys
from service.record import Record
from service.replay import open_model
from tests.log_places import SQLitePlace
from tests.records import app_over
from tests.redacting import opened, redact, said
from tests.test_bulk import HEAD
from tests.test_verify_command import run

OTHER_KEY = "localhost/log+b1a1a1a1+AX+CPOlkYPltfKHbaDOW4QCakinPW9mZT5ixtubnEWJS"


@pytest.fixture(scope="module")
def founding(founded, tmp_path_factory):
    """Give the file of the founding record."""
    data = tmp_path_factory.mktemp("verify") / "data"
    shutil.copytree(founded, data)
    with closing(Record.open(Settings(data=data))) as record:
        make(record)
    return data / "bulk" / str(HEAD) / NAME


@pytest.fixture(scope="module")
def redacted(tmp_path_factory):
    """Give the lines of a small record, of which words were redacted."""
    place = SQLitePlace(tmp_path_factory.mktemp("redacted") / "data")
    position = said(place)
    with opened(place) as record:
        redact(record, position)
        made = make(record)
        path = folder_of(record).place(made.position) / NAME
    return [
        json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def written(path, lines):
    """Write lines into a file; return it."""
    path.write_bytes(
        gzip.compress(b"".join(json.dumps(e).encode() + b"\n" for e in lines))
    )
    return path


def verified(path, *keys):
    """Return the outcome of verifying a file."""
    return verification.verify(EventsFile(path), keys=parse_keys(keys), replays=False)


def test_the_file_of_the_founding_record_passes(founding, tmp_path):
    saved = tmp_path / "saved"
    status, printed, complained = run("verify", founding, "--save", saved)
    assert (status, printed.splitlines()[-1]) == (0, "PASS")
    assert "was taken on trust" in printed and "Verifying" in complained
    [left_out] = [line for line in printed.splitlines() if "rows of proj" in line]
    assert left_out.endswith("there are none in a file of events")
    key = printed.split("key ")[1].split("\n")[0]
    words = ["verify", founding, "--key", key, "--since", saved, "--json"]
    status, printed, _ = run(*words)
    found = json.loads(printed)
    assert status == 0 and found["passed"] and not found["keys_taken_on_trust"]
    counts = {each["name"]: each["count"] for each in found["checks"]}
    assert counts["leaves"] == counts["hashes"] == counts["events"] == HEAD
    assert counts["openings"] > 1000 and counts["digests"] > 15
    assert counts["saved"] == 1 and counts["checkpoints"] > 20


def test_an_unpacked_file_passes_as_well(founding, tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(gzip.decompress(founding.read_bytes()))
    assert verified(path).findings.is_good


def test_a_file_with_redactions_passes(redacted, tmp_path):
    assert redacted[-1]["type"] == "field.redacted"
    outcome = verified(written(tmp_path / NAME, redacted))
    assert outcome.findings.is_good, outcome.to_text()
    assert outcome.findings.checks["redactions"].count == 1


def test_a_file_that_another_key_signed_fails(founding, redacted, tmp_path):
    key = redacted[-1]["signed"]["keys"][0]
    status, printed, _ = run("verify", founding, "--key", key, "--quick")
    assert status == 1 and "FAIL         the latest checkpoint" in printed


def test_a_file_of_before_is_a_rollback(redacted, founding, tmp_path):
    lines = gzip.decompress(founding.read_bytes()).splitlines()
    early = next(line for line in map(json.loads, lines) if line["signed"])
    (tmp_path / "saved").write_text(json.loads(lines[-1])["signed"]["checkpoint"])
    early["signed"]["keys"] = json.loads(lines[-1])["signed"]["keys"]
    cut = [*map(json.loads, lines[: early["position"] - 1]), early]
    path = written(tmp_path / NAME, cut)
    assert verified(path).findings.is_good
    status, printed, _ = run("verify", path, "--since", tmp_path / "saved")
    assert status == 1 and "ROLLBACK" in printed


def changed(at, **members):
    def change(lines):
        lines[at] |= members

    return change


def of(name, **members):
    def change(lines):
        lines[1][name] |= members

    return change


def without(at):
    def change(lines):
        del lines[at]

    return change


def swapped(lines):
    lines[0], lines[1] = lines[1], lines[0]


def numbered(lines):
    del lines[0]
    for position, line in enumerate(lines, 1):
        line["position"] = position


def signed_otherwise(lines):
    note = lines[-1]["signed"]["checkpoint"].split("\n")
    note[2] = "A" * 43 + "="
    lines[-1]["signed"]["checkpoint"] = "\n".join(note)


TAMPERED = {
    "data": (of("data", kind="apology"), 2),
    "by": (changed(1, by="other"), 2),
    "words": (of("opened", title="Others"), 2),
    "a salt": (of("salts", title="A" * 43 + "="), 2),
    "no salt": (changed(1, salts={}), 2),
    "words of no field": (of("opened", other="x"), 2),
    "a hash": (changed(1, leaf_hash="0" * 64), 2),
    "no hash": (changed(1, leaf_hash=None), 2),
    "an address": (changed(1, proof="https://example.org"), 2),
    "nothing redacted": (changed(1, redacted={}), 2),
    "more redacted": (of("redacted", title={}), 2),
    "another reason": (of("redacted", text={"basis": "none"}), 2),
    "a commitment": (of("sealed", text="A" * 43 + "="), 2),
    "a line less": (without(0), 1),
    "lines in another order": (swapped, 1),
    "lines with other numbers": (numbered, None),
    "an end that is cut off": (without(-1), None),
    "a checkpoint": (signed_otherwise, None),
    "no key": (lambda lines: lines[-1]["signed"].update(keys=[]), None),
    "keys that are none": (lambda lines: lines[-1]["signed"].update(keys=["x"]), None),
    "no object": (lambda lines: lines.insert(1, [1]), 2),
    "a number that is text": (changed(1, position="2"), 2),
    "a version that is none": (changed(1, version=2.5), 2),
    "a member less": (lambda lines: lines[1].pop("stream"), 2),
    "sealed that is none": (changed(1, sealed=[]), 2),
    "data that is deep": (changed(1, data=json.loads("[" * 300 + "]" * 300)), 2),
    "signed that is none": (changed(1, signed={"checkpoint": 1}), 2),
    "a checkpoint that is none": (
        changed(1, signed={"checkpoint": "\udfff\n", "keys": [], "digests": []}),
        2,
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_file_that_was_tampered_with_fails_and_says_where(redacted, tmp_path, how):
    lines = json.loads(json.dumps(redacted))
    change, position = TAMPERED[how]
    change(lines)
    outcome = verified(written(tmp_path / NAME, lines))
    assert not outcome.findings.is_good, outcome.to_text()
    if position:
        assert outcome.findings.first.position == position
    assert "Traceback" not in outcome.to_text()


@pytest.mark.parametrize("end", [20, 1000, -9, -1])
def test_a_file_that_is_cut_off_fails(founding, tmp_path, end):
    (tmp_path / NAME).write_bytes(founding.read_bytes()[:end])
    status, printed, _ = run("verify", tmp_path / NAME)
    assert status == 1 and "cut off" in printed


BOMB = gzip.compress(bytes(300 * 2**20), 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOMB, "position 1: "),
        (gzip.compress(b"{}\n" * 10**5), "position 100,000: "),
        (b"", "there is no event in it"),
        (b"\x1f\x8b", "cut off"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 500, "decompressed"),
        (gzip.compress(b'{"position": 1}\n') + b"tail", "decompressed"),
        (b"\x00\xff\xfe\n", "not JSON"),
        (b"[" * 100_000 + b"\n", "not JSON"),
        (b'{"position":1}', "cut off"),
    ],
    ids=["bomb", "lines", "empty", "head", "noise", "tail", "bytes", "deep", "line"],
)
def test_a_hostile_file_is_an_error_in_bounded_memory(tmp_path, content, says):
    (tmp_path / NAME).write_bytes(content)
    tracemalloc.start()
    outcome = verified(tmp_path / NAME)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not outcome.findings.is_good and says in outcome.to_text()
    assert peak < 64 * 2**20


def test_bulk_and_then_the_feed_give_the_live_state(founded, tmp_path):
    shutil.copytree(founded, tmp_path / "data")
    with closing(Record.open(Settings(data=tmp_path / "data"))) as record:
        made = make(record)
        client = app_over(record).test_client()
        packed = client.get(f"/v1/bulk/{made.position}/{NAME}").data
        lines = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
        [statement] = client.get("/v1/statements?limit=1").json["items"]
        redact(record, statement["position"], "text")
        record.catch_up()
        record.publish_digests()
        feed = client.get("/v1/events", query_string={"after": made.position}).json
        published = client.get("/v1/projections").json["items"]
    model = open_model(tmp_path / "mine.db")
    model.create_tables()
    for shown in (lines, feed["items"]):
        model.apply([event_of(each) for each in shown])
    assert len(feed["items"]) == 1 and feed["next"] is None
    head = made.position + 1
    assert {each["digest_position"] for each in published} == {head}
    ours = {name: model.digest(name, head) for name in model.names()}
    assert ours == {each["id"]: each["digest"] for each in published}
    model.engine.dispose()


def event_of(shown):
    """Return an event from what the public is shown of it."""
    return RecordedEvent(**{name: shown[name] for name in RecordedEvent._fields})
