import csv
import io
import json
import re
from datetime import UTC, datetime

import pandas
import pytest

from projections.bodies import list_bodies
from schemas.bodies import BodySchema
from schemas.listing import FilterSchema, columns
from schemas.ratings import RatingSchema
from service.app import create_app
from service.config import Settings
from service.domain.bodies import Body
from service.http.contract import accepts, returns
from service.record import Record, draft_of
from tests.records import SOURCE, SmallRecord, app_over, client, record, small

__all__ = ["client", "record", "small"]

LISTS = [
    "/v1/bodies",
    "/v1/programmes",
    "/v1/inspections",
    "/v1/ratings",
    "/v1/ratings/matrix?programme=peel-2023-25",
    "/v1/ratings/changes",
    "/v1/coverage?programme=peel-2023-25",
    "/v1/events",
    "/v1/projections",
    "/v1/programmes/peel-2023-25/questions",
    "/v1/bodies/west-mercia/versions",
    "/v1/bodies/west-mercia/timeline",
    "/v1/bodies/west-mercia/changes",
    "/v1/responses",
]
DOCUMENTS = [
    "/", "/docs", "/docs/init.js", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js",
    "/openapi.yaml", "/v1/openapi.json", "/problems", "/problems/not-found",
    "/log/checkpoint", "/log/key", "/healthz", "/readyz", "/v1/status",
]  # fmt: skip


def as_csv(path):
    return with_suffix(path, "csv")


def with_suffix(path, suffix):
    stem, _, query = path.partition("?")
    return f"{stem}.{suffix}?{query}"


def with_query(path, query):
    return f"{path}{'&' if '?' in path else '?'}{query}"


def slug(response):
    return response.json["type"].removeprefix("/problems/")


def rows_of(response):
    return list(csv.reader(io.StringIO(response.text)))


# Lists and items.


@pytest.mark.parametrize("path", LISTS)
def test_every_list_holds_something_and_says_how_to_cite_it(client, path):
    answer = client.get(path).json
    assert answer["items"]
    assert answer["total"] >= len(answer["items"])
    assert answer["meta"]["citation"].startswith('Copperplate, "')
    assert answer["meta"]["permalink"] in answer["meta"]["citation"]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_document_answers(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [*LISTS, *DOCUMENTS, "/v1/bodies/west-mercia"])
def test_head_answers_as_get_does_without_a_body(client, path):
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize("noun", ["bodies", "programmes", "inspections", "ratings"])
def test_an_item_is_flat_and_the_same_as_in_its_list(client, noun):
    listed = client.get(f"/v1/{noun}?limit=1").json["items"][0]
    item = client.get(f"/v1/{noun}/{listed['id']}").json
    assert item.pop("meta")["position"] > 0
    assert item == listed


def test_a_body_is_found_by_an_outside_id_and_by_a_name(client):
    by_code = client.get("/v1/bodies/lookup?scheme=ons&id=E23000016").json
    by_name = client.get("/v1/bodies/lookup?id=WEST mercia police").json
    assert by_code["id"] == by_name["id"] == "west-mercia"


def test_a_body_is_found_by_a_name_that_it_no_longer_bears(small):
    small.register("someshire", "Someshire Constabulary")
    small.rename("someshire", "Someshire Police")
    found = small.client().get("/v1/bodies/lookup?id=someshire constabulary").json
    assert found["name"] == "Someshire Police"
    assert found["former_names"] == ["Someshire Constabulary"]


def test_an_outside_id_that_nobody_bears_is_not_found_and_similar_ones_are_named(
    client,
):
    answer = client.get("/v1/bodies/lookup?scheme=ons&id=E2300016")
    assert slug(answer) == "not-found"
    assert "E23000016" in answer.json["did_you_mean"]


def test_a_profile_shows_only_the_grades_of_the_day(client):
    profile = client.get("/v1/bodies/west-mercia/profile").json
    assert profile["body"]["id"] == "west-mercia"
    assert profile["current_ratings"]
    assert not [each for each in profile["current_ratings"] if not each["in_force"]]


def test_an_event_is_shown_at_its_position_and_in_its_stream(client):
    event = client.get("/v1/events/1").json
    event.pop("meta")
    id = event["stream"].partition("-")[2]
    assert client.get(f"/v1/bodies/{id}/versions").json["items"][0] == event


def test_there_is_no_event_beyond_the_head(client):
    assert slug(client.get("/v1/events/999999999999999")) == "not-found"
    assert slug(client.get("/v1/events/0")) == "not-found"


