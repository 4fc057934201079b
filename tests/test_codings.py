"""Answers are compressed as the client prefers, and are the same when unpacked."""

import base64
import hashlib

import pytest
from flask import Flask, Response

from service.http.codings import LEAST, choose_coding, register_codings
from service.http.problems import ProblemError
from tests.contract_client import UNPACK
from tests.records import client, record

__all__ = ["client", "record"]

PACKED = ["gzip", "zstd"]


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("gzip;q=0.2, zstd;q=0.1", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, zstd;q=0", "gzip"),
        ("gzip;q=0, zstd;q=0", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip, identity;q=0.5", "gzip"),
        ("br", "identity"),
        ("*;q=0", "identity"),
        ("gzip;q=x", "identity"),
        (",;=;q,,", "identity"),
        ("gzip," * 10_000, "identity"),
    ],
)
def test_a_coding_is_chosen_by_its_quality(accepted, chosen):
    assert choose_coding(accepted) == chosen


@pytest.mark.parametrize("coding", PACKED)
@pytest.mark.parametrize(
    "path", ["/v1/ratings", "/v1/ratings.csv", "/v1/bodies.jsonl", "/openapi.yaml"]
)
def test_what_is_unpacked_is_what_is_sent_plain(client, path, coding):
    plain = client.get(path)
    coded = client.get(path, headers={"Accept-Encoding": coding})
    assert "Content-Encoding" not in plain.headers
    assert coded.headers["Content-Encoding"] == coding
    assert coded.content_type == plain.content_type
    assert len(coded.data) < len(plain.data) / 2
    assert int(coded.headers["Content-Length"]) == len(coded.data)
    assert UNPACK[coding](coded.data) == plain.data
    for answer in (plain, coded):
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_head_tells_the_length_of_the_coded_answer(client):
    asked = {"headers": {"Accept-Encoding": "gzip"}}
    got, head = (each("/v1/ratings", **asked) for each in (client.get, client.head))
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "path", ["/healthz", "/log/tile/0/000.p/8", "/docs/favicon-32x32.png", "/v1/x"]
)
def test_what_is_small_packed_already_or_an_error_is_sent_plain(client, path):
    answer = client.get(path, headers={"Accept-Encoding": "gzip, zstd"})
    assert "Content-Encoding" not in answer.headers


@pytest.fixture
def app():
    app = Flask(__name__)
    register_codings(app)
    return app


@pytest.mark.parametrize("coding", PACKED)
def test_what_comes_in_parts_is_compressed_whole_before_it_is_sent(app, coding):
    @app.get("/")
    def stream():
        parts = (f"{number}: {'ab' * 10_000}\n".encode() for number in range(100))
        return Response(parts, content_type="text/csv")

    answer = app.test_client().get("/", headers={"Accept-Encoding": coding})
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    digest = base64.b64encode(hashlib.sha256(answer.data).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert UNPACK[coding](answer.data).count(b"\n") == 100


@pytest.mark.parametrize("coding", PACKED)
def test_a_fault_while_it_is_compressed_is_no_half_of_an_answer(app, coding):
    @app.get("/")
    def stream():
        def parts():
            yield b"a" * 3_000_000
            raise ProblemError("storage-full", "There is no room.")

        return Response(parts(), content_type="text/csv")

    answer = app.test_client().get("/", headers={"Accept-Encoding": coding})
    assert answer.status_code == 507
    assert "Content-Encoding" not in answer.headers


def test_the_coded_form_has_an_etag_of_its_own(app):
    @app.get("/")
    def tagged():
        response = Response("a" * LEAST, content_type="text/plain")
        response.set_etag("x.1")
        return response

    tags = [
        app.test_client().get("/", headers={"Accept-Encoding": each}).headers["ETag"]
        for each in ("identity", "gzip", "zstd")
    ]
    assert tags == ['"x.1"', '"x.1-gzip"', '"x.1-zstd"']


def test_events_that_are_pushed_are_sent_as_they_come(app):
    @app.get("/")
    def stream():
        return Response(iter([b"data: x\n\n"]), content_type="text/event-stream")

    answer = app.test_client().get("/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
