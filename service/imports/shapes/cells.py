"""Cells: what one cell of a row may say, and what is wrong with those of a row."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any

from schemas import dates
from schemas.codelists import Code, Confidence, DateBasis, Level
from schemas.fields import ID_LENGTH, ID_PATTERN, NAME_LENGTH, TEXT_LENGTH, URL_LENGTH
from service.imports.names import shown, slug
from service.imports.wanted import RefusedError

Cells = Mapping[str, str]
Faults = dict[str, str]

ROOM = 40  # Characters that ids of other things may add to an id.
_ID = re.compile(ID_PATTERN)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ADDRESS = re.compile(r"https?://[^\s/]\S*")
CODES: dict[str, type[Code]] = {"confidence": Confidence, "level": Level}
# Forms of dates that people write, and how the record writes them.
_DATE_FORMS = {
    "%d/%m/%Y": "%Y-%m-%d",
    "%d.%m.%Y": "%Y-%m-%d",
    "%d %B %Y": "%Y-%m-%d",
    "%d %b %Y": "%Y-%m-%d",
    "%B %Y": "%Y-%m",
    "%b %Y": "%Y-%m",
    "%m/%Y": "%Y-%m",
    "%Y/%m/%d": "%Y-%m-%d",
}


def faults_of(
    cells: Cells, known: Collection[str], required: Collection[str]
) -> Faults:
    """Return what is wrong with the cells of a row, by column, in plain English."""
    found = {name: "missing." for name in required if not cells.get(name)}
    for name, text in cells.items():
        if text and name in known and (fault := _fault(name, text)):
            found[name] = fault
    return found


def all_of(*readings: Callable[[], Any]) -> list[Any]:
    """Return what each reading gives, or refuse the row for all that is wrong."""
    given: list[Any] = []
    faults: list[str] = []
    for read in readings:
        try:
            given.append(read())
        except RefusedError as error:
            faults += error.faults
    if faults:
        raise RefusedError(*faults)
    return given


def need(cells: Cells, name: str) -> str:
    """Return the text of a cell that may not be blank."""
    if not cells.get(name):
        raise RefusedError(f"{name}: missing.")
    return cells[name]


def new_id(cells: Cells, name: str, *, is_exact: bool = False) -> str:
    """Return the id that a cell gives to a thing, written as ids are.

    With `is_exact` the cell must hold the id itself, since it is kept for good.
    """
    text = need(cells, name)
    id = ".".join(slug(part) for part in text.split("."))
    is_other = is_exact and id != text
    if is_other or not _ID.fullmatch(id) or len(id) > ID_LENGTH - ROOM:
        raise RefusedError(
            f"{name}: {shown(text)} is no id: a-z, 0-9 and hyphens, at most "
            f"{ID_LENGTH - ROOM} characters."
        )
    return id


def whole_number(text: str, name: str) -> int:
    """Return the whole number that a cell holds."""
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise RefusedError(f"{name}: {shown(text)} is not a whole number.")
    return int(text)


def dated(cells: Cells, name: str) -> dict[str, Any]:
    """Return a date of the row, and what it rests on."""
    day = cells.get(name) or None
    basis = slug(cells.get(f"{name}_basis", "")) or None
    if day and (fault := _date_fault(day)):
        raise RefusedError(f"{name}: {fault}")
    return {name: day, f"{name}_basis": basis if day else None}


def when(cells: Cells, column: str, member: str) -> dict[str, Any]:
    """Return a date of the row as a member of an event, and what it rests on."""
    date = dated(cells, column)
    return {member: date[column], f"{member}_basis": date[f"{column}_basis"]}


def ordinal(cells: Cells) -> int:
    """Return which of the rows that are alike by their key this one is."""
    return whole_number(cells.get("ordinal") or "1", "ordinal")


def in_pence(cells: Cells, name: str) -> dict[str, Any]:
    """Return an amount in pounds as pence and currency, both null if none is said."""
    text = cells.get(name, "").replace(",", "").removeprefix("\u00a3")
    if not text:
        return {"amount_pence": None, "currency": None}
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{2})?", text):
        raise RefusedError(f"{name}: {shown(text)} is no amount: write 4571000.")
    pounds, _, pence = text.partition(".")
    return {"amount_pence": int(pounds) * 100 + int(pence or 0), "currency": "GBP"}


def region_id(region: str) -> str:
    """Return the id of a region, by what a file calls it."""
    return f"region-{slug(region).removesuffix('-region')}"


def tiers_of(text: str) -> int:
    """Return how many grades a scale has: `4-tier (PEEL 2014 - 2018/19)` has 4."""
    return whole_number(text.partition("-")[0], "scale")


def _fault(name: str, text: str) -> str | None:
    # Most cells are short and plain: there is nothing to look for.
    if len(text) > NAME_LENGTH or not text.isprintable():
        fault = _text_fault(text) or _length_fault(name, text)
        if fault:
            return fault
    return _form_fault(name, text) if _has_form(name) else None


@lru_cache(maxsize=1024)
def _has_form(name: str) -> bool:
    is_date = dates.is_world_date(name)
    return is_date or _codes_of(name) is not None or is_address(name)


@lru_cache(maxsize=4096)  # Rows near each other often say the same.
def _form_fault(name: str, text: str) -> str | None:
    if dates.is_world_date(name):
        return _date_fault(text)
    if codes := _codes_of(name):
        return _code_fault(codes, text)
    if _ADDRESS.fullmatch(text):
        return None
    return f"{shown(text)} is not a web address: write https://… or http://…"


def _codes_of(name: str) -> type[Code] | None:
    return DateBasis if name.endswith("_on_basis") else CODES.get(name)


def is_address(name: str) -> bool:
    """Whether a column holds web addresses."""
    return name.endswith("_url") or name == "membership_source"


def _text_fault(text: str) -> str | None:
    if found := _CONTROL.search(text):
        return f"holds U+{ord(found[0]):04X}, a control character: take it out."
    if found := _TURNING.search(text):
        return f"holds U+{ord(found[0]):04X}, which turns text around: take it out."
    return None


def _length_fault(name: str, text: str) -> str | None:
    longest = URL_LENGTH if name != "note" else TEXT_LENGTH
    longest = NAME_LENGTH if name in ("name", "title", "label") else longest
    if len(text) <= longest:
        return None
    return f"has {len(text):,} characters; at most {longest:,} are recorded."


def _code_fault(codes: type[Code], text: str) -> str | None:
    if slug(text) in list(codes):
        return None
    return f"{shown(text)} is none of {', '.join(codes)}."


def _date_fault(text: str) -> str | None:
    try:
        dates.window(text)
    except dates.InvalidDateError as error:
        guess = next(_guesses(text), None)
        fault = str(error) if len(text) < 40 else f"{shown(text)} is not a date."
        return f"{fault} Is {guess} meant?" if guess else fault
    return None


def _guesses(text: str) -> Iterator[str]:
    for form, ours in _DATE_FORMS.items():
        with suppress(ValueError, dates.InvalidDateError):
            guess = datetime.strptime(text, form).strftime(ours)
            yield dates.window(guess) and guess
