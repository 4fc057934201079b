"""The command line: `copperplate`."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy.exc import DBAPIError

from projections.database import NoRoomError
from schemas.codelists import RedactionBasis
from service import erasure, redaction, rotation, start, verification, witnessing
from service import replay as replaying
from service.config import Settings
from service.domain.base import RuleBrokenError
from service.founding import order_of
from service.imports.importer import Importer, count_rows
from service.imports.work import Options
from service.log.errors import StorageFullError, StoreError, StoreUnreadableError
from service.log.keyring import parse_keys
from service.log.keys import KeyFileError, write_beside
from service.log.mirror_store import MirrorStore
from service.log.notes import NoteError, VerifierKey, unverified_checkpoint
from service.log.pin import mirror_lock
from service.log.remote import RemoteError, RemoteLog
from service.log.verify import Saved
from service.mirroring import Mirroring, pin_down
from service.record import Record
from service.replay import Compared
from service.sources import ServedRecord, Source, StoredRecord

_MENDABLE = (
    StoreError,
    RuleBrokenError,
    KeyFileError,
    redaction.NotRedactableError,
    rotation.RotationError,
    start.PortInUseError,
    OSError,
)
POLL = 0.5  # Seconds between two looks at the log.
LOOK = 20  # Looks at the log for one at the erasures that are pending.


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
        except _MENDABLE as error:
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
    the address under which the public reaches the service. COPPERPLATE_WITNESSES
    names a policy file with witnesses of the log, COPPERPLATE_MIRRORS its mirrors
    (addresses or folders, with commas between them).
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
@click.option(
    "--mirror",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of a mirror to be served instead, read only.",
)
@with_data
@one_line_errors
def serve(
    host: str,
    port: int,
    workers: int,
    empty: bool,
    mirror: Path | None,
    data: Path | None,
) -> None:
    """Serve the record; the first start imports the founding data."""
    settings = _settings(mirror or data)
    if mirror:
        start.must_be_mirror(mirror)
    start.must_be_free(host, port)
    with _signing(settings) as record:
        if isinstance(record.store, MirrorStore):
            click.echo(f"A mirror of {record.store.pin().url}: read-only.", err=True)
        elif not empty and start.needs_founding(record):
            with _progress("Importing the founding data", start.founding_rows()) as add:
                report = start.found(record, add)
            click.echo(report.to_text(), nl=False, err=True)
        record.catch_up()
        if erasure.pending(record):
            _finish_erasures(record)
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
    start.must_not_be_mirror(settings.data)
    with _signing(settings) as record:
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
        click.echo(f"Rebuilt up to position {position:,}.")
        found = list(replaying.compare(record.read_model, record.digests, position))
        record.publish_digests()
    _end_with(each for each in found if each.published is not None)


@main.command()
@click.option(
    "--at",
    type=click.IntRange(min=0),
    help="The position; the last one if it is not given.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The SQLite file to make.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@with_data
@one_line_errors
def replay(at: int | None, out: Path, force: bool, data: Path | None) -> None:
    """Make what was read at a position anew, in a SQLite file of its own.

    The digest of each projection is printed, and whether it is the one that was
    published for that position. The exit status is 1 if one differs.
    """
    settings = _settings(data)
    _must_exist(settings)
    if out.exists() and not force:
        raise click.ClickException(f"{out} is there already: --force replaces it.")
    if not out.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {out.parent}.")
    with _opened(settings) as record:
        size = record.store.size()
        position = size if at is None else at
        if position > size:
            raise click.UsageError(f"The last position is {size:,}.")
        with _progress("Replaying", position, is_position=True) as stand_at:
            replaying.replay(record.store, position, out, stand_at)
        model = replaying.open_model(out)
        found = list(replaying.compare(model, record.digests, position))
        model.engine.dispose()
    click.echo(f"{out}: what was read at position {position:,}.")
    _end_with(found)


@main.command()
@with_data
@one_line_errors
def follow(data: Path | None) -> None:
    """Keep what is read up to date with the log, until a signal ends it."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with (
        _signing(_settings(data)) as record,
        start.beside(rotation.keep_retiring, record),
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


