"""The tables of bulk files: record.sqlite, csv.zip, Parquet, opened by real tools."""

import csv
import io
import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pyarrow.parquet
import pytest

from schemas.listing import FilterSchema
from service.bulk import described, sqlite
from service.bulk.content import Content, folder_of
from service.bulk.folder import BulkFolder
from service.bulk.lists import TABLES, rows_of
from service.bulk.making import make
from service.config import Settings
from service.domain.inspections import Inspection
from service.http.contract import Contract
from service.record import Record
from tests.test_bulk import HEAD, client, founding

__all__ = ["client", "founding"]

# The lists of the API that are tables, by their addresses.
ADDRESSES = {
    **{t.name: f"/v1/{t.name}" for t in TABLES if t.whole is None},
}
ADDRESSES["grade_changes"] = "/v1/ratings/changes"


@pytest.fixture(scope="module")
def files(founding):
    return folder_of(founding).place(HEAD)


@pytest.fixture(scope="module")
def packed(files):
    with zipfile.ZipFile(files / "csv.zip") as packed:
        yield packed


def run(script, *words):
    """Run a script in another Python: what tools warn of is their own affair."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


# CSV.


@pytest.mark.parametrize("name", sorted(ADDRESSES.keys() - {"redactions"}))
def test_the_csv_of_a_table_is_that_of_its_list(client, packed, name):
    assert packed.read(f"{name}.csv") == client.get(f"{ADDRESSES[name]}.csv").data


def test_every_list_of_things_is_a_table(client):
    names = {table.name for table in TABLES}
    for rule in client.application.url_map.iter_rules():
        view = client.application.view_functions[rule.endpoint]
        contract = getattr(view, "contract", Contract())
        is_list = contract.many and not rule.arguments
        # Things, as they stood: what is found and what is laid out is made of them.
        if is_list and issubclass(contract.query, FilterSchema):
            path = rule.rule.removeprefix("/v1/")
            if path not in ("search", "ratings/matrix", "ratings/changes"):
                assert path in names


def test_the_parts_of_things_are_tables_too(client, packed):
    for name, part in (("plan_actions", "actions"), ("plan_updates", "updates")):
        rows = packed.read(f"{name}.csv").decode().splitlines()
        plan = rows[1].partition(",")[0]
        [header, *own] = client.get(f"/v1/plans/{plan}/{part}.csv").text.splitlines()
        assert rows[0] == header and set(own) <= set(rows) and own
    questions = packed.read("questions.csv").decode().splitlines()
    asked = client.get("/v1/programmes/peel-2023-25/questions.csv").text.splitlines()
    assert {f"peel-2023-25,{each}" for each in asked[1:]} <= set(questions)


FRICTIONLESS = """
import sys
from frictionless import Package
for path in sys.argv[1:]:
    report = Package(path).validate()
    print(report.stats["tasks"], report.flatten(["type", "fieldName"]))
"""


def test_the_data_package_is_valid_and_with_a_wrong_cell_it_is_not(packed, tmp_path):
    packed.extractall(tmp_path / "good")
    packed.extractall(tmp_path / "bad")
    path = tmp_path / "bad" / "terms.csv"
    path.write_bytes(path.read_bytes().replace(b",false,", b",perhaps,", 1))
    folders = [tmp_path / name / "datapackage.json" for name in ("good", "bad")]
    good, bad = run(FRICTIONLESS, *folders).splitlines()
    assert good == f"{len(TABLES)} []" and "['type-error', " in bad
    package = json.loads(packed.read("datapackage.json"))
    assert package["version"] == str(HEAD)
    assert package["licenses"][0]["name"] == "OGL-UK-3.0"
    keys = {e["name"]: e["schema"].get("foreignKeys", []) for e in package["resources"]}
    assert {"resource": "bodies", "fields": ["id"]} in [
        each["reference"] for each in keys["ratings"]
    ]


# SQLite.


@pytest.fixture
def database(files):
    with closing(sqlite3.connect(files / "record.sqlite")) as connection:
        yield connection


def test_the_tables_hold_what_the_lists_do(client, database, packed):
    for table in TABLES:
        [(count,)] = database.execute(f"SELECT count(*) FROM {table.name}").fetchall()
        rows = packed.read(f"{table.name}.csv").decode().count("\r\n") - 1
        assert count == rows, table.name
    [(count,)] = database.execute("SELECT count(*) FROM events").fetchall()
    assert count == HEAD
    database.row_factory = sqlite3.Row
    [item] = client.get("/v1/ratings?limit=1").json["items"]
    row = dict(database.execute("SELECT * FROM ratings ORDER BY id").fetchone())
    assert row.keys() == item.keys()
    for name, value in item.items():
        stored = row[name]
        if isinstance(value, list):
            stored = json.loads(stored)
        assert stored == value, name
    event = dict(database.execute("SELECT * FROM events WHERE position = 1").fetchone())
    shown = client.get("/v1/events/1").json
    assert json.loads(event["data"]) == shown["data"]
    assert json.loads(event["opened"]) == shown["opened"]


def test_what_names_a_thing_leads_to_it(database, files):
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    keys = database.execute("PRAGMA foreign_key_list(ratings)").fetchall()
    assert {(row[3], row[2]) for row in keys} >= {
        ("body", "bodies"),
        ("programme", "programmes"),
        ("inspection", "inspections"),
        ("position", "events"),
    }


def test_words_are_found_and_views_have_rows(database):
    found = database.execute(
        "SELECT id FROM statements WHERE rowid IN "
        "(SELECT rowid FROM statements_fts WHERE statements_fts MATCH 'crime')"
    ).fetchall()
    assert found
    for name in sqlite.VIEWS:
        assert database.execute(f"SELECT * FROM {name}").fetchone(), name


def test_no_table_of_our_own_is_in_it(database):
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    names = {name for (name,) in database.execute(tables)}
    shown = {n for n in names if "_fts" not in n and not n.startswith("sqlite_")}
    assert shown == {*(table.name for table in TABLES), "events"}


DATASETTE = """
import asyncio, json, sys
from datasette.app import Datasette

