"""What stands on every answer: each path of the contract is asked, and errors too."""

import base64
import hashlib
import re
from urllib.parse import urlsplit

import pytest

from service.domain.bodies import Body
from service.http.headers import LICENCE
from tests.contract import SPEC
from tests.records import SOURCE, app_over, client, record
from tests.test_mirror_served import BETWEEN, KNOWN, OF_EDITORS

__all__ = ["client", "record"]

LINK = re.compile(r'<([^>]*)>; rel="([^"]+)"')
EXPOSED = {
    "API-Version", "Allow", "Content-Disposition", "Content-Location", "ETag", "Link",
    "Location", "Memento-Datetime", "RateLimit", "RateLimit-Policy", "Record-Position",
    "Repr-Digest", "Retry-After", "Server-Timing", "Vary", "WWW-Authenticate",
}  # fmt: skip
# The answer to one who follows the record has no end.
NOT_ASKED = {*OF_EDITORS, "/v1/events/stream"}
PEEL = "?programme=peel-2023-25"
QUERIES = {
    "/v1/bodies/lookup": "?id=kent police",
    "/v1/coverage": PEEL,
    "/v1/log/proofs/consistency": "?from=100&to=1764",
    "/v1/ratings/matrix": PEEL,
    "/v1/search": "?q=crime",
}
# Of these there is nothing, or only for whoever waits, in the founding record.
EMPTY = (
    "/v1/archive/",
    "/v1/bulk",
    "/v1/redactions/",
    "/v1/reports/",
    "/v1/subscriptions/",
)
# What tells of the present alone.
PRESENT = ("/v1/status", "/v1/projections", "/v1/imports", "/v1/codelists")


def addresses(client):
    """Return an address for each path of the contract that can be read."""
    for template, operations in SPEC["paths"].items():
        if "get" not in operations or template in NOT_ASKED:
            continue
        query = QUERIES.get(template, BETWEEN if template.endswith("/diff") else "")
        path = template
        if "{id}" in template:
            path = path.replace("{id}", first_of(client, template.split("/")[2]))
        path = path.replace("codelists/{name}", "codelists/confidence")
        yield template, re.sub(r"{(\w+)}", lambda found: KNOWN[found[1]], path) + query


def first_of(client, noun):
    items = client.get(f"/v1/{noun}?limit=1").json.get("items")
    return items[0]["id"] if items else "nothing"


@pytest.fixture(scope="module")
def answers(client):
    """Give the answer of every path of the contract, by the path."""
    return {path: client.get(address) for path, address in addresses(client)}


def links(answer):
    """Return the addresses that an answer links to, by relation."""
    found = {}
    for header in answer.headers.getlist("Link"):
        for address, relations in LINK.findall(header):
            for each in relations.split():
                found.setdefault(each, []).append(address)
    return found


def check_standing(answer):
    headers = answer.headers
    assert headers["API-Version"] == "1"
    assert int(headers["Record-Position"]) >= 1764
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert {*headers["Access-Control-Expose-Headers"].split(", ")} >= EXPOSED
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"]
    assert re.match(r"(\w+;(dur=[0-9.]+|desc=\w+)(, )?)+$", headers["Server-Timing"])
    assert "total;dur=" in headers["Server-Timing"]
    linked = links(answer)
    assert linked["license"] == [LICENCE]
    assert linked["describedby"] == linked["service-desc"] == ["/openapi.yaml"]


def test_every_path_is_asked(answers):
    read = [path for path, each in SPEC["paths"].items() if "get" in each]
    assert len(answers) == len(read) - len(NOT_ASKED) > 100
    missing = [p for p, each in answers.items() if each.status_code != 200]
    assert all(path.startswith(EMPTY) for path in missing), missing


def test_the_same_headers_stand_on_every_answer(answers):
    for answer in answers.values():
        check_standing(answer)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404), ("GET", "/v1/bodies/nobody", 404),
        ("GET", "/v1/bodies?x=1", 400), ("GET", "/v1/bodies.nope", 404),
        ("PUT", "/v1/bodies", 405), ("POST", "/v1/bodies", 401), ("GET", "/%ff", 404),
        ("GET", "/v1/bodies?limit=%00", 400), ("HEAD", "/v1/bodies?x=1", 400),
        ("GET", "/v1/bodies?cursor=x", 400), ("GET", "/v1/bodies/kent.txt", 406),
    ],
)  # fmt: skip
def test_they_stand_on_errors_too(client, method, path, status):
    answer = client.open(path, method=method)
    assert answer.status_code == status
    check_standing(answer)
    assert "Repr-Digest" not in answer.headers


def test_they_stand_on_an_answer_that_says_that_something_failed(failing):
    answer = failing.get("/fails")
    assert answer.status_code == 500
    check_standing(answer)


@pytest.fixture
def failing(record):
    app = app_over(record)

    @app.get("/fails")
    def fail():
        raise RuntimeError

    return app.test_client()


