"""The command line: `copperplate`."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from service import start
from service.config import Settings
from service.founding import order_of
from service.imports.importer import Importer, count_rows
from service.imports.work import Options
from service.log.errors import StorageFullError, StoreError, StoreUnreadableError
from service.record import Record

POLL = 0.5  # Seconds between two looks at the log.


def one_line_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let what a user can mend end the command with one line, not a traceback."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DBAPIError as error:
            cause = str(error.orig).strip().partition("\n")[0]
            raise click.ClickException(
                f"The read model: {cause}. It can be made anew from the log: delete "
                "read-*.db in the data folder and run `copperplate rebuild`."
                if "sqlite3" in type(error.orig).__module__
                else f"The read model: {cause}"
            ) from error
        except NoRoomError as error:
            raise click.ClickException(f"The read model: {error}") from error
        except (StoreError, start.PortInUseError, OSError) as error:
            raise click.ClickException(str(error)) from error

    return wrapper


def with_data(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the data folder."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="The data folder (COPPERPLATE_DATA; ./data if neither is given).",
    )(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copperplate")
def main() -> None:
    """Copperplate: the permanent, provable public record of police inspection.

    COPPERPLATE_DATABASE_URL names a PostgreSQL database instead of SQLite,
    COPPERPLATE_ORIGIN the log (fixed when its key is made), COPPERPLATE_PUBLIC_URL
    the address under which the public reaches the service.
    """


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Server processes.",
)
@click.option("--empty", is_flag=True, help="Do not import the founding data.")
@with_data
@one_line_errors
def serve(host: str, port: int, workers: int, empty: bool, data: Path | None) -> None:
    """Serve the record; the first start imports the founding data."""
    settings = _settings(data)
    start.must_be_free(host, port)
    with _opened(settings) as record:
        if not empty and start.needs_founding(record):
            with _progress("Importing the founding data", start.founding_rows()) as add:
                report = start.found(record, add)
            click.echo(report.to_text(), nl=False, err=True)
        record.catch_up()
        click.echo(f"{record.store.size():,} events on record.", err=True)
    line = f"Serving http://{host}:{port} (Ctrl-C ends it)."
    start.serve(settings, host, port, workers, lambda: click.echo(line, err=True))


@main.command("import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--dry-run", is_flag=True, help="Record nothing; say what would be.")
@click.option("--disputed", is_flag=True, help="Record what differs as disputed.")
@click.option("--fill", is_flag=True, help="Let finer dates correct coarser ones.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--verbose", is_flag=True, help="Print every line, not those refused.")
@with_data
@one_line_errors
def import_(
    paths: tuple[Path, ...],
    dry_run: bool,
    disputed: bool,
    fill: bool,
    as_json: bool,
    verbose: bool,
    data: Path | None,
) -> None:
    """Import CSV files, stories (.jsonl), or folders of them.

    The columns of a table tell what it holds; a story has one command a line.

    A bad row is refused and said so, and stops nothing. The exit status is 1 if any
    row was refused.
    """
    files = _files(paths)
    options = Options(disputes=disputed, fills=fill)
    settings = _settings(data)
    _must_exist(settings)
    with _opened(settings) as record:
        with _resumable(record), _progress("Importing", count_rows(files)) as add:
            report = Importer(record, options, dry_run, add).run(files)
        if not dry_run:
            record.publish_digests()
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(report.to_text(every_line=verbose), nl=False)
    sys.exit(0 if report.is_clean else 1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_data
@one_line_errors
def status(as_json: bool, data: Path | None) -> None:
    """Say what is on record, and whether what is read is up to date."""
    settings = _settings(data)
    _must_exist(settings)
    with _opened(settings) as record:
        known = _status(record)
    if as_json:
        click.echo(json.dumps(known, indent=2))
        return
    for name, value in known.items():
        click.echo(f"{name.replace('_', ' '):<16} {value}")


@main.command()
@with_data
@one_line_errors
def rebuild(data: Path | None) -> None:
    """Make what is read anew from the log, and switch to it."""
    settings = _settings(data)
    _must_exist(settings)
    with _opened(settings) as record:
        with _progress("Rebuilding", record.store.size(), is_position=True) as stand_at:
            position = record.rebuild(stand_at)
        record.publish_digests()
    click.echo(f"Rebuilt up to position {position:,}.")


@main.command()
@with_data
@one_line_errors
def follow(data: Path | None) -> None:
    """Keep what is read up to date with the log, until a signal ends it."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with _opened(_settings(data)) as record:
        position = record.read_model.position
        click.echo(f"Following from position {position:,}.", err=True)
        while not ended.wait(POLL):
            reached = record.catch_up()
            if reached != position:
                record.digests.publish_due(record.read_model)
                position = reached
                click.echo(f"Reached position {position:,}.", err=True)


@main.group()
def key() -> None:
    """Look at the key that signs the log."""


@key.command("show")
@with_data
@one_line_errors
def key_show(data: Path | None) -> None:
    """Print the verifier key, with which anybody can check the log's signatures."""
    settings = _settings(data)
    _must_exist(settings)
    with _opened(settings) as record:
        for each in record.store.verifier_keys():
            click.echo(each)


@main.command()
@one_line_errors
def openapi() -> None:
    """Print the OpenAPI document, made from the code."""
    from service.app import create_app
    from service.http.openapi import build_spec

    click.echo(build_spec(create_app(None)).to_yaml(), nl=False)


@contextmanager
def _resumable(record: Record) -> Iterator[None]:
    """Say, if the disk is full, what an import has recorded and how to go on."""
    try:
        yield
    except (StorageFullError, NoRoomError) as error:
        raise click.ClickException(
            f"{error}. What was recorded stays, up to position "
            f"{record.store.size():,}. Make room, then run the same import again: it "
            "records what is missing."
        ) from error


def _settings(data: Path | None) -> Settings:
    settings = Settings.from_environment()
    return replace(settings, data=data) if data else settings


@contextmanager
def _opened(settings: Settings) -> Iterator[Record]:
    record = _open(settings)
    try:
        _bring_up_to_date(record)
        yield record
    finally:
        record.close()


def _open(settings: Settings) -> Record:
    try:
        return Record.open(settings)
    except StoreUnreadableError as error:
        if settings.database_url or str(settings.data) in str(error):
            raise
        path = settings.data / "events.db"
        raise StoreUnreadableError(f"{path}: {error}") from error


def _bring_up_to_date(record: Record) -> None:
    """Make what is read anew, if an older version of the projections made it."""
    if record.read_model.is_outdated:
        title, size = "Rebuilding for this version", record.store.size()
        with _progress(title, size, is_position=True) as stand_at:
            record.rebuild(stand_at)


@contextmanager
def _progress(
    title: str, total: int, *, is_position: bool = False
) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error; yield what moves it on, or to a position."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)

        def move(count: int) -> None:
            if is_position:
                bar.update(task, completed=count)
            else:
                bar.advance(task, count)

        yield move


def _files(paths: tuple[Path, ...]) -> list[Path]:
    """Return the files; those of a folder in the order in which facts rest on facts."""
    return [
        file
        for path in paths
        for file in (sorted(_inside(path), key=order_of) if path.is_dir() else [path])
    ]


def _inside(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.csv"), *folder.glob("*.jsonl")])


def _must_exist(settings: Settings) -> None:
    if not settings.database_url and not (settings.data / "events.db").exists():
        raise FileNotFoundError(
            f"There is no record in {settings.data}: `copperplate serve` makes one."
        )


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


if __name__ == "__main__":
    main()
