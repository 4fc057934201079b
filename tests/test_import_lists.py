"""The CSV of every list can be imported back: as it is, edited, and with new rows."""

import csv
import io
import json

import pytest

from service.domain.catalogue import NOUNS
from service.editors import plural
from service.imports.importer import Importer, Options
from service.imports.report import KNOWN, RECORDED, REFUSED
from service.imports.shapes import lists
from tests.importing import desk, held, statuses

__all__ = ["desk", "held"]

LISTS = [
    "bodies",
    "programmes",
    "inspections",
    "ratings",
    "terms",
    "findings",
    "statements",
    "plans",
    "monitoring",
    "sessions",
    "commitments",
    "gaps",
]


def exported(desk, path, query=""):
    """Return the CSV of a list, as it is served."""
    answer = desk.client.get(f"/v1/{path}.csv{query}")
    assert answer.status_code == 200
    return answer.text


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def written(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def edited(desk, path, id, /, **cells):
    """Return the row of a thing as its list shows it, with other cells."""
    [row] = [row for row in rows_of(exported(desk, path)) if row["id"] == id]
    assert cells.keys() <= row.keys()
    return written([row | cells])


@pytest.mark.parametrize("query", ["", "?excel=true"])
@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_was_not_edited_is_known_already(held, path, query):
    text, size = exported(held, path, query), held.size
    file = held.run(text)
    assert (file.shape, file.fault) == (f"list-of-{path}", None)
    assert {*statuses(file)} <= {KNOWN}, [x for x in file.lines if x.status != KNOWN]
    assert len(file.lines) == len(rows_of(text.lstrip("\ufeff")))
    assert held.size == size


def test_the_actions_and_the_updates_of_every_plan_are_known_already(held):
    found = 0
    for plan in rows_of(exported(held, "plans")):
        for part in ("actions", "updates"):
            text = exported(held, f"plans/{plan['id']}/{part}")
            file = held.run(text)
            if rows := rows_of(text):
                assert file.shape == f"list-of-{part}"
            assert statuses(file) == [KNOWN] * len(rows), file.lines
            found += len(rows)
    assert found > 20


def shape_of(path):
    [shape] = [each for each in lists.SHAPES if each.name == f"list-of-{path}"]
    return shape


SILENT = ("region", "overseen_by", "more_source_urls")  # Where nothing is said.


def lines_of(desk, path):
    """Return the JSON Lines of a list, as they are served."""
    answer = desk.client.get(f"/v1/{path}.jsonl")
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def sent(desk, items, **options):
    """Import items as JSON Lines."""
    lines = "".join(f"{json.dumps(item)}\n" for item in items)
    importer = Importer(desk.record, Options(**options))
    return importer.run([desk.write(lines, "list.jsonl")]).files[0]


@pytest.mark.parametrize("path", LISTS)
def test_the_json_lines_of_a_list_are_known_already(held, path):
    items = lines_of(held, path)
    file = sent(held, items)
    assert file.shape == f"list-of-{path}"
    assert statuses(file) == [KNOWN] * len(items), file.lines
    assert [line.line for line in file.lines] == list(range(1, len(items) + 1))


def test_an_edited_item_of_json_lines_is_disputed_as_a_cell_is(desk):
    item = next(i for i in lines_of(desk, "ratings") if i["grade"] == "good")
    source = {"source_url": "https://example.org/other", "more_source_urls": []}
    edited = {**item, "grade": "inadequate", "grade_label": "", **source}
    assert statuses(sent(desk, [edited])) == [REFUSED]
    assert statuses(sent(desk, [edited], disputes=True)) == [RECORDED]


def test_a_line_of_json_lines_that_is_no_item_is_refused_alone(held):
    item = lines_of(held, "gaps")[0]
    deep = "[" * 900 + "]" * 900
    bad = ["{", "[]", "NaN", '{"x": 1}', '{"id": "\\ud800"}', f'{{"id": {deep}}}']
    lines = "\n".join([json.dumps(item), *bad, json.dumps(item)])
    importer = Importer(held.record, Options(), is_dry_run=True)
    [file] = importer.run([held.write(lines, "list.jsonl")]).files
    assert statuses(file) == [KNOWN, *[REFUSED] * len(bad), KNOWN]


@pytest.mark.parametrize("path", LISTS)
def test_no_edited_cell_of_any_column_that_is_read_is_taken_for_known(held, path):
    columns = {*shape_of(path).optional, *shape_of(path).may_be_blank}
    rows = rows_of(exported(held, path))
    for column in columns - {"source_url", "more_source_urls"}:
        row = next((row for row in rows if row[column]), rows[0])
        file = held.run(written([row | {column: "edited"}]), dry_run=True)
        assert statuses(file) == [REFUSED], (column, row[column], file.lines)


@pytest.mark.parametrize("path", LISTS)
def test_no_cell_that_was_emptied_is_taken_for_known(held, path):
    columns = {*shape_of(path).optional, *shape_of(path).may_be_blank}
    rows = rows_of(exported(held, path))
    for column in columns - {*SILENT}:
        row = next((row for row in rows if row[column] not in ("", "false")), None)
        is_of_inspection = path == "ratings" and column.startswith("published_on")
        if row and not is_of_inspection:
            file = held.run(written([row | {column: ""}]), dry_run=True)
            assert statuses(file) == [REFUSED], (column, row[column], file.lines)


# Edited rows.

RATING = "peel-2014.bedfordshire.effectiveness.investigating-offending"


def test_an_edited_grade_is_refused_and_shows_both(desk):
    [row] = [r for r in rows_of(exported(desk, "ratings")) if r["id"] == RATING]
    text = edited(desk, "ratings", RATING, grade="outstanding")
    line = desk.line(text)
    assert line.status == REFUSED
    assert f"grade is {row['grade']} there, outstanding here" in line.why


def test_an_edited_grade_is_recorded_as_disputed_when_asked_for(desk):
    source = {"source_url": "https://example.org/other"}
    text = edited(desk, "ratings", RATING, grade="outstanding", **source)
    line = desk.line(text, disputes=True)
    assert (line.status, line.events) == (RECORDED, ["rating.disputed"])
    event = desk.record.store.read_stream(f"rating-{RATING}")[-1]
    assert event.data["data"]["grade"] == "outstanding"
    assert event.sources[0]["url"] == source["source_url"]
    assert desk.line(text, disputes=True).status == KNOWN


def test_what_was_unknown_is_filled_in_when_asked_for(desk):
    known = next(r for r in rows_of(exported(desk, "terms")) if not r["party"])
    text = edited(desk, "terms", known["id"], party="Independent", note="As he said.")
    assert "party is unknown there" in desk.line(text).why
    line = desk.line(text, fills=True)
    assert line.events == ["term.corrected"]
    [row] = [r for r in rows_of(exported(desk, "terms")) if r["id"] == known["id"]]
    assert (row["party"], row["note"]) == ("Independent", "As he said.")
    assert desk.line(text, fills=True).status == KNOWN
    assert desk.line(written([row])).status == KNOWN


def test_other_words_are_refused_without_being_shown(desk):
    said = next(r for r in rows_of(exported(desk, "statements")) if r["text"])
    secret = "Words that nobody said"
    line = desk.line(edited(desk, "statements", said["id"], text=secret))
    assert line.status == REFUSED and "text has other words there" in line.why
    assert secret not in line.why and said["text"] not in line.why
    disputed = edited(desk, "statements", said["id"], text=secret)
    assert "Words alone" in desk.line(disputed, disputes=True).why


def test_the_end_of_a_term_is_recorded_from_its_list(desk):
    term = next(
        r for r in rows_of(exported(desk, "terms")) if r["has_ended"] == "false"
    )
    line = desk.line(
        edited(desk, "terms", term["id"], has_ended="TRUE", ended_on="2026-01")
    )
    assert (line.status, line.events) == (RECORDED, ["term.ended"])


def test_another_source_is_added(desk):
    url = "https://example.org/second;a"
    text = edited(desk, "ratings", RATING, more_source_urls=url)
    assert desk.line(text).events == ["rating.sourced"]
    assert (desk.line(text).events, desk.line(text).status) == ([], KNOWN)


# New rows.


def test_a_new_row_is_recorded_with_the_names_of_bodies(desk):
    text = edited(
        desk,
        "statements",
        "avon-and-somerset.2023-03.1",
        id="kent.2026-02.1",
        body="Kent Police",
        dated_on="2026-02",
        term="",
        about="body-kent",
        responds_to="",
        source_url="https://example.org/kent",
    )
    line = desk.line(text)
    assert (line.status, line.events) == (RECORDED, ["statement.published"]), line
    [event] = desk.record.store.read_stream("statement-kent.2026-02.1")
    assert (event.data["body"], event.data["about"]) == ("kent", ["body-kent"])
    assert desk.line(text).status == KNOWN


@pytest.mark.parametrize(
    "cells, says",
    [
        ({"id": ""}, "id: missing."),
        ({"id": "Kent 1"}, "id: 'Kent 1' is no id"),
        ({"id": "other.2026.1"}, "must begin with kent."),
        ({"body": "kant"}, "the nearest is 'Kent Police'"),
        ({"about": "rating-nothing"}, "no rating 'nothing' is on record"),
        ({"about": "nothing"}, "names nothing on record"),
        ({"kind": ""}, "kind: missing."),
        ({"kind": "shout"}, "kind: Must be one of"),
        ({"section_55": "maybe"}, "section_55: write true or false."),
        ({"dated_on": "14/06/2024"}, "dated_on: '14/06/2024' is not a date"),
        ({"source_url": "", "source_title": ""}, "sources"),
        ({"text": "a\u202eb"}, "text: The character U+202E"),
    ],
)
def test_a_new_row_that_is_not_sound_is_refused_in_words(held, cells, says):
    row = dict(
        id="kent.2026-02.1", kind="letter", body="kent", dated_on="2026-02", about="",
        section_55="", text="", responds_to="", source_title="A letter",
        source_url="https://example.org/kent",
    )  # fmt: skip
    assert held.line(written([row]), dry_run=True).status == RECORDED
    line = held.line(written([row | cells]), dry_run=True)
    assert line.status == REFUSED and says in line.why, line


# Lists that the record makes.


@pytest.mark.parametrize(
    "path, says",
    [
        ("ratings/changes", "edit /v1/ratings.csv"),
        ("ratings/matrix", "The matrix follows from the ratings"),
        ("coverage", "/v1/gaps.csv"),
        ("responses", "edit /v1/statements.csv"),
        ("events", "Events never change"),
        ("ratings/{id}/versions", "Events never change"),
        ("redactions", "Redactions are final"),
        ("projections", "Digests are made by the record"),
        ("programmes/peel-2023-25/questions", "use the shape `questions`"),
        ("bodies/west-mercia/timeline", "never changes"),
        ("bodies/west-mercia/changes", "never changes"),
    ],
)
def test_a_list_that_is_worked_out_is_refused_and_says_what_to_edit(held, path, says):
    query = "?programme=peel-2023-25" if path.endswith("matrix") else ""
    file = held.run(exported(held, path.replace("{id}", RATING), query))
    assert file.fault and says in file.fault
    assert file.fault.startswith("This list cannot be imported back.")


def test_the_list_of_every_noun_can_be_imported():
    assert {plural(noun) for noun in NOUNS} == {*LISTS}
    names = {shape.name for shape in lists.SHAPES}
    assert {f"list-of-{path}" for path in (*LISTS, "actions", "updates")} == names