def test_whether_an_answer_was_at_hand_is_told(client, record):
    def told():
        record.reached.hear(record.look())  # As a worker does now and then.
        return client.get("/v1/ratings?limit=17").headers["Server-Timing"]

    assert re.fullmatch(r"total;dur=\S+, render;dur=\S+, cache;desc=miss", told())
    assert re.fullmatch(r"total;dur=\S+, cache;desc=hit", told())


def test_the_digest_is_that_of_the_bytes(client, answers):
    told = {path for path, each in answers.items() if "Repr-Digest" in each.headers}
    for path in told:
        assert answers[path].headers["Repr-Digest"] == digest(answers[path].data), path
    untold = {path for path in answers if path not in told}
    streamed = {path for path in untold if answers[path].status_code == 200}
    assert streamed == set()


def digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("path", ["/v1/ratings", "/v1/ratings.csv", "/openapi.yaml"])
def test_the_digest_is_of_what_is_sent_whatever_its_coding(client, path, coding):
    headers = {"Accept-Encoding": coding}
    got, head = (each(path, headers=headers) for each in (client.get, client.head))
    assert got.headers["Repr-Digest"] == digest(got.data)
    assert head.headers["Repr-Digest"] == got.headers["Repr-Digest"]


def test_every_answer_of_the_record_links_to_its_forms_and_its_permalink(answers):
    seen = 0
    for path, answer in answers.items():
        if answer.status_code != 200:
            continue
        linked = links(answer)
        assert len(linked["canonical"]) == 1, path
        if answer.mimetype != "application/json" or "meta" not in answer.json:
            continue
        seen += 1
        assert linked["cite-as"] == [answer.json["meta"]["permalink"]]
        assert answer.json["meta"]["permalink"] in answer.json["meta"]["citation"]
        stem = answer.request.path
        for form in linked["alternate"]:
            assert urlsplit(form).path.startswith(f"{stem}.")
    assert seen > 80


def test_things_link_to_their_versions(client, answers):
    for path in ("/v1/bodies/{id}", "/v1/ratings/{id}", "/v1/findings/{id}"):
        [address] = links(answers[path])["version-history"]
        assert client.get(address).json["items"]
    assert "version-history" not in links(answers["/v1/bodies"])
    assert "version-history" not in links(answers["/v1/bodies/{id}/profile"])


def test_what_is_pinned_by_its_address_is_its_own_permalink(client, answers):
    tile = links(answers["/log/tile/{level}/{n}"])
    assert tile["cite-as"] == tile["canonical"] == ["/log/tile/0/000"]
    sizes = [each["size"] for each in client.get("/log/checkpoints").json["items"]]
    address = f"/v1/log/proofs/consistency?from={sizes[1]}&to={sizes[2]}"
    assert links(client.get(address))["cite-as"] == [address]
    assert "cite-as" not in links(answers["/log/checkpoint"])
    assert links(client.get("/healthz?x=%22%3E"))["canonical"] == ["/healthz"]


QUESTIONS = (
    "/v1/bodies?limit=3", "/v1/ratings?current=true&limit=2",
    "/v1/ratings.csv?excel=true",
    "/v1/ratings.csv?body=west-mercia&as_of=2020-01-01&undated=include",
    "/v1/search?q=crime&limit=5", "/v1/events?after=1700", "/v1/sources.csv",
    "/v1/bodies/west-mercia/changes.txt?since=2020-01-01",
)  # fmt: skip


def test_every_permalink_gives_the_same_answer_after_more_was_recorded(
    client, record, answers
):
    cited = {path: each for path, each in answers.items() if "cite-as" in links(each)}
    cited |= {path: client.get(path) for path in QUESTIONS}
    first = client.get("/v1/bodies?limit=2")
    cited["a further page"] = client.get(first.json["next"])
    record_more(record)
    assert client.get("/v1/bodies").json["total"] > answers["/v1/bodies"].json["total"]
    for path, answer in cited.items():
        if path.startswith(PRESENT):
            continue
        [address] = links(answer)["cite-as"]
        again = client.get(address)
        assert again.status_code == 200, address
        assert links(again)["cite-as"] == [address]
        assert content(again) == content(answer), address


def content(answer):
    """Return what is answered, without the address of the next page.

    What the address itself fixes tells how far the record has come by now.
    """
    if not answer.is_json:
        return answer.data
    is_fixed = re.search("/diff$|/events/[0-9]+/openings$", answer.request.path)
    omitted = {"next", "meta"} if is_fixed else {"next"}
    return {name: each for name, each in answer.json.items() if name not in omitted}


def record_more(record):
    """Record a body, and give a new name to one that much refers to."""
    new, known = record.find(Body, "zedshire"), record.load(Body, "west-mercia")
    no_ids = dict.fromkeys(("ons", "police_uk", "hmicfrs"))
    undated = {"started_on": None, "started_on_basis": None, "sources": [SOURCE]}
    registered = new.register(
        name="Zedshire Police",
        kind="police-force",
        outside_ids=no_ids,
        note=None,
        **undated,
    )
    record.record(new, registered, by="system")
    renamed = known.rename(name="Mercia Police", **undated)
    record.record(known, renamed, by="system")
