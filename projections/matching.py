"""Matching: which texts have the words that are sought, and how near the top they come.

Only these conditions differ between the databases: the words are made by
`schemas.tokens`, and what ranks them is arithmetic of whole numbers, so that both give
the same answers in the same order.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    Table,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from projections.moment import Moment, standing
from projections.read_model import ReadModel
from projections.texts import FOUND_IN, texts
from schemas.tokens import Sought


def saying(
    db: ReadModel, moment: Moment, noun: str, table: Table, sought: Sought | None
) -> list[Any]:
    """Keep the rows of the things of a noun that say what is sought; None keeps all."""
    if sought is None:
        return []
    things = select(texts.c.thing).where(
        texts.c.noun == noun, *found(db, moment, sought)
    )
    return [table.c.id.in_(things)]


def found(db: ReadModel, moment: Moment, sought: Sought) -> list[ColumnElement[bool]]:
    """Keep the texts that have what is sought, as they stood at a moment."""
    return [
        *_matching(db.engine.dialect.name, sought),
        standing(texts, moment),
        _said_by(moment),
    ]


def rank(sought: Sought) -> ColumnElement[int]:
    """Return how far from the top a text comes: lower is nearer.

    First the very name, then names and titles, then other texts; among them, the
    greater the part that the words sought are of a text, the nearer the top.
    """
    tier = case(
        (texts.c.is_name & (texts.c.folded == sought.whole), 1),
        (texts.c.is_name, 2),
        else_=3,
    )
    density = (1000 * _occurrences(sought)) // (texts.c.length + 20)
    return 100_000 * tier - density


def _said_by(moment: Moment) -> ColumnElement[bool]:
    """Keep what was said by the day asked for; the days of its thing tell the rest."""
    if moment.as_of is None:
        return true()
    is_dated = and_(texts.c.since != "", texts.c.since <= moment.as_of)
    return or_(texts.c.since.is_(None), is_dated)


def _matching(dialect: str, sought: Sought) -> list[ColumnElement[bool]]:
    # Words are letters and digits alone: there is nothing to break out of quotes with.
    asked = _for_postgresql(sought) if dialect == "postgresql" else _for_fts5(sought)
    phrases = (f" {' '.join(each)} " for each in sought.phrases)
    return [asked, *(_padded().contains(each) for each in phrases)]


def _for_postgresql(sought: Sought) -> ColumnElement[bool]:
    terms = [f"'{word}'" for word in sought.words]
    terms += [f"'{each}':*" for each in sought.beginnings]
    asked = cast(" & ".join(terms), TSQUERY)
    return FOUND_IN.op("@@", is_comparison=True)(asked)


def _for_fts5(sought: Sought) -> ColumnElement[bool]:
    terms = [f'"{word}"' for word in sought.words]
    terms += [f'"{each}" *' for each in sought.beginnings]
    found = text("SELECT rowid FROM texts_words WHERE texts_words MATCH :fts5")
    asked = found.bindparams(fts5=" AND ".join(terms)).columns(texts.c.number)
    return texts.c.number.in_(asked)


_SPACE: ColumnElement[str] = literal_column("' '", String)


def _padded() -> ColumnElement[str]:
    return _SPACE + texts.c.folded + _SPACE


def _occurrences(sought: Sought) -> ColumnElement[int]:
    """Return how often the words and the beginnings occur in a text."""
    terms = [f" {word} " for word in sought.words]
    terms += [f" {each}" for each in sought.beginnings]
    total: ColumnElement[int] = literal_column("0", Integer)
    for term in terms:
        rest = func.replace(_padded(), term, "", type_=String)
        total = total + (_length(_padded()) - _length(rest)) // len(term)
    return total


def _length(text: ColumnElement[str]) -> ColumnElement[int]:
    return func.length(text, type_=Integer)
