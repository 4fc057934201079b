"""ETags: no answer changes and keeps its own, and few change theirs for nothing."""

import os
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.event import listen

from projections import database
from projections.read_model import Memory
from projections.sources import hash_of, id_of
from projections.touches import touches
from service.app import create_app
from service.config import Settings
from service.domain.sources import Source
from service.record import Record
from tests.examples import (
    ANNOUNCED,
    ASKED,
    AWARDED,
    FINDING,
    INSPECTION,
    PUBLISHED,
    RAISED,
    RATING,
    SAID,
    STATEMENT,
    TO_COME,
)
from tests.examples import PROGRAMME as PROGRAMME_OF_BOTH
from tests.records import SOURCE, Clock, small
from tests.redacting import redact as redacted
from tests.test_replay import at_once, in_memory
from tests.told_at_random import FORCES, PROGRAMME, told_at_random

__all__ = ["small"]

HISTORIES = int(os.environ.get("COPPERPLATE_HISTORIES", "16")) // 8
CHOSEN = 12  # Addresses of many that are asked at each position.
NOUNS = {
    "body": "bodies",
    "programme": "programmes",
    "inspection": "inspections",
    "rating": "ratings",
    "term": "terms",
    "statement": "statements",
    "plan": "plans",
    "commitment": "commitments",
    "session": "sessions",
    "finding": "findings",
    "monitoring": "monitoring",
    "gap": "gaps",
    "redaction": "redactions",
    "source": "sources",
}
LISTS = [f"/v1/{each}" for each in NOUNS.values()]
OF_BODIES = [
    "/v1/ratings", "/v1/inspections", "/v1/findings", "/v1/plans", "/v1/sessions",
    "/v1/monitoring", "/v1/gaps", "/v1/ratings/changes", "/v1/coverage",
    "/v1/responses",
]  # fmt: skip
OF_FORCES = ["/v1/terms", "/v1/statements", "/v1/commitments"]


def addresses(events):
    """Return addresses of all kinds, of what is on record and of what is not."""
    yield from LISTS
    yield from (f"{each}?as_of=2024-08-01" for each in LISTS[:12])
    yield from (f"{each}?limit=1" for each in LISTS)
    yield from (f"{each}.csv" for each in LISTS)
    yield from (f"{each}?q=secret" for each in LISTS[:12] if "ratings" not in each)
    for body in (*FORCES, "pcc-durham", "durhem", "titan"):
        yield from (f"{each}?body={body}" for each in OF_BODIES)
        yield from (f"{each}?force={body}" for each in OF_FORCES)
        yield from (
            f"/v1/bodies/{body}{more}"
            for more in (
                "",
                "/profile",
                "/timeline",
                "/changes",
                "/versions",
                "/grades",
            )
        )
        yield f"/v1/bodies/{body}?as_of=2010-01-01"
        yield f"/v1/bodies/{body}/profile?as_of=2024-08-01"
        yield f"/v1/ratings.csv?body={body}"
        yield f"/v1/corrections?body={body}"
        yield f"/v1/changes?body={body}"
        yield f"/v1/bodies/{body}/grades?programme={PROGRAMME}"
        yield f"/v1/search?q=police&body={body}"
        yield f"/v1/statements?about=body-{body}"
    yield "/v1/bodies?region=north"
    yield "/v1/bodies?overseen_by=pcc-durham"
    yield "/v1/bodies/north/profile"
    yield f"/v1/ratings/matrix?programme={PROGRAMME}"
    yield f"/v1/programmes/{PROGRAMME}/questions"
    yield "/v1/ratings?inspection=peel-2023-25.kent"
    yield from ("/v1/corrections", "/v1/events?limit=3", "/v1/search?q=police")
    yield from ("/v1/changes", "/v1/changes?limit=3", "/v1/search?q=secret")
    yield from ("/v1/codelists", "/v1/reports", "/v1/reports/summary")
    yield "/v1/bodies/lookup?scheme=name&id=police+1"
    yield "/v1/events?type=statement.published&at_position=5"
    for event in events:
        path = f"/v1/{NOUNS[event.noun]}/{event.id}" if event.noun in NOUNS else None
        yield f"/v1/events/{event.position}"
        yield f"/v1/ratings?body=kent&at_position={event.position}"
        if path:
            yield from (path, f"{path}/versions", f"{path}/versions/1")
            yield f"{path}?at_position={event.position}"
            yield f"{path}/diff?from=0&to={event.position}"
            yield f"{path}/diff?from={event.position - 1}&to={event.position}"
    yield "/v1/plans/durham.soc-delivery/actions"
    yield "/v1/plans/durham.soc-delivery/updates"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return (tmp_path_factory.mktemp("record") for _ in range(10_000))


def opened(folder):
    return Record.open(Settings(data=folder, public_url="https://c.example"), Clock())


