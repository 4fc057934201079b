"""Reports of problems: their rules, what is kept of them, and for how long."""

import multiprocessing
from contextlib import closing
from datetime import timedelta
from threading import Event, Thread

import pytest

from projections import report_texts
from projections.listing import Page
from projections.moment import Moment
from projections.report_texts import TooManyReportsError
from projections.reports import get_report, list_reports, summary
from service import erasure, redaction, reports
from service.domain.base import RuleBrokenError
from service.domain.bodies import Body
from service.domain.reports import (
    Correction,
    Report,
    ReportReceived,
    ReportResolved,
)
from service.log.errors import ConflictError
from service.record import NotOnRecordError, Record
from tests.editing import opened
from tests.examples import breaks, given
from tests.records import NOON, Clock, SmallRecord
from tests.redacting import holders

KENT = {"stream": "body-kent", "version": None}
RECEIVED = ReportReceived(about=KENT, kind="wrong-fact")
FIXED = Correction("body-kent", 2, "body.corrected", "body-kent")
TEXT = "The name is wrong: it was “Heddlu Caint” until Ŵythnos, says Pwllheli Jones"
SOURCE_URL = "https://example.org/where-it-can-be-checked"
CONTACT = "pwllheli.jones@example.org"
ADDRESS = "198.51.100.23"
TOLD = {
    "about": "body-kent",
    "kind": "wrong-fact",
    "text": TEXT,
    "source_url": SOURCE_URL,
    "contact": CONTACT,
}
DAY = timedelta(days=1)


# Rules.


def received():
    return given(Report("abcd2345"), RECEIVED)


def test_a_report_is_received_once():
    assert Report("abcd2345").receive(about=KENT, kind="wrong-fact") == RECEIVED
    with breaks("already-recorded"):
        received().receive(about=KENT, kind="wrong-fact")


def test_a_report_is_open_until_it_is_resolved():
    assert received().is_open
    resolved = received().resolve(outcome="corrected", correction=FIXED)
    assert resolved == ReportResolved(
        outcome="corrected", correction={"stream": "body-kent", "version": 2}
    )
    assert not given(received(), resolved).is_open
    with breaks("report-resolved"):
        given(received(), resolved).resolve(outcome="unclear", correction=None)


@pytest.mark.parametrize(
    ("outcome", "made", "rule"),
    [
        ("corrected", None, "correction-missing"),
        ("retracted", None, "correction-missing"),
        ("no-fault-found", FIXED, "nothing-put-right"),
        ("retracted", FIXED, "no-correction"),
        ("corrected", Correction("body-kent", 1, "body.renamed", "body-kent"),
         "no-correction"),
        ("corrected", Correction("body-dyfed", 2, "body.corrected", "body-dyfed"),
         "other-thing"),
        ("redacted", Correction("redaction-x", 1, "field.redacted", "body-dyfed"),
         "other-thing"),
    ],
)  # fmt: skip
def test_an_outcome_names_the_event_that_it_led_to(outcome, made, rule):
    with breaks(rule):
        received().resolve(outcome=outcome, correction=made)


@pytest.mark.parametrize(
    ("outcome", "made"),
    [
        ("retracted", Correction("body-kent", 2, "body.retracted", "body-kent")),
        ("disputed", Correction("body-kent", 2, "body.disputed", "body-kent")),
        ("redacted", Correction("redaction-x", 1, "field.redacted", "body-kent")),
        ("unclear", None),
        ("added", None),
    ],
)
def test_an_outcome_that_agrees_with_its_event_is_recorded(outcome, made):
    resolved = received().resolve(outcome=outcome, correction=made)
    assert (resolved.outcome, resolved.correction is None) == (outcome, made is None)


def test_nothing_is_resolved_that_was_not_received():
    with breaks("not-on-record"):
        Report("abcd2345").resolve(outcome="unclear", correction=None)


def test_a_report_is_resolved_and_never_corrected():
    with breaks("report-is-final"):
        received().retract(reason="not-a-fact", asked_by="editor")
    with breaks("report-is-final"):
        received().add_source(adds_to=1, sources=[])


# Receiving.


