"""Records with an archive, and a server that stands for the rest of the Internet."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from service import archiving
from service.cli import main
from service.domain.bodies import Body
from service.fetching import Fetching
from tests.examples import REGISTERED, RENAMED
from tests.paths import answering_paths
from tests.records import SOURCE, SmallRecord

NOTICE = "http://example.org/notice"  # What every body here cites.


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request, tmp_path):
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("database_url")
    small = SmallRecord(tmp_path / "data", url)
    yield small
    small.record.close()


@pytest.fixture
def server():
    with answering_paths() as server:
        yield server


def look(small, server, url=NOTICE):
    """Look at an address, as the command does."""
    fetching = Fetching(server.connect, "test")
    return archiving.archive_url(small.record, url, fetching, by="system")


def register(small, id):
    """Record a body that cites the notice."""
    body = small.record.find(Body, id)
    event = replace(REGISTERED, sources=[{**SOURCE, "url": NOTICE}])
    return small.record.record(body, event, by="system")


def cite(small, id, url, **more):
    """Record an event about a body that cites an address."""
    body = small.record.load(Body, id)
    source = {**SOURCE, "url": url, **more}
    event = replace(RENAMED, sources=[source], name=f"Name {body.version}")
    return small.record.record(body, event, by="system")


def run(small, *words, server=None):
    """Run `copperplate archive` on a record in a folder."""
    arguments = ["archive", *words, "--data", str(small.record.settings.data)]
    connect = server.connect if server else None
    return CliRunner().invoke(main, arguments, obj=connect)
