"""A small disk, and what must hold when it is full.

`python -m tests.full_disk TASK FOLDER` runs where FOLDER is a disk of its own.
"""

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from service.config import Settings
from service.founding import founding_files
from service.log.event_store import StorageFullError
from service.record import Record
from tests.log_places import PostgresPlace, SQLitePlace, audit
from tests.records import SmallRecord

ROOT = Path(__file__).parent.parent
LIMIT = 2_000  # Writes: any of these disks is full long before.


def run_on_small_disk(task: str, folder: Path, size: str):
    """Run a task on a new disk; None where the kernel lets us have none."""
    words = f"{sys.executable} -m tests.full_disk {task} {folder}"
    mount = f"mount -t tmpfs -o size={size} tmpfs {folder}"
    # Whoever is not root needs a namespace of users around it.
    for unshare in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        if not run(*unshare, "sh", "-c", mount).returncode:
            return run(*unshare, "sh", "-c", f"{mount} && exec {words}")
    return None


def run(*words: str):
    """Run a command and keep what it says."""
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True)


def endure(
    small: SmallRecord,
    place: SQLitePlace | PostgresPlace,
    fill: Callable[[], None],
    free: Callable[[], None],
) -> None:
    """Check that a full disk stops writing and nothing else, until there is room."""
    store, names = small.record.store, (f"force-{each}" for each in count())
    client = small.client()
    small.register(next(names))
    fill()
    recorded = write_until_full(small, names)
    before = store.checkpoint()
    assert write_until_full(small, names) == recorded
    assert store.checkpoint() == before
    assert len(store.read(limit=LIMIT)) == store.size() == recorded
    assert client.get("/v1/bodies/force-0").status_code == 200
    free()
    small.register(next(names))
    assert small.record.catch_up() == store.size() == recorded + 1
    assert audit(place, store) == recorded + 1


def write_until_full(small: SmallRecord, names: Iterator[str]) -> int:
    """Register bodies until there is no room; return the last position."""
    position = small.record.store.size()
    for _ in range(LIMIT):
        try:
            recorded = small.register(next(names)).position
        except StorageFullError:
            assert small.record.store.size() == position
            return position
        assert recorded == position + 1
        position = recorded
    raise AssertionError("the disk was never full")


class Ballast:
    """A file that takes all the room of a disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"

    def fill(self) -> None:
        with self._path.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                assert error.errno == errno.ENOSPC

    def free(self) -> None:
        self._path.unlink()


def write_events(disk: Path) -> None:
    """Write to a record until the disk is full, and on when there is room."""
    folder, ballast = disk / "data", Ballast(disk)
    small = SmallRecord(folder)
    endure(small, SQLitePlace(folder), ballast.fill, ballast.free)
    small.record.close()


def import_files(disk: Path) -> None:
    """Import more than there is room for, and once more when there is room."""
    folder, ballast = disk / "data", Ballast(disk)
    with_room(disk, ballast, 1_500_000)
    words = ["import", "--data", str(folder), "--disputed", "--fill"]
    command = [sys.executable, "-m", "service.cli", *words]
    command += [str(path) for path in founding_files()]
    stopped = run(*command)
    [line] = [each for each in stopped.stderr.splitlines() if each.startswith("Error")]
    assert stopped.returncode == 1
    assert "Make room" in line and "up to position" in line, line
    assert "Traceback" not in stopped.stderr
    recorded = position_in(line)
    assert recorded > 0
    ballast.free()
    assert run(*command).returncode == 0
    record = Record.open(Settings(data=folder))
    assert record.read_model.position == audit(SQLitePlace(folder), record.store)
    assert record.store.size() > recorded
    record.close()


def with_room(disk: Path, ballast: Ballast, room: int) -> None:
    """Make an empty record, then leave so many bytes of room."""
    kept = disk / "kept"
    Record.open(Settings(data=disk / "data")).close()
    kept.write_bytes(bytes(room))
    ballast.fill()
    kept.unlink()


def position_in(line: str) -> int:
    """Return the position that a line names."""
    return int(line.partition("up to position ")[2].partition(". ")[0].replace(",", ""))


if __name__ == "__main__":
    tasks = {"write_events": write_events, "import_files": import_files}
    tasks[sys.argv[1]](Path(sys.argv[2]))
    print("endured")