def test_events_are_followed_from_a_position(client):
    head = client.get("/v1/status").json["head"]
    answer = client.get(f"/v1/events?after={head - 2}").json
    assert [each["position"] for each in answer["items"]] == [head - 1, head]
    assert answer["total"] == 2
    assert client.get(f"/v1/events?after={head}").json["items"] == []


def test_the_status_counts_what_the_lists_hold(client):
    counts = client.get("/v1/status").json["counts"]
    assert counts["body"] == client.get("/v1/bodies").json["total"]
    assert counts["rating"] == client.get("/v1/ratings").json["total"]


def test_every_projection_has_a_digest_at_the_head(client):
    head = client.get("/v1/status").json["head"]
    for each in client.get("/v1/projections").json["items"]:
        assert each["digest_position"] == head
        assert len(each["digest"]) == 64


# Faults.


def test_an_unknown_parameter_is_refused_with_a_suggestion(client):
    answer = client.get("/v1/ratings?bdoy=west-mercia")
    assert (answer.status_code, slug(answer)) == (400, "unknown-parameter")
    assert answer.json["did_you_mean"] == ["body"]


def test_all_faults_are_named_at_once(client):
    query = "bdoy=x&limit=0&body=A&grade=good&grade=good&as_of=yesterday&question=%ff"
    answer = client.get(f"/v1/ratings?{query}")
    assert slug(answer) == "invalid-parameter"
    named = {each["parameter"] for each in answer.json["errors"]}
    assert named == {"bdoy", "limit", "body", "grade", "as_of", "question"}


@pytest.mark.parametrize(
    "query",
    [
        "as_of=0001-01-01", "as_of=9999-12-31", "known_at=0001-01-01",
        "known_at=0001-01-01T00:00:00%2b23:59", "known_at=2025-01-01T00:00:00.1234567Z",
        "known_at=2025-01-01t00:00:00+01:00", "known_at=2025-01-01T00:00:00-01:00",
    ],
)  # fmt: skip
def test_every_day_and_instant_of_the_calendar_is_answered(client, query):
    assert client.get(f"/v1/ratings?{query}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "body=%ff", "body=%00", "body=", "body", "=", "%ff=1", "limit=٣", "limit=1_0",
        "limit=%2b5", "limit=05", "limit=1.0", "limit=1001", "current=yes", "excel=1",
        "at_position=-1", "at_position=9007199254740992", "undated=exclude",
        "as_of=2024", "as_of=2024-02-30", "as_of=2024-01-01%0a", "as_of=0000-01-01",
        "known_at=2025-01-01T00:00:00", "known_at=2025-01-01T24:00:00Z", "basis=guess",
        "cursor=", "body=" + "a" * 121, "body=" + "a" * 9000, "limit=1&" * 99,
    ],
)  # fmt: skip
def test_a_malformed_query_is_a_clean_400(client, query):
    answer = client.get(f"/v1/ratings?{query}")
    assert answer.status_code == 400
    assert slug(answer) in ("invalid-parameter", "unknown-parameter")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("at_position=1&known_at=2025-01-01", "conflicting-time-parameters"),
        ("as_of=2024-01-01&current=true", "conflicting-time-parameters"),
        ("at_position=99999999", "position-beyond-head"),
        ("known_at=2199-01-01", "known-at-in-future"),
        ("known_at=2199-01-01T00:00:00Z", "known-at-in-future"),
        ("cursor=abc", "invalid-cursor"),
        ("cursor=W10", "invalid-cursor"),
    ],
)
def test_a_time_or_a_cursor_that_cannot_be_is_a_problem_of_its_own(
    client, query, problem
):
    answer = client.get(f"/v1/ratings?{query}")
    assert (answer.status_code, slug(answer)) == (400, problem)


@pytest.mark.parametrize(
    "path",
    ["/nope", "/v1", "/v1/bodies/", "//v1/bodies", "/v1/bodies.xml", "/v1/bodies/a/b",
     "/v1/bodies/%ff", "/v1/bodies/%00", "/v1/bodies/A", "/problems/nope", "/docs/x",
     "/docs/..%2f..%2fconfig.py", "/v1/events/01", "/v1/events/x",
     "/v1/bodies/" + "a" * 5000, "/v1/bodies/nobody/versions"],
)  # fmt: skip
def test_what_is_not_there_is_a_problem_too(client, path):
    answer = client.get(path)
    assert (answer.status_code, slug(answer)) == (404, "not-found")
    assert answer.headers["Cache-Control"] == "max-age=10"


