"""Every shape of file: what it refuses, and that no cell makes an import fail."""

import csv
import io
import random

import pytest

from service.founding import founding_files
from service.imports import work
from service.imports.shapes import SHAPES, shape_of
from tests.importing import URL, Desk, desk, held, statuses

__all__ = ["desk", "held"]

NASTY = [
    "",
    "-1",
    "1e9",
    "99999999999",
    "\u0663",
    "yes",
    "a" * 400,
    "x" * 60_000,
    "\u202e",
    "\x7f",
    "../../etc/passwd",
    "=1+1",
    "{}",
    ";;;",
    "west-midlands",
    "West Midlands Police",
    "2024-02-30",
    "2023/2022",
    "http://[::1",
    "é",
    "…",
    "---",
    "'\"",
    "kent kent",
    "PEEL 2016",
    "unknown",
    "5-tier",
    "5-",
]


def spoilt(path, choice, count=120):
    """Return rows of a file, each with one or two cells that nobody would expect."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns, *rows = csv.reader(file)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for _ in range(count):
        cells = list(choice.choice(rows))
        for _ in range(choice.choice([1, 2])):
            cells[choice.randrange(len(cells))] = choice.choice(NASTY)
        writer.writerow(cells)
    return text.getvalue()


TABLES = [path for path in founding_files() if path.suffix == ".csv"]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_no_cell_makes_an_import_fail(desk, path):
    file = desk.run(spoilt(path, random.Random(path.stem)), disputes=True, fills=True)
    assert file.fault is None and "refused" in statuses(file)
    for line in file.lines:
        assert line.why is None or (line.why and len(line.why) < 2_000)
    assert desk.record.catch_up() == desk.size


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_founding_file_has_its_shape_and_no_column_is_passed_by(held, path):
    file = held.run(path.read_bytes(), dry_run=True)
    assert (file.shape, file.ignored) == (path.stem.removesuffix("_second_sources"), [])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_is_known_by_the_columns_it_requires(shape):
    assert shape_of(list(shape.present)) is shape


@pytest.mark.parametrize(
    "columns, cells, says",
    [
        (
            "force_id,programme,n_areas_stated",
            "kent,PEEL 2023-25,eight",
            "n_areas_state",
        ),
        (
            "force_id,programme,n_areas_stated,good,sums_to_n",
            "kent,PEEL 2023-25,9,8,yes",
            "sums_to_n: says yes, but 8 is not 9.",
        ),
        (
            "force_id,programme,n_areas_stated,good",
            "kent,PEEL 2023-25,7,8",
            "8 grades in 7 areas",
        ),
        (
            "soc_region_id,name,force_ids,n_forces",
            "east,East,kent essex,3",
            "n_forces: says 3, but names 2 forces.",
        ),
        ("soc_region_id,name,force_ids", "east,East,kent narnia", "No body 'narnia'"),
        ("body_id,kind,name", "x,kingdom,X", "kind: Must be one of: police-force"),
        ("body_id,kind,name", "Not an id!,other,X", "is no id: a-z, 0-9 and hyphens"),
        ("body_id,kind,name", ",,", None),
        ("body_id,kind,name", "x,,", "kind: missing. name: missing."),
        ("programme,family,title", "p,peel,", "title: missing."),
        ("programme,question,concept", "PEEL 1999,q,c", "No programme 'PEEL 1999'"),
        (
            "programme,question,concept,number",
            "PEEL 2023-25,q,c,first",
            "number: 'first' is not a whole number.",
        ),
        ("programme,text", "PEEL 2023-25,Why?", "No question 'Why?' is on record"),
        ("scale,rank_best_first,grade", "5-tier,1,good", "good has rank 2"),
        ("scale,rank_best_first,grade", "7-tier,1,good", "grades in 7 tiers"),
        ("scale,rank_best_first,grade", "5-tier,1,splendid", "is not on the scale of"),
    ],
)
def test_a_shape_refuses_in_plain_words(held, columns, cells, says):
    before = held.size
    lines = held.run(f"{columns},source_url\n{cells},{URL if says else ''}\n").lines
    assert [line.status for line in lines] == (["refused"] if says else [])
    assert not says or says in lines[0].why
    assert held.size == before


def test_rows_want_what_other_files_put_on_record(tmp_path, founded):
    empty = tmp_path / "empty"
    empty.mkdir()
    desk = Desk(empty, tmp_path)
    named = [path for path in TABLES if path.stem in ("soc_grades", "peel_grades")]
    lines = [desk.run(path.read_bytes()).lines[0] for path in named]
    desk.record.close()
    assert all("No programme" in line.why for line in lines)


@pytest.mark.parametrize("kept", [100, work.KEPT])
def test_rows_beyond_a_batch_rest_on_those_before(desk, monkeypatch, kept):
    monkeypatch.setattr(work, "KEPT", kept)
    bodies = "".join(f"b{n},other,Body {n},{URL}\n" for n in range(450))
    text = f"body_id,kind,name,source_url\n{bodies}{bodies}"
    assert statuses(desk.run(text)) == ["recorded"] * 450 + ["already known"] * 450
