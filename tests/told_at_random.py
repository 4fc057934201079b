"""Histories of things of every noun that name, answer and correct one another."""

from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

from service.domain.base import Aggregate, RuleBrokenError
from service.domain.bodies import Body
from service.domain.programmes import Programme
from service.domain.redactions import Redaction
from tests.examples import HISTORIES, LINKED, REGISTERED, RENAMED
from tests.histories import WHY, Book, recorded
from tests.writers import SOURCE

FORCES = ("durham", "kent", "gwent")
KINDS = {
    **dict.fromkeys(FORCES, "police-force"),
    **{f"pcc-{force}": "local-policing-body" for force in FORCES[:2]},
    "north": "region",
    "titan": "regional-unit",
}
LINKS = (
    ("durham", "overseen-by", "pcc-durham"),
    ("kent", "overseen-by", "pcc-kent"),
    ("durham", "member-of", "north"),
    ("kent", "member-of", "north"),
)
PROGRAMME = "peel-2023-25"
EXAMPLE = "west-mercia"  # The force of the examples, for which others stand here.


def told_at_random(random: Random, steps: int) -> list[Any]:
    """Return the events of a history, as the log would record them."""
    book = Book(random, ())
    for id, kind in KINDS.items():
        if random.random() < 0.85:
            register(book, id, kind)
    for body, relation, other in LINKS:
        link(book, body, relation, other)
    announce(book)
    names, weights = zip(*STEPS.items(), strict=True)
    for step in random.choices(names, weights, k=steps):
        # Nothing of the kind is on record yet, or a rule forbids the step.
        with suppress(RuleBrokenError, IndexError):
            step(book)
    return recorded(book.drafts)


def register(book: Book, id: str, kind: str) -> None:
    ids = {"ons": None, "police_uk": None, "hmicfrs": None}
    event = replace(REGISTERED, kind=kind, name=id.title(), outside_ids=ids)
    put(book, book.find(Body, id), event)


def register_late(book: Book) -> None:
    id = book.random.choice(list(KINDS))
    if not book.find(Body, id).version:
        register(book, id, KINDS[id])


def rename(book: Book) -> None:
    body = book.one(Body)
    put(book, body, replace(RENAMED, name=f"Police {book.random.randrange(5)}"))


def link(book: Book, body: str, relation: str, other: str) -> None:
    thing = book.find(Body, body)
    if thing.version:
        days = {"started_on": None, "started_on_basis": None}
        put(book, thing, replace(LINKED, relation=relation, to=other, **days))


def link_again(book: Book) -> None:
    link(book, *book.random.choice(LINKS))


def announce(book: Book) -> None:
    empty, *events = HISTORIES["programme"]
    for event in events:
        put(book, book.find(lambda _: empty, empty.id), event)


def retitle(book: Book) -> None:
    programme = book.find(Programme, PROGRAMME)
    fact = programme.facts[1]
    data = {**fact.event.data, "title": f"PEEL {book.random.randrange(9)}"}
    book.put(programme, programme.correct(corrects=1, data=data, **WHY))


def tell(book: Book) -> None:
    """Tell the next event of an example, about one of the forces."""
    noun = book.random.choice([n for n in HISTORIES if n not in ("body", "programme")])
    force = book.random.choice(FORCES)
    empty, *events = HISTORIES[noun]
    id = empty.id.replace(EXAMPLE, force) + book.random.choice(["", "", ".b"])
    thing = book.find(lambda _: replace(empty, id=id), id)
    found = book.find(lambda _: thing, id) if thing.version else thing
    if found.version < len(events):
        put(book, found, varied(book.random, events[found.version], force))


def correct(book: Book) -> None:
    thing = any_thing(book)
    fact = book.random.choice([*thing.facts.values()])
    data = varied(book.random, fact.event.data, book.random.choice(FORCES))
    for name in data:
        if name == "title" or (name == "name" and book.random.random() < 0.5):
            data[name] = f"Other {book.random.randrange(5)}"
    more = {"programme": book.find(Programme, PROGRAMME)}
    more = more if thing.noun == "rating" else {}
    book.put(thing, thing.correct(corrects=fact.version, data=data, **WHY, **more))


def dispute(book: Book) -> None:
    thing = any_thing(book)
    fact = book.random.choice([*thing.facts.values()])
    data = varied(book.random, fact.event.data, book.random.choice(FORCES))
    more = {"programme": book.find(Programme, PROGRAMME)}
    more = more if thing.noun == "rating" else {}
    book.put(thing, thing.dispute(disputes=fact.version, data=data, **more))


def retract(book: Book) -> None:
    thing = any_thing(book)
    whole = book.random.random() < 0.3
    version = None if whole else book.random.choice([*thing.facts])
    book.put(thing, thing.retract(retracts=version, **WHY))


def source(book: Book) -> None:
    thing = any_thing(book)
    version = book.random.choice([*thing.facts])
    book.put(thing, thing.add_source(adds_to=version, sources=[SOURCE]))


def redact(book: Book) -> None:
    """Erase words; of an event of which none was erased before."""
    known = [e.data["target"] for e in book.drafts if e.type == "field.redacted"]
    drafts = [
        each
        for each in book.drafts
        if each.words and {"stream": each.stream, "version": each.version} not in known
    ]
    draft = book.random.choice(drafts)
    redaction = book.find(Redaction, f"r{len(book.drafts):012}")
    event = redaction.redact(
        target={"stream": draft.stream, "version": draft.version},
        sealed=[*draft.words],
        redacted={},
        fields=[book.random.choice([*draft.words])],
        basis="court-order",
        reference=None,
    )
    book.put(redaction, event)


STEPS = {
    tell: 30, correct: 8, rename: 4, register_late: 2, link_again: 1, retitle: 1,
    dispute: 2, retract: 3, source: 2, redact: 1,
}  # fmt: skip


def put(book: Book, thing: Aggregate, event: Any) -> None:
    """Put an event on record, whatever the rules say of what it names."""
    book.put(thing, replace(event, **book.sourcing()))


def any_thing(book: Book) -> Any:
    return book.random.choice([t for t in book.all(Aggregate) if t.noun != "redaction"])


def varied(random: Random, value: Any, force: str) -> Any:
    """Return a value in which the force of the examples, or another, is this one.

    Now and then it is some other force, so that things name several.
    """
    if isinstance(value, dict):
        return {k: varied(random, v, force) for k, v in value.items()}
    if isinstance(value, list):
        found = [varied(random, each, force) for each in value]
        return [e for number, e in enumerate(found) if e not in found[:number]]
    if isinstance(value, str):
        for known in (EXAMPLE, *FORCES):
            if known in value:
                other = random.choice(FORCES) if random.random() < 0.15 else force
                return value.replace(known, other)
    if hasattr(value, "data"):
        members = {**value.data, **{n: getattr(value, n) for n in value.sealed}}
        changed = varied(random, members, force)
        return type(value)(**changed, sources=value.sources)
    return value