def test_a_misspelt_id_is_not_found_and_similar_ones_are_named(client):
    body = client.get("/v1/bodies/west-merca").json
    assert body["did_you_mean"][0] == "west-mercia"
    known = client.get("/v1/ratings?limit=1").json["items"][0]["id"]
    rating = client.get(f"/v1/ratings/{known}x").json
    assert known in rating["did_you_mean"]


def test_a_wrong_method_says_which_are_right(client):
    answer = client.post("/v1/coverage")
    assert (answer.status_code, slug(answer)) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_options_tell_the_methods_that_an_address_takes(client):
    both = client.options("/v1/bodies")
    assert both.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert both.headers["Access-Control-Allow-Methods"] == both.headers["Allow"]
    assert "Authorization" in both.headers["Access-Control-Allow-Headers"]
    to_record = client.options("/v1/bodies/kent/names")
    assert to_record.headers["Allow"] == "OPTIONS, POST"


def test_a_failure_tells_only_a_request_id_and_is_logged(small, caplog):
    client = small.client()

    @client.application.get("/fails")
    def fail():
        raise RuntimeError("a secret")

    answer = client.get("/fails")
    assert (answer.status_code, slug(answer)) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.json["request_id"] in caplog.text


def test_every_type_of_problem_says_its_cause_and_its_cure(client):
    for each in client.get("/problems").json["items"]:
        assert client.get(each["type"]).json == each
        assert each["cause"]
        assert each["cure"]


# Times.


def test_at_position_0_every_list_is_empty(client):
    for path in LISTS[:8]:
        answer = client.get(with_query(path, "at_position=0")).json
        assert (answer["items"], answer["total"]) == ([], 0)
        assert answer["meta"]["known_at"] is None


def test_a_thing_not_yet_known_says_since_when_it_is(client):
    body = client.get("/v1/bodies/west-mercia/versions").json["items"][0]
    before = body["position"] - 1
    for path in ("", "/versions", "/profile"):
        answer = client.get(f"/v1/bodies/west-mercia{path}?at_position={before}")
        assert (answer.status_code, slug(answer)) == (404, "not-known-then")
        assert answer.json["known_since"] == body["position"]


def test_a_retracted_thing_is_not_found_and_says_so_but_stays_in_the_past(small):
    recorded = small.register("someshire")
    small.retract("someshire")
    client = small.client()
    answer = client.get("/v1/bodies/someshire")
    assert slug(answer) == "not-found"
    assert "retracted" in answer.json["detail"]
    past = client.get(f"/v1/bodies/someshire?at_position={recorded.position}")
    assert past.json["name"] == "Someforce"
    assert client.get("/v1/bodies/someshire/versions").json["total"] == 2


def test_a_thing_not_in_force_on_the_day_is_not_found_and_says_so(small):
    small.register("someshire", started_on="2020-01-01")
    answer = small.client().get("/v1/bodies/someshire?as_of=2019-12-31")
    assert slug(answer) == "not-found"
    assert "not in force on 2019-12-31" in answer.json["detail"]


def test_an_undated_thing_is_shown_as_unknown_and_counted_in_lists(small):
    small.register("someshire")
    client = small.client()
    item = client.get("/v1/bodies/someshire?as_of=2019-12-31").json
    assert item["in_force"] == "unknown"
    listed = client.get("/v1/bodies?as_of=2019-12-31").json
    assert (listed["total"], listed["meta"]["undated"]) == (0, 1)
    shown = client.get("/v1/bodies?as_of=2019-12-31&undated=include").json
    assert shown["items"][0]["in_force"] == "unknown"
    assert "undated=include" in shown["meta"]["permalink"]


def test_current_is_today_in_london_and_is_pinned_in_the_permalink(small):
    small.register("someshire", started_on="2020-01-01")
    small.clock.now = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    meta = small.client().get("/v1/bodies?current=true").json["meta"]
    assert meta["as_of"] == "2026-07-01"
    assert meta["permalink"].endswith("/v1/bodies?at_position=1&as_of=2026-07-01")


def test_known_at_is_resolved_by_the_clock_of_the_record(small):
    small.register("first")
    small.clock.now = datetime(2026, 3, 4, 9, tzinfo=UTC)
    small.register("second")
    client = small.client()
    positions = {
        text: client.get(f"/v1/bodies?known_at={text}").json["meta"]["position"]
        for text in ("2026-03-01", "2026-03-02", "2026-03-04T08:59:59Z", "2026-03-04")
    }
    assert list(positions.values()) == [0, 1, 1, 2]
    assert slug(client.get("/v1/bodies?known_at=2026-03-05")) == "known-at-in-future"


