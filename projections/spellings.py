"""Spellings: what variants of a name have in common, and those that are listed."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

_ENDINGS = (
    " police service",
    " constabulary",
    " police force",
    " police",
    " service",
    " force",
)


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Return what variants of a name have in common.

    `Devon & Cornwall Police`, `devon-and-cornwall` and `Devon and Cornwall` are one;
    so are `London, City of` and `City of London Police`.
    """
    text = unicodedata.normalize("NFKD", name).casefold().replace("&", " and ")
    head, comma, tail = text.partition(", ")
    if comma and tail.strip().endswith(" of"):
        text = f"{tail} {head}"
    text = re.sub("['\u2018\u2019`]", "", text)
    text = " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())
    for ending in _ENDINGS:
        text = text.removesuffix(ending)
    return text.removeprefix("the ")


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """Return text as a slug: `Requires improvement` becomes requires-improvement."""
    return "-".join(re.sub(r"[^a-z0-9]+", " ", text.casefold()).split())


@cache
def spellings() -> dict[tuple[str, str], str]:
    """Return the variants that folding does not reach, from spellings.csv."""
    return {(row["kind"], fold(row["spelling"])): row["id"] for row in _rows()}


def spellings_of(noun: str, id: str) -> Sequence[str]:
    """Return the variants of the names of a thing that are listed."""
    return _by_thing().get((noun, id), ())


@cache
def _by_thing() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in _rows():
        found.setdefault((row["kind"], row["id"]), []).append(row["spelling"])
    return found


@cache
def _rows() -> list[dict[str, str]]:
    path = files("projections").joinpath("spellings.csv")
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))
