"""A mirror that is served gives the answers of its source, byte for byte."""

import re
import shutil
import urllib.error
import urllib.request

import pytest

from tests import server
from tests.contract import SPEC
from tests.mirrors import Copy, run
from tests.writers import draft

SAME = (
    "Link",
    "Cache-Control",
    "Content-Type",
    "Content-Disposition",
    "Record-Position",
    "API-Version",
    "Vary",
    "ETag",
)
# What a place in a path may hold; things are found in the lists of their nouns.
KNOWN = {
    "level": "0",
    "n": "000",
    "position": "1700",
    "slug": "not-found",
    "name": "ratings",
    "shape": "bodies",
    "type": "rating.awarded",
    "version": "1",
    "sha256": "0" * 64,
}
# Of all positions that are known, the last alone has bulk files.
BULK = ("/v1/bulk/{position}/{name}", "/v1/bulk/1764/events.jsonl.gz")
# A mirror has no editors, and so none of their imports; it sends nothing to anybody.
OF_EDITORS = ("/v1/imports", "/v1/imports/{id}", "/v1/imports/{id}/lines")
STREAM = "/v1/events/stream"  # It does not end: of it the beginning is read.
OF_ITS_OWN = {
    STREAM,
    *OF_EDITORS,
    *(p for p in SPEC["paths"] if "/subscriptions" in p or "/webhook-keys" in p),
}
BETWEEN = "?from=1&to=1764"
QUERIES = {
    "/v1/log/proofs/consistency": "?from=100&to=1764",
    "/v1/coverage": "?force=west-mercia",
    "/v1/events": "?min_position=1764&body=west-mercia",
}


def get(address):
    """Return the status, the headers that matter, and the body of an answer."""
    try:
        answer = urllib.request.urlopen(address)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        headers = {name: answer.headers.get_all(name) for name in SAME}
        return answer.status, headers, answer.read()


def paths_of(address):
    """Return every path of the contract, with a thing in it where it asks for one."""
    for path in SPEC["paths"]:
        if path in OF_ITS_OWN:
            continue
        path = path.replace(*BULK)
        names = re.findall(r"{(\w+)}", path)
        query = QUERIES.get(path, BETWEEN if path.endswith("/diff") else "")
        if "id" in names:
            path = path.replace("{id}", first_of(address, path.split("/")[2]))
        yield re.sub(r"{(\w+)}", lambda found: KNOWN[found[1]], path) + query


def first_of(address, noun):
    """Return the id of the first thing of a list."""
    status, _, csv = get(f"{address}/v1/{noun}.csv?limit=1")
    header, *rows = csv.decode().splitlines()
    if status != 200 or not rows:
        return "nothing"
    return rows[0].split(",")[header.split(",").index("id")]


def beginning(address):
    """Return the lines of a stream up to the last event on record."""
    with urllib.request.urlopen(f"{address}{STREAM}?after=1760") as stream:
        return [stream.readline() for _ in range(2 + 4 * 4)]


@pytest.fixture(params=["sqlite", "postgresql"])
def copy(request, tmp_path):
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    return Copy(tmp_path / "copy", url)


def test_a_served_mirror_answers_as_its_source_does(founded, copy, tmp_path):
    shutil.copytree(founded, tmp_path / "origin")
    run(Copy(tmp_path), "bulk", "--data", str(tmp_path / "origin"))
    with server.serving(tmp_path / "origin") as origin:
        run(copy, "mirror", origin, str(copy.folder))
        run(copy, "bulk", "--data", str(copy.folder))
        options = ("--mirror", str(copy.folder), "--workers", "2")
        with server.serving(copy.folder, *options, database_url=copy.url) as mirror:
            asked = 0
            for path in paths_of(origin):
                assert get(mirror + path) == get(origin + path), path
                asked += 1
            assert asked == len(SPEC["paths"]) - len(OF_ITS_OWN)
            batch = "/v1/events.cloudevents?after=1700"
            assert get(mirror + batch) == get(origin + batch)
            assert beginning(mirror) == beginning(origin)
    assert not (copy.folder / "founding").exists()


def test_a_mirror_that_is_served_shows_what_is_mirrored_meanwhile(founded, tmp_path):
    copy = Copy(tmp_path / "copy")
    shutil.copytree(founded, tmp_path / "origin")
    with server.serving(tmp_path / "origin") as origin:
        run(copy, "mirror", origin, str(copy.folder))
        with server.serving(copy.folder, "--workers", "2") as mirror:
            note = get(f"{mirror}/log/checkpoint")
            with Copy(tmp_path / "origin").opened() as record:
                record.store.append([draft("report-1", type="report.filed")])
                record.catch_up()
            run(copy, "mirror", origin, str(copy.folder))
            for _ in range(8):  # Whichever worker answers.
                for path in ("/log/checkpoint", "/v1/events/1765", "/v1/status"):
                    assert get(mirror + path) == get(origin + path)
            assert get(f"{mirror}/log/checkpoint") != note


def test_only_a_mirror_can_be_served_as_one(tmp_path):
    (tmp_path / "data").mkdir()
    said = run(Copy(tmp_path), "serve", "--mirror", str(tmp_path / "data"), status=1)
    assert "is not a mirror: `copperplate mirror URL" in said.stderr
    assert list((tmp_path / "data").iterdir()) == []