@settings(
    settings.get_profile("untimed"),
    max_examples=HISTORIES,
    suppress_health_check=list(HealthCheck),
)
@given(random=st.integers(0, 2**32).map(Random))
def test_whenever_an_answer_changes_so_does_its_etag(folders, random):
    events = told_at_random(random, 45)
    record = opened(next(folders))
    client, seen = create_app(record).test_client(), {}
    known = list(dict.fromkeys(addresses(events)))
    always = random.sample(known, CHOSEN)
    for event in events:
        record.read_model.apply([event])
        for address in (*always, *random.sample(known, CHOSEN)):
            answer = client.get(address)
            assert answer.status_code in (200, 301, 400, 404), (address, answer.text)
            if etag := answer.headers.get("ETag"):
                # It may come back, of a later answer that is the same.
                before = seen.setdefault((address, etag), answer.data)
                assert answer.data == before, (address, etag, event.position)
                assert said_of_pages(answer) == seen.setdefault(
                    (address, etag, "Link"), said_of_pages(answer)
                )
    assert len(seen) > 100
    record.close()


def said_of_pages(answer):
    return sorted(answer.headers.getlist("Link"))


def etag(client, address, **headers):
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.headers["ETag"]


OF_KENT = [
    "/v1/bodies/kent",
    "/v1/bodies/kent/profile",
    "/v1/ratings?body=kent",
    "/v1/ratings.csv?body=kent",
    "/v1/statements?force=kent",
    "/v1/coverage?body=kent",
]


@pytest.fixture
def two_forces(small):
    for force in ("kent", "west-mercia"):
        small.oversee(force, f"pcc-{force}", f"Commissioner of {force}")
    small.put(PROGRAMME_OF_BOTH, ANNOUNCED, ASKED)
    return small


def test_an_event_on_one_force_leaves_the_answers_on_another_as_they_were(two_forces):
    client = two_forces.client()
    before = [client.get(each) for each in OF_KENT]
    small = two_forces
    small.put(INSPECTION, TO_COME, PUBLISHED)
    small.put(RATING, AWARDED)
    small.put(STATEMENT, SAID)
    small.put(FINDING, RAISED)
    small.rename("west-mercia", "West Mercia Constabulary")
    after = [client.get(each) for each in OF_KENT]
    for one, other in zip(before, after, strict=True):
        assert (one.headers["ETag"], one.data) == (other.headers["ETag"], other.data)
    assert before[0].headers["Record-Position"] != after[0].headers["Record-Position"]


def test_an_event_on_one_force_leaves_the_grades_of_another_as_they_were(two_forces):
    client = two_forces.client()
    before = client.get("/v1/bodies/kent/grades")
    other = client.get("/v1/bodies/west-mercia/grades")
    two_forces.put(INSPECTION, TO_COME, PUBLISHED)
    two_forces.put(RATING, AWARDED)
    two_forces.put(STATEMENT, SAID)
    after = client.get("/v1/bodies/kent/grades")
    assert (before.headers["ETag"], before.data) == (after.headers["ETag"], after.data)
    assert other.data != client.get("/v1/bodies/west-mercia/grades").data


TOLD_OF_THINGS = [
    "/v1/bodies/kent/timeline", "/v1/bodies/kent/changes", "/v1/changes",
    "/v1/corrections", "/v1/search?q=kent", "/v1/bodies/kent/diff?from=0&to=2",
]  # fmt: skip


def test_a_look_at_a_source_leaves_what_is_told_of_things_as_it_was(two_forces):
    client = two_forces.client()
    before = [client.get(each) for each in TOLD_OF_THINGS]
    url_hash = hash_of(SOURCE["url"])
    look = Source(id_of(SOURCE["url"])).find(
        url_hash=url_hash, sha256=url_hash, checked_at="2026-03-02T12:00:00Z"
    )
    two_forces.record.record(Source(id_of(SOURCE["url"])), look, by="system")
    after = [client.get(each) for each in TOLD_OF_THINGS]
    for one, other in zip(before, after, strict=True):
        assert (one.headers["ETag"], one.data) == (other.headers["ETag"], other.data)
        assert one.headers["Record-Position"] != other.headers["Record-Position"]


def test_what_an_event_tells_is_shown_by_all_that_tell_it(two_forces):
    client = two_forces.client()
    before = [client.get(each).headers["ETag"] for each in TOLD_OF_THINGS[:-1]]
    two_forces.rename("kent", "Kent Constabulary")
    two_forces.retract("pcc-west-mercia")
    after = [client.get(each).headers["ETag"] for each in TOLD_OF_THINGS[:-1]]
    assert not set(before) & set(after)


def test_differences_between_two_positions_stay_as_they_are(two_forces):
    client = two_forces.client()
    address = "/v1/bodies/kent/diff?from=0&to=2"
    before = client.get(address)
    two_forces.rename("west-mercia", "West Mercia Constabulary")
    after = client.get(address)
    assert (before.headers["ETag"], before.data) == (after.headers["ETag"], after.data)


