"""Checking a record, and mirroring one."""

import json
import signal
import sys
from contextlib import closing
from pathlib import Path

import click

from service import verification
from service.bulk.source import EventsFile
from service.cli.opening import opened, settings_of
from service.cli.options import one_line_errors, with_data
from service.cli.progress import progress
from service.log.keyring import parse_keys
from service.log.keys import write_beside
from service.log.notes import NoteError, VerifierKey, unverified_checkpoint
from service.log.pin import mirror_lock
from service.log.remote import RemoteError, RemoteLog
from service.log.verify import Saved
from service.mirroring import Mirroring, pin_down
from service.sources import ServedRecord, Source, StoredRecord


@click.command()
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
    """Check a record at a URL, in a folder or in an events.jsonl.gz.

    Nothing that it says is believed.

    Signatures, the tree, every event, every opening and redaction, and what is made
    of them: the projections are made anew and compared. Without TARGET the record of
    the settings is checked. The exit status is 0 if nothing is wrong, else 1.

    The first time, keep the key that is printed, and the checkpoint (--save); give
    both the next time, and nobody can rewrite what you have seen.
    """
    trusted, saved = _trusted(keys), _saved(since)
    source = _source(target, data)
    try:
        with progress("Verifying", 0, is_position=True) as stand_at:
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


@click.command()
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
    settings = settings_of(folder)
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with mirror_lock(folder), closing(RemoteLog(url)) as source:
            pin, is_on_trust = pin_down(settings, source, keys)
            how = " (taken on trust: compare it with a published one)"
            for each in pin.keys:
                click.echo(f"Key {each}{how if is_on_trust else ''}", err=True)
            with opened(settings) as record:
                work = Mirroring(record, source)
                _mirror(work, follows=follows)
                if follows:
                    work.follow(every, lambda line: click.echo(line, err=True))
    except KeyboardInterrupt:
        click.echo("Ended. What was kept stays.", err=True)
        sys.exit(0 if follows else 1)


def _mirror(work: Mirroring, *, follows: bool) -> None:
    try:
        with progress("Mirroring", work.head(), is_position=True) as stand_at:
            click.echo(work.advance(stand_at).to_text(), err=follows)
    except RemoteError as error:
        if not follows:
            raise
        click.echo(str(error), err=True)


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
        settings = settings_of(data)
        return StoredRecord(settings.data, settings.database_url)
    if data is not None:
        raise click.UsageError("Give TARGET or --data, not both.")
    if "://" in target:
        return ServedRecord(target)
    path = Path(target)
    return EventsFile(path) if path.is_file() else StoredRecord(path, None)