@pytest.fixture
def small(place):
    made = SmallRecord(place.folder, place.url)
    made.register("kent", "Kent Police")
    made.register("dyfed", "Dyfed-Powys Police")
    yield made
    made.record.close()


def tell(small, address=ADDRESS, **changes):
    event, _ = reports.receive(small.record, {**TOLD, **changes}, address)
    return event


def listed(small, **filters):
    model = small.record.read_model
    moment = Moment(model.position, model.position, f"{small.clock.now:%Y-%m-%d}")
    return list_reports(model, moment, Page(), **filters).rows


def item(small, event, at=None):
    model = small.record.read_model
    head = model.position
    moment = Moment(at or head, head, f"{small.clock.now:%Y-%m-%d}")
    return get_report(model, moment, event.id)


def resolve(small, event, outcome="unclear", **named):
    return reports.resolve(
        small.record, event.id, outcome=outcome, by="ed-quillfeather", **named
    )


def test_the_log_has_what_it_is_about_and_none_of_the_words(small, place):
    event = tell(small)
    assert (event.type, event.stream) == ("report.received", f"report-{event.id}")
    assert event.data == {"about": KENT, "kind": "wrong-fact"}
    assert (event.by, event.change, event.sealed, event.sources) == (
        "system", "new", {}, [],
    )  # fmt: skip
    kept = {"text": TEXT, "source_url": SOURCE_URL, "contact": CONTACT}
    assert reports.told(small.record, event.id) == kept
    where = {name.removesuffix("-wal") for name in holders(place, TEXT, CONTACT)}
    assert where == {"desk.report_texts" if place.url else "desk.db"}


def test_no_address_is_kept_in_clear(small, place):
    tell(small, "203.0.113.77")
    tell(small, "2001:db8:77:1::/64", text="Another")
    assert holders(place, "203.0.113.77", "2001:db8:77:1") == []


def test_a_report_may_be_about_one_event(small):
    event = tell(small, about=None, position=2)
    assert event.data["about"] == {"stream": "body-dyfed", "version": 1}
    found = item(small, event)
    assert (found["about_position"], found["state"]) == (2, "open")


@pytest.mark.parametrize(
    ("named", "member"),
    [
        ({"about": "body-kant"}, "about"),
        ({"about": "report-kent"}, "about"),
        ({"about": "log-key-abcd1234"}, "about"),
        ({"about": "kent"}, "about"),
        ({"about": None, "position": 99}, "position"),
    ],
)
def test_what_is_not_on_record_is_not_reported_about(small, named, member):
    size = small.record.store.size()
    with pytest.raises(reports.UnknownEventError) as refused:
        tell(small, **named)
    assert refused.value.member == member
    assert small.record.store.size() == size
    assert small.record.report_texts.ids() == []


def test_reports_are_about_no_report(small):
    event = tell(small)
    with pytest.raises(reports.UnknownEventError):
        tell(small, about=event.stream)
    with pytest.raises(reports.UnknownEventError):
        tell(small, about=None, position=event.position)


def test_the_same_words_on_the_same_thing_give_the_report_that_there_is(small):
    first = tell(small)
    again, is_new = reports.receive(
        small.record, {**TOLD, "text": f"  {TEXT.upper()}\n"}, "203.0.113.9"
    )
    assert (again.position, is_new) == (first.position, False)
    assert tell(small, "203.0.113.9", about="body-dyfed").position != first.position
    assert tell(small, "203.0.113.8", about=None, position=1).position > first.position


def test_an_address_has_one_open_report_on_a_thing_an_hour(small):
    first = tell(small)
    small.clock.now += timedelta(minutes=20)
    with pytest.raises(TooManyReportsError) as refused:
        tell(small, text="And another thing")
    assert 2395 <= refused.value.retry_after <= 2401
    assert first.id in str(refused.value)
    with pytest.raises(TooManyReportsError):
        tell(small, text="And another thing", about=None, position=1)
    tell(small, text="And another thing", about="body-dyfed")
    tell(small, "203.0.113.9", text="And another thing")
    small.clock.now += timedelta(minutes=41)
    tell(small, text="And one more thing")


def test_a_resolved_report_makes_room_for_another(small):
    resolve(small, tell(small))
    tell(small, text="And another thing")


