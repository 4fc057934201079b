"""Reports over HTTP: told by anybody, read in part by all, resolved by editors."""

import csv
import io
import logging
from datetime import timedelta

import pytest

from projections import report_texts
from service import editors, reports
from service.config import Settings
from service.http.addresses import address_of
from service.record import Record
from tests.editing import editor
from tests.log_places import SQLitePlace
from tests.mirrors import Copy, mirror
from tests.records import SmallRecord, app_over, small
from tests.redacting import holders
from tests.sources import served
from tests.test_reports import CONTACT, DAY, SOURCE_URL, TEXT, TOLD, corrected

__all__ = ["small"]

URL = "/v1/reports"
WORDS = (TEXT, SOURCE_URL, CONTACT)


@pytest.fixture
def kent(small):
    small.register("kent", "Kent Police")
    small.register("dyfed", "Dyfed-Powys Police")
    return small


def tell(kent, address="198.51.100.23", **changes):
    told = {k: v for k, v in {**TOLD, **changes}.items() if v is not None}
    return kent.client().post(URL, json=told, environ_base={"REMOTE_ADDR": address})


def signed(key, number=1):
    return {"Authorization": f"Bearer {key.key}", "Idempotency-Key": f"{number}"}


def resolve(kent, id, key, number=1, headers=None, **body):
    path = f"{URL}/{id}/resolution"
    headers = {**signed(key, number), **(headers or {})}
    return kent.client().post(
        path, json={"outcome": "unclear", **body}, headers=headers
    )


# Telling.


def test_anybody_may_report_a_problem_and_gets_its_event_and_proof(kent):
    answer = tell(kent)
    assert answer.status_code == 201
    told = answer.json
    assert answer.headers["Location"].endswith(f"/v1/events/{told['position']}")
    assert answer.headers["Cache-Control"] == "no-store"
    event = kent.client().get(answer.headers["Location"]).json
    event.pop("meta")
    assert told["event"] == event
    assert told["inclusion"]["position"] == event["position"]
    proof = kent.client().get(event["proof"]).json
    assert proof["leaf_hash"] == told["inclusion"]["leaf_hash"]
    assert (told["state"], told["about_stream"], told["kind"]) == (
        "open",
        "body-kent",
        "wrong-fact",
    )


def test_one_event_may_be_reported(kent):
    told = tell(kent, about=None, position=2).json
    assert (told["about_stream"], told["about_version"]) == ("body-dyfed", 1)
    assert told["about_position"] == 2


def test_nothing_that_is_public_shows_what_was_told(kent, caplog):
    caplog.set_level(logging.DEBUG)
    id = tell(kent).json["id"]
    client = kent.client()
    for path in (
        *(URL, f"{URL}.csv", f"{URL}/{id}", f"{URL}/{id}.csv", f"{URL}/{id}/versions"),
        *("/v1/events", "/v1/events.csv", "/v1/openings", f"{URL}/summary"),
        *("/v1/projections/reports/rows", "/v1/projections/history/rows"),
    ):
        text = client.get(path).text
        assert not any(word in text for word in (*WORDS, "Pwllheli", "198.51.100")), (
            path
        )
    assert client.get(f"{URL}/{id}").json["told"] is None
    assert not any(word in caplog.text for word in WORDS)


def test_the_same_words_get_the_same_answer_and_no_second_event(kent):
    first = tell(kent)
    size = kent.record.store.size()
    again = tell(kent, "203.0.113.9")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert kent.record.store.size() == size
    key = editor(kent.record)
    assert resolve(kent, first.json["id"], key).status_code == 201
    assert tell(kent).data == first.data, "as it stood when it was received"


def test_a_second_open_report_within_the_hour_is_refused(kent):
    tell(kent)
    kent.clock.now += timedelta(minutes=30)
    answer = tell(kent, text="And another thing")
    assert answer.status_code == 429
    assert answer.json["type"] == "/problems/rate-limited"
    assert 1795 <= int(answer.headers["Retry-After"]) <= 1801
    kent.clock.now += timedelta(seconds=int(answer.headers["Retry-After"]))
    assert tell(kent, text="And another thing").status_code == 201


