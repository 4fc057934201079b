"""The client for integrators, against a real server over HTTP."""

import gzip
import json
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager

import pytest

from copperplate_client import (
    BadAnswerError,
    Client,
    InvalidRequestError,
    NotFoundError,
    NotKnownThenError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
)
from copperplate_client.following import Place
from copperplate_client.proofs import (
    Checkpoint,
    ProofError,
    must_have_grown,
    open_checkpoint,
    root_of,
)
from schemas.events import RecordedEvent
from service.app import create_app
from service.bulk import making
from service.config import Settings
from service.http.problems import PROBLEMS
from service.log import proofs
from service.record import Record
from tests.records import record, small
from tests.redacting import redact
from tests.test_check_us import DOCS
from tests.test_proofs import LEAVES, read
from tests.test_proofs import root_of as true_root
from tests.threaded import serving

__all__ = ["record", "small"]

ROOT = DOCS.parent


@pytest.fixture(scope="module")
def address(record):
    with serving(create_app(record)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address):
    return Client(address)


class Between:
    """What stands between a client and the service, and changes what it answers.

    `changes` are functions of the path, the status and the body, tried in turn: each
    returns another answer, or None.
    """

    def __init__(self, app, *changes):
        self.app, self.changes, self.seen = app, changes, []

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.seen.append(environ)
        said = {}

        def start(status, headers, exc_info=None):
            said.update(status=status, headers=list(headers))

        body = b"".join(self.app(environ, start))
        for change in self.changes:
            if (other := change(path, body)) is not None:
                status, headers, body = other
                said["status"] = status or said["status"]
                said["headers"] += headers
        kept = [each for each in said["headers"] if each[0] != "Content-Length"]
        start_response(said["status"], [*kept, ("Content-Length", str(len(body)))])
        return [body]


def altering(address_part, change):
    """Return what changes the items of some answers, as a lying server would."""

    def alter(path, body):
        if path != address_part:
            return None
        answer = json.loads(body)
        for each in answer["items"]:
            change(each)
        return None, [], json.dumps(answer).encode()

    return alter


@contextmanager
def talking(record, *changes, **more):
    """Serve a record, with something between; give the client and what it sent."""
    between = Between(create_app(record), *changes)
    with serving(between) as address:
        yield Client(address, **more), between.seen


def failing(*answers):
    """Return what answers so, one after the other, and what it says in the end."""
    left = list(answers)
    return lambda path, body: left.pop(0) if left else None


# Lists and things.


def test_a_list_is_walked_through_all_its_pages(client):
    ratings = client.ratings(programme="peel-2023-25", limit=30)
    pages = list(ratings.pages())
    assert len(pages) > 2
    found = [each["id"] for each in ratings]
    assert found == [each["id"] for page in pages for each in page]
    assert len(set(found)) == len(found) == ratings.total
    assert ratings.meta["citation"].startswith('Copperplate, "Ratings')


def test_the_times_and_filters_of_a_list_are_passed_on(client):
    bodies = client.bodies(kind="police-force", as_of="2024-07-01", undated="include")
    assert bodies.meta["as_of"] == "2024-07-01"
    assert {each["kind"] for each in bodies} == {"police-force"}
    assert client.bodies(current=True).meta["as_of"] is not None
    assert client.bodies(at_position=0).total == 0


@pytest.mark.parametrize("noun", ["bodies", "ratings", "statements", "sources", "gaps"])
def test_a_thing_is_found_by_its_id(client, noun):
    things = getattr(client, noun)
    listed = next(iter(things(limit=1)))
    item = things.get(listed["id"])
    assert item.pop("meta") and item == listed


def test_what_is_said_of_a_body(client):
    events = list(client.bodies.versions("west-mercia"))
    assert [each.version for each in events] == [*range(1, len(events) + 1)]
    assert client.bodies.version("west-mercia", 1) == events[0]
    assert client.event(events[0].position) == events[0]
    assert client.profile("west-mercia")["body"]["id"] == "west-mercia"
    assert client.timeline("west-mercia").total > 3
    assert client.search("vetting").total > 0
    between = client.bodies.diff("west-mercia", 0, client.status()["head"])
    assert between["sentences"]
    assert client.programmes.list_of("peel-2023-25/questions").total > 5


