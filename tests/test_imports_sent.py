"""Files that are sent over HTTP: imported by a process of their own, and reported."""

import csv
import io
from dataclasses import asdict

import pytest

from service import importing
from service.imports.importer import Importer
from service.imports.work import Options
from tests.importing import INSPECTION, STREAM, desk, grades
from tests.sending import Sender

__all__ = ["desk"]

REFUSED = {"grade": "superb", "question_or_pillar": "Managing offenders"}


@pytest.fixture
def sender(desk):
    return Sender(desk)


def left_in(desk):
    return sorted(each.name for each in (desk.folder / "imports").glob("im-*"))


def test_a_file_is_imported_and_told_of_line_by_line(desk, sender):
    done = sender.send(grades({}, REFUSED))
    assert (done["state"], done["shape"]) == ("done", "peel_grades")
    assert (done["lines_done"], done["lines_total"]) == (2, 2)
    assert (done["recorded"], done["refused"], done["events"]) == (1, 1, 2)
    first, second = sender.lines(done["id"])
    assert (first["line"], first["status"]) == (2, "recorded")
    assert first["things"] == [INSPECTION, STREAM]
    assert (second["line"], second["status"]) == (3, "refused")
    assert "'superb' is no grade" in second["why"]
    [event] = desk.record.store.read_stream(STREAM)
    assert (event.by, event.change) == (sender.key.editor, "backfill")
    assert left_in(desk) == []


def test_a_file_that_is_sent_again_records_nothing_twice(desk, sender):
    assert sender.send(grades())["recorded"] == 1
    size = desk.size
    again = sender.send(grades())
    assert (again["recorded"], again["already_known"]) == (0, 1)
    assert desk.size == size


def test_a_dry_run_says_what_would_be_recorded_and_records_nothing(desk, sender):
    size = desk.size
    done = sender.send(grades({}, REFUSED), "?dry_run=true")
    assert (done["is_dry_run"], done["recorded"], done["refused"]) == (True, 1, 1)
    assert done["events"] == 2 and desk.size == size


