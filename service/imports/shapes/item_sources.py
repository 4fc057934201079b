"""The sources of a row of a list: the one that it shows first, and those beside it."""

import re
from collections.abc import Iterator
from typing import Any

from schemas.codelists import Confidence
from service.domain.base import Aggregate, Fact
from service.imports.compared import is_known
from service.imports.shapes.cells import Cells
from service.imports.shapes.reader import Reader
from service.imports.shapes.told import Data, is_shown, shown_as
from service.imports.wanted import RefusedError

SOURCE = ("source_url", "source_title", "source_publisher", "confidence",
          "more_source_urls")  # fmt: skip
_BETWEEN = re.compile(r";(?=https?://)")  # An address may itself hold a semicolon.


def source_of(cells: Cells) -> Data | None:
    """Return the first source of a row, if it names one."""
    if not (cells.get("source_url") or cells.get("source_title")):
        return None
    return _source_with(
        cells,
        url=cells.get("source_url") or None,
        publisher=cells.get("source_publisher") or None,
        title=cells.get("source_title") or None,
    )


def _source_with(cells: Cells, **members: Any) -> Data:
    nothing = dict.fromkeys(
        ("url", "publisher", "published_on", "accessed_on", "archived_url", "sha256",
         "title")
    )  # fmt: skip
    confidence = cells.get("confidence") or str(Confidence.HIGH)
    return {**nothing, "confidence": confidence, **members}


def must_have_sources(
    reader: Reader, cells: Cells, thing: Aggregate, fact: Fact
) -> None:
    """Refuse a row that says something else of the source that it shows."""
    if not fact.event.sources:
        return
    first = fact.event.sources[0]
    if cells.get("source_url") and not is_shown(cells["source_url"], first["url"]):
        return  # It names another source.
    shown_there = {
        "source_url": first["url"],
        "source_publisher": first["publisher"],
        "confidence": first["confidence"],
    }
    faults = [
        f"{column}: is {shown_as(value) or 'unknown'} there, and not as here."
        for column, value in shown_there.items()
        if column in cells and not is_shown(cells[column], value)
    ]
    if not _has_title(reader, cells, thing, fact):
        faults.append("source_title: is other words there.")
    if faults:
        raise RefusedError(*faults)


def _has_title(reader: Reader, cells: Cells, thing: Aggregate, fact: Fact) -> bool:
    if "source_titles" in reader.work.redacted(thing.stream, fact.version):
        return True
    titles = reader.work.words(thing.stream, fact.version).get("source_titles")
    title = titles[0] if titles else None
    return "source_title" not in cells or is_shown(cells["source_title"], title)


def add_sources(reader: Reader, cells: Cells, thing: Aggregate, version: int) -> None:
    """Add the sources that the row names and the thing does not have."""
    for source in _sources(cells, thing):
        now = reader.work.find(type(thing), thing.id)
        known = [each for one in now.facts.values() for each in one.event.sources]
        if not is_known(source, known):
            reader.work.add_source(now, now.facts[version], source)


def _sources(cells: Cells, thing: Aggregate) -> Iterator[Data]:
    if source := source_of(cells):
        yield source
    more = cells.get("more_source_urls", "")
    held = [each["url"] for one in thing.facts.values() for each in one.event.sources]
    for url in _BETWEEN.split(more):
        if url and url not in held:
            yield _source_with(cells, url=url)
