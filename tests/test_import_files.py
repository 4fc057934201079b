"""Files of any encoding and dialect, whole or broken, are read or refused in words."""

import os

import pytest

from service.imports.reading import UnreadableFileError, parse_table, read_table
from tests.importing import HEADER, ROW, STREAM, desk, grades, statuses

__all__ = ["desk"]

NOTE = "it\u2019s Café policy"


def rows_of(text):
    return list(parse_table(text).rows)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: ("\n\n" + text + "\n\n").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("é", "e\u0301").encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "cp1252", "crlf", "cr", "blank", "no-end", "nfd"],
)
def test_a_file_is_read_in_any_common_form(desk, encode):
    assert desk.line(encode(grades({"note": NOTE}))).status == "recorded"
    [awarded] = desk.record.store.read_stream(STREAM)
    assert awarded.opened["note"] == NOTE


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_may_be_separated_by_commas_semicolons_or_tabs(desk, delimiter):
    note = {"note": "a, b; c\td"}
    assert desk.line(grades(note, delimiter=delimiter)).status == "recorded"


def test_columns_may_stand_in_any_order_and_in_any_writing(desk):
    columns = [*reversed(HEADER)]
    text = grades(columns=columns).replace("force_id", " Force ID ")
    assert desk.line(text).status == "recorded"


def test_columns_that_are_not_known_are_passed_by_and_said_so(desk):
    file = desk.run(grades(columns=(*HEADER, "colour", "sorce_url")))
    assert (statuses(file), file.ignored) == (["recorded"], ["colour", "sorce_url"])


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "The file is empty."),
        (b"\n\n \n", "The file is empty."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (b"PK\x03\x04rest", "save it as CSV"),
        (bytes(range(128, 256)), "neither UTF-8 nor Windows-1252"),
        (b"a\x00b,c\n", "NUL characters"),
        (
            b"force_id,programme,grade\n",
            "peel_grades comes nearest, and lacks question",
        ),
        (b"force_id,force_id\n", "Columns that occur twice: force_id."),
        (b'force_id,"programme\n', "The line of column names: A quote is opened"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(desk, content, says):
    file = desk.run(content)
    assert says in file.fault and "\n" not in file.fault and not file.lines


def test_random_bytes_are_refused(desk):
    assert desk.run(b"\x81" + os.urandom(5000)).fault


def test_a_file_too_large_to_be_one_of_ours_is_not_read(tmp_path):
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(UnreadableFileError, match="larger than 64 MiB"):
        read_table(tmp_path / "large.csv")


def test_a_file_without_rows_is_no_fault(desk):
    file = desk.run(grades().partition("\n")[0])
    assert (file.fault, file.lines) == (None, [])


def test_line_numbers_count_the_lines_within_quotes_and_blank_ones():
    text = 'a,b\n1,"x\ny\nz"\n\n2,"p\r\nq"\n3,\u2028\n4,\x0b\n'
    assert [line for line, _ in rows_of(text)] == [2, 6, 8, 9]


def test_rows_with_too_few_cells_are_filled_and_with_too_many_refused():
    first, second, third = (row for _, row in rows_of("a,b\n1\n1,2,3\n1,2,,\n"))
    assert first == {"a": "1", "b": ""} and third == {"a": "1", "b": "2"}
    assert second == "The row has 3 cells for 2 columns."


def test_a_quote_that_is_never_closed_costs_its_own_line_alone():
    (_, first), (line, fault), (_, last) = rows_of('a,b\n1,2\n3,"4\n5,6\n')
    assert (first["a"], last) == ("1", {"a": "5", "b": "6"})
    assert (line, fault) == (3, "A quote is opened on this line and never closed.")


def test_a_quote_that_another_row_closes_costs_its_own_line_alone():
    rows = rows_of('a,b\n3,"4\n5,"six"\n7,8\n')
    assert [(line, type(row)) for line, row in rows] == [(2, str), (3, dict), (4, dict)]


def test_a_file_of_open_quotes_is_read_to_its_end():
    rows = rows_of("a,b\n" + '1,"2\n' * 2001)
    assert len(rows) == 2001 and all(isinstance(row, str) for _, row in rows)


def test_a_bad_row_costs_no_other_row(desk):
    bad = {"force_id": "durham", "note": "x" * 100_000}
    good = {"force_id": "essex"}
    text = grades({}, bad, good) + ",,,,,,,,,,,extra\n"
    file = desk.run(text)
    assert statuses(file) == ["recorded", "refused", "recorded", "refused"]
    assert "note: has 100,000 characters; at most 50,000" in file.lines[1].why


def test_the_example_row_fits_the_header():
    assert set(ROW) <= set(HEADER)
