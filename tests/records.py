"""Apps over records: a founding one, and small ones of a test's own."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from schemas.events import RecordedEvent
from service.app import create_app
from service.config import Settings
from service.domain.base import Aggregate, Event
from service.domain.bodies import Body
from service.record import Record
from tests.contract_client import ContractClient
from tests.examples import LINKED


def app_over(record: Record) -> Flask:
    app = create_app(record)
    app.test_client_class = ContractClient
    return app


@pytest.fixture(scope="module")
def record(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    folder = tmp_path_factory.mktemp("record") / "data"
    shutil.copytree(founded, folder)
    record = Record.open(Settings(data=folder))
    yield record
    record.close()


@pytest.fixture(scope="module")
def client(record: Record) -> ContractClient:
    client = app_over(record).test_client()
    assert isinstance(client, ContractClient)
    return client


SOURCE = {
    "url": "https://example.org/notice",
    "title": "A notice",
    "publisher": "Example",
    "published_on": None,
    "accessed_on": "2026-03-01",
    "archived_url": None,
    "sha256": None,
    "confidence": "high",
}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


class SmallRecord:
    """A record of a few bodies, made by the test, with a clock of its own."""

    def __init__(
        self,
        folder: Path,
        database_url: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.clock = Clock()
        settings = settings or Settings(data=folder, database_url=database_url)
        self.record = Record.open(settings, self.clock)

    def register(self, id: str, name: str = "Someforce", **data: Any) -> RecordedEvent:
        members = {"kind": "police-force", "started_on": None, "note": None, **data}
        members["started_on_basis"] = "stated" if members["started_on"] else None
        ids = dict.fromkeys(("ons", "police_uk", "hmicfrs"))
        body = self.record.find(Body, id)
        members |= {"outside_ids": ids, "sources": [SOURCE]}
        event = body.register(name=name, **members)
        return self.record.record(body, event, by="system")

    def put(self, thing: Aggregate, *events: Event) -> None:
        """Record events that were made elsewhere, with a source of their own."""
        for event in events:
            found = self.record.find(type(thing), thing.id)
            self.record.record(found, replace(event, sources=[SOURCE]), by="system")

    def oversee(self, force: str, overseer: str, name: str) -> None:
        """Register a force and the body that oversees it."""
        self.register(force)
        self.register(overseer, name, kind="local-policing-body")
        self.put(Body(force), replace(LINKED, to=overseer))

    def rename(self, id: str, name: str) -> RecordedEvent:
        body = self.record.load(Body, id)
        event = body.rename(
            name=name, started_on=None, started_on_basis=None, sources=[SOURCE]
        )
        return self.record.record(body, event, by="system")

    def retract(self, id: str) -> RecordedEvent:
        body = self.record.load(Body, id)
        event = body.retract(reason="not-a-fact", asked_by="editor", reason_text=None)
        return self.record.record(body, event, by="system")

    @cached_property
    def _app(self) -> Flask:
        # Made once: that takes longer than most tests.
        return app_over(self.record)

    def client(self) -> ContractClient:
        client = self._app.test_client()
        assert isinstance(client, ContractClient)
        return client


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallRecord]:
    small = SmallRecord(tmp_path)
    yield small
    small.record.close()
