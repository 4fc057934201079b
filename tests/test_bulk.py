"""Bulk files: when they are made, what they are, and how they are given."""

import base64
import gzip
import hashlib
import json
import shutil
from contextlib import closing
from dataclasses import replace
from threading import Event

import pytest
from click.testing import CliRunner

from service import erasure, start
from service.app import create_app
from service.bulk import keeping
from service.bulk.content import folder_of
from service.bulk.events import NAME
from service.bulk.folder import BulkFolder, BulkInUseError
from service.bulk.keeping import EVERY, SOON, is_due, keep_made
from service.bulk.making import count_files, make
from service.cli import main
from service.config import Settings
from service.record import Record
from tests.records import app_over, small
from tests.redacting import SPEAKER, SPOKEN, erase, holders, opened, redact, said

__all__ = ["small"]

HEAD = 1764


@pytest.fixture(scope="module")
def founding(founded, tmp_path_factory):
    """Give the founding record, with its bulk files."""
    data = tmp_path_factory.mktemp("bulk") / "data"
    shutil.copytree(founded, data)
    with closing(Record.open(Settings(data=data))) as record:
        make(record)
        yield record


@pytest.fixture(scope="module")
def client(founding):
    return app_over(founding).test_client()


def get(client, address, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(address, headers=named)


# What is given.


def test_the_list_names_each_file_with_its_digest(client, founding):
    manifest = client.get("/v1/bulk").json
    assert manifest["position"] == HEAD
    assert manifest["next_events"].endswith(f"/v1/events?after={HEAD}")
    assert manifest["checkpoint"] == founding.store.own_checkpoint().decode()
    assert len(manifest["files"]) == count_files()
    for each in manifest["files"]:
        path = each["address"].removeprefix("http://localhost")
        assert path == f"/v1/bulk/{HEAD}/{each['name']}"
        file = get(client, path, Accept_Encoding="gzip, zstd")
        assert "Content-Encoding" not in file.headers
        assert file.mimetype == each["media_type"] and each["rows"] >= 0
        assert len(file.data) == each["bytes"]
        sha256 = hashlib.sha256(file.data).digest()
        assert sha256.hex() == each["sha256"]
        digest = base64.b64encode(sha256).decode()
        assert file.headers["Repr-Digest"] == f"sha-256=:{digest}:"
        saved_as = f"attachment; filename=copperplate-{HEAD}-{each['name']}"
        assert file.headers["Content-Disposition"] == saved_as
        assert file.headers["Cache-Control"] == "public, max-age=300, must-revalidate"
    for coding in ("identity", "gzip"):
        etag = get(client, "/v1/bulk", Accept_Encoding=coding).headers["ETag"]
        headers = {"If_None_Match": etag, "Accept_Encoding": coding}
        same = get(client, "/v1/bulk", **headers)
        assert (same.status_code, same.data) == (304, b"")
    assert client.get("/v1/bulk.json").json == manifest


EVENTS = f"/v1/bulk/{HEAD}/{NAME}"


def test_each_line_is_an_event_as_the_feed_shows_it(client):
    packed = client.get(EVENTS).data
    assert packed[4:8] == bytes(4), "no time is in it"
    lines = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert [line["position"] for line in lines] == list(range(1, HEAD + 1))
    shown = client.get("/v1/events?limit=1000").json["items"]
    for line, item in zip(lines, shown, strict=False):
        salts = line.pop("salts")
        del line["signed"]
        assert line == item and salts.keys() == item["opened"].keys()
    [opening] = client.get("/v1/events/1764/openings").json["openings"]
    assert lines[-1]["salts"] == {opening["name"]: opening["salt"]}


def test_a_part_of_a_file_can_be_had(client):
    whole = client.get(EVENTS)
    size, etag = len(whole.data), whole.headers["ETag"]
    assert whole.headers["Accept-Ranges"] == "bytes"
    for asked, part in (
        ("bytes=0-99", whole.data[:100]),
        (f"bytes={size - 10}-", whole.data[-10:]),
        ("bytes=-7", whole.data[-7:]),
        (f"bytes=5-{10**17}", whole.data[5:]),
    ):
        answer = get(client, EVENTS, Range=asked, If_Range=etag)
        assert (answer.status_code, answer.data) == (206, part)
        assert answer.headers["Content-Range"].endswith(f"/{size}")
        assert answer.headers["Repr-Digest"] == whole.headers["Repr-Digest"]
        assert int(answer.headers["Content-Length"]) == len(part)


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(1000))},
        {"Range": "bytes=0-0,5-9"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=x-"},
        {"Range": "bytes=" + "9" * 4000 + "-"},
        {"Range": "bytes=0-1", "If_Range": '"of-before"'},
        {"If_Match": '"other"'},
        {"If_None_Match": '"other"'},
        {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    ],
)
def test_whoever_asks_for_no_one_part_gets_the_whole(client, headers):
    answer = get(client, EVENTS, **headers)
    assert answer.status_code == 200
    assert len(answer.data) == int(answer.headers["Content-Length"])


