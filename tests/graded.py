"""A small record for tests: two forces, two programmes, and what they were given."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import service.record
from projections import database
from projections.catalogue import ALL
from projections.moment import Moment
from projections.read_model import ReadModel
from service.config import Settings
from service.domain.bodies import Body
from service.domain.inspections import Inspection
from service.domain.programmes import Programme
from service.domain.ratings import Rating
from tests.histories import KINDS, SCALE, Book, recorded
from tests.writers import SOURCE

SOURCES = {"sources": [SOURCE]}
TODAY = "2025-06-01"


class Record(Book):
    """Facts put on record in the words of the tests."""

    def __init__(self) -> None:
        super().__init__(Random(0), KINDS)

    def body(self, id: str, kind: str = "police-force") -> None:
        ids = {"ons": None, "police_uk": None, "hmicfrs": None}
        body = self.find(Body, id)
        dates = {"started_on": None, "started_on_basis": None}
        data = {"kind": kind, "name": id, "outside_ids": ids, **dates}
        self.put(body, body.register(**data, **SOURCES))

    def programme(self, id: str, scale: Any = SCALE, **questions: str) -> None:
        """Announce a programme that asks these questions, graded as said."""
        programme = self.find(Programme, id)
        follows = "peel-1" if id == "peel-2" else None
        data = {"family": "peel", "title": id, "follows": follows, "scale": scale}
        dates = {"announced_on": None, "announced_on_basis": None}
        self.put(programme, programme.announce(**data, **dates, **SOURCES))
        for question, graded in questions.items():
            self.question(id, question, question, graded)

    def question(self, id: str, question: str, concept: str, graded: str) -> None:
        programme = self.find(Programme, id)
        unknown = dict.fromkeys(("pillar", "number", "text"))
        data = {"question": question, "concept": concept, "level": "question"}
        more = {"label": question, "graded": graded, "aliases": [], **unknown}
        self.put(programme, programme.add_question(**data, **more, **SOURCES))

    def inspection(self, programme: str, body: str, on: str | None) -> None:
        inspection = self.find(Inspection, f"{programme}.{body}")
        data = {"kind": "programme", "programme": programme, "title": "Report"}
        more = {"subjects": [body], "report_url": None, "section_55": True}
        dates = {"published_on": on, "published_on_basis": "stated" if on else None}
        self.put(inspection, inspection.publish(**data, **more, **dates, **SOURCES))

    def totals(self, programme: str, body: str, *areas: int) -> None:
        for each in areas:
            inspection = self.find(Inspection, f"{programme}.{body}")
            data = {"body": body, "areas": each, "grades": []}
            by = self.find(Programme, programme)
            self.put(inspection, inspection.state_totals(by, **data, **SOURCES))

    def rating(
        self, programme: str, body: str, question: str, grade: str, **more: Any
    ) -> None:
        inspection = self.find(Inspection, f"{programme}.{body}")
        by = self.find(Programme, programme)
        rating = self.find(Rating, f"{programme}.{body}.{question}")
        data = {
            "inspection": inspection.id,
            "programme": programme,
            "body": body,
            "question": question,
            "level": "question",
            "scale": by.scale["id"] if by.scale else "unknown",
            "grade": grade,
            "basis": "assessed",
            "carried_from": None,
            "published_on": None,
            "published_on_basis": None,
        }
        self.put(rating, rating.award(by, inspection, **{**data, **more}, **SOURCES))


@contextmanager
def read(record: Record) -> Iterator[tuple[ReadModel, Moment]]:
    """Give a read model of the record, and its present moment."""
    events = recorded(record.drafts)
    model = ReadModel(database.open_engine("sqlite://"), ALL)
    model.create_tables()
    try:
        model.apply(events)
        yield model, Moment(len(events), len(events), TODAY)
    finally:
        model.engine.dispose()


@contextmanager
def opened_model(folder: Path) -> Iterator[tuple[ReadModel, Moment]]:
    """Give the read model of a data folder, and its present moment."""
    record = service.record.Record.open(Settings(data=folder))
    position = record.read_model.position
    yield record.read_model, Moment(position, position, TODAY)
    record.close()
