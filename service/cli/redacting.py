"""Redacting words."""

from pathlib import Path

import click

from schemas.codelists import RedactionBasis
from service import erasure, redaction, start
from service.cli.opening import must_exist, settings_of, signing
from service.cli.options import one_line_errors, with_data
from service.cli.progress import progress
from service.record import Record


@click.command()
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
    settings = settings_of(data)
    must_exist(settings)
    if not only_pending:
        start.must_not_be_mirror(settings.data)
    with signing(settings) as record:
        if only_pending:
            finish_erasures(record)
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
        finish_erasures(record, planned)


def _planned(
    record: Record, position: int | None, fields: tuple[str, ...], basis: str | None
) -> redaction.Plan:
    if position is None or not fields:
        raise click.UsageError("Give a POSITION and at least one --field.")
    size = record.store.size()
    with progress("Searching the log", size, is_position=True) as stand_at:
        planned = redaction.plan(record, position, fields, stand_at)
    if basis is None and not planned.is_done:
        raise click.UsageError("Give the --basis.")
    return planned


def finish_erasures(record: Record, planned: redaction.Plan | None = None) -> None:
    """Let every holder erase what is pending, and say what each has done."""
    with progress("Erasing", len(erasure.HOLDERS)) as add:
        erasure.run_pending(record, on_holder=add)
    left = redaction.remains(record, planned) if planned else []
    click.echo(redaction.outcome(record, left), nl=False)
