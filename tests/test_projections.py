"""Projections: their digests, and the rows that these hash, over HTTP."""

import hashlib
import json

import pytest

from tests.records import client, record, small

__all__ = ["client", "record", "small"]

URL = "/v1/projections"


@pytest.mark.parametrize("position", [0, 700, 1024])
def test_the_rows_are_the_bytes_under_the_digest(client, record, position):
    for name in record.read_model.names():
        answer = client.get(f"{URL}/{name}/rows?at_position={position}")
        digest = hashlib.sha256(answer.data).hexdigest()
        assert digest == record.read_model.digest(name, position)


def test_the_digests_of_an_earlier_position_are_listed(client, record):
    head = record.read_model.position
    for position in (1024, head):
        items = client.get(f"{URL}?position={position}").json["items"]
        assert {each["digest_position"] for each in items} == {position}
        kept = {
            each["projection"]: each["digest"] for each in record.digests.at(position)
        }
        assert {each["id"]: each["digest"] for each in items} == kept
    items = client.get(f"{URL}?position=1023").json["items"]
    assert {each["digest"] for each in items} == {None}


def test_rows_are_those_of_now_unless_a_position_is_given(small):
    small.register("kent")
    small.rename("kent", "Kent Police")
    then, now = (
        [json.loads(line) for line in small.client().get(each).data.splitlines()]
        for each in (f"{URL}/bodies/rows?at_position=1", f"{URL}/bodies/rows")
    )
    assert {row["position_to"] for row in then} == {None}
    assert {row["position_to"] for row in now} == {2, None}


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("nothing/rows", 404, "not-found"),
        ("bodies/rows?at_position=99999", 400, "position-beyond-head"),
        ("bodies/rows?at_position=x", 400, "invalid-parameter"),
        ("bodies/rows?known_at=2024-01-01", 400, "unknown-parameter"),
    ],
)
def test_rows_that_cannot_be_had_are_refused(client, path, status, slug):
    answer = client.get(f"{URL}/{path}")
    assert answer.status_code == status and answer.json["type"].endswith(slug)


def test_a_name_that_is_nearly_right_is_hinted_at(client):
    answer = client.get(f"{URL}/bodeis/rows")
    assert answer.json["did_you_mean"][0] == "bodies"