def test_the_report_can_be_had_as_csv_in_pages_and_by_status(sender):
    done = sender.send(grades({}, REFUSED), "?dry_run=true")
    address = f"/v1/imports/{done['id']}/lines"
    text = sender.get(f"{address}.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["status"] for row in rows] == ["recorded", "refused"]
    assert rows[0]["events"] == "inspection.published;rating.awarded"
    page = sender.get(f"{address}?limit=1").json
    assert page["total"] == 2
    [second] = sender.get(page["next"]).json["items"]
    assert second["line"] == 3
    assert [x["line"] for x in sender.lines(done["id"], "?status=refused")] == [3]


def test_the_report_is_that_of_the_command(desk, sender):
    text = grades({}, REFUSED, {"force_id": "kant"})
    told = sender.lines(sender.send(text, "?dry_run=true")["id"])
    [file] = Importer(desk.record, Options(), True).run([desk.write(text)]).files
    assert told == [asdict(line) for line in file.lines]


def test_what_differs_is_disputed_or_filled_in_when_asked_for(desk, sender):
    sender.send(grades())
    other = grades({"grade": "inadequate", "source_url": "https://example.org/2"})
    assert sender.send(other)["refused"] == 1
    assert sender.send(other, "?disputed=true")["recorded"] == 1
    finer = grades({"published_on": "2024-03-14"})
    assert sender.send(finer)["refused"] == 1
    assert sender.send(finer, "?fill=true")["recorded"] == 1
    assert desk.types(STREAM) == ["rating.awarded", "rating.disputed"]
    assert "inspection.corrected" in desk.types(INSPECTION)


def test_a_story_is_imported(desk, sender):
    story = (
        '{"do":"body.registered","id":"newforce","data":{"kind":"police-force",'
        '"name":"New Police"},"sources":[{"url":"https://example.org/n"}]}\n'
    )
    for media in ("application/jsonl", "application/x-ndjson"):
        done = sender.send(story, media=media)
        assert (done["state"], done["shape"]) == ("done", "story"), done
    assert desk.types("body-newforce") == ["body.registered"]


# Who may.


def test_only_editors_may_send_files_and_read_reports(desk, sender):
    done = sender.send(grades(), "?dry_run=true")
    paths = ["", f"/{done['id']}", f"/{done['id']}/lines", f"/{done['id']}/lines.csv"]
    for path in paths:
        answer = sender.client.get(f"/v1/imports{path}")
        assert answer.status_code == 401, path
    assert sender.client.post("/v1/imports", data="a").status_code == 401
    assert sender.get("/v1/imports/im-nothing").status_code == 404
    assert sender.get("/v1/imports/im-nothing/lines").status_code == 404
    assert sender.get("/v1/imports/%00").status_code == 404


def test_a_key_that_does_not_record_sends_nothing_but_reads_reports(desk, sender):
    done = sender.send(grades(), "?dry_run=true")
    other = Sender(desk, "redact")
    assert other.post(grades()).status_code == 403
    assert other.get(f"/v1/imports/{done['id']}").json["id"] == done["id"]


def test_an_editor_of_some_nouns_records_only_those(desk):
    sender = Sender(desk, "record:ratings")
    size = desk.size
    done = sender.send(grades())
    [line] = sender.lines(done["id"])
    assert line["status"] == "refused"
    assert "Not allowed: your key may not record things of the noun" in line["why"]
    assert desk.size == size
    Sender(desk).send(grades())
    more = grades({"question_or_pillar": "Managing offenders"})
    assert sender.send(more)["recorded"] == 1


def test_filling_in_takes_the_scope_to_correct(desk):
    Sender(desk).send(grades())
    finer = grades({"published_on": "2024-03-14"})
    sender = Sender(desk, "record")
    [line] = sender.lines(sender.send(finer, "?fill=true")["id"])
    assert "may not correct things of the noun inspection" in line["why"]


# What cannot be read.


@pytest.mark.parametrize(
    "content, media, status, says",
    [
        ("a,b\n", "application/json", 415, "text/csv"),
        ("a,b\n", "text/csv; charset=latin-1", 415, "UTF-8"),
        (b"", "text/csv", 400, "The file is empty"),
        (b"\n\n", "text/csv", 400, "The file is empty"),
        (b"force_id,programme,grade\n", "text/csv", 400, "peel_grades comes nearest"),
        (b"force_id,force_id\n", "text/csv", 400, "Columns that occur twice"),
        (b"a,b\n\xff\xfe", "text/csv", 400, "the byte at 4 is wrong"),
        ("a,b\n1,\u00e9".encode()[:-1], "text/csv", 400, "Not UTF-8"),
        (b"a,b\n1,\x00\n", "text/csv", 400, "the byte at 6 is NUL"),
        (b"PK\x03\x04\x00\x00", "text/csv", 400, "Not text"),
        (b'force_id,"grade\n', "text/csv", 400, "A quote is opened"),
        (b"," * 1_000_000 + b"\n", "text/csv", 400, "empty, or has no line"),
        (b"c," * 2_000 + b"d\n", "text/csv", 400, "2,001 columns"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once_and_not_kept(
    desk, sender, content, media, status, says
):
    answer = sender.post(content, media=media)
    assert (answer.status_code, says in answer.json["detail"]) == (status, True), (
        answer.json
    )
    assert left_in(desk) == [] and sender.get("/v1/imports").json["total"] == 0


def test_a_compressed_file_is_refused(desk, sender):
    answer = sender.client.post(
        "/v1/imports",
        data=b"\x1f\x8b",
        headers={**sender.headers, "Content-Type": "text/csv",
                 "Content-Encoding": "gzip"},
    )  # fmt: skip
    assert answer.status_code == 415 and left_in(desk) == []


def test_a_file_too_large_is_refused_without_being_read(desk, sender):
    answer = sender.post(b"a" * (32 * 2**20 + 1))
    assert answer.status_code == 413
    assert answer.json["limit"] == 32 * 2**20 and left_in(desk) == []


@pytest.mark.parametrize("query", ["?dry_run=yes", "?dryrun=true", "?fill=1"])
def test_an_option_that_is_not_known_is_refused(sender, query):
    assert sender.post(grades(), query).status_code == 400


def test_lines_that_are_not_sound_cost_themselves_alone(sender):
    text = grades(
        {"note": "a\u202eb"},
        {"note": "x\x07y"},
        {"force_id": "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
        {"note": "n" * 60_000},
        {},
    )
    done = sender.send(text, "?dry_run=true")
    told = [line["status"] for line in sender.lines(done["id"])]
    assert told == ["refused"] * 4 + ["recorded"]


HOSTILE = (
    "[" * 100_000,
    '{"do": NaN, "id": "a"}',
    '{"do":"body.registered","do":"x","id":"a"}',
    '{"do":"body.registered","id":"\\ud800"}',
    '{"do":"body.registered","id":"a\\u0000"}',
    '{"do":"rating.awarded","id":"a","data":{"programme":"\\ud800"}}',
    '{"do":"body.registered","id":"a","data":{"kind":' + "9" * 5_000 + "}}",
    '{"do":"body.registered","id":"a","data":{"' + "k" * 5_000 + '":1}}',
    "\ufeff\ufeff",
    '"' * 1_000_001,
)


def test_hostile_commands_are_refused_in_words(sender):
    done = sender.send("\n".join(HOSTILE), media="application/jsonl")
    assert (done["state"], done["refused"]) == ("done", len(HOSTILE)), done
    for told in sender.lines(done["id"]):
        assert 0 < len(told["why"]) <= 1_001


def test_quotes_that_are_never_closed_do_not_keep_an_import_busy(sender):
    text = grades().partition("\n")[0] + "\n" + 'x","\n' * 20_000
    done = sender.send(text)
    assert done["state"] == "done" and done["refused"] <= 30
    assert "never closed: the end" in sender.lines(done["id"])[-1]["why"]


# What a report holds.


def test_no_sealed_words_stand_in_a_report_or_the_desk(desk, sender):
    word = "Unspeakable Person"
    text = (
        "force_id,speaker_office,speaker_name,kind,dated_on,stance_paraphrase,title,"
        "source_url\n"
        f"kent,other,{word},letter,2024,{word},{word},https://example.org/a\n"
        f"{word},commissioner,{word},letter,2024,{word},{word},https://example.org/a\n"
    )
    done = sender.send(text)
    first, second = sender.lines(done["id"])
    assert word not in first["why"]
    # A column of ids is plain: who writes a name there is told so, in quotes.
    assert second["why"].startswith("force_id: No body")


# What is forgotten.


def test_reports_are_forgotten_after_thirty_days(desk, sender, monkeypatch):
    done = sender.send(grades(), "?dry_run=true")
    monkeypatch.setattr(importing, "KEPT", -importing.KEPT)
    assert sender.get(f"/v1/imports/{done['id']}").status_code == 200
    importing.settle(desk.record)
    assert sender.get(f"/v1/imports/{done['id']}").status_code == 404
