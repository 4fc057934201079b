"""Tokens: the words of a text as they are searched, and what a search asks for.

A word is a run of letters and digits of any script. Case, accents and a final `'s` do
not count, `&` is `and`, and there are no stems: a trailing `*` asks for all endings.
Both databases are given these words ready made, so that both find the same.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_TERMS, LEAST_LETTERS = 20, 2
LONGEST = 64  # Characters of a word that count.
_MARKS = "\u0300-\u036f"
_LETTER = rf"[^\W_][{_MARKS}]*"
_RUN = re.compile(rf"(?:{_LETTER})+(?:['\u2019](?:{_LETTER})+)*|&")
_ASCII_RUN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*|&")
_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r'"([^"]*)"|([^\s"]+)')


class UnreadableSearchError(ValueError):
    """What is searched for cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, and where it stands in its text, in characters."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search asks for: all of these words, beginnings and phrases."""

    words: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    whole: str = field(default="")

    def is_met_by(self, word: str) -> bool:
        """Whether a word is one of those asked for, or begins as asked."""
        return word in self.words or word.startswith(self.beginnings or ("\0",))


def folded(text: str) -> str:
    """Return the words of a text, with a space between two."""
    if text.isascii():
        found = _ASCII_RUN.findall(text.lower())
        return " ".join([_ascii(run) for run in found])
    return " ".join(token.word for token in tokens(text))


def tokens(text: str) -> Iterator[Token]:
    """Give the words of a text, each with its place."""
    for found in _RUN.finditer(text):
        for word in _words(found[0]):
            yield Token(word, found.start(), found.end())


def sought(text: str) -> Sought:
    """Read what is searched for, or raise UnreadableSearchError."""
    text = unicodedata.normalize("NFC", text)
    if text.count('"') % 2:
        raise UnreadableSearchError("A quote has no end: quotes come in pairs.")
    words: list[str] = []
    beginnings: list[str] = []
    phrases: list[tuple[str, ...]] = []
    for quoted, bare in _PIECE.findall(text):
        found = folded(quoted or bare).split()
        if bare.endswith("*") and found:
            beginnings.append(_beginning(found.pop()))
        words += found
        if len(found) > 1:
            phrases.append(tuple(found))
    return _checked(words, beginnings, phrases, folded(text))


def _checked(
    words: list[str],
    beginnings: list[str],
    phrases: list[tuple[str, ...]],
    whole: str,
) -> Sought:
    if not (words or beginnings):
        raise UnreadableSearchError("Nothing in it is a word: letters or digits.")
    if len(words) + len(beginnings) > MOST_TERMS:
        raise UnreadableSearchError(f"More than {MOST_TERMS} words.")
    return Sought(
        tuple(dict.fromkeys(words)),
        tuple(dict.fromkeys(beginnings)),
        tuple(dict.fromkeys(phrases)),
        whole,
    )


def _beginning(word: str) -> str:
    if len(word) < LEAST_LETTERS:
        raise UnreadableSearchError(
            f"A beginning has {LEAST_LETTERS} letters at least: {word}*."
        )
    return word


def _words(run: str) -> list[str]:
    """Return what a run of characters says: mostly one word, `½` is two."""
    if run.isascii():
        return [_ascii(run.lower())]
    plain = unicodedata.normalize("NFKD", run.replace("\u2019", "'")).casefold()
    plain = unicodedata.normalize("NFKD", plain)
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    kept = kept.removesuffix("'s").replace("'", "")
    return [each[:LONGEST] for each in _WORD.findall(kept)]


def _ascii(run: str) -> str:
    if run == "&":
        return "and"
    if "'" in run:
        run = run.removesuffix("'s").replace("'", "")
    return run[:LONGEST]