def test_an_address_may_send_so_many_in_an_hour(small, monkeypatch):
    monkeypatch.setattr(report_texts, "MOST_OF_AN_ADDRESS", 3)
    for number in range(3):
        resolve(small, tell(small, text=f"Thing {number}"))
    small.clock.now += timedelta(minutes=30)
    with pytest.raises(TooManyReportsError, match="from your address") as refused:
        tell(small, text="Thing 4")
    assert 1795 <= refused.value.retry_after <= 1801
    tell(small, "203.0.113.9", text="Thing 4")
    small.clock.now += timedelta(minutes=31)
    tell(small, text="Thing 5")


def test_a_flood_from_everywhere_fills_the_log_no_faster_than_so(small, monkeypatch):
    monkeypatch.setattr(report_texts, "MOST_OF_ALL", 5)
    for number in range(5):
        tell(small, f"203.0.113.{number}", text=f"Thing {number}")
    size = small.record.store.size()
    with pytest.raises(TooManyReportsError, match="in all"):
        tell(small, "203.0.113.99", text="Thing 99")
    assert small.record.store.size() == size


def test_midnight_gives_nobody_a_second_report_at_once(small):
    small.clock.now = NOON.replace(hour=23, minute=50)
    tell(small)
    small.clock.now += timedelta(minutes=20)
    with pytest.raises(TooManyReportsError):
        tell(small, text="And another thing")


# Resolving.


def corrected(small, id="kent"):
    body = small.record.load(Body, id)
    data = {**body.facts[1].event.data, "name": "Kent Constabulary"}
    event = body.correct(corrects=1, data=data, reason="entry-error", asked_by="public")
    return small.record.record(body, event, by="ed-quillfeather")


@pytest.mark.parametrize("by_position", [True, False])
def test_a_resolution_links_to_the_correction(small, by_position):
    event = tell(small)
    fixed = corrected(small)
    place = {"stream": fixed.stream, "version": fixed.version}
    named = {"position": fixed.position} if by_position else {"correction": place}
    small.clock.now += 3 * DAY
    done = resolve(small, event, "corrected", **named)
    assert done.data == {"outcome": "corrected", "correction": place}
    assert done.by == "ed-quillfeather"
    found = item(small, event)
    assert (found["state"], found["outcome"]) == ("resolved", "corrected")
    assert (found["correction_stream"], found["correction_position"]) == (
        "body-kent",
        fixed.position,
    )
    assert found["age_days"] == 3
    assert found["resolved_at"] == done.recorded_at
    before = item(small, event, at=fixed.position)
    assert (before["state"], before["outcome"]) == ("open", None)


def test_what_a_resolution_names_must_be_a_correction_of_that_thing(small):
    event = tell(small)
    other = corrected(small, "dyfed")
    with breaks("other-thing"):
        resolve(small, event, "corrected", position=other.position)
    with breaks("no-correction"):
        resolve(small, event, "corrected", position=1)
    with pytest.raises(reports.UnknownEventError, match="last position"):
        resolve(small, event, "corrected", position=99)
    missing = {"stream": "body-kent", "version": 7}
    with pytest.raises(reports.UnknownEventError, match="no version 7"):
        resolve(small, event, "corrected", correction=missing)
    assert item(small, event)["state"] == "open"


def test_a_redaction_of_words_of_the_thing_resolves_a_report(small):
    small.register("gwent", "Gwent Police", note="Written by Pwllheli Jones")
    event = tell(small, about="body-gwent", kind="personal-data")
    position = event.position - 1
    planned = redaction.plan(small.record, position, ["note"])
    why = {"basis": "data-protection", "reference": None, "by": "system"}
    gone = redaction.redact(small.record, planned, **why)
    done = resolve(small, event, "redacted", position=gone.position)
    assert done.data["correction"] == {"stream": gone.stream, "version": 1}


def test_nobody_resolves_what_was_not_received(small):
    with pytest.raises(NotOnRecordError):
        reports.resolve(small.record, "zzzz", outcome="unclear", by="ed-x")


def test_of_two_editors_who_resolve_at_once_one_is_refused(small):
    event = tell(small)
    resolve(small, event)
    with pytest.raises((RuleBrokenError, ConflictError)):
        resolve(small, event, "no-fault-found")


