"""Members that every item shows of itself: its days, its place, its sources."""

from functools import lru_cache, partial
from typing import Any

import orjson

from projections.composed import Piece, Values
from projections.listing import Opened
from projections.moment import Moment, certainty
from projections.tables import Row

SHOWN_AS = {"source_titles": "source_title"}  # Columns that an item names otherwise.
SPAN = ("valid_from", "valid_to", "certain_from", "certain_to")
STATED = ("change", "is_disputed", "disputed_by")
SOURCED = ("sources", "source_titles")
# The columns of which these members are made.
COMMON = (*SPAN, "version", "position", "recorded_at", *STATED, *SOURCED)


def with_common(row: Row, moment: Moment, opened: Opened) -> Row:
    """Return the members that every item shows of itself.

    That words were redacted shows at every moment, since they are gone at every one:
    it is all that an answer about the past tells of what came later.
    """
    return {
        "valid_from": row["valid_from"] or None,
        "valid_to": row["valid_to"],
        "in_force": certainty(row, moment.day),
        "version": row["version"],
        "position": row["position"],
        "recorded_at": row["recorded_at"],
        "change": row["change"],
        "is_disputed": row["is_disputed"],
        "disputed_by": orjson.loads(row["disputed_by"]),
        **_from_sources(opened, row["sources"], row["source_titles"]),
        "redacted": redacted_of(row, opened),
    }


def common_pieces(moment: Moment, opened: Opened, **sealed: str) -> list[Piece]:
    """Return the same as pieces; `sealed` names the column of each commitment."""
    commitments = {**sealed, "source_titles": "source_titles"}
    if not opened.erased:
        commitments = {}
    return [
        Piece(("valid_from", "valid_to", "in_force"), SPAN, partial(_held, moment)),
        *map(Piece.plain, ("version", "position", "recorded_at")),
        Piece(STATED, STATED, _stated),
        Piece(FROM_SOURCES, SOURCED, partial(_sourced, opened)),
        Piece(
            ("redacted",),
            tuple(commitments.values()),
            partial(_redacted, opened, tuple(commitments)),
        ),
    ]


def _held(moment: Moment, *span: Any) -> Values:
    row = dict(zip(SPAN, span, strict=True))
    return row["valid_from"] or None, row["valid_to"], certainty(row, moment.day)


def _stated(change: str, is_disputed: bool, disputed_by: str) -> Values:
    return change, bool(is_disputed), orjson.loads(disputed_by)


def _sourced(opened: Opened, sources: str, titles: str | None) -> Values:
    return tuple(_from_sources(opened, sources, titles).values())


def _redacted(opened: Opened, names: tuple[str, ...], *commitments: Any) -> Values:
    return (redacted_of(dict(zip(names, commitments, strict=True)), opened),)


FROM_SOURCES = ("source_url", "source_title", "source_publisher", "confidence",
                "more_source_urls")  # fmt: skip


def _from_sources(opened: Opened, text: str, commitment: str | None) -> Row:
    sources = _sources(text)
    first = sources[0] if sources else {}
    titles = opened.get(commitment or "") or [None]
    return {
        "source_url": first.get("url"),
        "source_title": titles[0],
        "source_publisher": first.get("publisher"),
        "confidence": first.get("confidence"),
        "more_source_urls": [s["url"] for s in sources[1:] if s["url"]],
    }


@lru_cache(maxsize=1024)
def _sources(text: str) -> tuple[Row, ...]:
    """Return the sources that a row has as JSON: many rows have the same."""
    return tuple(orjson.loads(text))


def redacted_of(row: Row, opened: Opened) -> list[Row]:
    """Return which members of a row were redacted, when, on what basis, and where."""
    if not opened.erased:
        return []
    return [
        {"member": SHOWN_AS.get(name, name), **opened.erased[value]}
        for name, value in sorted(row.items())
        if isinstance(value, str) and value in opened.erased
    ]