async def main():
    metadata = json.load(open(sys.argv[2]))
    datasette = Datasette([sys.argv[1]], metadata=metadata)
    for path in sys.argv[3:]:
        answer = await datasette.client.get(path)
        print(answer.status_code, answer.text)

asyncio.run(main())
"""


def test_datasette_shows_it_with_names_and_a_search(files):
    paths = [
        "/record/ratings?_size=5&body=west-mercia",
        "/record/statements?_search=crime",
        "/record",
        "/record/grades_in_force.json?_shape=array",
    ]
    said = run(DATASETTE, files / "record.sqlite", files / "metadata.json", *paths)
    assert said.count("200 ") >= len(paths)
    assert '<a href="/record/bodies/west-mercia">West Mercia Police</a>' in said
    assert 'name="_search"' in said and "Open Government Licence v3.0" in said
    assert (
        "One grade, as it stood." in said and "progress" not in said.split("</h1>")[0]
    )


def test_a_thing_that_is_gone_is_named_by_no_foreign_key_of_the_package(
    founded, tmp_path
):
    shutil.copytree(founded, tmp_path / "data")
    with closing(Record.open(Settings(data=tmp_path / "data"))) as record:
        rating = record_of(record, "ratings")
        thing = record.load(Inspection, rating["inspection"])
        why = {"reason": "not-a-fact", "asked_by": "editor", "reason_text": None}
        record.record(thing, thing.retract(**why), by="system")
        content = Content.now(record)
        sqlite.write_file(content, tmp_path / "record.sqlite")
    broken = sqlite.broken_references(tmp_path / "record.sqlite")
    assert ("ratings", "inspection") in broken
    [ratings] = [table for table in TABLES if table.name == "ratings"]
    named = [each["fields"] for each in described.foreign_keys(ratings, broken)]
    assert ["inspection"] not in named and ["body"] in named


def record_of(record, name):
    """Return the first row of a table."""
    [table] = [each for each in TABLES if each.name == name]
    return next(rows_of(Content.now(record), table))[0]


# Parquet.


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_parquet_has_the_rows_of_the_csv_with_their_types(files, packed, table):
    found = pyarrow.parquet.read_table(files / f"{table.name}.parquet")
    text = io.StringIO(packed.read(f"{table.name}.csv").decode(), newline="")
    header, *rows = csv.reader(text)
    assert found.column_names == header and found.num_rows == len(rows)
    types = {name: described.type_of(each) for name, each in table.members.items()}
    for name, column in zip(header, zip(*rows, strict=True), strict=False):
        wanted = [value_of(cell, types[name]) for cell in column]
        assert found[name].to_pylist() == wanted, name


def value_of(cell, kind):
    if not cell:
        return None
    if kind == "boolean":
        return {"true": True, "false": False}[cell]
    return int(cell) if kind == "integer" else cell


def test_the_bytes_are_the_same_when_they_are_made_again(founding, files, tmp_path):
    made = make(founding, BulkFolder(tmp_path))
    for each in made.files:
        again = (tmp_path / str(HEAD) / each.name).read_bytes()
        assert again == Path(files, each.name).read_bytes(), each.name
