"""The grades of a body over time: as a list, and as a chart for an article."""

import re
from xml.etree import ElementTree as Xml

import pytest

from service.grades_chart import NO_DATE, NONE, draw
from tests.records import client, record

__all__ = ["client", "record"]

SVG = "{http://www.w3.org/2000/svg}"
CHART = "/v1/bodies/west-mercia/grades.svg"
SAID = {"as_of": None, "known_at": None, "position": 0, "citation": "Copperplate",
        "undated": None, "gaps": None}  # fmt: skip
HOSTILE = "</title><script>alert(1)</script>&<&#0;\"'\x00\ud800￿ ]]>"


def texts(root):
    return [each.text for each in root.iter(f"{SVG}text")]


def grades(client, query=""):
    return client.get(f"/v1/bodies/west-mercia/grades?limit=1000{query}").json["items"]


@pytest.fixture(scope="module")
def chart(client):
    return Xml.fromstring(client.get(CHART).data)


def test_the_grades_are_those_of_the_list_of_ratings(client):
    ratings = client.get("/v1/ratings?body=west-mercia&limit=1000").json["items"]
    listed = {each["id"]: each for each in grades(client)}
    assert listed.keys() == {each["id"] for each in ratings}
    for each in ratings:
        shown = listed[each["id"]]
        assert shown["grade_label"] == each["grade_label"]
        assert shown["published_on"] == each["published_on"]


def test_a_grade_tells_how_it_compares_with_the_one_before(client):
    moves = client.get("/v1/ratings/changes?body=west-mercia&limit=1000").json["items"]
    known = {each["to_rating"]: each for each in moves}
    for each in grades(client):
        move = known.get(each["id"])
        before = move["from_rating"] if move else None
        assert each["after_rating"] == before
        assert each["comparable"] == (move["comparable"] if move else None)


def test_as_of_a_day_later_grades_do_not_show(client):
    then = grades(client, "&as_of=2018-12-31")
    assert {each["programme"] for each in then} == {"peel-2016", "peel-2017"}


def test_an_unknown_body_has_no_grades(client):
    assert client.get("/v1/bodies/nowhere/grades.svg").status_code == 404


def test_every_grade_stands_in_the_chart_in_words(client, chart):
    words = " ".join(texts(chart))
    desc = chart.find(f"{SVG}desc").text
    cells = [each.find(f"{SVG}title").text for each in chart.iter(f"{SVG}g")]
    assert len(cells) == len(grades(client))
    for each in grades(client):
        assert each["grade_label"].split()[0] in words
        wanted = f"{each['programme_title']}: {each['grade_label']}; "
        wanted += each["published_on_text"] or NO_DATE
        assert wanted in desc
        assert any(cell.startswith(wanted) for cell in cells)


def test_the_chart_is_an_image_with_a_title_and_a_description(chart):
    assert chart.get("role") == "img"
    named = [chart.find(f"{SVG}{each}").get("id") for each in ("title", "desc")]
    assert chart.get("aria-labelledby").split() == named
    assert "West Mercia Police" in chart.find(f"{SVG}title").text
    assert {each.tag.removeprefix(SVG) for each in chart.iter()} == {
        "svg", "title", "desc", "rect", "text", "line", "g",
    }  # fmt: skip


def test_the_chart_cites_the_answer_and_says_where_its_gaps_are(client, chart):
    said = " ".join(texts(chart))
    assert "/v1/bodies/west-mercia/grades.svg?at_position=" in said
    gaps = re.search(r"What is not held: (\S+)", said)[1]
    assert "body=west-mercia" in gaps
    assert client.get(gaps).json["items"]


def test_a_browser_runs_nothing_of_a_chart(client):
    answer = client.get(CHART)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.content_type == "image/svg+xml"


def test_a_line_joins_what_compares_and_breaks_where_the_scale_changed(client):
    query = "?concept=investigating-crime"
    chart = Xml.fromstring(client.get(f"{CHART}{query}").data)
    bold = [each for each in chart.iter(f"{SVG}line") if each.get("stroke-width")]
    assert len(bold) == 1
    assert "≠ scale" in texts(chart) and "↑ better" in texts(chart)


def test_a_line_does_not_pass_over_a_programme_without_a_grade(client):
    rows = grades(client, "&concept=preventing-crime")
    first, *_, last = [dict(row) for row in rows]
    middle = {**grades(client, "&programme=peel-2021-22")[0], "concept": "another"}
    last |= {"after_rating": first["id"], "comparable": True, "why_not": None}
    chart = Xml.fromstring(draw([first, middle, last], SAID))
    assert not [each for each in chart.iter(f"{SVG}line") if each.get("stroke-width")]


def test_corrections_disputes_and_unknown_dates_show(client):
    row = {
        **grades(client)[0],
        "change": "correction",
        "is_disputed": True,
        "published_on_text": None,
    }
    assert f"{NO_DATE}, corrected, disputed" in texts(Xml.fromstring(draw([row], SAID)))


def test_nothing_that_somebody_wrote_is_markup(client):
    names = ("body_name", "question_label", "programme_title", "grade_label",
             "published_on_text", "why_not")  # fmt: skip
    rows = [{**row, **dict.fromkeys(names, HOSTILE)} for row in grades(client)]
    said = {**SAID, "citation": HOSTILE, "gaps": HOSTILE}
    chart = Xml.fromstring(draw(rows, said))
    assert not list(chart.iter(f"{SVG}script"))
    assert "<script>alert(1)</script>" in chart.find(f"{SVG}desc").text


def test_a_body_without_grades_has_a_chart_that_says_so(client):
    chart = Xml.fromstring(client.get("/v1/bodies/pcc-west-mercia/grades.svg").data)
    assert NONE in texts(chart)
    assert chart.find(f"{SVG}desc").text == NONE
