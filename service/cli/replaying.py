"""Making what is read anew."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from service import replay as replaying
from service.cli.opening import must_exist, opened, settings_of
from service.cli.options import one_line_errors, with_data
from service.cli.progress import progress
from service.replay import Compared


@click.command()
@with_data
@one_line_errors
def rebuild(data: Path | None) -> None:
    """Make what is read anew from the log, and switch to it."""
    settings = settings_of(data)
    must_exist(settings)
    with opened(settings) as record:
        with progress("Rebuilding", record.store.size(), is_position=True) as stand_at:
            position = record.rebuild(stand_at)
        click.echo(f"Rebuilt up to position {position:,}.")
        found = list(replaying.compare(record.read_model, record.digests, position))
        record.publish_digests()
    _end_with(each for each in found if each.published is not None)


@click.command()
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
    settings = settings_of(data)
    must_exist(settings)
    if out.exists() and not force:
        raise click.ClickException(f"{out} is there already: --force replaces it.")
    if not out.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {out.parent}.")
    with opened(settings) as record:
        size = record.store.size()
        position = size if at is None else at
        if position > size:
            raise click.UsageError(f"The last position is {size:,}.")
        with progress("Replaying", position, is_position=True) as stand_at:
            replaying.replay(record.store, position, out, stand_at)
        model = replaying.open_model(out)
        found = list(replaying.compare(model, record.digests, position))
        model.engine.dispose()
    click.echo(f"{out}: what was read at position {position:,}.")
    _end_with(found)


def _end_with(compared: Iterable[Compared]) -> None:
    """Print digests, and end with status 1 if one is not as published."""
    found = list(compared)
    for each in found:
        click.echo(str(each))
    sys.exit(1 if any(each.differs for each in found) else 0)
