"""Former names: they find their body, and their slugs lead to it."""

import pytest

from tests.records import small

__all__ = ["small"]

FORMER = "/v1/bodies/hampshire-constabulary"


@pytest.fixture
def client(small):
    small.register("hampshire", "Hampshire Constabulary")
    small.rename("hampshire", "Hampshire and Isle of Wight Constabulary")
    return small.client()


def test_the_slug_of_a_former_name_leads_to_the_body(client):
    answer = client.get(f"{FORMER}?as_of=2024-01-01&at_position=2")
    assert answer.status_code == 301
    assert answer.headers["Location"] == (
        "/v1/bodies/hampshire?as_of=2024-01-01&at_position=2"
    )
    assert answer.headers["Cache-Control"] == "public, no-cache"
    answer = client.get(FORMER, follow_redirects=True)
    assert answer.status_code == 200 and answer.json["id"] == "hampshire"
    assert client.head(FORMER).status_code == 301


@pytest.mark.parametrize(
    "path",
    [
        ".csv?as_of=2024-01-01",
        "/timeline.csv",
        "/versions?limit=1",
        "/profile",
        "/changes.txt",
    ],
)
def test_all_that_is_asked_of_the_body_is_led_there_too(client, path):
    answer = client.get(f"{FORMER}{path}")
    assert answer.headers["Location"] == f"/v1/bodies/hampshire{path}"


def test_a_name_that_two_bodies_bore_leads_nowhere(client, small):
    small.register("other", "Hampshire Constabulary")
    assert client.get(FORMER).status_code == 404


def test_an_id_is_that_of_its_own_body_first(client, small):
    small.register("hampshire-constabulary", "Another")
    assert client.get(FORMER).json["name"] == "Another"
    assert client.get(f"{FORMER}?at_position=2").json["type"] == (
        "/problems/not-known-then"
    )
    small.retract("hampshire-constabulary")
    assert client.get(FORMER).status_code == 404


def test_a_name_leads_nowhere_before_it_was_known(client):
    later = "/v1/bodies/hampshire-and-isle-of-wight-constabulary"
    assert client.get(later).status_code == 301
    assert client.get(f"{later}?at_position=1").status_code == 404


def test_what_is_wrong_with_a_request_is_told_before_it_is_led_on(client):
    assert client.get(f"{FORMER}?colour=red").status_code == 400
    assert client.get("/v1/bodies/nowhere").status_code == 404


@pytest.mark.parametrize(
    "name", ["Hampshire Constabulary", "hampshire & IOW", "Hampshire Police"]
)
def test_former_names_and_variants_are_looked_up(client, name):
    answer = client.get(
        "/v1/bodies/lookup", query_string={"scheme": "name", "id": name}
    )
    assert answer.json["id"] == "hampshire"


def test_a_variant_of_the_names_of_two_bodies_is_not_looked_up(client, small):
    small.register("region", "Hampshire")
    query = {"scheme": "name", "id": "Hampshire Police"}
    assert client.get("/v1/bodies/lookup", query_string=query).status_code == 404