def test_a_flood_is_stopped(kent, monkeypatch):
    monkeypatch.setattr(report_texts, "MOST_OF_ALL", 4)
    codes = [
        tell(kent, f"203.0.113.{each}", text=f"Thing {each}").status_code
        for each in range(6)
    ]
    assert codes == [201] * 4 + [429] * 2


BIDI, NUL = "a\u202eb", "a\x00b"
BAD = [
    ({"text": ""}, "/text"),
    ({"text": "x" * 5001}, "/text"),
    ({"text": BIDI}, "/text"),
    ({"text": NUL}, "/text"),
    ({"text": "e\u0301"}, "/text"),
    ({"text": 5}, "/text"),
    ({"text": ["x"]}, "/text"),
    ({"text": {"a": {"b": []}}}, "/text"),
    ({"kind": "typo"}, "/kind"),
    ({"kind": None}, "/kind"),
    ({"source_url": "javascript:alert(1)"}, "/source_url"),
    ({"source_url": "https://e.org/" + "x" * 2000}, "/source_url"),
    ({"contact": "x" * 201}, "/contact"),
    ({"about": "body-atlantis"}, "/about"),
    ({"about": "report-abcd2345"}, "/about"),
    ({"about": "ed-abcd"}, "/about"),
    ({"about": "BODY-kent"}, "/about"),
    ({"about": "x" * 10_000}, "/about"),
    ({"position": 1}, "/about"),
    ({"about": ..., "position": 0}, "/position"),
    ({"about": ..., "position": 10**15}, "/position"),
    ({"about": ..., "position": True}, "/position"),
    ({"about": ..., "position": "1"}, "/position"),
    ({"about": ...}, "/about"),
    ({"text": ...}, "/text"),
    ({"kind": ...}, "/kind"),
    ({"name": "x"}, "/name"),
    ({"outcome": "corrected"}, "/outcome"),
    ({"is_recorded": True}, "/is_recorded"),
]


@pytest.mark.parametrize(("changes", "pointer"), BAD)
def test_a_bad_report_is_refused_by_the_name_of_its_fault(kent, changes, pointer):
    size = kent.record.store.size()
    body = {k: v for k, v in {**TOLD, **changes}.items() if v is not ...}
    answer = kent.client().post(URL, json=body)
    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/invalid-body"
    assert {each["pointer"] for each in answer.json["errors"]} == {pointer}
    assert kent.record.store.size() == size
    assert kent.record.report_texts.ids() == []


def test_all_faults_are_named_at_once(kent):
    answer = kent.client().post(URL, json={"kind": "x", "text": "", "contct": "me"})
    pointers = {each["pointer"] for each in answer.json["errors"]}
    assert pointers >= {"/kind", "/text", "/contct"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"null", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 50_000, "application/json", 400),
        (b'{"text":"a","text":"b","kind":"other"}', "application/json", 400),
        (b'{"text":"\\ud800","kind":"other","about":"body-kent"}',
         "application/json", 400),
        (b'{"text":NaN}', "application/json", 400),
        (b'{"position":1e400}', "application/json", 400),
        (b'{"position":' + b"9" * 100_000 + b"}", "application/json", 400),
        (b'{"text":"\xff"}', "application/json", 400),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}",
         "application/json", 400),
        (b" " * (2**20 + 1), "application/json", 413),
        (b"text=x&kind=other", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"<a/>", "application/xml", 415),
    ],
)  # fmt: skip
def test_a_hostile_body_gets_a_problem_and_leaves_nothing(kent, body, kind, status):
    answer = kent.client().post(URL, data=body, content_type=kind)
    assert answer.status_code == status, answer.text
    assert kent.record.report_texts.ids() == []
    assert kent.record.store.size() == 2


def test_a_compressed_body_is_refused(kent):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = kent.client().post(URL, data=b"\x1f\x8b", headers=headers)
    assert answer.status_code == 415


