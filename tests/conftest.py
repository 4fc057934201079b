"""Fixtures that every test may use."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import importing, postgres, redis_server
from tests.log_places import PostgresPlace, SQLitePlace

# How long an example takes is the machine's affair: no test is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.postgres_server() as url:
        yield url


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    with postgres.postgres_url(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Give the URL of a database of PostgreSQL, or None for SQLite, as is asked."""
    if request.param == "sqlite":
        yield None
        return
    with postgres.postgres_url(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Give the URL of a real Redis; each log has its own names in it."""
    with redis_server.redis_url() as url:
        yield url


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with the founding data, to be copied, not written to.

    It is made by whichever process comes first, and used by all.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "founded"
    with open(shared / "founded.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            importing.found(shared / "unfinished")
            (shared / "unfinished").rename(folder)
    return folder


# Files that take longest begin first, so that none of them is left for the end.
LONG = ("test_schemathesis", "test_crash", "test_serve", "test_imports_interrupted")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path
) -> SQLitePlace | PostgresPlace:
    """Give a place for a log that is not yet there."""
    folder = tmp_path / "data"
    if request.param == "sqlite":
        return SQLitePlace(folder)
    url = request.getfixturevalue("database_url")
    return PostgresPlace(folder, url, request.getfixturevalue("postgres_server"))
