"""Texts: what can be found by its words: names, titles, and words that are opened.

A row is one text of one fact, and stands as long as the fact stands so. It holds the
words, and so it is no projection: it has no digest, which would change with each
redaction, and what is redacted is deleted from it, as from the table `words`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    bindparam,
    delete,
    event,
    func,
    literal_column,
    select,
    update,
)

from projections import database
from projections.database import KEY, metadata
from projections.facts import GENERIC_VERBS, Fact, Thing, world_date
from projections.spellings import spellings_of
from schemas import dates
from schemas.events import RecordedEvent
from schemas.tokens import folded

# Of each noun, the plain members that are searched. All sealed ones are, but these.
NOUNS: dict[str, tuple[str, ...]] = {
    "body": ("name",),
    "programme": ("title", "label", "text"),
    "inspection": ("title",),
    **dict.fromkeys(
        ("rating", "term", "statement", "plan", "commitment", "session", "finding",
         "monitoring", "gap"),
        (),
    ),
}  # fmt: skip
UNSEARCHED = ("source_titles", "reason_text")
NAMES = ("name", "title", "label", "person_name", "spelling")
MOST = 1000  # Texts of one event.

texts = Table(
    "texts",
    metadata,
    Column(
        "number",
        Integer().with_variant(BigInteger, "postgresql"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("noun", KEY, nullable=False),
    Column("thing", KEY, nullable=False),
    Column("version", Integer, nullable=False),
    Column("member", KEY, nullable=False),
    Column("is_name", Boolean, nullable=False),
    # The first possible day of the fact; null where the thing's own days tell.
    Column("since", KEY),
    Column("position_from", Integer, nullable=False),
    Column("position_to", Integer),
    Column("commitment", KEY),
    Column("plain", KEY),
    Column("length", Integer, nullable=False),
    Column("folded", KEY, nullable=False),
)
Index("texts_thing", texts.c.thing)

FOUND_IN = func.array_to_tsvector(
    func.string_to_array(texts.c.folded, literal_column("' '"))
)
Index("texts_words", FOUND_IN, postgresql_using="gin").ddl_if(dialect="postgresql")

# The tokens are made by us: `ascii` takes all that is beyond ASCII for letters.
# SQLAlchemy says no types of DDL.
_FTS5 = DDL(  # type: ignore[no-untyped-call]
    "CREATE VIRTUAL TABLE IF NOT EXISTS texts_words USING fts5(folded, "
    "content='texts', content_rowid='number', tokenize='ascii', detail=none, "
    "columnsize=0)"
)
# The statistics of PostgreSQL would keep words that were erased.
database.keep_no_statistics(texts, "TABLE %(fullname)s ALTER folded")
database.keep_no_statistics(texts, "INDEX %(fullname)s_words ALTER 1")
event.listen(texts, "after_create", _FTS5.execute_if(dialect="sqlite"))

ReadWords: TypeAlias = Callable[[Iterable[str]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a fact: plain, or sealed in a commitment."""

    version: int
    member: str
    since: str | None
    commitment: str | None = None
    plain: str | None = None

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it comes among the texts of its thing."""
        return self.version, self.member, self.plain or ""


class Collected:
    """The texts that a batch of events opens and closes, before they are written."""

    def __init__(self) -> None:
        self._opened: list[dict[str, Any]] = []
        self._closed: list[dict[str, Any]] = []

    def record(self, before: Thing | None, after: Thing, event: RecordedEvent) -> None:
        """Note what an event says, and what it takes back."""
        if event.noun not in NOUNS:
            return
        if event.verb in GENERIC_VERBS:
            old, new = set(_standing(before)), set(_standing(after))
            self._closed += [_closing(event, each) for each in old - new]
            said = sorted(new - old, key=lambda each: each.place)
        else:
            said = list(_said(after, after.facts[event.version]))
        for number, each in enumerate(said):
            self._opened.append(_opening(event, number, each))

    def fill(self, read: ReadWords) -> None:
        """Add the words to what was noted; `read` gives those that are held."""
        sealed = [row["commitment"] for row in self._opened if row["commitment"]]
        held = read(sealed) if sealed else {}
        self._opened = [row for row in self._opened if _fill(row, held)]

    def flush(self, connection: Connection) -> None:
        """Write what was noted, with its words."""
        if rows := self._opened:
            database.insert_many(connection, texts, rows)
            if database.is_sqlite(connection):
                values = [(row["number"], row["folded"]) for row in rows]
                database.run_many(connection, _INDEX, values)
        if self._closed:
            connection.execute(_CLOSE, self._closed)


def erase(connection: Connection, commitments: Sequence[str]) -> None:
    """Delete the texts that these commitments seal."""
    chosen = texts.c.commitment.in_(commitments)
    if connection.dialect.name == "sqlite":
        rows = connection.execute(select(texts.c.number, texts.c.folded).where(chosen))
        for number, words in rows.all():
            connection.exec_driver_sql(_UNINDEX, (number, words))
    connection.execute(delete(texts).where(chosen))


def _said(thing: Thing, fact: Fact) -> Iterator[Text]:
    """Give the texts of a fact that stands."""
    noun = thing.stream.partition("-")[0]
    if not fact.sealed and not NOUNS[noun]:
        return
    is_first = fact.version == next(iter(thing.facts))
    since = None if is_first or noun == "body" else _since(fact)
    for member, commitment in fact.sealed.items():
        if member not in UNSEARCHED:
            yield Text(fact.version, member, since, commitment=commitment)
    for member in NOUNS[noun]:
        if words := fact.data.get(member):
            yield Text(fact.version, member, since, plain=words)
    for spelling in spellings_of(noun, thing.id) if is_first else ():
        yield Text(fact.version, "spelling", since, plain=spelling)


def _since(fact: Fact) -> str:
    on = world_date(fact.data)[0]
    return dates.first_day(on) if on else ""


def _standing(thing: Thing | None) -> Iterator[Text]:
    if thing is None or thing.is_retracted:
        return
    for fact in thing.facts.values():
        if not fact.is_retracted:
            yield from _said(thing, fact)


def _opening(event: RecordedEvent, number: int, said: Text) -> dict[str, Any]:
    return {
        "number": event.position * MOST + number,
        "noun": event.noun,
        "thing": event.id,
        "version": said.version,
        "member": said.member,
        "is_name": said.member in NAMES,
        "since": said.since,
        "position_from": event.position,
        "position_to": None,
        "commitment": said.commitment,
        "plain": said.plain,
    }


def _fill(row: dict[str, Any], held: dict[str, Any]) -> bool:
    """Add the words to a row; False if they are not held, or are no text."""
    words = row["plain"] or held.get(row["commitment"])
    if not isinstance(words, str):
        return False
    row["folded"] = folded(words)
    row["length"] = row["folded"].count(" ") + 1
    return bool(row["folded"])


def _closing(event: RecordedEvent, said: Text) -> dict[str, Any]:
    return {
        "noun_": event.noun,
        "thing_": event.id,
        "version_": said.version,
        "member_": said.member,
        "key_": said.commitment or said.plain,
        "at_": event.position,
    }


_INDEX = "INSERT INTO texts_words(rowid, folded) VALUES (?, ?)"
_UNINDEX = "INSERT INTO texts_words(texts_words, rowid, folded) VALUES ('delete', ?, ?)"
_CLOSE = (
    update(texts)
    .where(
        texts.c.thing == bindparam("thing_"),
        texts.c.noun == bindparam("noun_"),
        texts.c.version == bindparam("version_"),
        texts.c.member == bindparam("member_"),
        func.coalesce(texts.c.commitment, texts.c.plain) == bindparam("key_"),
        texts.c.position_from < bindparam("at_"),
        texts.c.position_to.is_(None),
    )
    .values(position_to=bindparam("at_"))
)