def test_an_answer_pinned_to_a_position_is_not_changed_by_a_later_event(small):
    small.register("first")
    client = small.client()
    permalink = client.get("/v1/bodies").json["meta"]["permalink"]
    before = client.get(permalink).data
    small.register("second")
    small.rename("first", "Another")
    assert client.get(permalink).data == before


def test_a_filter_that_names_nothing_on_record_is_pointed_out(client):
    notes = client.get("/v1/ratings?body=west-merca").json["meta"]["notes"]
    assert notes == ["No body 'west-merca' is on record; did you mean 'west-mercia'?"]


def test_a_type_of_event_that_never_was_is_pointed_out(client):
    notes = client.get("/v1/events?type=rating.awared").json["meta"]["notes"]
    assert notes == [
        "No event of type 'rating.awared' is on record; did you mean 'rating.awarded'?"
    ]
    assert client.get("/v1/events?type=rating.awarded").json["meta"]["notes"] == []


def test_addresses_are_those_of_the_public(tmp_path):
    settings = Settings(data=tmp_path, public_url="https://copperplate.example/")
    record = Record.open(settings)
    meta = app_over(record).test_client().get("/v1/bodies").json["meta"]
    record.close()
    link = "https://copperplate.example/v1/bodies?at_position=0"
    assert meta["permalink"] == link
    assert meta["citation"] == f'Copperplate, "Bodies", position 0, {link}'


def test_ratings_point_to_what_is_not_held(client):
    meta = client.get("/v1/ratings?body=west-mercia&grade=good").json["meta"]
    assert "/v1/coverage?body=west-mercia&at_position=" in meta["gaps"]
    assert client.get(meta["gaps"]).json["items"]


def test_an_address_without_a_host_is_refused(client):
    answer = client.get("/v1/bodies", headers={"Host": "a b"})
    assert (answer.status_code, slug(answer)) == (400, "invalid-parameter")


def test_postgresql_answers_as_sqlite_does(tmp_path, database_url):
    folders = [tmp_path / "sqlite", tmp_path / "postgresql"]
    both = [SmallRecord(folders[0]), SmallRecord(folders[1], database_url)]
    for each in both:
        each.register("a-b", "Zed")
        each.register("ab", "É", started_on="2020-01-01")
        each.register("a.b", "Änd")
        each.rename("ab", "Ab")
        each.retract("a.b")
    paths = [
        "/v1/bodies", "/v1/bodies.csv?at_position=3", "/v1/bodies?as_of=2020-01-01",
        "/v1/bodies?at_position=3&limit=2", "/v1/bodies/lookup?id=é", "/v1/bodies/ab",
        "/v1/bodies/a.b", "/v1/bodies/a.c", "/v1/ratings?body=%00", "/v1/coverage",
        "/v1/bodies/ab/versions?at_position=4", "/v1/bodies/ab/profile", "/v1/status",
        "/v1/events?known_at=2026-03-02&type=body.renamed", "/v1/ratings/changes",
        "/v1/findings?accelerated=true", "/v1/monitoring?as_of=2022-07-15", "/v1/gaps",
        "/v1/responses?as_of=2024-07-08", "/v1/bodies/ab/timeline?as_of=2020-01-01",
        "/v1/bodies/ab/changes", "/v1/bodies/ab/changes.txt?since=2026-01-01",
        "/v1/ratings/matrix?programme=x&body=y", "/v1/bodies?known_at=2026-03-01",
        "/v1/changes", "/v1/events?noun=body&body=ab",
        "/v1/changes?type=body.renamed&body=ab", "/v1/changes?type=x.y",
        "/v1/changes?since=2026-01-01&change=new&limit=2", "/v1/bodies/ab/grades",
        "/v1/bodies/ab/grades.svg", "/v1/bodies.jsonl", "/v1/bodies.jsonld",
        "/v1/bodies.csv-metadata.json", "/v1/corrections.csv", "/v1/events.jsonl",
    ]  # fmt: skip
    for path in paths:
        one, other = (each.client().get(path) for each in both)
        assert without_salts(one) == without_salts(other), path
    for each in both:
        each.record.close()


