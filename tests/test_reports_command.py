"""The commands that read, resolve and forget reports of problems."""

import json
import time
import urllib.request
from contextlib import closing
from datetime import timedelta

import pytest
from click.testing import CliRunner

from schemas.dates import utc_now
from service import reports
from service.cli import main
from service.config import Settings
from service.record import Record
from tests.records import SmallRecord
from tests.redacting import holders
from tests.server import serving
from tests.test_reports import CONTACT, TEXT, TOLD, corrected, tell

PATIENCE = 30  # Seconds for a server to do what it does beside answering.


@pytest.fixture
def kent(place):
    """Give a record of which the clock is that of the machine."""
    made = SmallRecord(place.folder, place.url)
    made.clock.now = utc_now() - timedelta(days=100)
    made.register("kent", "Kent Police")
    made.place = place
    yield made
    made.record.close()


def run(kent, *words, answer=None):
    environment = {"COPPERPLATE_DATABASE_URL": kent.place.url}
    arguments = ["reports", *words, "--data", str(kent.place.folder)]
    return CliRunner().invoke(main, arguments, input=answer, env=environment)


def test_reports_are_listed_without_what_was_told(kent):
    event = tell(kent)
    done = run(kent, "list", "--state", "open")
    assert done.exit_code == 0, done.output
    day = f"{kent.clock.now:%Y-%m-%d}"
    line = f"{event.id}  {day}   100 days  body-kent: wrong-fact, open"
    assert line in done.output
    assert TEXT not in done.output
    assert event.id not in run(kent, "list", "--state", "resolved").output
    assert event.id not in run(kent, "list", "--kind", "missing").output


def test_one_is_shown_with_what_was_told(kent):
    event = tell(kent)
    done = run(kent, "show", event.id)
    assert f"text: {TEXT}" in done.output and f"contact: {CONTACT}" in done.output
    assert run(kent, "show", "zzzz").output == "Error: No report zzzz is on record.\n"


def test_what_a_stranger_wrote_does_not_steer_the_terminal(kent):
    event = tell(kent, text="one\u200btwo\u2028three\nfour")
    shown = run(kent, "show", event.id).output
    assert "one\ufffdtwo\ufffdthree\nfour" in shown


def test_one_is_resolved_and_says_where_it_is_logged(kent):
    event = tell(kent)
    fixed = corrected(kent)
    words = ("--outcome", "corrected", "--position", str(fixed.position))
    done = run(kent, "resolve", event.id, *words, "--by", "ann")
    assert done.exit_code == 0, done.output
    [resolved] = kent.record.store.read(fixed.position, 1)
    assert (resolved.type, resolved.by) == ("report.resolved", "ann")
    assert f"position {resolved.position}" in done.output
    listed = run(kent, "list").output
    assert f"resolved, corrected (position {fixed.position})" in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("zzzz", "--outcome", "unclear"), "No report zzzz is on record."),
        (("ID", "--outcome", "corrected"), "must name the event"),
        (("ID", "--outcome", "corrected", "--position", "1"), "body.registered"),
        (("ID", "--outcome", "corrected", "--position", "99"), "last position is 2"),
        (("ID", "--outcome", "sorted"), "'sorted' is not one of"),
        (("ID",), "Missing option '--outcome'"),
    ],
)
def test_what_cannot_be_resolved_is_refused_in_a_line(kent, words, said):
    event = tell(kent)
    done = run(kent, "resolve", *(event.id if w == "ID" else w for w in words))
    assert done.exit_code != 0 and said in done.output
    assert "Traceback" not in done.output
    assert kent.record.store.size() == 2


def test_what_was_told_is_forgotten_when_it_is_confirmed(kent):
    event = tell(kent)
    assert run(kent, "forget", event.id, answer="n\n").exit_code == 1
    assert reports.told(kent.record, event.id)
    assert "Deleted." in run(kent, "forget", event.id, "--yes").output
    assert "Nothing was kept" in run(kent, "forget", event.id, "--yes").output
    assert holders(kent.place, TEXT, CONTACT) == []
    assert "not kept here any more" in run(kent, "show", event.id).output


def test_what_is_due_expires(kent):
    event = tell(kent)
    kent.clock.now += timedelta(days=5)
    reports.resolve(kent.record, event.id, outcome="unclear", by="ann")
    done = run(kent, "expire")
    assert done.output == "Deleted what was told in 1 reports.\n"
    assert holders(kent.place, TEXT, CONTACT) == []
    assert run(kent, "expire").output == "Deleted what was told in 0 reports.\n"


def test_a_server_takes_reports_and_deletes_what_is_due_when_it_starts(kent):
    event = tell(kent)
    kent.clock.now += timedelta(days=5)
    reports.resolve(kent.record, event.id, outcome="unclear", by="ann")
    kent.record.close()
    more = {"database_url": kent.place.url}
    with serving(kent.place.folder, "--empty", **more) as address:
        assert post(address, {**TOLD, "text": "Another thing"})["state"] == "open"
        with closing(Record.open(settings(kent))) as record:
            ends = time.monotonic() + PATIENCE
            while reports.told(record, event.id) and time.monotonic() < ends:
                time.sleep(0.1)
            assert reports.told(record, event.id) is None
            assert len(record.report_texts.ids()) == 1


def settings(kent):
    return Settings(data=kent.place.folder, database_url=kent.place.url)


def post(address, body):
    request = urllib.request.Request(
        f"{address}/v1/reports",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_a_setting_that_is_no_number_ends_a_command_with_a_line(kent):
    done = CliRunner().invoke(
        main,
        ["reports", "list", "--data", str(kent.place.folder)],
        env={"COPPERPLATE_TRUSTED_PROXIES": "many"},
    )
    assert done.exit_code == 1
    assert done.output.startswith("Error: COPPERPLATE_TRUSTED_PROXIES")