def test_unknown_parameters_are_refused(kent):
    answer = kent.client().post(f"{URL}?dry_run=true", json=TOLD)
    assert answer.json["type"] == "/problems/unknown-parameter"
    assert kent.record.store.size() == 2


def test_the_address_says_which_methods_it_takes(kent):
    for path, methods in (
        (URL, "GET, HEAD, OPTIONS, POST"),
        (f"{URL}/abcd2345/resolution", "OPTIONS, POST"),
        (f"{URL}/summary", "GET, HEAD, OPTIONS"),
    ):
        answer = kent.client().options(path)
        assert answer.headers["Allow"] == methods
        assert answer.headers["Access-Control-Allow-Methods"] == methods
    answer = kent.client().get(f"{URL}/abcd2345/resolution")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "OPTIONS, POST")


# Who tells.


@pytest.mark.parametrize(
    ("passed", "socket", "proxies", "address"),
    [
        (None, "198.51.100.1", 0, "198.51.100.1"),
        ("203.0.113.9", "198.51.100.1", 0, "198.51.100.1"),
        ("203.0.113.9", "198.51.100.1", 1, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "198.51.100.1", 1, "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 192.0.2.5", "198.51.100.1", 2, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", 2, "198.51.100.1"),
        (None, "198.51.100.1", 1, "198.51.100.1"),
        ("evil\x00", "198.51.100.1", 1, "198.51.100.1"),
        ("x" * 100_000, "198.51.100.1", 1, "198.51.100.1"),
        (None, "2001:db8:1:2:3:4:5:6", 0, "2001:db8:1:2::/64"),
        (None, "2001:db8:1:2::9", 0, "2001:db8:1:2::/64"),
        (None, "::ffff:198.51.100.1", 0, "198.51.100.1"),
        ("[2001:db8:1:2::9]", "198.51.100.1", 1, "2001:db8:1:2::/64"),
        (None, "", 0, "unknown"),
    ],
)
def test_the_address_is_what_trusted_proxies_say(passed, socket, proxies, address):
    environ = {"REMOTE_ADDR": socket}
    environ |= {} if passed is None else {"HTTP_X_FORWARDED_FOR": passed}
    assert address_of(environ, proxies) == address


def test_the_setting_says_how_many_proxies_are_trusted():
    def asked(text):
        return Settings.from_environment({"COPPERPLATE_TRUSTED_PROXIES": text})

    assert Settings.from_environment({}).trusted_proxies == 0
    assert asked("2").trusted_proxies == 2
    assert asked("2").to_environment()["COPPERPLATE_TRUSTED_PROXIES"] == "2"
    assert "COPPERPLATE_TRUSTED_PROXIES" not in Settings().to_environment()
    with pytest.raises(ValueError, match="number of proxies"):
        asked("all")


def test_behind_a_proxy_clients_are_told_apart_and_cannot_pretend(kent):
    settings = Settings(data=kent.record.settings.data, trusted_proxies=1)
    record = Record.open(settings, kent.clock)
    client = app_over(record).test_client()

    def post(passed, text):
        headers = {"X-Forwarded-For": passed}
        body = {**TOLD, "text": text}
        return client.post(URL, json=body, headers=headers).status_code

    assert post("203.0.113.1", "One") == 201
    assert post("203.0.113.2", "Two") == 201
    assert post("9.9.9.9, 203.0.113.1", "Three") == 429
    record.close()


# Reading.


def test_an_editor_with_a_key_reads_what_was_told(kent):
    id = tell(kent).json["id"]
    for scope in ("record:ratings", "correct", "admin"):
        answer = kent.client().get(
            f"{URL}/{id}", headers=signed(editor(kent.record, scope))
        )
        assert answer.json["told"] == {
            "text": TEXT,
            "source_url": SOURCE_URL,
            "contact": CONTACT,
        }
        assert answer.headers["Cache-Control"] == "no-store"
        assert {"Authorization", "Accept"} <= set(answer.vary)


def test_the_public_answer_differs_by_authorization_too(kent):
    id = tell(kent).json["id"]
    answer = kent.client().get(f"{URL}/{id}")
    assert "Authorization" in answer.vary
    assert "no-store" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize("given", ["Bearer cpk_wrong", "Basic YTpi", "Bearer ", "x"])
def test_a_key_that_opens_nothing_is_refused_and_not_ignored(kent, given):
    id = tell(kent).json["id"]
    answer = kent.client().get(f"{URL}/{id}", headers={"Authorization": given})
    assert answer.status_code == 401
    assert TEXT not in answer.text


def test_a_revoked_key_reads_nothing_more(kent):
    id = tell(kent).json["id"]
    key = editor(kent.record)
    editors.revoke(kent.record, key.key_id, "lost")
    answer = kent.client().get(f"{URL}/{id}", headers=signed(key))
    assert answer.status_code == 401


def test_what_was_told_is_gone_90_days_after_the_resolution(kent):
    id, key = tell(kent).json["id"], editor(kent.record)
    resolve(kent, id, key)
    kent.clock.now += 90 * DAY
    reports.expire(kent.record)
    answer = kent.client().get(f"{URL}/{id}", headers=signed(key))
    assert (answer.status_code, answer.json["told"]) == (200, None)


def test_reports_are_listed_filtered_paged_and_had_as_csv(kent):
    ids = sorted(
        tell(kent, f"203.0.113.{n}", text=f"Thing {n}", kind=kind).json["id"]
        for n, kind in enumerate(("missing", "other", "missing"))
    )
    client = kent.client()
    page = client.get(f"{URL}?limit=2").json
    following = client.get(page["next"]).json
    assert [each["id"] for each in (*page["items"], *following["items"])] == ids
    assert client.get(f"{URL}?kind=missing").json["total"] == 2
    assert client.get(f"{URL}?state=resolved").json["total"] == 0
    assert client.get(f"{URL}?about=body-dyfed").json["total"] == 0
    assert client.get(f"{URL}?at_position=3").json["total"] == 1
    assert client.get(f"{URL}?known_at=2026-03-01").json["total"] == 0
    rows = list(csv.DictReader(io.StringIO(client.get(f"{URL}.csv").text)))
    assert [row["id"] for row in rows] == ids
    assert "told" not in rows[0] and "text" not in rows[0]
    note = client.get(f"{URL}?about=body-kant").json["meta"]["notes"]
    assert note == ["No body 'kant' is on record; did you mean 'kent'?"]
    for query in ("kind=x", "state=x", "about=x", "told=x"):
        assert client.get(f"{URL}?{query}").status_code == 400


def test_open_reports_and_their_ages_are_public(kent):
    id = tell(kent).json["id"]
    kent.clock.now += 5 * DAY
    tell(kent, text="And another thing", about="body-dyfed")
    found = kent.client().get(f"{URL}/summary").json
    assert (found["open"], found["oldest_open_days"]) == (2, 5)
    status = kent.client().get("/v1/status").json
    assert status["open_reports"] == 2
    assert status["oldest_open_report_at"] == "2026-03-02T12:00:00.000000Z"
    resolve(kent, id, editor(kent.record))
    status = kent.client().get("/v1/status").json
    assert status["open_reports"] == 1
    assert status["oldest_open_report_at"] == "2026-03-07T12:00:00.000000Z"
    past = kent.client().get(f"{URL}/summary?at_position=3&as_of=2026-03-04").json
    assert (past["open"], past["oldest_open_days"]) == (1, 2)


def test_a_report_that_is_not_on_record_is_not_found(kent):
    assert kent.client().get(f"{URL}/zzzz").status_code == 404
    assert kent.client().get(f"{URL}/zzzz/versions").status_code == 404
    event = tell(kent).json
    answer = kent.client().get(f"{URL}/{event['id']}?at_position=2")
    assert answer.json["known_since"] == event["position"]


# Resolving.


def test_an_editor_resolves_a_report_and_links_it_to_the_correction(kent):
    id, key = tell(kent).json["id"], editor(kent.record, "correct")
    fixed = corrected(kent)
    answer = resolve(kent, id, key, outcome="corrected", position=fixed.position)
    assert answer.status_code == 201
    assert answer.json["event"]["by"] == key.editor
    item = kent.client().get(f"{URL}/{id}").json
    assert (item["state"], item["outcome_label"]) == ("resolved", "Corrected")
    assert item["correction_position"] == fixed.position
    correction = kent.client().get(f"/v1/events/{item['correction_position']}").json
    assert correction["type"] == "body.corrected"
    versions = kent.client().get(f"{URL}/{id}/versions").json["items"]
    assert [each["type"] for each in versions] == ["report.received", "report.resolved"]


def test_only_who_may_correct_resolves(kent):
    id = tell(kent).json["id"]
    path = f"{URL}/{id}/resolution"
    body = {"outcome": "unclear"}
    assert kent.client().post(path, json=body).status_code == 401
    answer = resolve(kent, id, editor(kent.record, "record", "redact", "admin"))
    assert answer.status_code == 403
    assert kent.client().get(f"{URL}/{id}").json["state"] == "open"


def test_a_resolution_sent_again_is_recorded_once(kent):
    id, key = tell(kent).json["id"], editor(kent.record)
    first, again = (resolve(kent, id, key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    other = resolve(kent, id, key, outcome="duplicate")
    assert other.status_code == 422
    late = resolve(kent, id, key, number=2, outcome="duplicate")
    assert (late.status_code, late.json["rule"]) == (409, "report-resolved")


def test_a_resolution_that_names_nothing_good_is_refused(kent):
    id, key = tell(kent).json["id"], editor(kent.record)
    place = {"stream": "body-kent", "version": 9}
    for number, (body, status) in enumerate(
        [
            ({"outcome": "corrected"}, 409),
            ({"outcome": "corrected", "position": 1}, 409),
            ({"outcome": "corrected", "position": 999}, 400),
            ({"outcome": "corrected", "correction": place}, 400),
            ({"outcome": "corrected", "correction": place, "position": 1}, 400),
            ({"outcome": "unclear", "position": 1}, 409),
            ({"outcome": "sorted"}, 400),
            ({"outcome": None}, 400),
            ({"text": "x"}, 400),
            ({"correction": {"stream": "body-kent"}}, 400),
            ({"correction": []}, 400),
        ]
    ):
        answer = resolve(kent, id, key, number, **body)
        assert answer.status_code == status, (body, answer.json)
    assert kent.client().get(f"{URL}/{id}").json["state"] == "open"
    assert resolve(kent, "zzzz", key, 99).status_code == 404


def test_a_resolution_may_name_the_version_that_was_seen(kent):
    id, key = tell(kent).json["id"], editor(kent.record)
    stale = resolve(kent, id, key, headers={"If-Match": '"2"'})
    assert stale.status_code == 412
    assert resolve(kent, id, key, 2, headers={"If-Match": '"1"'}).status_code == 201


# A mirror.


def test_a_mirror_takes_no_reports_and_holds_nothing_that_was_told(tmp_path):
    made = SmallRecord(tmp_path / "source")
    made.register("kent", "Kent Police")
    id = tell(made).json["id"]
    copy = Copy(tmp_path / "mirror")
    with served(app_over(made.record)) as source:
        mirror(source, copy)
    made.record.close()
    with copy.opened() as record:
        client = app_over(record).test_client()
        answer = client.post(URL, json=TOLD)
        assert answer.status_code == 403
        assert source.address in answer.json["detail"]
        assert client.get(f"{URL}/{id}").json["state"] == "open"
        assert client.get(f"{URL}/{id}").json["told"] is None
        assert reports.expire(record) == 0
    assert holders(SQLitePlace(tmp_path / "source"), TEXT)
    assert holders(SQLitePlace(tmp_path / "mirror"), *WORDS) == []
