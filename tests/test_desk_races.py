"""Two servers over one record: no correction is lost, and none is silent."""

import json
import threading
import urllib.error
import urllib.request

import pytest

from tests import server
from tests.editing import editor
from tests.examples import RATING
from tests.postgres import postgres_url
from tests.recording import prepare
from tests.records import SmallRecord

ROUNDS = 12
GRADES = ("good", "adequate", "inadequate")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request, tmp_path_factory):
    """Serve a record by two servers; give their addresses and the keys of editors."""
    folder = tmp_path_factory.mktemp("raced") / "data"
    if request.param == "sqlite":
        yield from served_at(folder, None)
        return
    with postgres_url(request.getfixturevalue("postgres_server")) as url:
        yield from served_at(folder, url)


def served_at(folder, database_url):
    small = prepare(SmallRecord(folder, database_url))
    keys = [editor(small.record).key for _ in range(2)]
    small.record.close()
    url = {"database_url": database_url}
    with (
        server.serving(folder, "--empty", **url) as one,
        server.serving(folder, "--empty", **url) as other,
    ):
        yield list(zip((one, other), keys, strict=True))


def read(address, path):
    with urllib.request.urlopen(f"{address}{path}") as answer:
        return json.load(answer)


def correct(address, key, name, grade, version=None):
    """Send a correction; return the status, and the event or the problem."""
    body = {"corrects": 1, "reason": "other", "data": {"grade": grade}}
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Idempotency-Key": name,
    }
    if version is not None:
        headers["If-Match"] = f'"{version}"'
    asked = urllib.request.Request(
        f"{address}/v1/ratings/{RATING.id}/correction",
        json.dumps({**body, "reason_text": name}).encode(),
        headers,
    )
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def at_once(served, name, version=None):
    """Let both editors correct the rating at the same time, to other grades."""
    said = {}
    ready = threading.Barrier(len(served))
    grades = others(served)

    def send(number):
        address, key = served[number]
        ready.wait()
        told = correct(address, key, f"{name}-{number}", grades[number], version)
        said[number] = told

    threads = [threading.Thread(target=send, args=(n,)) for n in range(len(served))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return [said[number] for number in range(len(served))]


def others(served):
    """Return the grades that the rating does not have."""
    seen = read(served[0][0], f"/v1/ratings/{RATING.id}")["grade"]
    return [each for each in GRADES if each != seen]


def versions(served):
    path = f"/v1/ratings/{RATING.id}/versions?limit=1000"
    return read(served[0][0], path)["items"]


def test_two_editors_who_saw_the_same_version_never_both_succeed(served):
    for turn in range(ROUNDS):
        version = versions(served)[-1]["version"]
        said = at_once(served, f"seen-{turn}", version)
        assert sorted(status for status, _ in said) == [201, 412], said
        [lost] = [problem for status, problem in said if status == 412]
        assert lost["type"] == "/problems/precondition-failed"
        assert versions(served)[-1]["version"] == version + 1


def test_without_a_version_every_correction_is_on_record_or_refused(served):
    told, before = [], versions(served)
    for turn in range(ROUNDS):
        told += at_once(served, f"blind-{turn}")
    assert {status for status, _ in told} <= {201, 409}
    recorded = [event for status, event in told if status == 201]
    listed = {
        each["position"]: each["opened"]["reason_text"]
        for each in versions(served)[len(before) :]
    }
    assert listed == {e["position"]: e["opened"]["reason_text"] for e in recorded}
    assert len(listed) >= ROUNDS
    for status, problem in told:
        assert status == 201 or problem["type"] == "/problems/conflict"


def test_a_retry_at_another_server_records_nothing_more(served):
    (one, key), (other, _) = served
    before, grade = len(versions(served)), others(served)[0]
    first = correct(one, key, "same", grade)
    again = correct(other, key, "same", grade)
    assert first == again and first[0] == 201
    assert len(versions(served)) == before + 1