def test_a_refusal_is_an_error_of_its_kind(client):
    with pytest.raises(InvalidRequestError) as unknown:
        client.ratings(bdoy="west-mercia").first  # noqa: B018
    assert unknown.value.slug == "unknown-parameter"
    assert unknown.value.did_you_mean == ["body"]
    with pytest.raises(InvalidRequestError) as invalid:
        client.ratings(limit=0, as_of="x").first  # noqa: B018
    assert {each["parameter"] for each in invalid.value.errors} == {"limit", "as_of"}
    with pytest.raises(NotFoundError) as missing:
        client.bodies.get("west-merca")
    assert missing.value.did_you_mean[0] == "west-mercia"
    with pytest.raises(NotFoundError):
        client.bodies.get("../../log/key?x=")
    with pytest.raises(NotKnownThenError) as early:
        client.bodies.get("west-mercia", at_position=1)
    assert client.bodies.get("west-mercia", at_position=early.value.known_since)


def test_a_former_name_leads_to_the_body(small):
    small.register("someshire", "Someshire Constabulary")
    with serving(create_app(small.record)) as address:
        assert Client(address).bodies.get("someshire-constabulary")["id"] == "someshire"


def test_no_answer_leads_to_another_service(record):
    settings = Settings(data=record.settings.data, public_url="https://other.invalid")
    with serving(create_app(Record.open(settings))) as address:
        bodies = Client(address).bodies(limit=40)
        assert bodies.first["next"].startswith("https://other.invalid/")
        assert len(list(bodies)) == bodies.total > 40


# Failures, limits, and what is kept.


def test_what_may_pass_is_tried_again_after_a_while(record):
    slept = []
    failures = failing(
        ("503 Unavailable", [("Retry-After", "7")], b"{}"),
        ("502 Bad Gateway", [], b"<html>"),
        ("429 Too Many", [("Retry-After", "Wed, 01 Jan 2020 00:00:00 GMT")], b"{}"),
    )
    with talking(record, failures, sleep=slept.append) as (client, seen):
        assert client.status()["head"] > 0
    assert (slept[0], slept[2], len(seen)) == (7.0, 0.0, 4)
    assert 1.5 <= slept[1] <= 2.5


@pytest.mark.parametrize(
    ("status", "expected"),
    [("503 x", UnavailableError), ("429 x", RateLimitedError)],
)
def test_what_does_not_pass_is_told(record, status, expected):
    problem = b'{"type":"/problems/maintenance","detail":"Later."}'
    always = failing(*[(status, [], problem)] * 9)
    with talking(record, always, sleep=lambda _: None) as (client, seen):
        with pytest.raises(expected) as told:
            client.status()
        assert len(seen) == 5
    assert (told.value.slug, told.value.detail) == ("maintenance", "Later.")
    assert told.value.slug in PROBLEMS


def test_a_service_that_is_not_there_is_told():
    slept = []
    client = Client("http://127.0.0.1:1", attempts=3, sleep=slept.append)
    with pytest.raises(UnreachableError):
        client.status()
    assert len(slept) == 2


def test_the_limit_is_heeded_before_it_is_exceeded(record):
    slept = []
    spent = failing((None, [("RateLimit", '"burst";r=0;t=12')], b'{"head":1}'))
    how = {"sleep": slept.append, "clock": lambda: 100.0}
    with talking(record, spent, **how) as (client, _):
        client.status()
        client.status()
        client.status()
    assert slept == [12.0]


def test_an_answer_that_has_not_changed_is_not_sent_again(record):
    def unchanged(path, body):
        is_known = seen[-1].get("HTTP_IF_NONE_MATCH") == '"one"'
        status = "304 Not Modified" if is_known else None
        return status, [("ETag", '"one"')], b"" if is_known else body

    with talking(record, unchanged) as (client, seen):
        first, second = (client.status() for _ in range(2))
    assert first == second
    assert [each.get("HTTP_IF_NONE_MATCH") for each in seen] == [None, '"one"']


def test_what_is_kept_is_bounded(record):
    tagged = lambda path, body: (None, [("ETag", '"one"')], body)  # noqa: E731
    with talking(record, tagged, keep=6_000) as (client, seen):
        for id in ("kent", "essex", "kent"):
            client.bodies.get(id)
        client.ratings(limit=100).first  # noqa: B018
        client.ratings(limit=100).first  # noqa: B018
    assert [bool(each.get("HTTP_IF_NONE_MATCH")) for each in seen[:3]] == [0, 0, 1]
    assert not seen[-1].get("HTTP_IF_NONE_MATCH")


def test_an_answer_of_another_kind_is_told(record):
    for body in (b"<html>", b"[]"):
        other = failing(("200 OK", [], body))
        with talking(record, other) as (client, _), pytest.raises(BadAnswerError):
            client.status()


# The feed.


def caught_up(client, **how):
    return list(client.follow(until_caught_up=True, **how))


def streams(events):
    return [each.stream for each in events]