def without_salts(answer):
    """Return an answer without what is drawn at random: commitments and leaves."""
    random = r'"(leaf_hash|source_titles)":"[^"]*"'
    return answer.status_code, re.sub(random, "", answer.text)


def test_what_is_recorded_while_a_question_is_asked_is_not_in_the_answer(small):
    small.register("first")
    app = create_app(small.record)

    @app.get("/race")
    @accepts(query=FilterSchema)
    @returns(BodySchema, many=True)
    def race(moment, page):
        if moment.is_head:
            small.register("second")
        return list_bodies(small.record.read_model, moment, page)

    answer = app.test_client().get("/race").json
    assert [each["id"] for each in answer["items"]] == ["first"]
    assert answer["meta"]["position"] == 1


# Pages.


def walk(client, url):
    items = []
    while url:
        answer = client.get(url)
        items += answer.json["items"]
        url = answer.json["next"]
        assert (f'<{url}>; rel="next"' in answer.headers["Link"]) == bool(url) or (
            f'<{url}>; rel="next"' in answer.headers.getlist("Link")
        )
    return items


@pytest.mark.parametrize("path", LISTS)
def test_a_walk_through_pages_gives_the_whole_list(client, path):
    total = client.get(path).json["total"]
    size = max(1, total // 3)
    first = client.get(with_query(path, f"limit={size}"))
    found = walk(client, with_query(path, f"limit={size}"))
    assert first.json["total"] == total == len(found)
    assert len({str(each) for each in found}) == total


def test_a_walk_is_one_snapshot_while_events_arrive(small):
    for id in "bdf":
        small.register(id)
    client = small.client()
    first = client.get("/v1/bodies?limit=2").json
    small.register("e")
    small.retract("f")
    small.clock.now = datetime(2026, 3, 9, tzinfo=UTC)
    rest = client.get(first["next"]).json
    assert [each["id"] for each in rest["items"]] == ["f"]
    assert rest["meta"]["position"] == first["meta"]["position"] == 3


def test_a_cursor_belongs_to_its_filters_its_time_and_its_path(client):
    cursor = client.get("/v1/bodies?limit=1").json["next"].partition("cursor=")[2]
    for path in (
        "/v1/bodies?kind=region&",
        "/v1/ratings?",
        "/v1/bodies?at_position=9&",
    ):
        answer = client.get(f"{path}cursor={cursor}")
        assert slug(answer) == "cursor-mismatch"


# Forms.


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_whole_as_csv(client, path):
    answer = client.get(as_csv(path))
    assert answer.mimetype == "text/csv"
    assert answer.data.endswith(b"\r\n")
    assert not answer.data.startswith(b"\xef\xbb\xbf")
    assert len(rows_of(answer)) == client.get(path).json["total"] + 1


def test_csv_has_the_columns_of_an_item_in_their_order(client):
    first, *_ = rows_of(client.get("/v1/ratings.csv"))
    assert tuple(first) == columns(RatingSchema)
    assert list(client.get("/v1/ratings?limit=1").json["items"][0]) == first


def test_csv_is_read_by_pandas_and_says_what_json_says(client):
    frame = pandas.read_csv(
        io.StringIO(client.get("/v1/ratings.csv").text),
        dtype=str,
        keep_default_na=False,
    )
    items = client.get("/v1/ratings?limit=1000").json["items"]
    assert list(frame["id"]) == [each["id"] for each in items]
    assert list(frame["note"]) == [each["note"] or "" for each in items]
    assert set(frame["is_disputed"]) <= {"true", "false"}


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_whole_as_json_lines_with_the_same_items(client, path):
    answer = client.get(with_suffix(path, "jsonl"))
    assert answer.mimetype == "application/jsonl"
    assert answer.data.endswith(b"\n")
    lines = [json.loads(each) for each in answer.text.splitlines()]
    listed = client.get(with_query(path, "limit=1000")).json
    assert len(lines) == listed["total"]
    assert lines[:1000] == listed["items"]


def test_json_lines_of_no_item_are_empty(client):
    assert client.get("/v1/bodies.jsonl?at_position=0").data == b""


def test_csv_takes_a_page_when_asked_and_links_to_the_next(client):
    answer = client.get("/v1/bodies.csv?limit=2")
    assert len(rows_of(answer)) == 3
    assert "/v1/bodies.csv?limit=2&cursor=" in ",".join(answer.headers.getlist("Link"))


def test_csv_for_excel_has_a_mark_and_no_formulas(small):
    small.register("a", "=1+1")
    small.register("b", "@cmd")
    small.register("c", "Dyfed-Powys, “Heddlu” é")
    answer = small.client().get("/v1/bodies.csv?excel=true")
    assert answer.data.startswith(b"\xef\xbb\xbfid,")
    names = [row[3] for row in rows_of(answer)[1:]]
    assert names == ["'=1+1", "'@cmd", "Dyfed-Powys, “Heddlu” é"]
    plain = small.client().get("/v1/bodies.csv")
    assert rows_of(plain)[1][3] == "=1+1"


def test_the_matrix_has_a_column_for_each_graded_question(client):
    head, *rows = rows_of(client.get("/v1/ratings/matrix.csv?programme=peel-2023-25"))
    assert head[:2] == ["body", "body_name"]
    assert "investigating-crime" in head
    assert "service-for-victims" not in head
    assert any("outstanding" in row for row in rows)


def test_an_item_can_be_had_as_csv(client):
    head, row = rows_of(client.get("/v1/bodies/west-mercia.csv"))
    assert (head[0], row[0]) == ("id", "west-mercia")


@pytest.mark.parametrize(
    ("accept", "path", "expected"),
    [
        ("text/csv", "/v1/bodies", "text/csv"),
        ("text/csv", "/v1/bodies.json", "application/json"),
        ("application/json", "/v1/bodies.csv", "text/csv"),
        ("application/jsonl", "/v1/bodies", "application/jsonl"),
        ("text/csv", "/v1/bodies.jsonl", "application/jsonl"),
        ("text/html,*/*;q=0.8", "/v1/bodies", "application/json"),
        ("*/*", "/v1/bodies", "application/json"),
        ("text/html,*/*;q=0.8", "/", "text/html"),
        ("*/*", "/", "application/json"),
    ],
)
def test_the_suffix_wins_over_accept(client, accept, path, expected):
    assert client.get(path, headers={"Accept": accept}).mimetype == expected


def test_a_form_that_is_not_offered_is_refused_with_those_that_are(client):
    answer = client.get("/v1/bodies", headers={"Accept": "application/xml"})
    assert (answer.status_code, slug(answer)) == (406, "not-acceptable")
    assert answer.json["available"] == [
        "application/json",
        "text/csv",
        "application/jsonl",
        "application/ld+json",
    ]
    assert client.get("/v1/status.csv").json["available"] == ["application/json"]


# Headers.


def test_a_preflight_is_answered(client):
    answer = client.options("/v1/coverage")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_links_lead_to_other_forms_and_to_the_pinned_answer(client):
    answer = client.get("/v1/ratings?body=west-mercia")
    links = "\n".join(answer.headers.getlist("Link"))
    for relation in ("license", "describedby", "service-desc", "canonical", "cite-as"):
        assert f'rel="{relation}"' in links
    assert (
        '/v1/ratings.csv?body=west-mercia>; rel="alternate"; type="text/csv"' in links
    )


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/v1/bodies", "public, max-age=60, stale-while-revalidate=300, "
                       "stale-if-error=86400"),
        ("/v1/bodies?at_position=3", "public, max-age=300, must-revalidate"),
        ("/v1/bodies?known_at=2024-01-01", "public, max-age=60"),
        ("/v1/events/3", "public, max-age=300, must-revalidate"),
        ("/v1/bodies/kent/versions/1", "public, max-age=300, must-revalidate"),
        ("/v1/status", "public, no-cache"),
        ("/v1/bodies/nowhere", "max-age=10"),
        ("/v1/bodies?bdoy=kent", "no-store"),
    ],
)  # fmt: skip
def test_an_answer_says_for_how_long_it_may_be_kept(client, path, caching):
    assert client.get(path).headers["Cache-Control"] == caching


def test_a_read_model_behind_the_log_is_not_ready(small):
    small.register("someshire")
    client = small.client()
    assert client.get("/readyz").status_code == 200
    body = small.record.load(Body, "someshire")
    event = body.rename(
        name="Other", started_on=None, started_on_basis=None, sources=[SOURCE]
    )
    small.record.store.append([draft_of(body, event, by="system")])
    assert slug(client.get("/readyz")) == "projection-behind"
    assert client.get("/v1/status").json["is_behind"] is True
    small.record.catch_up()
    assert client.get("/readyz").text == "ok\n"


def test_the_docs_ask_nothing_of_anybody_else(client):
    page = client.get("/docs")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "://" not in page.text
    assert "://" not in client.get("/docs/init.js").text