# Reading.


def test_reports_are_listed_by_what_they_are_about_their_kind_and_state(small):
    kent = tell(small)
    dyfed = tell(small, about="body-dyfed", kind="dead-link")
    resolve(small, dyfed, "duplicate")
    for filters, expected in (
        ({}, {kent.id, dyfed.id}),
        ({"about": "body-kent"}, {kent.id}),
        ({"kind": "dead-link"}, {dyfed.id}),
        ({"state": "open"}, {kent.id}),
        ({"state": "resolved", "about": "body-kent"}, set()),
    ):
        assert {each["id"] for each in listed(small, **filters)} == expected


def test_the_summary_counts_open_reports_and_their_days(small):
    resolve(small, tell(small))
    small.clock.now += 2 * DAY
    tell(small, text="Another", kind="missing")
    small.clock.now += 5 * DAY
    done = tell(small, "203.0.113.9", text="A third")
    small.clock.now += DAY
    resolve(small, done)
    tell(small, "203.0.113.9", text="A fourth")
    model = small.record.read_model
    moment = Moment(model.position, model.position, f"{small.clock.now:%Y-%m-%d}")
    assert summary(model, moment) == {
        "received": 4,
        "resolved": 2,
        "open": 2,
        "oldest_open_at": "2026-03-04T12:00:00.000000Z",
        "oldest_open_days": 6,
        "median_open_days": 0,
        "median_resolved_days": 0,
        "open_by_kind": {"missing": 1, "wrong-fact": 1},
    }
    empty = summary(model, Moment(1, model.position, "2026-03-02"))
    assert (empty["open"], empty["oldest_open_days"]) == (0, None)


# What is kept ends.


def test_what_was_told_is_overwritten_90_days_after_the_resolution(small, place):
    event = tell(small)
    still = tell(
        small, about="body-dyfed", text="Nobody has looked at this yet", contact=None
    )
    small.clock.now += 100 * DAY
    assert reports.expire(small.record) == 0, "it is open"
    resolve(small, event)
    small.clock.now += 90 * DAY - timedelta(seconds=1)
    assert reports.expire(small.record) == 0
    assert reports.told(small.record, event.id)
    small.clock.now += timedelta(seconds=1)
    assert reports.expire(small.record) == 1
    assert reports.told(small.record, event.id) is None
    assert holders(place, TEXT) == []
    assert reports.told(small.record, still.id)
    assert item(small, event)["outcome"] == "unclear", "the public part stays"


def test_what_somebody_reads_meanwhile_is_overwritten_by_the_next_turn(small, place):
    event = tell(small)
    resolve(small, event)
    small.clock.now += 91 * DAY
    with closing(reader_of_the_desk(place)):
        assert reports.expire(small.record, patience=0.05) == 1
        assert reports.told(small.record, event.id) is None
    assert reports.expire(small.record) == 0
    assert holders(place, TEXT, CONTACT) == []


def reader_of_the_desk(place):
    """Open a transaction that still sees the words, as somebody who reads may."""
    import sqlite3

    import psycopg

    if place.url:
        connection = psycopg.connect(place.url)
        connection.execute("SELECT count(*) FROM desk.report_texts")
        return connection
    connection = sqlite3.connect(place.folder / "desk.db")
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM report_texts").fetchone()
    return connection


def test_addresses_are_forgotten_after_an_hour_and_their_keys_after_two_days(small):
    event = tell(small)
    kept = small.record.report_texts.get(event.id)["address"]
    secrets = keys_of(small)
    assert kept and secrets
    small.clock.now += timedelta(minutes=59)
    reports.expire(small.record)
    assert small.record.report_texts.get(event.id)["address"] == kept
    small.clock.now += timedelta(minutes=1)
    reports.expire(small.record)
    assert small.record.report_texts.get(event.id)["address"] is None
    small.clock.now += 2 * DAY
    reports.expire(small.record)
    assert keys_of(small) == []
    tell(small, text="Another")
    assert secrets != keys_of(small) != []


