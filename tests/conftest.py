"""Fixtures that every test may use."""

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


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Give the URL of a real Redis; each log has its own names in it."""
    with redis_server.redis_url() as url:
        yield url


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data folder with the founding data, to be copied, not written to."""
    folder = tmp_path_factory.mktemp("founded") / "data"
    importing.found(folder)
    return folder


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
