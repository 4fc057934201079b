"""Reports of problems: what was told, and what came of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from projections.listing import Page
from projections.moment import Moment
from projections.reports import get_report, list_reports
from schemas import dates
from schemas.codelists import ReportKind, ReportOutcome, ReportState
from service import reports as desk
from service import start
from service.cli.opening import must_exist, opened, settings_of, signing
from service.cli.options import one_line_errors, with_data
from service.record import NotOnRecordError, Record


@click.group()
def reports() -> None:
    """Read and resolve reports of problems."""


@reports.command("list")
@click.option("--about", help="Only about this thing, by its stream: rating-….")
@click.option("--kind", type=click.Choice([str(each) for each in ReportKind]))
@click.option(
    "--state",
    type=click.Choice([str(each) for each in ReportState]),
    help="All are listed if it is not given.",
)
@with_data
@one_line_errors
def reports_list(
    about: str | None, kind: str | None, state: str | None, data: Path | None
) -> None:
    """List reports, the oldest first, without what was told."""
    with _reading(data) as record:
        filters = {"about": about, "kind": kind, "state": state}
        found = list_reports(record.read_model, _now(record), Page(), **filters).rows
    for each in sorted(found, key=lambda row: row["received_at"]):
        click.echo(_line(each))
    click.echo(f"{len(found):,} reports.", err=True)


@reports.command("show")
@click.argument("id")
@with_data
@one_line_errors
def reports_show(id: str, data: Path | None) -> None:
    """Show one report, and what was told in it as long as it is kept."""
    with _reading(data) as record:
        found = get_report(record.read_model, _now(record), id)
        told = desk.told(record, id)
    if found is None:
        raise _missing(id)
    click.echo(_line(found))
    for name, value in (told or {}).items():
        if value:
            click.echo(f"{name.replace('_', ' ')}: {_printable(value)}")
    if told is None:
        click.echo("What was told is not kept here any more.", err=True)


@reports.command("resolve")
@click.argument("id")
@click.option(
    "--outcome",
    required=True,
    type=click.Choice([str(each) for each in ReportOutcome]),
    help="What came of it: it is published.",
)
@click.option(
    "--position",
    type=click.IntRange(min=1),
    help="The correction, retraction, dispute or redaction that it led to.",
)
@click.option("--by", default="system", show_default=True, help="Who resolves: an id.")
@with_data
@one_line_errors
def reports_resolve(
    id: str, outcome: str, position: int | None, by: str, data: Path | None
) -> None:
    """Put on record what came of a report.

    What was told in it is deleted 90 days later.

    \b
    copperplate reports resolve 7q2m9xkd --outcome corrected --position 1791
    copperplate reports resolve 7q2m9xkd --outcome no-fault-found
    """
    with _writing(data) as record:
        try:
            done = desk.resolve(record, id, outcome=outcome, position=position, by=by)
        except NotOnRecordError as error:
            raise _missing(id) from error
    click.echo(f"Resolved: position {done.position:,} of the log says so.")


@reports.command("forget")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_data
@one_line_errors
def reports_forget(id: str, yes: bool, data: Path | None) -> None:
    """Delete what was told in a report at once, for good.

    That it was received, and about what, stays on record.
    """
    with _writing(data) as record:
        if not yes:
            click.confirm("Delete what was told for good?", abort=True)
        is_kept = desk.forget(record, id)
    click.echo("Deleted." if is_kept else "Nothing was kept of it.")


@reports.command("expire")
@with_data
@one_line_errors
def reports_expire(data: Path | None) -> None:
    """Delete what was told in reports that were resolved 90 days ago.

    A server does so by itself, every ten minutes.
    """
    with _writing(data) as record:
        count = desk.expire(record)
    click.echo(f"Deleted what was told in {count:,} reports.")


@contextmanager
def _reading(data: Path | None) -> Iterator[Record]:
    settings = settings_of(data)
    must_exist(settings)
    with opened(settings) as record:
        record.catch_up()
        yield record


@contextmanager
def _writing(data: Path | None) -> Iterator[Record]:
    settings = settings_of(data)
    must_exist(settings)
    start.must_not_be_mirror(settings.data)
    with signing(settings) as record:
        record.catch_up()
        yield record


def _missing(id: str) -> click.ClickException:
    return click.ClickException(f"No report {id} is on record.")


def _now(record: Record) -> Moment:
    head = record.read_model.position
    return Moment(head, head, dates.london_day(record.clock()))


def _line(row: Mapping[str, Any]) -> str:
    version = row["about_version"]
    about = f"{row['about_stream']}{f' version {version}' if version else ''}"
    came = f", {row['outcome']}" if row["outcome"] else ""
    place = row["correction_position"]
    at = f" (position {place:,})" if place else ""
    state = f"{row['state']}{came}{at}"
    received = f"{row['received_at'][:10]}  {row['age_days']:>4} days"
    return f"{row['id']}  {received}  {about}: {row['kind']}, {state}"


def _printable(text: str) -> str:
    """Return what a stranger wrote without what could steer a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
