"""What tests of the desk need on record before they put something there."""

import shutil
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from service.api.recording import ROUTES
from service.domain.bodies import Body
from service.domain.findings import Finding
from service.domain.inspections import Inspection
from service.domain.programmes import Programme
from tests.editing import editor
from tests.examples import (
    ANNOUNCED,
    HISTORIES,
    PUBLISHED,
    RAISED,
    REGISTERED,
)
from tests.records import SOURCE, SmallRecord

NEXT = "peel-2025-27"
OTHERS = [
    (Body("hmicfrs"), replace(REGISTERED, kind="inspectorate", name="HMICFRS")),
    (Body("pcc-west-mercia"), replace(REGISTERED, name="Commissioner")),
    (Programme("peel-2021-22"), replace(ANNOUNCED, follows=None)),
    (Programme(NEXT), replace(ANNOUNCED, title="PEEL 2025-27")),
    (Inspection(f"{NEXT}.west-mercia"), replace(PUBLISHED, programme=NEXT)),
    (Finding(f"{NEXT}.west-mercia.c1"), replace(RAISED, inspection=None)),
]
# An order in which the histories of the nouns can be put on record.
ORDER = [
    "body",
    "programme",
    "inspection",
    "rating",
    "term",
    "statement",
    "plan",
    "commitment",
    "session",
    "finding",
    "monitoring",
    "gap",
]


def prepare(small: SmallRecord, noun: str | None = None) -> SmallRecord:
    """Put on record what the history of a noun rests on, or everything."""
    for thing, event in OTHERS:
        small.put(thing, event)
    for each in ORDER[: ORDER.index(noun)] if noun else ORDER:
        thing, *events = HISTORIES[each]
        small.put(thing, *(each for each in events if not each.type.endswith("solved")))
    return small


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with an event of every type, to be copied."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    prepare(SmallRecord(folder)).record.close()
    return folder


@pytest.fixture
def all_nouns(prepared: Path, tmp_path: Path) -> Iterator[SmallRecord]:
    """Give a record with an event of every type, to be written to."""
    shutil.copytree(prepared, tmp_path / "all")
    small = SmallRecord(tmp_path / "all")
    yield small
    small.record.close()


def request_for(event) -> dict:
    """Return what is sent to bring an event about."""
    words = {name: getattr(event, name) for name in event.sealed}
    return {**event.data, **words, "sources": [SOURCE]}


class Editor:
    """An editor with a key, who sends requests with a new idempotency key each."""

    def __init__(self, small: SmallRecord, *scopes: str, **more: str) -> None:
        added = editor(small.record, *scopes, **more)
        self.id, self.key_id, self.key = astuple(added)
        self.client, self.sent = small.client(), 0

    def post(self, path: str, body, **headers: str):
        """Send a body; return the answer, which was checked against the contract."""
        self.sent += 1
        given = {
            "Authorization": f"Bearer {self.key}",
            "Idempotency-Key": f"{self.id} {self.sent}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.client.post(path, json=body, headers=given)


def path_of(event_type: str, id: str) -> str:
    """Return where events of a type are sent."""
    [route] = [each for each in ROUTES if each.event == event_type]
    return "/v1" + route.path.replace("<id>", id)


def sent(event, id: str) -> dict:
    """Return the body that brings an event about, with the id where one is taken."""
    [route] = [each for each in ROUTES if each.event == event.type]
    return {**request_for(event), **({"id": id} if route.id else {})}
