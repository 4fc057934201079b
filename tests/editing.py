"""Records with editors, on both databases, and a process that uses their keys."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from service.config import Settings
from service.editors import Added, add, authenticate
from service.record import Record

ALL_SCOPES = ("record", "correct", "redact", "admin")


@contextmanager
def opened(folder: Path, url: str | None = None, clock=None) -> Iterator[Record]:
    more = {"clock": clock} if clock else {}
    settings = Settings(data=folder, database_url=url)
    with closing(Record.open(settings, **more)) as record:
        yield record


def editor(record: Record, *scopes: str, **more) -> Added:
    """Add an editor with these scopes, or with all of them."""
    return add(record, "Jo Bloggs", scopes or ALL_SCOPES, **more)


def elsewhere(folder: Path, url: str | None) -> subprocess.Popen:
    """Start a process that tells of each key on its input whose it is, if anyone's."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.editing", str(folder), url or ""],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def main(folder: str, url: str) -> None:
    with opened(Path(folder), url or None) as record:
        for line in sys.stdin:
            found = authenticate(record, line.strip())
            print(found.id if found else "nobody", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
