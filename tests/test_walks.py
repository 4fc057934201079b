"""Walks through pages: each item once, whatever is recorded between two pages."""

import shutil
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random

import pytest

from service.app import create_app
from service.domain.ratings import Rating
from service.domain.statements import Statement
from tests.examples import SAID
from tests.records import SmallRecord

LISTS = [
    "/v1/bodies",
    "/v1/bodies?kind=police-force&current=true",
    "/v1/bodies?q=police",
    "/v1/bodies/west-mercia/versions",
    "/v1/bodies/west-mercia/timeline",
    "/v1/bodies/west-mercia/changes",
    "/v1/ratings",
    "/v1/ratings?as_of=2024-07-01&undated=include",
    "/v1/ratings/changes",
    "/v1/ratings/matrix?programme=peel-2023-25",
    "/v1/coverage?programme=peel-2023-25",
    "/v1/findings",
    "/v1/statements",
    "/v1/programmes/peel-2023-25/questions",
    "/v1/responses",
    "/v1/sources",
    "/v1/search?q=police",
    "/v1/events?after=1200",
    "/v1/events?type=body.registered",
    "/v1/corrections",
    "/log/checkpoints",
]
SMALL = [
    "/v1/bodies", "/v1/bodies?q=some*&as_of=2026-03-02", "/v1/statements?current=true",
    "/v1/search?q=some*", "/v1/events?after=3", "/v1/sources", "/v1/corrections",
    "/log/checkpoints", "/v1/bodies/a.1/versions", "/v1/bodies/a.1/timeline",
]  # fmt: skip


class Writer:
    """Somebody who records something between any two pages."""

    def __init__(self, small: SmallRecord, ratings: list[str] = ()) -> None:
        self.small, self.random = small, Random(7)
        self.ids, self.ratings, self.count = [], list(ratings), 0
        for _ in range(12):
            self.write()

    def write(self) -> None:
        """Record one thing at random, sometimes after midnight."""
        self.count += 1
        self.small.clock.now += timedelta(hours=self.random.choice((0, 1, 9)))
        actions = [self._register, self._say]
        actions += [self._rename, self._retract] if len(self.ids) > 5 else []
        self.random.choice(actions)()

    def _register(self) -> None:
        """Register a body before, between or after those that are there."""
        id = f"{self.random.choice('amz') if self.ids else 'a'}.{len(self.ids) + 1}"
        self.ids.append(f"{id}.{self.count}" if self.ids else id)
        self.small.register(self.ids[-1], f"Some force {id}", started_on="2020-01-01")

    def _rename(self) -> None:
        self.small.rename(self.random.choice(self.ids), f"Somewhat {self.count}")

    def _say(self) -> None:
        id = f"{self.random.choice('az')}.{self.count}"
        self.small.put(Statement(id), SAID)

    def _retract(self) -> None:
        if not self.ratings:
            self.small.retract(self.ids.pop(self.random.randrange(1, len(self.ids))))
            return
        record, id = self.small.record, self.ratings.pop()
        rating, why = record.load(Rating, id), {"asked_by": "editor"}
        event = rating.retract(reason="not-a-fact", reason_text=None, **why)
        record.record(rating, event, by="system")


@pytest.fixture(scope="module")
def founding(founded, tmp_path_factory):
    """Give a client of the founding record, and a writer who adds to it."""
    folder = tmp_path_factory.mktemp("walked") / "data"
    shutil.copytree(founded, folder)
    small = SmallRecord(folder)
    small.clock.now = datetime.now(UTC) + timedelta(days=1)
    client = create_app(small.record).test_client()
    ratings = client.get("/v1/ratings?limit=1000").json["items"]
    yield client, Writer(small, [each["id"] for each in ratings[::9]])
    small.record.close()


@pytest.fixture
def on_postgresql(database_url, tmp_path):
    small = SmallRecord(tmp_path, database_url)
    small.register("west-mercia", "Some force")
    yield create_app(small.record).test_client(), Writer(small)
    small.record.close()


def with_query(path, query):
    return f"{path}{'&' if '?' in path else '?'}{query}"


def whole(client, path):
    """Return all items of a list as of the position at which a walk begins."""
    answer = client.get(with_query(path, "limit=1000")).json
    assert answer["next"] is None
    return answer["items"]


def walk(client, path, pages, write):
    """Return all items of a list, and those of so many pages, between which is written.

    What is written may make the list longer or shorter by then.
    """
    expected, found = whole(client, path), []
    limit = max(1, -(-len(expected) // pages))
    url = with_query(path, f"limit={limit}")
    while url:
        answer = client.get(url).json
        assert answer["total"] == len(expected)
        found.append(answer["items"])
        write()
        url = answer["next"]
    assert [len(each) for each in found[:-1]] == [limit] * (len(found) - 1)
    return expected, [*chain(*found)]


@pytest.mark.parametrize("path", LISTS)
def test_a_walk_gives_each_item_once_while_others_write(founding, path):
    client, writer = founding
    for pages in (4, 2):
        expected, found = walk(client, path, pages, writer.write)
        assert found == expected
        assert len(expected) >= pages


@pytest.mark.parametrize("pages", [7, 3])
def test_a_walk_on_postgresql_does_so_too(on_postgresql, pages):
    client, writer = on_postgresql
    for path in SMALL:
        expected, found = walk(client, path, pages, writer.write)
        assert found == expected, path
