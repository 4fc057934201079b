"""Lists that come whole: however long, they are complete, and take little memory."""

import base64
import hashlib
import resource
import shutil
import tracemalloc

import pytest
from sqlalchemy import func, select, update

from projections import database
from projections.ratings import table
from service.app import create_app
from service.config import Settings
from service.http.permits import LONG_ANSWERS, LONG_ANSWERS_EACH
from service.http.problems import ProblemError
from service.http.spooling import IN_MEMORY, Spool
from service.record import Record
from tests.plenty import add_ratings
from tests.records import app_over

WORD = b"The word that is erased. "


@pytest.fixture(scope="module")
def record(founded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plenty") / "data"
    shutil.copytree(founded, folder)
    record = Record.open(Settings(data=folder))
    add_ratings(record.read_model, 2_000)
    yield record
    record.close()


@pytest.fixture(scope="module")
def client(record):
    return app_over(record).test_client()


def walk(client, address):
    while address:
        answer = client.get(address)
        links = answer.headers.getlist("Link")
        following = [each for each in links if 'rel="next"' in each]
        address = following[0][1:].partition(">")[0] if following else None
        yield answer.data


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("query", ["", "as_of=2022-01-01&", "grade=good&"])
def test_a_long_list_is_what_its_pages_are(client, suffix, query):
    whole = client.get(f"/v1/ratings.{suffix}?{query}")
    assert 'rel="next"' not in ",".join(whole.headers.getlist("Link"))
    pages = list(walk(client, f"/v1/ratings.{suffix}?{query}limit=800"))
    header = b"" if suffix == "jsonl" else pages[0].partition(b"\r\n")[0] + b"\r\n"
    assert whole.data == header + b"".join(page[len(header) :] for page in pages)
    assert int(whole.headers["Content-Length"]) == len(whole.data)
    digest = base64.b64encode(hashlib.sha256(whole.data).digest()).decode()
    assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_events_that_come_whole_are_what_their_pages_are(client):
    whole = client.get("/v1/events.jsonl").data
    assert whole == b"".join(walk(client, "/v1/events.jsonl?limit=500"))


def test_head_tells_the_length_of_a_long_list(client):
    head = client.head("/v1/ratings.csv")
    assert head.status_code == 200
    assert int(head.headers["Content-Length"]) > IN_MEMORY


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_long_list_has_a_length_and_a_digest_when_it_is_compressed(client, coding):
    asked = {"Accept-Encoding": coding}
    answer = client.get("/v1/ratings.csv", headers=asked)
    assert answer.headers["Content-Encoding"] == coding
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    digest = base64.b64encode(hashlib.sha256(answer.data).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert client.head("/v1/ratings.csv", headers=asked).status_code == 200


@pytest.mark.parametrize("path", ["/v1/ratings.csv", "/v1/projections/ratings/rows"])
def test_whoever_reads_long_answers_slowly_leaves_threads_for_others(record, path):
    app = create_app(record)

    def ask(path, address="192.0.2.1", **how):
        where = {"REMOTE_ADDR": address}
        return app.test_client().open(path, environ_base=where, buffered=False, **how)

    slow = [ask(path) for _ in range(LONG_ANSWERS_EACH)]
    assert {each.status_code for each in slow} == {200}
    refused = ask(path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json["type"] == "/problems/too-many-readers"
    assert ask(path, method="HEAD").status_code == 200
    assert ask("/v1/ratings.csv?limit=5").status_code == 200
    slow += [ask(path, "192.0.2.2") for _ in range(LONG_ANSWERS - LONG_ANSWERS_EACH)]
    assert ask(path, "192.0.2.3").status_code == 503
    assert ask("/healthz", "192.0.2.3").status_code == 200
    for each in slow:
        each.close()
    assert ask(path).status_code == 200


def test_a_fault_in_the_middle_is_a_problem_and_no_half_of_a_list(record, client):
    with database.writing(record.read_model.engine) as connection:
        id = connection.execute(select(func.max(table.c.id))).scalar_one()
        sources = select(table.c.sources).where(table.c.id == id)
        was = connection.execute(sources).scalars().first()
        one = update(table).where(table.c.id == id)
        connection.execute(one.values(sources="{"))
    answer = client.get("/v1/ratings.csv")
    assert (answer.status_code, answer.json["type"]) == (500, "/problems/internal")
    with database.writing(record.read_model.engine) as connection:
        connection.execute(one.values(sources=was))
    assert client.get("/v1/ratings.csv").status_code == 200


def test_memory_does_not_grow_with_the_rows(record):
    client = create_app(record).test_client()  # Ours would keep the whole answer.
    peaks = []
    for body, number in (("kent", 3_000), ("surrey", 10_000)):
        add_ratings(record.read_model, number, body)
        peaks.append(peak_of(client, f"/v1/ratings.csv?body={body}"))
    assert peaks[1] < peaks[0] * 1.2


def peak_of(client, address):
    """Return how many bytes are held at most while an answer is made and sent."""
    client.get(f"{address}&limit=1")
    tracemalloc.start()
    try:
        answer = client.get(address, buffered=False)
        assert sum(map(len, answer.response)) > IN_MEMORY
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_what_lies_on_the_disk_meanwhile_tells_no_words():
    spool = Spool(WORD * 1000 for _ in range(100))
    assert spool.is_large
    spool._file.seek(0)
    lying = spool._file.read()
    assert len(lying) == spool.size
    assert WORD not in lying and lying[:32] != lying[len(WORD) : len(WORD) + 32]
    assert spool.whole() == WORD * 100_000
    spool.close()


def test_a_disk_with_no_room_for_it_is_told_of():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (IN_MEMORY * 2, hard))
    try:
        with pytest.raises(ProblemError) as caught:
            Spool(WORD * 1000 for _ in range(100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.slug == "storage-full"
