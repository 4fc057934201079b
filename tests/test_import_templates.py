"""Templates: every column of a shape is explained, and every row can be imported."""

import csv
import io
import subprocess
import sys

import pytest

from service.imports import templates
from service.imports.shapes import SHAPES
from tests.importing import Desk, statuses
from tests.records import app_over

FILES = [shape for shape in SHAPES if not shape.is_list]


@pytest.fixture(scope="module")
def held(founded, tmp_path_factory):
    desk = Desk(founded, tmp_path_factory.mktemp("held"))
    yield desk
    desk.record.close()


@pytest.fixture(scope="module")
def client(held):
    return app_over(held.record).test_client()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_column_that_is_read_is_explained_and_no_other(shape, client):
    told = client.get(f"/v1/imports/templates/{shape.name}").json
    named = [column["name"] for column in told["columns"]]
    assert {*named} == shape.columns and len(named) == len({*named})
    assert all(column["holds"] for column in told["columns"])
    required = [c["name"] for c in told["columns"] if c["required"]]
    assert {*required} == {*shape.required}


@pytest.mark.parametrize("shape", FILES, ids=lambda shape: shape.name)
def test_the_rows_of_a_template_can_be_imported_as_they_are(shape, client, held):
    text = client.get(f"/v1/imports/templates/{shape.name}.csv").text
    header, *rows = csv.reader(io.StringIO(text))
    assert header == templates.columns_of(shape) and 1 <= len(rows) <= 2
    file = held.run(text, dry_run=True)
    assert (file.shape, file.fault, file.ignored) == (shape.name, None, [])
    assert {*statuses(file)} <= {"already known", "checked"}, file.lines


@pytest.mark.parametrize("shape", FILES, ids=lambda shape: shape.name)
def test_only_the_words_that_are_listed_are_taken(shape, held):
    text = templates.to_csv(shape)
    header, row = [*csv.reader(io.StringIO(text))][:2]
    for name in header:
        if templates.allowed_in(shape, name):
            cells = dict(zip(header, row, strict=True)) | {name: "nonsense"}
            out = io.StringIO()
            csv.writer(out).writerows([cells.keys(), cells.values()])
            [line] = held.run(out.getvalue(), dry_run=True).lines
            assert line.status == "refused", (name, line)


def test_the_list_of_shapes_leads_to_every_template(client):
    listed = client.get("/v1/imports/templates?limit=100").json["items"]
    assert {each["id"] for each in listed} == {shape.name for shape in SHAPES}
    for each in listed:
        if "{id}" not in each["template"]:
            answer = client.get(each["template"])
            assert (answer.status_code, answer.mimetype) == (200, "text/csv")


def test_a_shape_that_there_is_not_is_answered_with_the_nearest(client):
    answer = client.get("/v1/imports/templates/statement")
    assert answer.status_code == 404
    assert "statements" in answer.json["did_you_mean"]


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "service.cli", "import", "--template", *arguments],
        capture_output=True,
    )


def test_the_command_prints_the_same(client):
    served = client.get("/v1/imports/templates/terms.csv").data
    assert command("terms").stdout == served
    assert b"holder_name (needed): The name" in command("terms", "--verbose").stdout
    assert b"list-of-ratings" in command("list").stdout
    assert b"`--template list` lists them" in command("nothing").stderr
