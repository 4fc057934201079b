"""Synthetic histories of any length that keep the rules of the record.

Every force is inspected in every programme: each inspection has an announcement, a
publication, and a rating on each question. One rating in ten is corrected later, one
in fifty disputed, one in a hundred retracted.
"""

import hashlib
from collections.abc import Iterator
from itertools import count, islice
from random import Random
from typing import Any

from schemas.events import RecordedEvent

SOURCE = {
    "url": "https://hmicfrs.justiceinspectorates.gov.uk/publications/",
    "publisher": "HMICFRS",
    "published_on": None,
    "accessed_on": "2025-01-02",
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
}
GRADES = ("outstanding", "good", "adequate", "requires-improvement", "inadequate")
SCALE = {
    "id": "scale-5-2021",
    "grades": [
        {"grade": each, "rank": rank, "label": each.capitalize()}
        for rank, each in enumerate(GRADES, 1)
    ],
}
PROGRAMMES, QUESTIONS = 8, 10
WHY = {"reason": "entry-error", "asked_by": "editor"}


def events(number: int) -> Iterator[RecordedEvent]:
    """Return so many events, in the order of the log."""
    return islice(_recorded(), number)


def _recorded() -> Iterator[RecordedEvent]:
    versions: dict[str, int] = {}
    for position, (stream, verb, data, note) in enumerate(_facts(), 1):
        versions[stream] = version = versions.get(stream, 0) + 1
        digest = hashlib.sha256(f"{stream} {version}".encode()).hexdigest()
        yield RecordedEvent(
            position=position,
            type=f"{stream.partition('-')[0]}.{verb}",
            stream=stream,
            version=version,
            recorded_at=f"2025-01-01T00:00:00.{position % 10**6:06}Z",
            by="founding",
            change="correction" if verb == "corrected" else "backfill",
            data=data,
            sealed={"note": digest[:44]} if note else {},
            sources=[{**SOURCE, "url": f"{SOURCE['url']}{stream}"}],
            leaf_hash=digest,
            opened={"note": note} if note else {},
        )


def _facts() -> Iterator[tuple[str, str, dict[str, Any], str | None]]:
    for number in range(PROGRAMMES):
        yield from _programme(number)
    random = Random(1)
    for force in count():
        body = f"force-{force}"
        yield f"body-{body}", "registered", _body(body), None
        for number in range(PROGRAMMES):
            yield from _inspection(random, body, number)


def _programme(number: int) -> Iterator[tuple[str, str, dict[str, Any], None]]:
    stream = f"programme-peel-{2010 + number}"
    data = {
        "family": "peel",
        "title": f"PEEL {2010 + number}",
        "follows": f"peel-{2009 + number}" if number else None,
        "scale": SCALE,
        "announced_on": None,
        "announced_on_basis": None,
    }
    yield stream, "announced", data, None
    for question in range(QUESTIONS):
        data = {
            "question": f"question-{question}",
            "concept": f"concept-{question}",
            "level": "question",
            "pillar": None,
            "number": question + 1,
            "label": f"Question {question}",
            "text": None,
            "graded": "yes",
            "aliases": [],
        }
        yield stream, "question-added", data, None


def _body(body: str) -> dict[str, Any]:
    ids = {"ons": None, "police_uk": body, "hmicfrs": None}
    dates = {"started_on": None, "started_on_basis": None}
    return {"kind": "police-force", "name": body, **dates, "outside_ids": ids}


def _inspection(
    random: Random, body: str, number: int
) -> Iterator[tuple[str, str, dict[str, Any], str | None]]:
    programme = f"peel-{2010 + number}"
    id = f"{programme}.{body}"
    common = {"programme": programme, "title": id, "subjects": [body]}
    announced = {"announced_on": None, "announced_on_basis": None}
    yield f"inspection-{id}", "announced", {**common, **announced}, None
    published = {
        "kind": "programme",
        "published_on": f"{2010 + number}-{random.randrange(1, 13):02}-14",
        "published_on_basis": "stated",
        "report_url": None,
        "section_55": True,
    }
    yield f"inspection-{id}", "published", {**common, **published}, None
    for question in range(QUESTIONS):
        yield from _rating(random, id, programme, body, f"question-{question}")


def _rating(
    random: Random, inspection: str, programme: str, body: str, question: str
) -> Iterator[tuple[str, str, dict[str, Any], str | None]]:
    stream = f"rating-{inspection}.{question}"
    data = {
        "inspection": inspection,
        "programme": programme,
        "body": body,
        "question": question,
        "level": "question",
        "scale": SCALE["id"],
        "grade": random.choice(GRADES),
        "basis": "assessed",
        "carried_from": None,
        "published_on": None,
        "published_on_basis": None,
    }
    yield stream, "awarded", data, "The force is not good enough at this."
    other = {**data, "grade": random.choice(GRADES)}
    chance = random.random()
    if chance < 0.1:
        changed = {"corrects": 1, "data": other, "sealed_fields": [], **WHY}
        yield stream, "corrected", changed, None
    elif chance < 0.12:
        yield (
            stream,
            "disputed",
            {"disputes": 1, "data": other, "sealed_fields": []},
            None,
        )
    elif chance < 0.13:
        yield stream, "retracted", {"retracts": None, **WHY}, None