@pytest.mark.parametrize(
    "address",
    [
        "/v1/bodies",
        "/v1/bodies/pcc-west-mercia",
        "/v1/bodies/west-mercia/profile",
        "/v1/ratings/peel-2023-25.west-mercia.investigating-crime",
        "/v1/ratings?body=west-mercia",
        "/v1/ratings/matrix?programme=peel-2023-25",
        "/v1/statements",
        "/v1/statements?force=west-mercia",
        "/v1/responses",
        "/v1/coverage",
    ],
)
def test_a_new_name_changes_all_that_show_it(two_forces, address):
    two_forces.put(INSPECTION, TO_COME, PUBLISHED)
    two_forces.put(RATING, AWARDED)
    two_forces.put(STATEMENT, SAID)
    client = two_forces.client()
    before = client.get(address)
    two_forces.rename("west-mercia", "West Mercia Constabulary")
    after = client.get(address)
    assert before.headers["ETag"] != after.headers["ETag"]
    assert before.data != after.data


def test_midnight_in_london_changes_what_has_a_day_and_nothing_else(small):
    small.register("kent")
    client = small.client()
    dated, undated = "/v1/bodies/kent", "/v1/bodies/kent/versions"
    # In British Summer Time midnight comes at eleven o'clock UTC.
    small.clock.now = datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC)
    before = [etag(client, each) for each in (dated, undated)]
    small.clock.now = datetime(2026, 7, 1, 23, tzinfo=UTC)
    after = [etag(client, each) for each in (dated, undated)]
    assert before[0] != after[0] == before[0].replace("2026-07-01", "2026-07-02")
    assert before[1] == after[1]
    assert etag(client, f"{dated}?as_of=2026-01-01").count("2026-01-01") == 1


@pytest.mark.parametrize(
    "held", ['"{}"', 'W/"{}"', '"a", "{}"', 'W/"a" , W/"{}",', "*"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_holds_the_present_answer_is_told_so(small, held, method):
    small.register("kent")
    client = small.client()
    tag = etag(client, "/v1/bodies/kent").strip('"')
    headers = {"If-None-Match": held.format(tag)}
    answer = client.open("/v1/bodies/kent", method=method, headers=headers)
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == f'"{tag}"'
    assert answer.headers["Cache-Control"].startswith("public, max-age=60")
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("held", ['"another"', "", "nonsense", '"' + "x" * 7000])
def test_who_holds_another_answer_is_sent_the_present_one(small, held):
    small.register("kent")
    answer = small.client().get("/v1/bodies/kent", headers={"If-None-Match": held})
    assert answer.status_code == 200


def test_nothing_is_asked_of_the_database_for_an_answer_that_is_held(small):
    small.register("kent")
    client, record = small.client(), small.record
    tag = etag(client, "/v1/bodies/kent/profile")
    record.reached.hear(record.look())
    queries = []
    listen(record.read_model.engine, "before_cursor_execute",
           lambda *args: queries.append(args[2]))  # fmt: skip
    headers = {"If-None-Match": tag}
    held = client.get("/v1/bodies/kent/profile", headers=headers)
    assert (held.status_code, queries) == (304, [])
    assert held.headers["Record-Position"] == "1"
    small.register("gwent")
    record.reached.hear(record.look())
    queries.clear()
    held = client.get("/v1/bodies/kent/profile", headers=headers)
    assert held.status_code == 304
    assert any("touches" in each for each in queries)


def test_a_redaction_changes_every_etag(small):
    small.register("kent", note="Words to be erased")
    client = small.client()
    before = etag(client, "/v1/bodies/kent")
    redacted(small.record, 1, "note")
    after = client.get("/v1/bodies/kent")
    assert after.headers["ETag"] != before
    assert after.json["note"] is None
    assert before.split(".")[3:4] == ["0"]


def test_what_tells_more_than_the_log_has_no_etag(small):
    small.register("kent", note="Words to be erased")
    gone = redacted(small.record, 1, "note")
    item = f"/v1/redactions/{gone.id}"
    paths = (
        "/v1/status",
        "/v1/projections",
        "/log/checkpoints",
        "/v1/redactions",
        item,
    )
    for path in (*paths, f"{item}/diff?from=0&to={gone.position}"):
        answer = small.client().get(path)
        assert answer.status_code == 200, answer.text
        assert "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "public, no-cache"


def test_pages_of_a_walk_are_pinned_to_what_the_first_was_made_of(small):
    for id in ("durham", "gwent", "kent"):
        small.register(id)
    client = small.client()
    first = client.get("/v1/bodies?limit=2")
    small.rename("kent", "Kent Police")
    small.register("avon")
    rest = client.get(first.json["next"].partition("localhost")[2])
    assert [each["name"] for each in rest.json["items"]] == ["Someforce"]
    assert rest.json["meta"]["position"] == first.json["meta"]["position"] == 3


@pytest.mark.parametrize("seed", range(2))
def test_what_was_touched_is_the_same_by_any_path(seed):
    random = Random(seed)
    events = told_at_random(random, 60)
    with in_memory() as one_by_one, in_memory() as whole:
        for event in events:
            one_by_one.apply([event])
            one_by_one._memory = Memory()  # As another process, with the tables alone.
        at_once(whole, events)
        assert rows_of(one_by_one) == rows_of(whole)


def rows_of(model):
    with database.reading(model.engine) as connection:
        rows = connection.execute(select(touches).order_by(touches.c.key))
        return [tuple(row) for row in rows]