def keys_of(small):
    with report_texts.database.reading(small.record.report_texts._engine) as connection:
        found = connection.execute(report_texts.select(report_texts.keys.c.secret))
        return list(found.scalars())


def test_what_was_told_can_be_forgotten_at_once(small, place):
    event = tell(small)
    assert reports.forget(small.record, event.id)
    assert reports.told(small.record, event.id) is None
    assert holders(place, TEXT, CONTACT) == []
    assert not reports.forget(small.record, event.id)
    assert item(small, event)["state"] == "open"


def test_the_expiry_runs_beside_the_server(small):
    resolve(small, tell(small))
    small.clock.now += 90 * DAY
    ended = Event()
    thread = Thread(target=reports.keep_expiring, args=(small.record, ended))
    ended.set()
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert small.record.report_texts.ids() == []


def test_a_redaction_tells_in_which_reports_the_same_words_stand(small):
    small.register("gwent", "Gwent Police", note="Written by Pwllheli Jones")
    event = tell(small, about="body-gwent")
    planned = redaction.plan(small.record, event.position - 1, ["note"])
    assert f"copperplate reports forget {event.id}" not in redaction.describe(planned)
    again = tell(small, "203.0.113.9", text="It says “Written by Pwllheli Jones”!")
    planned = redaction.plan(small.record, event.position - 1, ["note"])
    assert f"copperplate reports forget {again.id}" in redaction.describe(planned)
    needles = [b"Written by Pwllheli Jones"]
    if not small.record.settings.database_url:
        found = erasure.files_with(small.record.settings.data, needles)
        assert {each.name.partition("-")[0] for each in found} >= {"desk.db"}


# Crashes and races.


def test_words_that_a_crash_kept_from_the_log_are_put_there_by_the_retry(small):
    id = taken_only(small)
    assert small.record.find(Report, id).version == 0
    event, is_new = reports.receive(small.record, TOLD, ADDRESS)
    assert (event.id, is_new, event.version) == (id, False, 1)


def test_words_that_a_crash_kept_from_the_log_are_put_there_by_the_expiry(small):
    id = taken_only(small)
    reports.expire(small.record)
    assert small.record.find(Report, id).version == 0, "it may be under way"
    small.clock.now += reports.LATE
    reports.expire(small.record)
    assert small.record.find(Report, id).is_open
    size = small.record.store.size()
    reports.expire(small.record)
    assert small.record.store.size() == size


def taken_only(small):
    """Leave a report as a crash does between its two steps."""
    arrival = report_texts.Arrival(
        "abcd2345", "body-kent", None, "wrong-fact", TEXT, None, None
    )
    now, texts = small.clock.now, small.record.report_texts
    return texts.take(arrival, ADDRESS, now, lambda id: True)


def send(folder, url, number, barrier, results):
    """Send the same report, and one of our own, as another process does."""
    with opened(folder, url, Clock()) as record:
        barrier.wait()
        same, _ = reports.receive(record, TOLD, f"203.0.113.{number}")
        own = {**TOLD, "about": "body-dyfed", "text": f"Thing {number}"}
        try:
            event, _ = reports.receive(record, own, ADDRESS)
            results.put((same.id, event.id))
        except TooManyReportsError:
            results.put((same.id, None))


def test_processes_that_send_at_once_make_one_report_of_the_same_words(small, place):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    processes = [
        context.Process(
            target=send, args=(place.folder, place.url, n, barrier, results)
        )
        for n in range(3)
    ]
    for each in processes:
        each.start()
    found = [results.get(timeout=60) for _ in processes]
    for each in processes:
        each.join(60)
    assert len({same for same, _ in found}) == 1
    own = [each for _, each in found if each]
    assert len(own) == 1, "one open report of an address on a thing"
    small.record.catch_up()
    assert {each["id"] for each in listed(small)} == {found[0][0], own[0]}


def test_a_record_that_is_opened_again_knows_what_was_told(small, place):
    event = tell(small)
    with opened(place.folder, place.url, small.clock) as record:
        assert isinstance(record, Record)
        assert reports.told(record, event.id)["text"] == TEXT
        with pytest.raises(TooManyReportsError):
            reports.receive(record, {**TOLD, "text": "Another"}, ADDRESS)