def test_every_event_is_followed_once_and_in_order(client):
    head = client.status()["head"]
    events = caught_up(client, limit=400)
    assert [each.position for each in events] == [*range(1, head + 1)]
    awarded = caught_up(client, after=head - 900, type="rating.awarded")
    assert awarded == [
        each
        for each in events
        if each.type == "rating.awarded" and each.position > head - 900
    ]


def test_what_is_recorded_later_is_followed_from_where_one_was(small, tmp_path):
    state = tmp_path / "place.json"
    small.register("a")
    small.register("b")
    with serving(create_app(small.record)) as address:
        client = Client(address)
        assert streams(caught_up(client, state=state)) == ["body-a", "body-b"]
        assert caught_up(client, state=state) == []
        small.register("c")
        small.register("d")
        feed = client.follow(state=state)
        assert next(feed).stream == "body-c"
        small.register("e")
        assert streams([next(feed), next(feed)]) == ["body-d", "body-e"]
        feed.close()
        # The last one was given, and not yet done with.
        assert Place.load(state).position == 4
        assert streams(caught_up(client, state=state)) == ["body-e"]
    assert [each.name for each in tmp_path.iterdir() if "place" in each.name] == [
        "place.json"
    ]


def test_a_failure_of_the_reader_loses_nothing(client, tmp_path):
    state = tmp_path / "place.json"
    with pytest.raises(RuntimeError):
        for event in client.follow(after=10, state=state, limit=20):
            if event.position == 25:
                raise RuntimeError
    again = next(client.follow(after=10, state=state))
    assert again.position == 25


def test_a_feed_with_a_gap_is_refused(record):
    def gap(path, body):
        answer = json.loads(body)
        del answer["items"][3]
        return None, [], json.dumps(answer).encode()

    with talking(record, gap) as (client, _), pytest.raises(BadAnswerError):
        caught_up(client)


# Bulk.


@pytest.fixture(scope="module")
def bulk(record):
    return making.make(record)


def test_a_bulk_file_is_saved_whole_and_the_feed_goes_on_after_it(
    record, bulk, client, tmp_path
):
    saved = client.download_bulk("events.jsonl.gz", tmp_path)
    with gzip.open(saved.path) as file:
        assert sum(1 for _ in file) >= saved.position == client.status()["head"]
    assert caught_up(client, after=saved.position) == []
    assert [each.name for each in tmp_path.iterdir()] == ["events.jsonl.gz"]


def test_a_download_goes_on_where_it_was_cut_short(record, bulk, tmp_path):
    """Each connection breaks after 50,000 bytes."""

    def broken(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("Connection", "close")])

        body = app(environ, start)
        if "/v1/bulk/" in environ["PATH_INFO"]:
            asked.append(environ.get("HTTP_RANGE"))
            body = [b"".join(body)[:50_000]]
        return body

    app, asked = create_app(record), []
    with serving(broken) as address:
        client = Client(address, attempts=40, timeout=5, sleep=lambda _: None)
        saved = client.download_bulk("events.jsonl.gz", tmp_path)
    assert saved.path.stat().st_size > 100_000
    assert asked[:3] == [None, "bytes=50000-", "bytes=100000-"]


def test_a_bulk_file_that_was_changed_is_not_kept(record, bulk, tmp_path):
    def change(path, body):
        if not path.endswith("events.jsonl.gz"):
            return None
        return None, [], body[:-9] + b"!" + body[-8:]

    with talking(record, change) as (client, _), pytest.raises(BadAnswerError):
        client.download_bulk("events.jsonl.gz", tmp_path)
    with talking(record) as (client, _), pytest.raises(BadAnswerError):
        client.download_bulk("../events.jsonl.gz", tmp_path)
    assert list(tmp_path.iterdir()) == []


# Proofs.


@pytest.fixture
def proved(small):
    """Give a record with sealed words, one of which was redacted."""
    for id in "abcde":
        small.register(id, note="Nobody answered the letter")
    redact(small.record, 2, "note")
    return small.record


def test_what_was_signed_passes_and_so_do_the_words(proved, tmp_path):
    state = tmp_path / "place.json"
    with talking(proved) as (client, _):
        keys = client.keys()
        events = caught_up(client, keys=keys, state=state)
        assert len(events) == 6 and events[0].opened["note"]
        assert isinstance(events[0].leaf, bytes)
        kept = open_checkpoint(Place.load(state).checkpoint, keys)
        assert kept.size == 6
        assert caught_up(client, keys=keys, state=state) == []


def test_the_founding_record_passes(client):
    head = client.status()["head"]
    events = caught_up(client, after=head - 40, keys=client.keys())
    assert len(events) == 40


def change_data(event):
    event["data"]["kind"] = "region"


def change_word(event):
    if "note" in event["opened"]:
        event["opened"]["note"] = "All is well"


