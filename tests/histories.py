"""Random histories of the record, made by the real commands, recorded in memory."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

from schemas.events import RecordedEvent
from service.domain.base import Aggregate, Event, RuleBrokenError
from service.domain.bodies import Body, BodyLinked
from service.domain.inspections import Inspection
from service.domain.programmes import Programme
from service.domain.ratings import Rating
from service.log.event_store import Draft
from service.log.sealing import seal
from service.record import draft_of
from tests.writers import SOURCE

BODIES = ("durham", "kent")
PROGRAMMES = ("peel-2014", "peel-2015", "peel-2016", "peel-2017")
QUESTIONS = ("crime", "offending", "leadership")
CONCEPTS = ("crime", "crime", "leading")
GRADES = ("good", "adequate", "inadequate")
DATES = (
    None, "2014", "2015", "2015-06", "2015-06-10", "2015-06-11", "2015-06-30",
    "2014-11/2015-03", "2015-12-31/2016", "2016-02-29", "2016-03", "2016-03-01",
)  # fmt: skip
SCALE = {
    "id": "scale-3",
    "grades": [
        {"grade": grade, "rank": rank, "label": grade.capitalize()}
        for rank, grade in enumerate(GRADES, 1)
    ],
}
WHY = {"reason": "entry-error", "asked_by": "editor"}


class Book:
    """A history in the making: the state of each thing, and the events so far."""

    def __init__(self, random: Random, kinds: Sequence[type[Aggregate]]) -> None:
        self.random, self.kinds = random, kinds
        self.drafts: list[Draft] = []
        self._states: dict[str, Aggregate] = {}

    def find(self, kind: Callable[[str], Any], id: str) -> Any:
        empty = kind(id)
        return self._states.get(empty.stream, empty)

    def any(self) -> Any:
        return self.one(self.random.choice(self.kinds))

    def all(self, kind: type[Aggregate]) -> list[Any]:
        return [each for each in self._states.values() if isinstance(each, kind)]

    def one(self, kind: type[Aggregate]) -> Any:
        return self.random.choice(self.all(kind))

    def put(self, thing: Aggregate, event: Event) -> None:
        draft = draft_of(thing, event, by="founding")
        salts = {name: _salt(draft, name) for name in draft.words}
        self.drafts.append(_replaced(draft, salts=salts))
        self._states[thing.stream] = thing.evolve(event)

    def sourcing(self) -> dict[str, Any]:
        number = self.random.randrange(4)
        return {
            "sources": [{**SOURCE, "url": f"https://example.org/{number}"}],
            "source_titles": [f"Secret title {number}"] if number else None,
        }

    def more(self) -> dict[str, Any]:
        note = f"Secret word {len(self.drafts)}" if self.random.random() < 0.3 else None
        return {**self.sourcing(), "note": note}

    def dated(self, name: str) -> dict[str, Any]:
        day = self.random.choice(DATES)
        return {name: day, f"{name}_basis": "stated" if day else None}


def history(random: Random, steps: int, *, of_bodies: bool = False) -> list[Draft]:
    """Make a history, of bodies or of all: what the rules refuse is left out."""
    book = Book(random, (Body,) if of_bodies else KINDS)
    for id in BODIES:
        register(book, id)
    for id in random.sample(PROGRAMMES, 3):
        announce(book, id)
        for question in QUESTIONS[:2]:
            ask(book, id, question)
    chosen = STEPS_OF_BODIES if of_bodies else STEPS
    names, weights = zip(*chosen.items(), strict=True)
    for step in random.choices(names, weights, k=steps):
        # Nothing of the kind is on record yet, or a rule forbids the step.
        with suppress(RuleBrokenError, IndexError):
            step(book)
    return book.drafts


def recorded(drafts: Sequence[Draft]) -> list[RecordedEvent]:
    """Give the events that the log would make of drafts."""
    events = []
    for position, draft in enumerate(drafts, 1):
        sealed, _ = seal(draft.words, draft.salts)
        events.append(
            RecordedEvent(
                position=position,
                type=draft.type,
                stream=draft.stream,
                version=draft.version,
                recorded_at=f"2025-01-01T00:00:00.{position:06}Z",
                by=draft.by,
                change=draft.change,
                data=draft.data,
                sealed=sealed,
                sources=draft.sources,
                leaf_hash=f"{position:064x}",
                opened=draft.words,
            )
        )
    return events


# Steps: ordinary events.


def register(book: Book, id: str) -> None:
    body = book.find(Body, id)
    ids = {"ons": None, "police_uk": id, "hmicfrs": None}
    data = {"kind": "police-force", "name": id.title(), "outside_ids": ids}
    book.put(body, body.register(**data, **book.dated("started_on"), **book.more()))


def rename(book: Book) -> None:
    body = book.one(Body)
    name = f"Police {book.random.randrange(5)}"
    more = {**book.dated("started_on"), **book.more()}
    book.put(body, body.rename(name=name, **more))


def link(book: Book) -> None:
    body = book.one(Body)
    data = {"relation": "member-of", "to": f"region-{book.random.randrange(2)}"}
    no_end = {"ended_on": None, "ended_on_basis": None}
    ends = book.dated("ended_on") if book.random.random() < 0.3 else no_end
    more = {**book.dated("started_on"), **ends, **book.more()}
    book.put(body, body.link(**data, **more))


def unlink(book: Book) -> None:
    body = book.one(Body)
    linked = book.random.choice(body.live(BodyLinked))
    data = {"relation": linked.relation, "to": linked.to, **book.dated("ended_on")}
    book.put(body, body.unlink(**data, **book.more()))


def announce(book: Book, id: str | None = None) -> None:
    programme = book.find(Programme, id or book.random.choice(PROGRAMMES))
    data = {
        "title": programme.id.upper(),
        "scale": SCALE,
        **_placing(book, programme.id),
        **book.dated("announced_on"),
        **book.more(),
    }
    book.put(programme, programme.announce(**data))


def ask(book: Book, id: str | None = None, question: str | None = None) -> None:
    programme = book.find(Programme, id or book.one(Programme).id)
    question = question or book.random.choice(QUESTIONS)
    data = {
        "question": question,
        "concept": book.random.choice(CONCEPTS),
        "level": "question",
        "pillar": None,
        "number": None,
        "label": question.title(),
        "text": None,
        "graded": "yes",
        "aliases": [],
    }
    book.put(programme, programme.add_question(**data, **book.more()))


def expect(book: Book) -> None:
    programme, subjects, inspection = _inspection(book)
    data = {"programme": programme, "title": "Soon", "subjects": subjects}
    more = {**book.dated("announced_on"), **book.more()}
    book.put(inspection, inspection.announce(**data, **more))


def publish(book: Book) -> None:
    programme, subjects, inspection = _inspection(book)
    data = {
        "kind": "programme",
        "programme": programme,
        "title": "Report",
        "subjects": subjects,
        "report_url": None,
        "section_55": True,
    }
    more = {**book.dated("published_on"), **book.more()}
    book.put(inspection, inspection.publish(**data, **more))


def award(book: Book) -> None:
    inspection = book.one(Inspection)
    programme = book.find(Programme, inspection.id.split(".")[0])
    question = book.random.choice(QUESTIONS)
    body = book.random.choice(inspection.subjects)
    data = {
        "inspection": inspection.id,
        "programme": programme.id,
        "body": body,
        "question": question,
        "level": "question",
        "scale": "scale-3",
        "grade": book.random.choice(GRADES),
        "basis": "assessed",
        "carried_from": None,
    }
    own = {"published_on": None, "published_on_basis": None}
    dated = book.dated("published_on") if book.random.random() < 0.4 else own
    suffix = book.random.choice(["", "", ".2"])
    rating = book.find(Rating, f"{inspection.id}.{body}.{question}{suffix}")
    more = {**dated, **book.more()}
    book.put(rating, rating.award(programme, inspection, **data, **more))


# Steps: events that every thing may have.


def correct(book: Book) -> None:
    thing, version, data = _changed(book)
    words = {"note": f"Secret {len(book.drafts)}"} if book.random.random() < 0.3 else {}
    more = {**WHY, **_context(book, thing), **book.sourcing()}
    event = thing.correct(corrects=version, data=data, words=words, **more)
    book.put(thing, event)


def dispute(book: Book) -> None:
    thing, version, data = _changed(book)
    more = {**_context(book, thing), **book.sourcing()}
    book.put(thing, thing.dispute(disputes=version, data=data, **more))


def settle(book: Book) -> None:
    things = [each for kind in book.kinds for each in book.all(kind)]
    open_ = [
        (thing, settles, fact.version)
        for thing in things
        for fact in thing.facts.values()
        for settles in fact.disputes
    ]
    thing, settles, original = book.random.choice(open_)
    prevails = book.random.choice((settles, original))
    event = thing.settle_dispute(
        settles=settles, prevails=prevails, reason="better-source"
    )
    book.put(thing, event)


def retract(book: Book) -> None:
    thing = book.any()
    version = book.random.choice([*thing.facts])
    is_whole = version == min(thing.facts) and isinstance(thing, Rating | Inspection)
    retracts = None if is_whole or book.random.random() < 0.05 else version
    book.put(thing, thing.retract(retracts=retracts, **WHY))


def source(book: Book) -> None:
    thing = book.any()
    version = book.random.choice([*thing.facts])
    book.put(thing, thing.add_source(adds_to=version, **book.sourcing()))


KINDS = (Body, Programme, Programme, Inspection, Inspection, Rating, Rating, Rating)
STEPS: dict[Callable[[Book], None], int] = {
    rename: 2, link: 1, unlink: 1, announce: 1, ask: 2, expect: 1, publish: 10,
    award: 22, correct: 10, dispute: 4, settle: 2, retract: 3, source: 2,
}  # fmt: skip
STEPS_OF_BODIES = {
    rename: 5, link: 2, unlink: 2, correct: 3, dispute: 2, settle: 1, retract: 1,
}  # fmt: skip


def _placing(book: Book, id: str) -> dict[str, Any]:
    others = (None, *(each for each in PROGRAMMES if each != id))
    family = book.random.choice(("peel", "peel", "peel", "soc"))
    return {"family": family, "follows": book.random.choice(others)}


def _inspection(book: Book) -> tuple[str, list[str], Any]:
    programme, body = book.one(Programme).id, book.random.choice((*BODIES, "all"))
    subjects = list(BODIES) if body == "all" else [body]
    return programme, subjects, book.find(Inspection, f"{programme}.{body}")


def _changed(book: Book) -> tuple[Any, int, dict[str, Any]]:
    """Give a thing, one of its facts, and other data for it."""
    thing = book.any()
    fact = book.random.choice([*thing.facts.values()])
    changes: dict[str, Any] = {}
    for name in fact.event.data:
        if name.endswith("_on") and book.random.random() < 0.7:
            changes |= book.dated(name)
    match fact.event.type:
        case "programme.announced":
            changes |= _placing(book, thing.id)
        case "programme.question-added":
            changes["concept"] = book.random.choice(CONCEPTS)
        case "rating.awarded":
            changes["grade"] = book.random.choice(GRADES)
        case "body.renamed":
            changes["name"] = f"Police {book.random.randrange(5)}"
    return thing, fact.version, {**fact.event.data, **changes}


def _context(book: Book, thing: Aggregate) -> dict[str, Any]:
    if not isinstance(thing, Rating):
        return {}
    return {"programme": book.find(Programme, thing.id.split(".")[0])}


def _salt(draft: Draft, name: str) -> bytes:
    return hashlib.sha256(f"{draft.stream} {draft.version} {name}".encode()).digest()


def _replaced(draft: Draft, **changes: Any) -> Draft:
    members = {name: getattr(draft, name) for name in Draft.__slots__}
    return Draft(**{**members, **changes})
