"""Serving the record, and keeping what is read up to date."""

import json
import signal
import threading
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import click

from service import erasure, rotation, start
from service.cli.editing import say_key
from service.cli.opening import must_exist, opened, settings_of, signing
from service.cli.options import one_line_errors, with_data
from service.cli.progress import progress
from service.cli.redacting import finish_erasures
from service.log.mirror_store import MirrorStore
from service.record import Record
from service.reports import keep_expiring
from service.webhooks.courier import keep_delivering

POLL = 0.5  # Seconds between two looks at the log.
LOOK = 20  # Looks at the log for one at the erasures that are pending.


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Server processes.",
)
@click.option(
    "--empty",
    is_flag=True,
    help="Do not import the founding data. The first start prints a key that opens "
    "everything: a sandbox.",
)
@click.option(
    "--mirror",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of a mirror to be served instead, read only.",
)
@click.option(
    "--bulk/--no-bulk",
    default=True,
    help="Make bulk files beside the server, or leave that to `copperplate bulk`.",
)
@with_data
@one_line_errors
def serve(
    host: str,
    port: int,
    workers: int,
    empty: bool,
    mirror: Path | None,
    bulk: bool,
    data: Path | None,
) -> None:
    """Serve the record; the first start imports the founding data."""
    settings = settings_of(mirror or data)
    if mirror:
        start.must_be_mirror(mirror)
    start.must_be_free(host, port)
    with signing(settings) as record:
        if isinstance(record.store, MirrorStore):
            click.echo(f"A mirror of {record.store.pin().url}: read-only.", err=True)
        elif empty and start.is_fresh(record):
            say_key(start.make_sandbox(record))
        elif not empty and start.needs_founding(record):
            with progress("Importing the founding data", start.founding_rows()) as add:
                report = start.found(record, add)
            click.echo(report.to_text(), nl=False, err=True)
        record.catch_up()
        if erasure.pending(record):
            finish_erasures(record)
        size = record.store.size()
        noun = "event" if size == 1 else "events"
        click.echo(f"{size:,} {noun} on record.", err=True)
    line = f"Serving http://{host}:{port} (Ctrl-C ends it)."
    say = partial(click.echo, line, err=True)
    start.serve(settings, host, port, workers, say, makes_bulk=bulk)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_data
@one_line_errors
def status(as_json: bool, data: Path | None) -> None:
    """Say what is on record, and whether what is read is up to date."""
    settings = settings_of(data)
    must_exist(settings)
    with opened(settings) as record:
        known = _status(record)
    if as_json:
        click.echo(json.dumps(known, indent=2))
        return
    for name, value in known.items():
        click.echo(f"{name.replace('_', ' '):<16} {value}")


@click.command()
@with_data
@one_line_errors
def follow(data: Path | None) -> None:
    """Keep what is read up to date with the log, until a signal ends it."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with (
        signing(settings_of(data)) as record,
        start.beside(rotation.keep_retiring, record),
        start.beside(keep_expiring, record),
        start.beside(keep_delivering, record),
    ):
        position, looks = record.read_model.position, count()
        click.echo(f"Following from position {position:,}.", err=True)
        while not ended.wait(POLL):
            reached = record.catch_up()
            if next(looks) % LOOK == 0:
                erasure.run_pending(record, patience=0)
            if reached != position:
                if not record.is_mirror:
                    record.digests.publish_due(record.read_model)
                position = reached
                click.echo(f"Reached position {position:,}.", err=True)


def _status(record: Record) -> dict[str, Any]:
    size, read = record.store.size(), record.read_model.position
    origin, _, root = record.store.checkpoint().decode().split("\n")[:3]
    return {
        "data": str(record.settings.data.absolute()),
        "database": "PostgreSQL" if record.settings.database_url else "SQLite",
        "origin": origin,
        "events": size,
        "root": root,
        "read_model": read,
        "is_behind": read < size,
    }
