"""The command that redacts: what it asks, says and refuses."""

import json
import urllib.request

import pytest
from click.testing import CliRunner

from service import start
from service.cli import main
from service.config import Settings
from tests.log_places import SQLitePlace
from tests.redacting import SPEAKER, SPOKEN, holders, opened, reader, redact, said
from tests.server import serving

WHY = ["--basis", "court-order", "--reference", "KB-2026-17"]


@pytest.fixture
def place(tmp_path):
    return SQLitePlace(tmp_path / "data")


@pytest.fixture
def position(place):
    return str(said(place))


def run(place, *words, answer=None):
    arguments = ["redact", *words, "--data", str(place.folder)]
    return CliRunner().invoke(main, arguments, input=answer)


def test_it_shows_the_beginning_of_the_words_and_asks(place, position):
    done = run(place, position, "--field", "text", *WHY, answer="n\n")
    assert done.exit_code == 1
    assert SPOKEN[:40] in done.output and SPOKEN[61:90] not in done.output
    with opened(place) as record:
        assert record.store.redactions() == []


def test_it_says_where_it_is_logged_and_who_is_done(place, position):
    done = run(place, position, "--field", "speaker", *WHY, "--yes", "--by", "ann")
    assert done.exit_code == 0, done.output
    with opened(place) as record:
        [redaction] = record.store.redactions()
        [event] = record.store.read(redaction.position - 1, 1)
    assert f"position {redaction.position} of the log" in done.output
    assert "log: done" in done.output and "read model: done" in done.output
    assert event.data["reference"] == "KB-2026-17" and event.by == "ann"
    assert holders(place, SPEAKER) == []
    again = run(place, position, "--field", "speaker")
    assert again.exit_code == 0 and "redacted already" in again.output
    assert SPEAKER not in again.output


def test_a_dry_run_erases_nothing(place, position):
    done = run(place, position, "--field", "text", *WHY, "--dry-run")
    assert (done.exit_code, "Nothing was erased" in done.output) == (0, True)
    with opened(place) as record:
        assert record.store.redactions() == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["99", "--field", "text", *WHY], "There is no position 99"),
        (["2", "--field", "minutes", *WHY], "no sealed field 'minutes'"),
        (["2", "--field", "text"], "--basis"),
        (["2", *WHY], "--field"),
        (["2", "--field", "text", "--basis", "whim"], "'whim'"),
        (["2", "--field", "text", *WHY[:3], "x" * 201, "--yes"], "reference:"),
        (["2", "--field", "text", *WHY[:3], "a\x00b", "--yes"], "reference:"),
        (["2", "--field", "text", *WHY, "--by", "\x07", "--yes"], "by"),
    ],
)
def test_what_cannot_be_done_is_refused_with_one_line(place, position, words, says):
    done = run(place, *words)
    assert done.exit_code in (1, 2) and says in done.output
    assert "Traceback" not in done.output
    with opened(place) as record:
        assert record.store.redactions() == []


def test_a_field_of_several_that_is_redacted_already_is_named(place, position):
    assert run(place, position, "--field", "text", *WHY, "--yes").exit_code == 0
    done = run(place, position, "--field", "text", "--field", "speaker", *WHY, "--yes")
    assert (
        done.exit_code == 1 and "text was redacted already, at position" in done.output
    )


def test_what_is_pending_is_said_and_finished_by_a_later_run(
    place, position, monkeypatch
):
    monkeypatch.setattr("service.erasure.PATIENCE", 0.1)
    reading = reader(place)
    words = [position, "--field", "text", "--field", "speaker", *WHY, "--yes"]
    done = run(place, *words)
    assert done.exit_code == 0 and "pending" in done.output
    assert "still stand in" in done.output
    for each in reading:
        each.close()
    assert "log: done" in run(place, "--pending").output
    assert holders(place, SPOKEN, SPEAKER) == []


def test_a_server_erases_what_was_pending_before_it_serves(place, position):
    with opened(place) as record:
        redact(record, int(position))
    with serving(place.folder, "--empty") as address:
        answer = urllib.request.urlopen(f"{address}/v1/redactions").read()
        assert [e["erasure"] for e in json.loads(answer)["items"]] == ["done"]
        assert holders(place, SPOKEN, SPEAKER) == []


def test_what_is_pending_is_tried_again_meanwhile(place, position):
    with opened(place) as record:
        redact(record, int(position))
    start.erase_pending(Settings(data=place.folder))
    assert holders(place, SPOKEN, SPEAKER) == []