@main.command()
@click.argument("target", required=False)
@click.option("--key", "keys", multiple=True, help="A verifier key that you trust.")
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint that was saved before.",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the checkpoint in this file, for the next --since, if all is well.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--quick", is_flag=True, help="Leave the projections out.")
@with_data
@one_line_errors
def verify(
    target: str | None,
    keys: tuple[str, ...],
    since: Path | None,
    save: Path | None,
    as_json: bool,
    quick: bool,
    data: Path | None,
) -> None:
    """Check a record, at a URL or in a folder, and believe nothing that it says.

    Signatures, the tree, every event, every opening and redaction, and what is made
    of them: the projections are made anew and compared. Without TARGET the record of
    the settings is checked. The exit status is 0 if nothing is wrong, else 1.

    The first time, keep the key that is printed, and the checkpoint (--save); give
    both the next time, and nobody can rewrite what you have seen.
    """
    trusted, saved = _trusted(keys), _saved(since)
    source = _source(target, data)
    try:
        with _progress("Verifying", 0, is_position=True) as stand_at:
            outcome = verification.verify(
                source, keys=trusted, saved=saved, replays=not quick,
                on_position=stand_at,
            )  # fmt: skip
    finally:
        source.close()
    if as_json:
        click.echo(json.dumps(outcome.to_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(outcome.to_text(), nl=False)
    if save and outcome.findings.is_good:
        write_beside(save, outcome.note)
    sys.exit(0 if outcome.findings.is_good else 1)


@main.command()
@click.argument("position", type=click.IntRange(min=1), required=False)
@click.option("--field", "fields", multiple=True, help="A sealed field; repeatable.")
@click.option(
    "--basis",
    type=click.Choice([str(each) for each in RedactionBasis]),
    help="On what basis: it is published.",
)
@click.option(
    "--reference",
    help="Where the reason can be looked up, such as the number of a case. It is "
    "published for ever: never write personal data into it.",
)
@click.option("--by", default="system", show_default=True, help="Who redacts: an id.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Erase nothing; say what would be.")
@click.option(
    "--pending", "only_pending", is_flag=True, help="Only finish earlier erasures."
)
@with_data
@one_line_errors
def redact(
    position: int | None,
    fields: tuple[str, ...],
    basis: str | None,
    reference: str | None,
    by: str,
    yes: bool,
    dry_run: bool,
    only_pending: bool,
    data: Path | None,
) -> None:
    """Erase sealed words of the event at POSITION for good.

    The log keeps the event and says that they were redacted, when and on what basis;
    its proofs still hold. The words themselves are deleted, and overwritten in every
    file that held them. That waits for those who are reading: what could not be
    done is pending, and is tried again by `serve`, by `follow` and by
    `redact --pending`. The same command run again finishes what was interrupted.

    Backups, and the write-ahead log of a PostgreSQL server, are the operator's to
    erase.

    \b
    copperplate redact 1234 --field text --basis court-order --reference "KB-2026-17"
    copperplate redact --pending
    """
    settings = _settings(data)
    _must_exist(settings)
    if not only_pending:
        start.must_not_be_mirror(settings.data)
    with _signing(settings) as record:
        if only_pending:
            _finish_erasures(record)
            return
        planned = _planned(record, position, fields, basis)
        click.echo(redaction.describe(planned), nl=False)
        if dry_run:
            click.echo("Nothing was erased.")
            return
        if not planned.is_done:
            if not yes:
                click.confirm("Erase this for good?", abort=True)
            done = redaction.redact(
                record, planned, basis=basis or "", reference=reference, by=by
            )
            click.echo(f"Redacted: position {done.position:,} of the log says so.")
        _finish_erasures(record, planned)


@main.command()
@click.argument("url")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--key", "keys", multiple=True, help="A verifier key that is trusted.")
@click.option("--follow", "follows", is_flag=True, help="Stay, and keep what comes.")
@click.option(
    "--every",
    default=5.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="Seconds between two looks, with --follow.",
)
@one_line_errors
def mirror(
    url: str, folder: Path, keys: tuple[str, ...], follows: bool, every: float
) -> None:
    """Copy the log of another service, verifying all of it before it is kept.

    The keys are pinned at the first use: those of --key or, on trust, those that
    URL gives as its own. The folder can be served by `copperplate serve --mirror`.
    The exit status is 1 if anything was refused.
    """
    settings = _settings(folder)
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with mirror_lock(folder), closing(RemoteLog(url)) as source:
            pin, is_on_trust = pin_down(settings, source, keys)
            how = " (taken on trust: compare it with a published one)"
            for each in pin.keys:
                click.echo(f"Key {each}{how if is_on_trust else ''}", err=True)
            with _opened(settings) as record:
                work = Mirroring(record, source)
                _mirror(work, follows=follows)
                if follows:
                    work.follow(every, lambda line: click.echo(line, err=True))
    except KeyboardInterrupt:
        click.echo("Ended. What was kept stays.", err=True)
        sys.exit(0 if follows else 1)


@main.group()
def key() -> None:
    """Show and change the keys that sign the log."""


@key.command("show")
@with_data
@one_line_errors
def key_show(data: Path | None) -> None:
    """Print the verifier keys, with which anybody can check the log's signatures.

    Once a key was rotated, each line says how long the key signs.
    """
    settings = _settings(data)
    _must_exist(settings)
    with _opened(settings) as record:
        periods = rotation.key_periods(record)
    for each in periods:
        click.echo(str(each.key) if len(periods) == 1 else _period(each))


@key.command("rotate")
@with_data
@one_line_errors
def key_rotate(data: Path | None) -> None:
    """Make a new key; it and the old one both sign for 30 days.

    Running servers take it up by themselves, and retire the old key when it is due.
    Where several machines serve one PostgreSQL database, copy log.key from the data
    folder of this one to those of the others within the 30 days.
    """
    settings = _settings(data)
    _must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with _signing(settings) as record:
        click.echo(rotation.rotate(record))
        due = rotation.due_at(record)
    click.echo(f"It signs beside the old key until {due:%Y-%m-%d}.", err=True)


@key.command("retire")
@click.option("--now", is_flag=True, help="Do not wait: the old key was stolen.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_data
@one_line_errors
def key_retire(now: bool, yes: bool, data: Path | None) -> None:
    """Retire the old key, if its 30 days are over.

    A server does so by itself. What was retired before the 30 days are over locks out
    whoever knows the old key alone, until they follow the log to the new one.
    """
    settings = _settings(data)
    _must_exist(settings)
    start.must_not_be_mirror(settings.data)
    if now and not yes:
        click.confirm("Retire the old key before its 30 days are over?", abort=True)
    with _signing(settings) as record:
        retire = rotation.retire_now if now else rotation.retire_due
        retired, due = retire(record), rotation.due_at(record)
    if retired:
        click.echo(f"Retired {retired}.")
    else:
        click.echo(f"Due on {due:%Y-%m-%d}." if due else "No key is being rotated.")


@main.command()
@with_data
@one_line_errors
def witness(data: Path | None) -> None:
    """Ask every witness to cosign the log, and every mirror what it holds.

    COPPERPLATE_WITNESSES names the file that lists the witnesses, in the form of C2SP
    tlog-policy. What contradicts the log keeps it from being signed until it is
    mended, and this command, or a start of the server, has found it so. The exit
    status is 1 if any did not agree.
    """
    settings = _settings(data)
    _must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with _opened(settings) as record:
        answers = witnessing.ask_all(record)
    for each in answers:
        click.echo(f"{each.who}: {each.text}")
    sys.exit(0 if all(each.is_good for each in answers) else 1)


@main.command()
@one_line_errors
def openapi() -> None:
    """Print the OpenAPI document, made from the code."""
    from service.app import create_app
    from service.http.openapi import build_spec

    click.echo(build_spec(create_app(None)).to_yaml(), nl=False)


def _end_with(compared: Iterable[Compared]) -> None:
    """Print digests, and end with status 1 if one is not as published."""
    found = list(compared)
    for each in found:
        click.echo(str(each))
    sys.exit(1 if any(each.differs for each in found) else 0)


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


def _planned(
    record: Record, position: int | None, fields: tuple[str, ...], basis: str | None
) -> redaction.Plan:
    if position is None or not fields:
        raise click.UsageError("Give a POSITION and at least one --field.")
    size = record.store.size()
    with _progress("Searching the log", size, is_position=True) as stand_at:
        planned = redaction.plan(record, position, fields, stand_at)
    if basis is None and not planned.is_done:
        raise click.UsageError("Give the --basis.")
    return planned


def _finish_erasures(record: Record, planned: redaction.Plan | None = None) -> None:
    """Let every holder erase what is pending, and say what each has done."""
    with _progress("Erasing", len(erasure.HOLDERS)) as add:
        erasure.run_pending(record, on_holder=add)
    left = redaction.remains(record, planned) if planned else []
    click.echo(redaction.outcome(record, left), nl=False)


def _mirror(work: Mirroring, *, follows: bool) -> None:
    try:
        with _progress("Mirroring", work.head(), is_position=True) as stand_at:
            click.echo(work.advance(stand_at).to_text(), err=follows)
    except RemoteError as error:
        if not follows:
            raise
        click.echo(str(error), err=True)


def _settings(data: Path | None) -> Settings:
    settings = Settings.from_environment()
    return replace(settings, data=data) if data else settings


def _trusted(keys: tuple[str, ...]) -> list[VerifierKey]:
    try:
        return parse_keys(keys)
    except NoteError as error:
        raise click.UsageError(str(error)) from error


def _saved(path: Path | None) -> list[Saved]:
    if path is None:
        return []
    note = path.read_bytes()
    try:
        return [Saved(str(path), unverified_checkpoint(note), note)]
    except NoteError as error:
        raise click.UsageError(f"{path}: {error}") from error


def _source(target: str | None, data: Path | None) -> Source:
    """Return what is to be verified; a folder is that of the settings if none is."""
    if target is None:
        settings = _settings(data)
        return StoredRecord(settings.data, settings.database_url)
    if data is not None:
        raise click.UsageError("Give TARGET or --data, not both.")
    return ServedRecord(target) if "://" in target else StoredRecord(Path(target), None)


@contextmanager
def _opened(settings: Settings) -> Iterator[Record]:
    record = _open(settings)
    try:
        _bring_up_to_date(record)
        yield record
    finally:
        record.close()


@contextmanager
def _signing(settings: Settings) -> Iterator[Record]:
    """Open the record to sign it: witnesses and mirrors are asked before."""
    with _opened(settings) as record:
        witnessing.look_around(record)
        yield record


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
) -> Iterator[Callable[..., None]]:
    """Show a bar on standard error; yield what moves it on, or to a position."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)

        def move(count: int, last: int | None = None) -> None:
            if is_position:
                bar.update(task, completed=count, total=last)
            else:
                bar.advance(task, count)

        yield move


def _period(period: rotation.KeyPeriod) -> str:
    since = period.since or "the beginning"
    until = f", until {period.until}" if period.until else ""
    verb = "signed" if period.is_over else "signs"
    return f"{period.key}  {verb} since {since}{until}"


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
