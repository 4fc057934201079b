"""Importing files."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from projections.database import NoRoomError
from service import start
from service.cli.opening import must_exist, settings_of, signing
from service.cli.options import one_line_errors, with_data
from service.cli.progress import progress
from service.founding import order_of
from service.imports import templates
from service.imports.importer import Importer, count_rows
from service.imports.shapes import SHAPES
from service.imports.work import Options
from service.log.errors import StorageFullError
from service.record import Record


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Record nothing; say what would be.")
@click.option("--disputed", is_flag=True, help="Record what differs as disputed.")
@click.option("--fill", is_flag=True, help="Let finer dates correct coarser ones.")
@click.option(
    "--template",
    metavar="SHAPE",
    help="Only print a file of a shape to begin with; `list` lists the shapes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--verbose", is_flag=True, help="Print every line, not those refused.")
@with_data
@one_line_errors
def import_(
    paths: tuple[Path, ...],
    dry_run: bool,
    disputed: bool,
    fill: bool,
    template: str | None,
    as_json: bool,
    verbose: bool,
    data: Path | None,
) -> None:
    """Import CSV files, stories (.jsonl), or folders of them.

    The columns of a table tell what it holds; a story has one command a line.

    A bad row is refused and said so, and stops nothing. The exit status is 1 if any
    row was refused. What is known already is not recorded again, so that the same
    import can be run again at any time: after a crash it goes on where it stopped.

    The CSV of any list of the API is read too: what was edited in it is refused as
    different, or recorded with --disputed or --fill, and new rows are new things.
    `--template SHAPE` prints the columns of a shape with example rows, with --verbose
    what each column holds.
    """
    if template:
        _print_template(template, as_json=as_json, verbose=verbose)
        return
    if not paths:
        raise click.UsageError("Give the files to be imported.")
    files = _files(paths)
    options = Options(disputes=disputed, fills=fill)
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with signing(settings) as record:
        with _resumable(record), progress("Importing", count_rows(files)) as add:
            report = Importer(record, options, dry_run, add).run(files)
        if not dry_run:
            record.publish_digests()
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        click.echo(report.to_text(every_line=verbose), nl=False)
    sys.exit(0 if report.is_clean else 1)


def _print_template(name: str, *, as_json: bool, verbose: bool) -> None:
    """Print a file of a shape to begin with, or what its columns hold."""
    if name == "list":
        for shape in SHAPES:
            click.echo(f"{shape.name:<24} {shape.about}")
        return
    found = templates.find_shape(name)
    if found is None:
        raise click.UsageError(f"No shape {name!r}: `--template list` lists them.")
    if as_json:
        described = templates.describe(found)
        click.echo(json.dumps(described, ensure_ascii=False, indent=2))
    elif verbose:
        click.echo(templates.to_text(found), nl=False)
    else:
        click.echo(templates.to_csv(found), nl=False)


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


def _files(paths: tuple[Path, ...]) -> list[Path]:
    """Return the files; those of a folder in the order in which facts rest on facts."""
    return [
        file
        for path in paths
        for file in (sorted(_inside(path), key=order_of) if path.is_dir() else [path])
    ]


def _inside(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.csv"), *folder.glob("*.jsonl")])
