"""Items composed of pieces, and their CSV, are those that are made one by one."""

import csv
import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import composed
from projections.composed import Composed, Piece
from projections.listing import Opened
from projections.members import COMMON, common_pieces, with_common
from projections.moment import Moment
from projections.query import Found
from schemas.cells import cell_of, line_of
from service.http.representations import to_csv

TEXT = st.text(alphabet='ab,;"\r\n é', max_size=6)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXT, st.lists(TEXT, max_size=2),
    st.dictionaries(TEXT, TEXT, max_size=1),
)  # fmt: skip
NAMES = ("id", "body", "grade", "note", "name", "label", "nothing")


def made(rows):
    def doubled(body):
        return (body, [body, body])

    pieces = [
        Piece.plain("id"),
        Piece(("body", "grade"), ("body", "grade"), lambda *values: values),
        Piece.plain("note"),
        Piece(("name", "label"), ("body",), doubled),
        Piece(("nothing",), (), lambda: ([],)),
    ]
    found = Found(("id", "body", "grade", "note"), rows)
    return Composed(found, pieces, {"note": [f"said {row[3]}" for row in rows]})


def one_by_one(rows):
    return [
        {"id": id, "body": body, "grade": grade, "note": f"said {note}", "name": body,
         "label": [body, body], "nothing": []}
        for id, body, grade, note in rows
    ]  # fmt: skip


ROWS = st.lists(st.tuples(st.integers(), TEXT, st.one_of(st.none(), TEXT), TEXT))


@given(ROWS)
def test_items_are_those_that_are_made_one_by_one(rows):
    items = made(rows)
    assert list(items) == one_by_one(rows)
    assert len(items) == len(rows)
    assert list(items[1:3]) == one_by_one(rows)[1:3]
    for at in range(-len(rows), len(rows)):
        assert items[at] == one_by_one(rows)[at]


@given(ROWS, st.booleans(), st.booleans())
def test_the_csv_of_pieces_is_that_of_items(rows, is_first, for_excel):
    options = {"is_first": is_first, "for_excel": for_excel}
    one = to_csv(made(rows), NAMES, **options)
    assert one == to_csv(one_by_one(rows), NAMES, **options)


def test_columns_in_another_order_are_written_from_items(monkeypatch):
    monkeypatch.setattr(Composed, "texts", None)
    rows = [(1, "kent", "good", "so")]
    names = NAMES[::-1]
    assert to_csv(made(rows), names) == to_csv(one_by_one(rows), names)


@given(st.lists(VALUES, min_size=2))
def test_a_line_is_what_the_writer_of_python_makes_of_it(values):
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(map(cell_of, values))
    assert f"{line_of(values)}\r\n" == text.getvalue()


def test_a_piece_keeps_no_more_than_so_many_values(monkeypatch):
    monkeypatch.setattr(composed, "MOST", 3)
    rows = [(number, str(number % 7), None, "") for number in range(50)]
    assert list(made(rows)) == one_by_one(rows)
    kept = composed.Made(str)
    for number in range(50):
        assert kept[number] == str(number)
        assert len(kept) <= 3


@pytest.mark.parametrize("erased", [{}, {"c1": {"position": 7}, "t1": {"position": 9}}])
@pytest.mark.parametrize("day", [None, "2024-05-01", "2020-01-01"])
def test_the_members_of_every_item_are_the_same_as_pieces(day, erased):
    moment = Moment(9, 9, "2026-03-02", day)
    source = {"url": "https://a.example", "publisher": "A, B", "confidence": "high"}
    common = {
        "valid_from": "2023-01-01", "valid_to": None, "certain_from": "2023-01-31",
        "certain_to": None, "version": 2, "position": 7, "recorded_at": "Z",
        "change": "new", "is_disputed": True, "disputed_by": '["grade: good"]',
        "sources": orjson.dumps([source, source, {"url": None}]).decode(),
        "source_titles": "t1",
    }  # fmt: skip
    rows = [
        {"note": "c1", **common},
        {"note": None, **common, "valid_from": "", "source_titles": None},
        {"note": "c2", **common, "valid_to": "2024-01-01", "sources": "[]"},
    ]
    opened = Opened({"t1": ["Title"]} if not erased else {}, erased)
    names = ("note", *COMMON)
    found = Found(names, [tuple(row[name] for name in names) for row in rows])
    items = Composed(found, common_pieces(moment, opened, note="note"))
    assert list(items) == [with_common(row, moment, opened) for row in rows]
