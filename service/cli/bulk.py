"""Making bulk files by hand, or by a clock."""

from pathlib import Path

import click

from service.bulk import making
from service.bulk.content import folder_of
from service.bulk.folder import BulkFolder
from service.cli.opening import must_exist, opened, settings_of
from service.cli.options import one_line_errors, with_data
from service.cli.progress import progress


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Another folder for the files than that of the server. Redactions do not "
    "reach there: make the files anew after one.",
)
@with_data
@one_line_errors
def bulk(out: Path | None, data: Path | None) -> None:
    """Make files of the whole record, which `/v1/bulk` lists.

    A server does so by itself, unless it was started with --no-bulk. What is there
    already is not made again; the two latest positions are kept.
    """
    settings = settings_of(data)
    must_exist(settings)
    with opened(settings) as record:
        folder = BulkFolder(out) if out else folder_of(record)
        with progress("Making bulk files", making.count_files()) as add:
            manifest = making.make(record, folder, add)
        if manifest is None:
            click.echo("Nothing is on record.")
            return
        place = folder.place(manifest.position)
    size = sum(each.bytes for each in manifest.files) / 2**20
    click.echo(f"{place}: {len(manifest.files)} files, {size:.1f} MiB.")
