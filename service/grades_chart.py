"""A chart of the grades of a body over time, to stand in an article.

A row for each concept, a column for each programme in its order, and in the cells the
grade in words, squares that count it, and the day of its publication. A line joins two
grades that compare, in neighbouring programmes; where the scale or the question
changed, or nothing is held, it breaks.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from projections.read_model import Row
from service.http.xml import add, to_bytes

LEAST_WIDTH = 960
LABELS, COLUMN, LINE, SQUARE = 240, 118, 58, 9
TOP, MARGIN = 118, 16
INK, PALE, PAPER = "#1d1d1d", "#5a5a5a", "#ffffff"
MOVES = {"up": "↑ better", "down": "↓ worse", "unchanged": "= the same"}
NO_DATE = "date not known"
NONE = "No grade of this body is on record as asked for."


def draw(rows: Sequence[Row], said: Mapping[str, Any]) -> bytes:
    """Return the chart as SVG; `said` is the meta of the answer."""
    return to_bytes(Chart(rows, said).root)


class Chart:
    """The drawing, made from the top to the bottom."""

    def __init__(self, rows: Sequence[Row], said: Mapping[str, Any]) -> None:
        self.rows, self.said = rows, said
        self.columns = _columns(rows)
        self.lanes = _lanes(rows)
        width = LABELS + COLUMN * len(self.columns) + 2 * MARGIN
        self.width = max(LEAST_WIDTH, width)
        self.line = LINE + 13 * (max(map(len, map(_label, rows)), default=1) - 1)
        self.bottom = TOP + self.line * sum(map(_depth, self.lanes.values()))
        self.source = _source(said, self.width)
        below = self.line if not rows else MARGIN
        self.height = self.bottom + 15 * len(self.source) + below + MARGIN
        self.root = self._canvas()
        self._heading()
        self._lanes()
        self._foot()

    def _canvas(self) -> Xml.Element:
        # Several charts may stand in one page.
        whose = next((f"-{row['body']}" for row in self.rows), "")
        title, desc = f"grades-title{whose}", f"grades-desc{whose}"
        root = Xml.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {self.width} {self.height}",
                "role": "img",
                "aria-labelledby": f"{title} {desc}",
                "font-family": "system-ui, Helvetica, Arial, sans-serif",
                "fill": INK,
            },
        )
        add(root, "title", self._title(), id=title)
        add(root, "desc", _in_words(self.rows), id=desc)
        add(root, "rect", width=self.width, height=self.height, fill=PAPER)
        return root

    def _title(self) -> str:
        names = [row["body_name"] or row["body"] for row in self.rows[:1]]
        return f"Grades over time: {names[0]}" if names else "Grades over time"

    def _heading(self) -> None:
        title = textwrap.shorten(self._title(), self.width // 14, placeholder="…")
        self._text(MARGIN, 34, title, font_size=20, font_weight="bold")
        self._text(MARGIN, 56, _as_of(self.said), font_size=12, fill=PALE)
        legend = "More filled squares are better, of those that the scale then had."
        self._text(MARGIN, 74, legend, font_size=12, fill=PALE)
        for number, programme in enumerate(self.columns):
            x, lines = self._x(number), textwrap.wrap(self.columns[programme], 17)
            for place, line in enumerate(lines[:2]):
                y = 96 + 13 * place
                self._text(x, y, line, font_size=12, font_weight="bold")
        add(self.root, "line", x1=MARGIN, x2=self.width - MARGIN, y1=TOP - 4,
            y2=TOP - 4, stroke=INK)  # fmt: skip

    def _lanes(self) -> None:
        y = TOP
        for lane in self.lanes.values():
            label = lane[-1]["question_label"] or lane[-1]["question"]
            for place, line in enumerate(textwrap.wrap(label, 34)[:3]):
                self._text(MARGIN, y + 18 + 15 * place, line, font_size=13)
            self._lane(lane, y)
            y += self.line * _depth(lane)
            add(self.root, "line", x1=MARGIN, x2=self.width - MARGIN, y1=y - 4,
                y2=y - 4, stroke="#c8c8c8")  # fmt: skip
        if not self.lanes:
            self._text(MARGIN, TOP + 30, NONE, font_size=14)

    def _lane(self, lane: Sequence[Row], top: int) -> None:
        places: dict[str, tuple[int, int]] = {}
        used: dict[str, int] = {}
        numbers = list(self.columns)
        for row in lane:
            programme = row["programme"]
            number, depth = numbers.index(programme), used.get(programme, 0)
            used[programme] = depth + 1
            y = top + self.line * depth
            places[row["id"]] = (number, y)
            self._join(places.get(row["after_rating"] or ""), (number, y), row)
            self._cell(row, self._x(number), y)

    def _join(
        self, old: tuple[int, int] | None, new: tuple[int, int], row: Row
    ) -> None:
        """Draw a line between grades that compare, if nothing lies between them."""
        if old is None or not row["comparable"] or new[0] - old[0] != 1:
            return
        add(self.root, "line", x1=self._x(old[0]) + COLUMN - 18, y1=old[1] + 12.5,
            x2=self._x(new[0]) - 4, y2=new[1] + 12.5, stroke=INK,
            stroke_width=2)  # fmt: skip

    def _cell(self, row: Row, x: int, y: int) -> None:
        cell = add(self.root, "g")
        add(cell, "title", _sentence(row))
        below = y + 34
        for line in _label(row):
            self._text(x, below, line, cell, font_size=11.5, font_weight="bold")
            below += 13
        _squares(cell, row, x, y + 8)
        beside = x + SQUARE * row["grades"] + 5
        self._text(beside, y + 16, _move(row), cell, font_size=10)
        self._text(x, below, _dated(row), cell, font_size=10, fill=PALE)

    def _foot(self) -> None:
        y = self.height - 15 * len(self.source) - 4
        for place, line in enumerate(self.source):
            self._text(MARGIN, y + 15 * place, line, font_size=10.5, fill=PALE)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        parent: Xml.Element | None = None,
        **attributes: object,
    ) -> None:
        if text:
            at = self.root if parent is None else parent
            add(at, "text", text, x=x, y=y, **attributes)

    def _x(self, number: int) -> int:
        return MARGIN + LABELS + COLUMN * number


def _columns(rows: Sequence[Row]) -> dict[str, str]:
    """Return the programmes in their order, family by family, with their titles."""
    found: dict[str, list[str]] = {}
    for row in sorted(
        rows, key=lambda row: (row["family"] or "", row["programme_order"])
    ):
        found.setdefault(row["programme"], []).append(row["programme_title"] or "")
    return {programme: titles[0] or programme for programme, titles in found.items()}


def _by_programme(row: Row) -> tuple[str, int, str]:
    return row["family"] or "", row["programme_order"], row["programme"]


def _lanes(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    lanes: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        key = (row["family"] or "", row["concept"] or row["question"])
        lanes.setdefault(key, []).append(row)
    return lanes


def _depth(lane: Sequence[Row]) -> int:
    """Return how many grades stand below one another in a lane."""
    programmes = [row["programme"] for row in lane]
    return max(programmes.count(each) for each in programmes)


def _squares(cell: Xml.Element, row: Row, x: int, y: int) -> None:
    filled = row["grades"] - row["grade_rank"] + 1 if row["grade_rank"] else 0
    for place in range(row["grades"]):
        fill = INK if place < filled else PAPER
        add(cell, "rect", x=x + SQUARE * place + 0.5, y=y + 0.5, width=SQUARE - 2,
            height=SQUARE - 1, fill=fill, stroke=INK)  # fmt: skip


def _label(row: Row) -> list[str]:
    """Return the grade in words, in lines that a column has room for."""
    return textwrap.wrap(row["grade_label"], 16)


def _move(row: Row) -> str:
    if row["after_rating"] and not row["comparable"]:
        return "≠ scale" if "scale" in row["why_not"] else "≠ question"
    return MOVES.get(row["direction"], "")


def _dated(row: Row) -> str:
    marks = [row["published_on_text"] or NO_DATE]
    if row["change"] == "correction":
        marks.append("corrected")
    if row["is_disputed"]:
        marks.append("disputed")
    return ", ".join(marks)


def _sentence(row: Row) -> str:
    """Say in words what a cell shows."""
    parts = [f"{row['programme_title'] or row['programme']}: {row['grade_label']}"]
    parts.append(_dated(row))
    if row["basis"] != "assessed":
        parts.append(row["basis_label"])
    if row["why_not"]:
        parts.append(f"not comparable with the one before: {row['why_not']}")
    elif row["direction"]:
        parts.append(
            f"{MOVES[row['direction']][2:]} than before".replace(
                "the same than before", "the same as before"
            )
        )
    return "; ".join(parts).removesuffix(".")


def _in_words(rows: Sequence[Row]) -> str:
    """Say in words all that the chart shows."""
    lanes = _lanes(rows).values()
    said = [
        f"{lane[-1]['question_label'] or lane[-1]['question']}. "
        + " ".join(f"{_sentence(row)}." for row in lane)
        for lane in lanes
    ]
    return " ".join(said) or NONE


def _as_of(said: Mapping[str, Any]) -> str:
    day = f"As of {said['as_of']}, a" if said["as_of"] else "A"
    when = f" ({said['known_at'][:10]})" if said["known_at"] else ""
    return f"{day}ccording to the record at position {said['position']}{when}."


def _source(said: Mapping[str, Any], width: int) -> list[str]:
    """Return the lines that cite the answer, and say what it has not."""
    lines = [f"Source: {said['citation']}"]
    if said["undated"]:
        lines.append(f"Left out, as their date is not known: {said['undated']}.")
    if said["gaps"]:
        lines.append(f"What is not held: {said['gaps']}")
    lines.append("Open Government Licence v3.0.")
    room = textwrap.TextWrapper(width // 6, break_on_hyphens=False)
    return [part for each in lines for part in room.wrap(each)]