@pytest.mark.parametrize("asked", [f"bytes={10**9}-", "bytes=-0", "bytes=9-5"])
def test_a_part_that_is_not_there_is_a_problem(client, asked):
    answer = get(client, EVENTS, Range=asked)
    assert answer.status_code == 416
    assert answer.json["type"] == "/problems/range-not-satisfiable"
    size = len(client.get(EVENTS).data)
    assert answer.headers["Content-Range"] == f"bytes */{size}"


def test_a_file_that_is_known_is_not_sent_again(client):
    etag = client.get(EVENTS).headers["ETag"]
    for more in ({}, {"Range": f"bytes={10**9 + 1}-", "If_Range": '"x"'}):
        answer = get(client, EVENTS, If_None_Match=etag, **more)
        assert (answer.status_code, answer.data) == (304, b"")
    head = client.head(EVENTS, headers={"Range": "bytes=0-1"})
    assert head.status_code == 200 and int(head.headers["Content-Length"]) > 1000


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/bulk/{HEAD - 1}/{NAME}",
        f"/v1/bulk/{HEAD}/manifest.json",
        f"/v1/bulk/{HEAD}/..%2Flock",
        f"/v1/bulk/{HEAD}/%00",
        f"/v1/bulk/{HEAD}/{NAME}.json",
        f"/v1/bulk/{HEAD}/" + "x" * 5000,
        "/v1/bulk.csv",
    ],
)
def test_nothing_but_the_files_is_given(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")


def test_so_many_downloads_at_once_and_no_more(founding):
    few = replace(founding, settings=replace(founding.settings, long_readers=1))
    app = create_app(few)
    one, other = app.test_client(), app.test_client()
    slow = one.get(EVENTS)
    answer = other.get(EVENTS)
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert answer.json["type"] == "/problems/too-many-readers"
    assert other.head(EVENTS).status_code == other.get("/v1/bulk").status_code == 200
    slow.close()
    assert other.get(EVENTS).data == gzip_of(founding)
    assert one.get(EVENTS).status_code == 200


def gzip_of(record):
    return (folder_of(record).place(HEAD) / NAME).read_bytes()


def test_before_any_are_made_it_says_when_to_ask_again(small):
    answer = small.client().get("/v1/bulk")
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "60"
    assert answer.json["type"] == "/problems/not-made-yet"


# When they are made.


def test_nothing_on_record_makes_no_files(small):
    assert make(small.record) is None and not is_due(small.record, EVERY)


def test_files_are_due_when_there_are_none_and_when_the_record_has_grown(small):
    small.register("kent")
    assert is_due(small.record, SOON) and not is_due(small.record, SOON - 1)
    make(small.record)
    assert not is_due(small.record, EVERY)
    small.register("essex")
    assert is_due(small.record, EVERY) and not is_due(small.record, EVERY - 1)


def test_what_is_there_is_not_made_again(small):
    small.register("kent")
    first = make(small.record)
    place = folder_of(small.record).place(1)
    before = place.stat().st_ino
    assert make(small.record) == first and place.stat().st_ino == before


def test_the_files_of_the_two_latest_positions_are_kept(small):
    client, etags = small.client(), []
    for position, id in enumerate(("kent", "essex", "surrey"), 1):
        small.register(id)
        make(small.record)
        etags.append(client.get(f"/v1/bulk/{position}/{NAME}").headers["ETag"])
    statuses = [client.get(f"/v1/bulk/{n}/{NAME}").status_code for n in (1, 2, 3)]
    assert statuses == [404, 200, 200]
    assert client.get("/v1/bulk").json["position"] == 3
    answer = get(client, f"/v1/bulk/2/{NAME}", Range="bytes=5-", If_Range=etags[1])
    assert answer.status_code == 206


def test_a_server_makes_them_in_a_process_beside_it(small, monkeypatch):
    small.register("kent")
    monkeypatch.setattr(keeping, "LOOK", 0.05)
    with start.beside(keep_made, small.record):
        while folder_of(small.record).latest() is None:
            Event().wait(0.05)
    assert small.client().get("/v1/bulk").json["position"] == 1


def test_one_process_at_a_time_makes_them(small):
    small.register("kent")
    with folder_of(small.record).locked(), pytest.raises(BulkInUseError):
        make(small.record)


def test_what_a_crash_left_is_removed_by_the_next(small):
    small.register("kent")
    left = folder_of(small.record).path / ".new-0011"
    left.mkdir(parents=True)
    (left / NAME).write_bytes(b"half")
    make(small.record)
    assert not left.exists()


def test_a_folder_that_is_not_whole_is_passed_by(small):
    small.register("kent")
    make(small.record)
    (folder_of(small.record).place(1) / "manifest.json").write_text('{"position": 1')
    assert small.client().get("/v1/bulk").status_code == 503
    assert make(small.record) and small.client().get("/v1/bulk").status_code == 200


def test_the_command_makes_them_in_any_folder(founding, tmp_path):
    words = ["bulk", "--data", str(founding.settings.data), "--out", str(tmp_path)]
    done = CliRunner().invoke(main, words)
    place = tmp_path / str(HEAD)
    assert done.exit_code == 0 and str(place) in done.stdout
    served = folder_of(founding).place(HEAD)
    for path in served.iterdir():
        assert (place / path.name).read_bytes() == path.read_bytes(), path.name


# Redaction.


def test_no_byte_of_what_is_redacted_is_left_in_them(place):
    position = said(place)
    with opened(place) as record:
        make(record)
        assert set(holders(place, SPEAKER)) > {NAME}
        client = app_over(record).test_client()
        redact(record, position)
        record.catch_up()
        assert client.get("/v1/bulk").status_code == 503
        assert client.get(f"/v1/bulk/{position}/{NAME}").status_code == 404
        assert erase(record) == []
        assert holders(place, SPOKEN, SPEAKER) == []
        made = make(record)
        assert client.get("/v1/bulk").json["position"] == made.position
        raw = client.get(f"/v1/bulk/{made.position}/{NAME}").data
        line = json.loads(gzip.decompress(raw).splitlines()[position - 1])
    assert line["redacted"].keys() == {"speaker", "text"}
    assert line["opened"].keys() == line["salts"].keys() == {"title"}
    assert holders(place, SPOKEN, SPEAKER) == []


def test_what_is_redacted_while_they_are_made_is_not_in_them(place):
    position = said(place)
    with opened(place) as record:
        done = []

        def redact_once(count):
            if not done:
                done.append(redact(record, position))

        made = make(record, on_file=redact_once)
        assert made.position == made.epoch == done[0].position
        assert erase(record) == []
    assert holders(place, SPOKEN, SPEAKER) == []


def test_an_erasure_waits_for_those_who_make_them(tmp_path, small):
    from tests.log_places import SQLitePlace

    place = SQLitePlace(tmp_path / "other")
    position = said(place)
    with opened(place) as record:
        make(record)
        done = redact(record, position)
        with folder_of(record).locked():
            assert erase(record, patience=0) == [done.position]
            assert NAME not in holders(place, SPEAKER)
        assert erase(record) == []


def test_files_that_are_restored_from_before_a_redaction_are_removed(tmp_path):
    from tests.log_places import SQLitePlace

    place = SQLitePlace(tmp_path / "data")
    position = said(place)
    with opened(place) as record:
        make(record)
        shutil.copytree(place.folder / "bulk", tmp_path / "kept")
        redact(record, position)
        erase(record)
    shutil.rmtree(place.folder / "bulk")
    shutil.copytree(tmp_path / "kept", place.folder / "bulk")
    assert NAME in holders(place, SPEAKER)
    with opened(place) as record:
        assert holders(place, SPOKEN, SPEAKER) == []
        assert erasure.pending(record) == []


def test_an_open_download_may_end(tmp_path):
    folder = BulkFolder(tmp_path / "bulk")
    with folder.locked(), folder.beside() as made:
        (made / NAME).write_bytes(b"whole")
        made.rename(folder.place(1))
    with (folder.place(1) / NAME).open("rb") as file:
        folder.remove_before(1)
        assert file.read() == b"whole" and not folder.place(1).exists()
