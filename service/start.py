"""Starting: what happens between the command and the first answer."""

import logging
import multiprocessing
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event, Thread

from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from schemas.codelists import EditorAction
from service import importing
from service.bulk.keeping import keep_made
from service.config import Settings
from service.editors import Added, add
from service.erasure import pending, run_pending
from service.founding import founding_files
from service.http.permits import LONG_ANSWERS
from service.imports.importer import Importer, count_rows
from service.imports.report import Report
from service.imports.work import Options
from service.log.errors import ReadOnlyError, StoreError
from service.log.pin import Pin
from service.record import Record
from service.reports import keep_expiring
from service.rotation import keep_retiring
from service.webhooks.courier import keep_delivering
from service.witnessing import keep_cosigning

BEGUN, DONE = "begun", "done"
JOIN_SECONDS = 5  # For a task beside the server to end.
ERASE_EVERY = 30.0  # Seconds between two looks at what is pending of erasures.
SHORT_READERS = 4  # Threads of a worker for those who get their answer at once.
WAITING = (
    256  # Requests that a worker takes to be answered as soon as there is a thread.
)
_logger = logging.getLogger(__name__)


class PortInUseError(Exception):
    """Something else listens on the address."""


def must_be_free(host: str, port: int) -> None:
    """Raise PortInUseError if the address cannot be listened on."""
    cause = "something else listens there" if _answers(host, port) else None
    if cause := cause or _refusal(host, port):
        raise PortInUseError(
            f"Cannot listen on {host}:{port}: {cause}. Choose another --port."
        )


def must_be_mirror(folder: Path) -> None:
    """Raise FileNotFoundError unless the folder is that of a mirror."""
    if Pin.read(folder) is None:
        raise FileNotFoundError(
            f"{folder} is not a mirror: `copperplate mirror URL {folder}` makes one."
        )


def must_not_be_mirror(folder: Path) -> None:
    """Raise ReadOnlyError if the folder is that of a mirror."""
    if pin := Pin.read(folder):
        raise ReadOnlyError(pin.url)


def _answers(host: str, port: int) -> bool:
    """Whether a client can connect: a shared port can be bound and yet be in use."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _refusal(host: str, port: int) -> str | None:
    """Return why the address cannot be bound, or None."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # Connections of a server that has just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def needs_founding(record: Record) -> bool:
    """Whether the founding data was never, or only half, put on this record."""
    state = _marker(record.settings.data)
    if state is None:
        return record.store.size() == 0
    return state == BEGUN


def is_fresh(record: Record) -> bool:
    """Whether nothing was ever put on this record."""
    return record.store.size() == 0 and _marker(record.settings.data) is None


def make_sandbox(record: Record) -> Added:
    """Give an editor a key that opens everything, to try the record with."""
    return add(record, "Sandbox", [str(each) for each in EditorAction])


def found(
    record: Record, on_rows: Callable[[int], None] = lambda count: None
) -> Report:
    """Put the founding data on record; begun anew, it records what is missing."""
    _mark(record.settings.data, BEGUN)
    options = Options(disputes=True, fills=True, by="founding")
    report = Importer(record, options, on_rows=on_rows).run(founding_files())
    record.publish_digests()
    _mark(record.settings.data, DONE)
    return report


def founding_rows() -> int:
    """Return how many rows the founding data has."""
    return count_rows(founding_files())


def erase_pending(settings: Settings) -> None:
    """Try once more what is pending of erasures, if anything is."""
    with closing(Record.open(settings)) as record:
        if pending(record):
            run_pending(record)


def serve(
    settings: Settings,
    host: str,
    port: int,
    workers: int,
    on_listening: Callable[[], None] = lambda: None,
    *,
    makes_bulk: bool = True,
) -> None:
    """Serve the record until a signal ends it.

    `on_listening` is called as soon as clients can connect.
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    os.environ.update(settings.to_environment())  # For the worker processes.
    # A forked worker would inherit the locks and connections of this process.
    multiprocessing.set_start_method("spawn", force=True)
    server = Server(
        "service.wsgi:application",
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.WSGI,
        blocking_threads=settings.long_readers + LONG_ANSWERS + SHORT_READERS,
        backpressure=settings.long_readers + LONG_ANSWERS + WAITING,
        factory=True,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )
    Thread(target=_erase_meanwhile, args=(settings,), daemon=True).start()
    watch = (host, port, on_listening)
    server.on_startup(Thread(target=_call_when_open, args=watch, daemon=True).start)
    with (
        closing(Record.open(settings)) as record,
        beside(keep_retiring, record),
        beside(keep_cosigning, record),
        beside(keep_expiring, record),
        beside(keep_delivering, record),
        beside(keep_made, record) if makes_bulk else nullcontext(),
    ):
        importing.settle(record)  # What a crash left of files is deleted.
        record.reached.restart_at(record.look())
        server.serve()


@contextmanager
def beside(task: Callable[[Record, Event], None], record: Record) -> Iterator[None]:
    """Run a task in a thread of its own for as long as the block lasts."""
    ended = Event()
    thread = Thread(target=task, args=(record, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(JOIN_SECONDS)


def _erase_meanwhile(settings: Settings) -> None:
    """Try again now and then what is pending of erasures, as long as it is."""
    while not Event().wait(ERASE_EVERY):
        try:
            erase_pending(settings)
        except (StoreError, NoRoomError, DBAPIError, OSError) as error:
            _logger.warning("erasures are to be tried again: %s", error)


def _call_when_open(host: str, port: int, then: Callable[[], None]) -> None:
    """Call a function as soon as a client can connect: workers take a moment."""
    while not _answers(host, port):
        Event().wait(0.02)
    then()


def _marker(folder: Path) -> str | None:
    with suppress(FileNotFoundError):
        return (folder / "founding").read_text().strip()
    return None


def _mark(folder: Path, state: str) -> None:
    path = folder / "founding"
    beside = path.with_name("founding.new")
    beside.write_text(state + "\n")
    beside.rename(path)