def withhold(event):
    event["opened"].pop("note", None)


def back_date(event):
    event["recorded_at"] = "2020-01-01T00:00:00.000000Z"


def forge_source(event):
    for each in event["sources"]:
        each["publisher"] = "Somebody"


@pytest.mark.parametrize(
    "lie", [change_data, change_word, withhold, back_date, forge_source]
)
def test_what_was_not_signed_is_not_given(proved, lie):
    with talking(proved, altering("/v1/events", lie)) as (client, _):
        assert len(caught_up(client)) == 6  # Nobody notices who does not check.
        feed = client.follow(keys=client.keys())
        with pytest.raises(ProofError):
            next(feed)


def test_a_key_that_one_does_not_trust_proves_nothing(proved, small, tmp_path):
    other = Record.open(Settings(data=tmp_path / "other"))
    keys = other.store.verifier_keys()
    other.close()
    with talking(proved) as (client, _):
        with pytest.raises(ProofError):
            caught_up(client, keys=keys)
        with pytest.raises(ProofError):
            caught_up(client, keys=[client.keys()[0][:-8] + "AAAAAAA="])


def test_a_log_that_does_not_go_on_from_what_was_seen_is_refused(proved, tmp_path):
    with talking(proved) as (client, _):
        [key] = client.keys()
        state = tmp_path / "place.json"
        caught_up(client, keys=[key], state=state)
        note = Place.load(state).checkpoint
    for size, root in ((9, None), (4, "A" * 43 + "="), (6, "A" * 43 + "=")):
        old = open_checkpoint(note, [key])
        seen = Checkpoint(size, old.root if root is None else b"\0" * 32, note)
        with talking(proved) as (client, _):
            checker = client.checker([key])
            checker.last = seen
            with pytest.raises(
                ProofError, match="ROLLBACK" if size == 9 else "REWRITE"
            ):
                checker.advance()


def test_proofs_of_every_size_are_those_of_the_log():
    for size in [*range(1, 20), 255, 256, 257, 600]:
        now = Checkpoint(size, true_root(size), "")
        for index in {0, 1, size // 2, size - 1} & {*range(size)}:
            proof = proofs.inclusion(read, index, size)
            assert root_of(LEAVES[index], index, size, proof) == now.root
            for wrong in (proof[:-1], [*proof, now.root], [now.root, *proof[1:]]):
                if wrong != proof:
                    with pytest.raises(ProofError):
                        must_be(root_of(LEAVES[index], index, size, wrong), now.root)
        for old in {*range(1, min(size, 20)), size // 2, size - 1} - {0}:
            before = Checkpoint(old, true_root(old), "")
            proof = proofs.consistency(read, old, size)
            must_have_grown(before, now, proof)
            for wrong in (proof[1:], proof[:-1], [*proof, now.root]):
                with pytest.raises(ProofError):
                    must_have_grown(before, now, wrong)


def must_be(one, other):
    if one != other:
        raise ProofError


# The package.


def test_the_wheel_holds_the_client_alone_and_needs_none_of_the_service(tmp_path):
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    source = tmp_path / "copperplate_client"
    shutil.copytree(ROOT / "copperplate_client", source)
    subprocess.run(
        [sys.executable, *build, "-w", str(tmp_path), str(source)],
        check=True,
        timeout=120,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = {each for each in packed.namelist() if ".dist-info/" not in each}
        packed.extractall(tmp_path / "installed")
    there = {each.name for each in source.glob("*.py")} | {"py.typed"}
    assert names == {f"copperplate_client/{each}" for each in there}
    script = (
        "import sys; import copperplate_client as c; c.Client('http://x').follow();"
        "assert not {'service', 'schemas', 'flask', 'cryptography'} & {*sys.modules};"
        "print(c.__file__)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "installed",
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert str(tmp_path) in ran.stdout, ran.stderr


def test_an_event_has_the_members_that_the_service_shows(client):
    shown = client.transport.get_json("/v1/events/1")
    names = set(shown) - {"meta", "proof", "openings"}
    assert names == set(RecordedEvent._fields) | {"redacted"}


def test_the_page_does_what_it_says(address, bulk, tmp_path, monkeypatch, capsys):
    text = (DOCS / "client.md").read_text()
    monkeypatch.chdir(tmp_path)
    keys = Client(address).keys()
    (tmp_path / "trusted.keys").write_text("\n".join(keys))
    known = {}
    for code in re.findall(r"```python\n(.+?)```", text, re.S):
        exec(code.replace("http://127.0.0.1:8000", address), known)
    said = capsys.readouterr().out
    assert "Copperplate, " in said and "['west-mercia'" in said
    assert f"{Client(address).status()['head']} events" in said
